"""Help on request: three hints per exercise, then the solution. What was asked for is recorded."""

from axialkit.course.lessons import Key, get_exercise, lesson_of
from axialkit.course.pastable import pastable
from axialkit.course.session import current
from axialkit.course.wrapping import wrapped

_LEVELS = ("shape", "idea", "line")


def hint(key: Key) -> None:
    """Print the next hint for an exercise; after the third, the third again."""
    exercise, session = get_exercise(key), current()
    key = exercise.key
    seen = session.progress.section(lesson_of(key), "hints").get(key, 0)
    number = min(seen, len(exercise.hints) - 1)
    session.progress.put(lesson_of(key), "hints", key, number + 1)
    print(wrapped(f"Hint {number + 1} of 3 ({_LEVELS[number]}): {exercise.hints[number]}"))
    if number == len(exercise.hints) - 1:
        print(f'That was the last one. To see the answer: nb.solution("{key}")')


def solution(key: Key, *, sure: bool = False) -> None:
    """Print the package's own answer to an exercise, if the learner is sure to want it."""
    exercise, session = get_exercise(key), current()
    key = exercise.key
    if not sure:
        print(
            f"This shows the answer to {key}; that you looked is recorded (only on your machine).\n"
            f'To go on: nb.solution("{key}", sure=True)'
        )
        return
    session.progress.put(lesson_of(key), "solutions", key, True)
    print(pastable(exercise))
