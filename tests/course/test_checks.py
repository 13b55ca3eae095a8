"""The checks are checked: right answers pass, every typical mistake fails and is named."""

import dataclasses
from collections.abc import Callable
from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch

from axialkit.course import checks
from axialkit.course.checks import Todo, check, judge, report, use
from axialkit.course.lesson import Exercise, Lesson, Mutant
from axialkit.course.lessons import LESSONS, get_exercise
from axialkit.course.session import Session, setup
from axialkit.errors import InputError
from tests.course.second_solutions_02 import attend_by_loop, axial_by_loop

EXERCISES = [exercise for lesson in LESSONS.values() for exercise in lesson.exercises]
MUTANTS = [(exercise, mutant) for exercise in EXERCISES for mutant in exercise.mutants]


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    key: solution
    for number in LESSONS
    for key, solution in import_module(
        f"tests.course.second_solutions_{number}"
    ).SECOND_SOLUTIONS.items()
}


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.key)
def test_the_solution_passes(exercise: Exercise) -> None:
    verdict = judge(exercise, exercise.solution)
    assert verdict.passed, verdict.problem
    assert len(verdict.claims) == len(exercise.properties)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.key)
def test_a_second_solution_passes(exercise: Exercise) -> None:
    verdict = judge(exercise, SECOND_SOLUTIONS[exercise.key])
    assert verdict.passed, verdict.problem


@pytest.mark.parametrize(
    ("exercise", "mutant"), MUTANTS, ids=lambda value: getattr(value, "name", None)
)
def test_every_mistake_fails_and_is_named(exercise: Exercise, mutant: Mutant) -> None:
    verdict = judge(exercise, mutant.function)
    assert not verdict.passed
    assert verdict.mutant is mutant
    assert mutant.says in report(exercise, verdict)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.key)
def test_mistakes_differ_from_each_other(exercise: Exercise) -> None:
    """Otherwise the learner could be told about the wrong one."""
    assert 3 <= len(exercise.mutants) <= 8
    for one, other in combinations(exercise.mutants, 2):
        named = judge(dataclasses.replace(exercise, mutants=(other,)), one.function)
        assert named.mutant is None, f"{one.name} and {other.name} give the same results"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.key)
@pytest.mark.parametrize(
    "nonsense",
    [
        lambda *arguments: None,
        lambda *arguments: "four",
        lambda *arguments: (1, 2, 3),
        lambda *arguments: np.zeros((2, 2)),
        lambda: 3,
    ],
)
def test_nonsense_fails_without_a_crash(
    exercise: Exercise, nonsense: Callable[..., object]
) -> None:
    verdict = judge(exercise, nonsense)
    assert not verdict.passed
    assert not verdict.is_todo
    assert verdict.problem


def test_an_unknown_mistake_gets_the_first_broken_property() -> None:
    verdict = judge(get_exercise("1.4"), lambda h, w, kind: (h * w) ** 2)
    assert verdict.mutant is None
    assert verdict.claims == ("full: every pixel meets every pixel",)
    assert "gives 120, you say 225" in verdict.problem


def test_a_difference_beyond_the_properties_is_shown() -> None:
    exercise = dataclasses.replace(get_exercise("1.2"), properties=())
    verdict = judge(exercise, lambda mask, hops: mask)
    assert not verdict.passed
    assert "·····\n    ····■" in verdict.problem
    assert "expected" in verdict.problem


def todo(*arguments: object) -> None:
    raise Todo


@pytest.mark.parametrize(
    ("key", "wrong", "words"),
    [
        ("2.1", lambda x: None, "returns nothing: is there a return?"),
        ("2.1", lambda x: x.numpy(), "returns a NumPy array, expected a tensor of torch.float32"),
        ("2.3", lambda q, k, v: v.double(), "returns a tensor of torch.float64"),
        ("2.3", lambda q, k, v: q.add_(1), "changes what it was given"),
        ("2.3", lambda q, k, v: q @ k, "stops with RuntimeError"),
        ("2.5", lambda x, axis: x if axis == "H" else None, "returns nothing"),
        ("2.5", lambda x, axis: axial_by_loop(x, axis).flip(-1), "elsewhere"),
        ("2.1", lambda x: torch.cat(list(x.permute(0, 2, 3, 1))).sort(1).values, "in order"),
    ],
)
def test_wrong_kinds_get_a_sentence(key: str, wrong: Callable[..., Any], words: str) -> None:
    verdict = judge(get_exercise(key), wrong)
    assert not verdict.passed
    assert words in verdict.problem


