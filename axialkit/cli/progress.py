"""``axialkit progress``: how far you are in the course."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from axialkit.cli.parse import OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.errors import InputError
from axialkit.files import write_json

if TYPE_CHECKING:
    from axialkit.course.plan import Standing


@dataclass(frozen=True)
class Arguments:
    """Show how far you are in the course: exercises, predictions, quizzes.

    All of it is in one file on this machine, in the folder named by AXIALKIT_HOME or else in your
    data folder; there is no account, and nothing is sent.

    Examples:
      axialkit progress
      axialkit progress 02
      axialkit progress --json progress.json

    Next:
      make lab     go on with the course
    """

    lesson: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="[LESSON]")] = ""
    """Two digits: goals, predictions and quiz of this lesson."""
    json: OptionalPath = None
    """Also write the record to this JSON file."""


def command(argv: list[str]) -> int:
    """Print the record of the course, or of one lesson."""
    arguments = parse(Arguments, argv, "progress")
    from axialkit.course.lessons import get_lesson
    from axialkit.course.plan import standings
    from axialkit.course.progress import Progress, home
    from axialkit.course.summary import summary_lines

    path = home() / "progress.json"
    progress = Progress(path)
    if arguments.lesson:
        print("\n".join(summary_lines(get_lesson(arguments.lesson), progress)))
    else:
        _print_all(standings(progress))
        print(f"\nThe record is {path}" if path.exists() else "\nNothing is recorded yet.")
    if arguments.json is not None:
        if arguments.json.resolve() == path.resolve():
            raise InputError(f"{path} is the record itself. Choose another file for the copy.")
        write_json(arguments.json, progress.read())
    return 0


def _print_all(found: "list[Standing]") -> None:
    rows = [
        (
            f"{s.stop.key} {s.stop.title}",
            f"{s.lesson.minutes} min" if s.lesson else None,
            f"{s.solved} of {s.exercises}" if s.lesson else None,
            s.mark,
        )
        for s in found
    ]
    print(table(("lesson", "time", "exercises", "state"), rows))
