"""What a notebook says about its exercises is what the package knows about them."""

import re
from pathlib import Path

import nbformat
import pytest

from axialkit.course.lesson import Lesson
from axialkit.course.lessons import LESSONS, get_lesson
from axialkit.errors import InputError

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(params=LESSONS.values(), ids=lambda lesson: lesson.key)
def lesson(request: pytest.FixtureRequest) -> Lesson:
    return request.param


@pytest.fixture
def cells(lesson: Lesson) -> list[nbformat.NotebookNode]:
    (path,) = FOLDER.glob(f"{lesson.key}_*.ipynb")
    return nbformat.read(path, as_version=4).cells


def test_every_notebook_begins_alike(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> None:
    """Title, the guarded installing cell of Colab, parameters, setup of this lesson."""
    title, installs, parameters, setup = cells[:4]
    assert title.source.startswith(f"# {lesson.key} · ")
    assert 'if "google.colab" in sys.modules:' in installs.source
    assert parameters.metadata["tags"] == ["parameters"]
    names: dict[str, object] = {}
    exec(parameters.source, names)  # noqa: S102
    wanted = {"PROFILE": "learn", "SEED": 0, "DATA_ROOT": None, "CHECKS": "learner"}
    assert {name: names[name] for name in wanted} == wanted
    call = f'nb.setup("{lesson.key}", PROFILE, SEED, data_root=DATA_ROOT, checks=CHECKS)'
    assert setup.source.endswith(f"lesson = {call}")


def test_headers_name_the_goal(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> None:
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    header = (
        r"### Exercise (\d+\.\d+)\n🟦 \*\*.+\*\* · difficulty [●○]{5} · ~\d+ min · proves goal (\w)"
    )
    assert re.findall(header, text) == [(e.key, e.goal) for e in lesson.exercises]


def test_goals_link_to_the_exercises(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> None:
    rows = dict(re.findall(r"^\| \*\*(\w)\*\* \|(.+)$", cells[0].source, re.MULTILINE))
    assert rows.keys() == lesson.goals.keys()
    for letter, goal in lesson.goals.items():
        assert goal in rows[letter]
        linked = re.findall(r"\[Exercise (\S+)\]\(#Exercise-\1\)", rows[letter])
        assert linked == [e.key for e in lesson.exercises if e.goal == letter]


def test_stubs_are_checked_then_used(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> None:
    """A learner who has not solved an exercise gets the package's version further down."""
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    for exercise in lesson.exercises:
        name, key = exercise.name, exercise.key
        (stub,) = (i for i, source in enumerate(code) if f"def {name}(" in source)
        assert code[stub].endswith("raise nb.Todo")
        assert code[stub + 1] == f'nb.check("{key}", {name})\n{name} = nb.use("{key}", {name})'


def test_heavy_cells_have_a_budget(lesson: Lesson, cells: list[nbformat.NotebookNode]) -> None:
    used = re.findall(r'nb\.budget\("([^"]+)"\)', "\n".join(cell.source for cell in cells))
    assert {*used, "lesson"} == lesson.budgets.keys()


def test_an_unknown_lesson_is_refused() -> None:
    with pytest.raises(InputError, match='There is no lesson "99", or not yet. Lessons: 00, 01'):
        get_lesson("99")
    assert get_lesson("1") is get_lesson("01")