@pytest.mark.parametrize(
    ("key", "wrong", "words"),
    [
        ("0.1", lambda h, w: None, "returns nothing: is there a return? (print shows"),
        ("0.1", lambda h, w: str(h * w), "returns text, '6', expected a number"),
        ("0.1", lambda h, w: torch.tensor(h * w), ".item() makes a number of it"),
        ("1.2", lambda mask, hops: mask.tolist(), "returns a list, expected a NumPy array of bool"),
        ("1.2", lambda mask, hops: mask * 1.0, "returns an array of float64, expected a NumPy"),
        ("1.3", lambda i, j, h, w: (float(i), float(w)), "these should be whole numbers"),
        ("1.3", lambda i, j, h, w: i, "returns a number, "),
        ("2.1", lambda x: list(x[0]), "torch.stack or torch.cat make one of many"),
        ("5.3", lambda table: (table,), "count_params(a Table) returns a tuple, (Table(stem="),
        ("5.3", lambda table: str(table), ", expected a number"),
        ("5.4", lambda parts, budget: "stage 5", "and 4 more), 433) returns text, 'stage 5'"),
        ("5.4", lambda parts, budget: 3, "returns a number, 3, expected a list of names"),
        ("5.4", lambda parts, budget: [3], "returns a list that holds a number, expected a list"),
        ("5.5", lambda name, array: None, "kernel', an array [3, 3, 4, 4]) returns nothing"),
        ("11.3", lambda truth, prediction: {}, "a list of triples is expected, got dict"),
        ("11.3", lambda truth, prediction: [(0, 0)], "each match is a triple"),
    ],
)
def test_every_kind_of_answer_is_asked_for(key: str, wrong: Callable[..., Any], words: str) -> None:
    verdict = judge(get_exercise(key), wrong)
    assert not verdict.passed
    assert words in verdict.problem


def test_what_is_no_function_is_told_so() -> None:
    verdict = judge(get_exercise("0.1"), 12)
    assert verdict.problem.startswith(
        "this is a number, 12, not a function. Hand over count_pixels"
    )


def test_an_answer_that_spoils_its_input_does_not_spoil_the_check() -> None:
    def spoils(panoptic: np.ndarray, train_id: int) -> int:
        count = get_exercise("1.1").solution(panoptic.copy(), train_id)
        panoptic[:] = 0
        return count

    verdict = judge(get_exercise("1.1"), spoils)
    assert "changes what it was given. Work on a copy" in verdict.problem
    assert judge(get_exercise("1.1"), SECOND_SOLUTIONS["1.1"]).passed


def test_an_exercise_of_another_lesson_is_recorded_there(learner: Session) -> None:
    check("2.1", SECOND_SOLUTIONS["2.1"])
    assert learner.progress.section("02", "checks") == {"2.1": "passed"}
    assert learner.progress.section("01", "checks") == {}


def test_a_key_may_be_a_number(learner: Session) -> None:
    check(1.3, SECOND_SOLUTIONS["1.3"])
    assert learner.progress.section("01", "checks") == {"1.3": "passed"}


def test_a_wrong_number_is_shown_with_its_place() -> None:
    exercise = dataclasses.replace(get_exercise("2.3"), properties=())
    verdict = judge(exercise, lambda q, k, v: attend_by_loop(q, k, v) + (v > 1))
    assert "numbers differ, the first at [0, " in verdict.problem


def test_whole_numbers_are_compared_exactly() -> None:
    exercise = dataclasses.replace(get_exercise("8.6"), properties=())
    verdict = judge(exercise, lambda *given: exercise.solution(*given) + 1)
    assert not verdict.passed  # 13003 is not 13002, however small the difference


def test_doubles_may_come_from_places_in_float32() -> None:
    def by_hand(table: torch.Tensor, length: int) -> torch.Tensor:
        place = torch.linspace(0, len(table) - 1, 2 * length - 1)
        if length == 1:
            place = torch.tensor([(len(table) - 1) / 2])
        low = place.floor().long()
        high = (low + 1).clamp(max=len(table) - 1)
        part = (place - low)[:, None]
        return ((1 - part) * table[low] + part * table[high]).to(table.dtype)

    verdict = judge(get_exercise("3.4"), by_hand)
    assert verdict.passed, verdict.problem


def test_swapping_the_axes_of_squares_only_is_noticed() -> None:
    def sly(x: torch.Tensor, axis: str) -> torch.Tensor:
        square = x.shape[2] == x.shape[3]
        return axial_by_loop(x, {"H": "W", "W": "H"}[axis] if square else axis)

    assert not judge(get_exercise("2.5"), sly).passed


def test_names_with_tensors_are_compared_and_told() -> None:
    exercise = dataclasses.replace(get_exercise("5.5"), properties=())

    def right(name: str, array: np.ndarray) -> tuple[str, torch.Tensor]:
        return exercise.solution(name, array)

    def as_list(name: str, array: np.ndarray) -> list[object]:
        return list(right(name, array))

    assert judge(exercise, right).passed
    assert judge(exercise, as_list).passed
    for wrong, words in (
        (lambda name, array: (right(name, array)[0], right(name, array)[1] + 1), "a tensor [4, "),
        (lambda name, array: ("name", right(name, array)[1]), "('name', a tensor [4, 4, 3, 3])"),
        (lambda name, array: right(name, array)[:1], "gives ('branch.conv1.conv.weight',)"),
    ):
        verdict = judge(exercise, wrong)
        assert not verdict.passed
        assert words in verdict.problem


