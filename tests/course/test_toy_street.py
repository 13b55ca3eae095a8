"""The small street's scores by hand, and its figures against what they show."""

import numpy as np
import pytest

from axialkit.course import toy_street_figures as figures
from axialkit.course.toy_street import (
    CAR,
    PERSON,
    PRESETS,
    VOID,
    bad_day,
    merged,
    perfect,
    scores_by_size,
    street_scores,
    true_street,
)


def test_no_mistake_scores_one() -> None:
    assert street_scores(perfect()) == (1, 1, 1, 1, 1)


def test_merged_cars_by_hand() -> None:
    areas = [(true_street() == CAR + number).sum() for number in (1, 2)]
    assert areas == [26, 18]
    scores = street_scores(merged())
    car = (26 / 44) / (1 + 0.5)
    assert scores.pq == pytest.approx((4 + car) / 5)
    assert scores.miou == 1


def test_the_same_edit_raises_pq_and_lowers_miou() -> None:
    before, after = (street_scores(PRESETS[n]()) for n in ("merge two cars", "cut them apart"))
    assert after.pq > before.pq + 0.05
    assert after.miou < before.miou - 0.03


def test_large_things_are_sure() -> None:
    scores = scores_by_size(merged())
    assert scores == {CAR + 1: 44 / 336, PERSON + 1: 10 / 336, PERSON + 2: 10 / 336}


def test_a_ghost_costs_average_precision_nothing() -> None:
    ghost = street_scores(PRESETS["add a ghost"]())
    assert ghost.ap == 1 and ghost.pq < 0.95 and ghost.miou < 0.95


def test_swapped_arguments_differ_by_void_only() -> None:
    assert street_scores(perfect(), merged()).pq == street_scores(merged(), perfect()).pq
    assert street_scores(true_street(), perfect()).pq < 1 == street_scores(perfect()).pq


def test_segments_are_sorted_into_matched_missed_wrong() -> None:
    judged = figures.judge_segments(true_street(), bad_day())
    assert judged.missed == [PERSON + 1, PERSON + 2, CAR + 2]
    assert judged.wrong == [PERSON + 1, PERSON + 2]
    assert judged.matches[CAR + 1] == (CAR + 1, pytest.approx(26 / 44))
    crowd = np.where(true_street() == PERSON + 1, PERSON, true_street())
    judged = figures.judge_segments(crowd, perfect())
    assert not judged.missed and not judged.wrong


def test_short_names() -> None:
    names = [figures.short_name(label) for label in (0, PERSON, CAR + 2, VOID)]
    assert names == ["road", "person crowd", "car 2", "void"]


def test_figures_say_what_they_show() -> None:
    words = figures.describe_matching(true_street(), bad_day())
    assert "Missed: person 1, person 2, car 2. False alarms: person 1, person 2." in words
    figure = figures.draw_matching(true_street(), bad_day())
    texts = {t.get_text() for sub in figure.subfigs for axes in sub.axes for t in axes.texts}
    assert {"0.59", "0.41", "0.33", "car 1", "sky"} <= texts
    presets = figures.draw_presets()
    titles = [axes.get_title() for axes in presets.axes[: len(PRESETS)]]
    assert titles[1] == "merge two cars\nPQ 88, mIoU 100, AP 55"
    assert all(title.replace("\n", ": ") in figures.describe_presets() for title in titles)


def test_edges_lie_between_different_cells() -> None:
    edges = figures._edges(np.array([[1, 1], [1, 2]]))
    assert edges.tolist() == [[[0.5, 0.5], [0.5, 1.5]], [[0.5, 0.5], [1.5, 0.5]]]


def test_the_edit_has_an_arrow_per_metric() -> None:
    figure = figures.draw_edit("merge two cars", "cut them apart")
    texts = [text.get_text() for text in figure.subfigs[1].axes[0].texts if text.get_text()]
    assert texts == ["PQ up: 87.9 to 95.4", "mIoU down: 100.0 to 95.5", "AP up: 55.0 to 87.5"]
