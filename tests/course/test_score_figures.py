"""Lesson 11's figures of scores against what they show."""

import numpy as np
import pytest

from axialkit.course import score_figures as figures
from axialkit.course.measuring import pq
from axialkit.course.metric_zoo import BUGS
from axialkit.course.telling_apart import Scored
from axialkit.course.toy_street import bad_day, perfect, true_street


@pytest.fixture
def counts() -> np.ndarray:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 6, (19, 4)).astype(float)
    counts[:, 0] = counts[:, 1] * 0.8
    counts[0] = [0, 0, 1, 2]
    return counts


def seen() -> list[Scored]:
    image, ids = np.zeros((12, 28, 3), np.uint8), np.zeros((12, 28), np.int64)
    return [Scored(image, ids, true_street(), map_, {}) for map_ in (perfect(), bad_day())]


def test_classes_lie_at_their_sq_and_rq(counts: np.ndarray) -> None:
    found = figures.class_qualities(counts)
    assert 0 not in found
    for klass, (sq, rq) in found.items():
        assert sq * rq == pytest.approx(pq(counts[klass : klass + 1])[0])
    figure = figures.draw_quality_map(counts)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert {figures.CLASS_NAMES[klass] for klass in found} <= set(texts)
    assert f"{len(found)} classes as points" in figures.describe_quality_map(counts)


def test_names_do_not_cover_each_other() -> None:
    points = {"road": (90.0, 100.0), "sidewalk": (90.5, 100.0), "building": (91.0, 99.0)}
    heights = figures._place_names(points)
    assert len({round(height) for height in heights.values()}) == 3
    assert figures._meet((1.0, 1.0, 5), (2.0, 2.0, 5))
    assert not figures._meet((1.0, 1.0, 5), (9.0, 1.0, 5))


def test_precision_falls_and_recall_rises() -> None:
    scores, ious = np.array([0.9, 0.3, 0.6, 0.5]), np.array([0.8, 0.9, 0.1, 0.7])
    recall, precision, hit = figures.precision_curve(scores, ious, 4, 0.5)
    assert recall.tolist() == [0.25, 0.25, 0.5, 0.75]
    assert precision.tolist() == [1, 0.5, 2 / 3, 0.75]
    assert hit.tolist() == [True, False, True, True]
    figure = figures.draw_precision(scores, ious, 4, 0.5)
    assert "AP" in figure.axes[0].get_title()
    assert "4 detections at IoU 0.5: 3 are hits" in figures.describe_precision(scores, ious, 4, 0.5)


def test_erasing_takes_away_small_segments() -> None:
    small = figures.erase_small(perfect(), 11)
    assert (small == 255_000).sum() == 20  # the two persons
    found = figures.erasing(seen(), (0, 11))
    assert found[0] != found[11]
    assert "11 pixels: PQ" in figures.describe_erasing(found)
    assert len(figures.draw_erasing(found).axes[0].get_lines()) == 3


def test_the_zoo_has_a_bar_per_bug() -> None:
    wrong = {bug.name: 0.5 + 0.01 * number for number, bug in enumerate(BUGS)}
    figure = figures.draw_zoo(0.5, wrong)
    widths = sorted(bar.get_width() for bar in figure.axes[0].patches)
    assert widths == pytest.approx(range(8))
    assert "label 0 is void +0.0" in figures.describe_zoo(0.5, wrong)


def test_tables_are_described_from_their_numbers() -> None:
    table = np.hstack([np.diag(np.full(19, 9)), np.ones((19, 1), int)])
    table[5, 0] = 90
    assert "in the rows of pole 9%" in figures.describe_confusion(table)
    parts = np.full((19, 6), np.nan)
    parts[3] = [0.5, 0.1, 0.1, 0.1, 0.1, 0.1]
    assert "quality 50%, inexact 10%" in figures.describe_budget(parts)


def test_an_answer_is_drawn_in_three_pictures() -> None:
    figure = figures.draw_answer(seen()[1])
    assert [axes.get_title() for axes in figure.axes] == ["image", "truth", "prediction"]
    assert "4 things are there, 3 are predicted" in figures.describe_answer(seen()[1])
