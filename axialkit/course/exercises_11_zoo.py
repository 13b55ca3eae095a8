"""Lesson 11, exercise 11.7: a test by the learner, tried on right and broken metrics."""

import inspect
import traceback
from collections.abc import Callable, Sequence

import numpy as np

from axialkit.course.explain import explain
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.metric_zoo import BUGS, RIGHT, Bug, Metric, other_rounding, quality_test

Case = tuple[list[int], list[int], int]
_ROAD, _SKY, _CROWD, _CAR, _TRUCK, _VOID = 0, 10_000, 13_000, 13_001, 14_001, 255_000


def outcome_of(test: Function) -> Callable[[Metric], str]:
    """Return what is compared on the probes: whether a metric passes the test."""

    def run(metric: Metric) -> str:
        return "passes" if _complaint(test, metric) is None else "fails"

    return run


def _complaint(test: Function, metric: Metric) -> Exception | None:
    """Return what the test raises; an exercise that is not written yet is no complaint."""
    try:
        test(lambda truths, predictions: metric(truths, predictions))  # all look alike
    except NotImplementedError:  # nb.Todo
        raise
    except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
        return error
    return None


def _asked_in(error: AssertionError, test: Function) -> str:
    """Return the line of the test that did not hold; not that of a helper which it calls."""
    code = getattr(inspect.unwrap(test), "__code__", None)
    own = code and (code.co_filename, code.co_name)
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.line or "" for f in frames if (f.filename, f.name) == own), "")


def _accepts(test: Function, metric: Metric, which: str) -> None:
    error = _complaint(test, metric)
    if isinstance(error, AssertionError):
        line = _asked_in(error, test)
        where = f", in its line `{line}`" if line else ""
        raise AssertionError(f"it fails on {which}{where}; its words: {str(error) or 'none'}")
    assert error is None, f"on {which} it {explain(error, test) if error else ''}"


def _accepts_a_right_one(test: Function) -> None:
    for metric, which in zip(RIGHT[:2], ("a right metric", "another right metric"), strict=True):
        _accepts(test, metric, which)


def _accepts_other_rounding(test: Function) -> None:
    _accepts(
        test, other_rounding,
        "a right metric that differs in the twelfth digit (compare with a tolerance)",
    )  # fmt: skip


def _catches(bugs: Sequence[Bug]) -> Callable[[Function], None]:
    def check(test: Function) -> None:
        missed = [bug for bug in bugs if outcome_of(test)(bug.metric) == "passes"]
        caught = len(BUGS) - sum(outcome_of(test)(bug.metric) == "passes" for bug in BUGS)
        assert not missed, f"caught {caught} of {len(BUGS)}; slipped through: " + "; ".join(
            f"{bug.name} ({bug.says})" for bug in missed
        )
        _accepts_a_right_one(test)  # again: a test must not depend on how often it has run

    return check


def _tests(cases: Sequence[Case], tolerance: float = 1e-6) -> Callable[[Metric], None]:
    """Return a test that knows the PQ of a few images of one row."""

    def test(metric: Metric) -> None:
        for truth, prediction, expected in cases:
            got = metric([np.array([truth])], [np.array([prediction])])
            assert abs(got - expected) <= tolerance

    return test


_PERFECT: Case = ([_SKY, _SKY, _CAR], [_SKY, _SKY, _CAR], 1)
_ROAD_ONLY: Case = ([_ROAD, _ROAD], [_ROAD, _ROAD], 1)
_SAYS_NOTHING: Case = ([_SKY, _CROWD], [_SKY, _VOID], 1)
_ON_VOID: Case = ([_SKY, _VOID], [_SKY, _CAR], 1)
_INTO_VOID: Case = ([_SKY, _VOID], [_SKY, _SKY], 1)
_HALVES: Case = ([_CAR, _CAR], [_CAR, _CAR + 1], 0)
_RENAMED: Case = ([_CAR, _CAR], [_TRUCK, _TRUCK], 0)


def _two_images(metric: Metric) -> None:
    one, four = np.array([[_CAR]]), np.array([[_CAR, _CAR + 1, _CAR + 2, _CAR + 3]])
    assert abs(metric([one, four], [one, np.full_like(four, _VOID)]) - 1 / 3) < 1e-6


def _without(*left_out: Case) -> Callable[[Metric], None]:
    cases = (_ROAD_ONLY, _SAYS_NOTHING, _ON_VOID, _INTO_VOID, _HALVES, _RENAMED)

    def test(metric: Metric) -> None:
        _two_images(metric)
        _tests([case for case in cases if case not in left_out])(metric)

    return test


def _exactly(metric: Metric) -> None:
    _without()(metric)
    _tests([_ROAD_ONLY, _PERFECT], 0.0)(metric)


def _always(metric: Metric) -> None:
    raise AssertionError("wrong")


TEST_PQ = Exercise(
    key="11.7",
    name="test_pq",
    goal="D",
    solution=quality_test,
    properties=(
        Property("a right metric passes", _accepts_a_right_one),
        Property("a right metric that rounds differently passes", _accepts_other_rounding),
        Property("all eight bugs are caught", _catches(BUGS)),
    ),
    probes=tuple((metric,) for metric in (*RIGHT, *(bug.metric for bug in BUGS))),
    mutants=(
        Mutant(
            "asserts nothing",
            lambda metric: None,
            "nothing ever fails. A test needs assert: assert abs(metric(...) - 1) < 1e-6.",
        ),
        Mutant(
            "always fails",
            _always,
            "it fails on whatever it gets. A right metric must pass: work out by hand what the PQ "
            "of each of your cases is.",
        ),
        Mutant(
            "a perfect prediction",
            _tests([_PERFECT]),
            "only a perfect prediction is tried. Most bugs are perfect there, too: they show where "
            "something is wrong, void, a crowd, or in several images.",
        ),
        Mutant(
            "exact comparison",
            _exactly,
            "fractions are compared exactly. Another right program may differ in the last digit: "
            "abs(got - expected) < 1e-6.",
        ),
        Mutant(
            "one image at a time",
            _tests([_ROAD_ONLY, _SAYS_NOTHING, _ON_VOID, _INTO_VOID, _HALVES, _RENAMED]),
            "every call has one image. How images are put together shows only with two.",
        ),
        Mutant(
            "no void",
            _without(_ON_VOID, _INTO_VOID),
            "no truth has void in it. Its two rules (out of unions; forgives) are not tried.",
        ),
        Mutant(
            "no crowd",
            _without(_SAYS_NOTHING),
            "no truth has a crowd in it (a thing class with the number 0).",
        ),
        Mutant(
            "no road",
            _without(_ROAD_ONLY),
            "nothing is ever road. Its label is 0, which some programs take for void; and where "
            "only one of 19 classes occurs, one sees whether the absent ones count.",
        ),
    ),
    hints=(
        "in: metric, a function of true and predicted maps that returns a number; out: nothing. It "
        "raises an AssertionError if the metric is wrong.",
        "one small image per bug, of two or three pixels, for which you know the PQ. The report "
        "says what to build for each bug that slips through.",
        "got = metric([np.array([[0, 0]])], [np.array([[0, 0]])]); assert abs(got - 1) < 1e-6 "
        "catches two of them: label 0 as void, and absent classes.",
    ),
    observe=outcome_of,
)