def test_nested_arguments_are_compared_part_by_part() -> None:
    exercise = dataclasses.replace(get_exercise("5.3"), properties=())
    assert judge(exercise, exercise.solution).passed
    assert not judge(exercise, lambda table: exercise.solution(table) + 1).passed


def test_check_reports_and_records(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    check("1.3", todo)
    assert 'corner: not written yet. A hint: nb.hint("1.3")' in capsys.readouterr().out
    check("1.3", lambda i, j, h, w: (h, j))
    assert "Recognised (the other order)" in capsys.readouterr().out
    assert learner.progress.section("01", "checks") == {}
    check("1.3", lambda i, j, h, w: (i, w))
    assert "★ 1.3 solved" in capsys.readouterr().out
    assert learner.progress.section("01", "checks") == {"1.3": "passed"}


def test_the_kits_own_solves_nothing(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    corner = use("1.3", todo)
    check("1.3", corner)  # the cell of the check, run a second time
    assert "corner is the kit's own now. Run the cell with yours" in capsys.readouterr().out
    assert learner.progress.section("01", "checks") == {}


def test_use_never_blocks(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    exercise = get_exercise("1.3")
    assert use("1.3", todo) is exercise.solution
    assert "the cells below use the kit's own corner" in capsys.readouterr().out
    assert use("1.3", lambda i, j, h, w: (h, j)) is exercise.solution

    def mine(i: int, j: int, h: int, w: int) -> list[int]:
        return [i, w]

    capsys.readouterr()
    assert use("1.3", mine) is mine
    assert capsys.readouterr().out == ""


def test_ci_fills_in_the_solutions_and_checks_the_checks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    session = setup("01", "ci")
    check("1.4", todo)
    assert "1.4: solution passes, 6 typical mistakes named." in capsys.readouterr().out
    assert use("1.4", todo) is get_exercise("1.4").solution
    assert session.progress.section("01", "checks") == {}


def test_ci_notices_a_bad_check(monkeypatch: pytest.MonkeyPatch) -> None:
    setup("01", "ci")
    exercise = get_exercise("1.3")
    harmless = Mutant("harmless", exercise.solution, "this is right")
    for broken, message in (
        (dataclasses.replace(exercise, mutants=(harmless,)), "'harmless' is not named"),
        (dataclasses.replace(exercise, solution=lambda i, j, h, w: (0, 0)), "fails its own check"),
    ):
        monkeypatch.setattr(checks, "get_exercise", lambda key, broken=broken: broken)
        with pytest.raises(AssertionError, match=message):
            check("1.3", todo)


def test_an_unknown_exercise_is_refused(learner: Session) -> None:
    with pytest.raises(InputError, match=r'no exercise "1.9".*Exercises: 0.1, 1.1, 1.2'):
        check("1.9", todo)


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.key)
def test_every_goal_is_proved_by_an_exercise(lesson: Lesson) -> None:
    assert {exercise.goal for exercise in lesson.exercises} == set(lesson.goals)
    for number, exercise in enumerate(lesson.exercises, start=1):
        assert exercise.key == f"{int(lesson.key)}.{number}"
        assert len(exercise.hints) == 3


def test_fractions_may_differ_by_rounding() -> None:
    assert checks._equal([0.1 + 0.2, 1], (0.3, 1.0))
    assert not checks._equal([0.3 + 1e-6], [0.3])
    assert checks._equal(float("nan"), float("nan"))
    assert not checks._equal(3, 3.5) and not checks._equal([0.3], [[0.3]])
    assert checks._equal({"a": 0.1 + 0.2}, {"a": 0.3}) and not checks._equal({"a": 1}, {"b": 1})
    assert not checks._equal(0.5, "half")


def test_what_is_observed_is_compared() -> None:
    """A test that the learner writes is judged by what passes it, not by what it returns."""

    def passes(test: Callable[..., Any]) -> Callable[..., bool]:
        def run(value: int) -> bool:
            try:
                test(value)
            except Exception:  # noqa: BLE001
                return False
            return True

        return run

    def positive(value: int) -> None:
        assert value > 0

    def raises(value: int) -> str:
        if value <= 0:
            raise ValueError
        return "fine"

    blind = Mutant("blind", lambda value: None, "everything passes")
    exercise = dataclasses.replace(
        get_exercise("1.3"),
        solution=positive,
        properties=(),
        probes=((1,), (-1,)),
        mutants=(blind,),
        observe=passes,
    )
    assert judge(exercise, positive).passed and judge(exercise, raises).passed
    assert judge(exercise, lambda value: 3).mutant is blind
