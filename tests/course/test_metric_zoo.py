"""Every bug of the zoo differs from the right metric, and the notebook lists them all."""

from pathlib import Path

import nbformat
import numpy as np
import pytest

from axialkit.course.checks import judge
from axialkit.course.exercises_11_maps import PROBES
from axialkit.course.lessons import get_exercise
from axialkit.course.measuring import panoptic_quality
from axialkit.course.metric_zoo import BUGS, RIGHT, Bug, Rules, quality_test, thread_of

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "11_measuring_pq_miou_ap.ipynb"


def test_the_default_rules_are_right() -> None:
    for truth, prediction in PROBES:
        if ((truth != 255_000) & (truth % 1000 > 0) | (prediction != 255_000)).any():
            expected = panoptic_quality([truth], [prediction])
            assert Rules()([truth], [prediction]) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_the_test_catches_it(bug: Bug) -> None:
    with pytest.raises(AssertionError):
        quality_test(bug.metric)


def test_the_test_lets_right_ones_pass() -> None:
    for metric in RIGHT:
        quality_test(metric)


def test_each_bug_is_one_rule() -> None:
    right = vars(Rules())
    for bug in BUGS:
        assert sum(value != right[name] for name, value in vars(bug.metric).items()) == 1
    assert len({bug.metric for bug in BUGS}) == len(BUGS) == len(right)


def test_an_image_without_any_class_is_no_crash() -> None:
    void = np.full((1, 2), 255_000)
    for bug in BUGS:
        bug.metric([void], [void])


def test_the_notebook_lists_every_bug_with_its_thread() -> None:
    text = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    for bug in BUGS:
        assert f"| {bug.name} |" in text
        assert f"| {thread_of(bug)} |" in text


def test_the_report_says_which_bugs_slipped_through() -> None:
    def only_halves(metric) -> None:
        assert metric([np.array([[13_001] * 2])], [np.array([[13_001, 13_002]])]) < 0.1

    verdict = judge(get_exercise("11.7"), only_halves)
    assert not verdict.passed
    assert "caught 1 of 8" in verdict.problem
    assert "label 0 is void (give it an image of road" in verdict.problem


def test_the_report_shows_the_line_that_expects_too_much() -> None:
    def near(got: float, expected: float) -> None:
        assert abs(got - expected) < 1e-6

    def hopeful(metric) -> None:
        sky = [np.array([[10_000]])]
        near(metric(sky, sky), 1)
        near(metric(sky, sky), 2)  # never

    def confused(metric) -> None:
        metric.score([], [])

    problem = judge(get_exercise("11.7"), hopeful).problem
    assert "it fails on a right metric, in its line `near(metric(sky, sky), 2)  # never`" in problem
    problem = judge(get_exercise("11.7"), confused).problem
    assert "on a right metric it stops at `metric.score([], [])` with AttributeError" in problem


def test_a_test_that_counts_its_calls_does_not_pass() -> None:
    calls = []

    def sly(metric) -> None:
        calls.append(metric)
        assert len(calls) <= 3

    assert not judge(get_exercise("11.7"), sly).passed
