"""Hints come one by one and are counted; the solution has to be asked for twice."""

import pytest

from axialkit.course.checks import judge
from axialkit.course.hints import hint, solution
from axialkit.course.lesson import Exercise
from axialkit.course.lessons import LESSONS, get_exercise
from axialkit.course.pastable import pastable
from axialkit.course.session import Session

EXERCISES = [exercise for lesson in LESSONS.values() for exercise in lesson.exercises]


def test_hints_in_order(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    shape, idea, line = get_exercise("1.2").hints
    for number, expected in enumerate((shape, idea, line, line), start=1):
        hint("1.2")
        said = capsys.readouterr().out
        assert expected in " ".join(said.split())
        assert f"Hint {min(number, 3)} of 3" in said
        assert ('nb.solution("1.2")' in said) == (number >= 3)
    assert learner.progress.section("01", "hints") == {"1.2": 3}
    hint("1.1")
    assert "Hint 1 of 3 (shape)" in capsys.readouterr().out


def test_solution_asks_first(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    solution("1.2")
    said = capsys.readouterr().out
    assert "sure=True" in said
    assert "def " not in said
    assert learner.progress.section("01", "solutions") == {}
    solution("1.2", sure=True)
    said = capsys.readouterr().out
    assert "def reachable(" in said
    assert "def spread(" in said
    assert learner.progress.section("01", "solutions") == {"1.2": True}


def test_solution_without_helpers(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    solution("1.3", sure=True)
    assert "return (i, w)" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.key)
def test_solutions_can_be_pasted_and_pass(exercise: Exercise) -> None:
    """Into an empty notebook: what is printed brings its own imports."""
    text = pastable(exercise)
    assert "def " in text and "Float[" not in text
    notebook: dict[str, object] = {}
    exec(text, notebook)  # noqa: S102
    verdict = judge(exercise, notebook[exercise.name])
    assert verdict.passed, verdict.problem
