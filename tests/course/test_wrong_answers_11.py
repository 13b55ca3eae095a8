"""Wrong answers to lesson 11 that look right on most maps, and what they are told."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from axialkit.course.checks import judge
from axialkit.course.lessons import get_exercise
from axialkit.course.measuring import ap_at, match_segments, pq_counts

Numbers = np.ndarray
Places = tuple[int, ...]


def sorted_by_prediction(truth: np.ndarray, prediction: np.ndarray) -> list[Any]:
    return sorted(match_segments(truth, prediction), key=lambda pair: pair[1])


def over_one_map(which: int) -> Callable[..., list[Any]]:
    """Divides by the pixels of the true (0) or the predicted (1) segment, not by the union."""

    def match(truth: np.ndarray, prediction: np.ndarray) -> list[Any]:
        pairs, void = [], 255_000
        found = np.where(truth == void, void, prediction)
        for label in np.unique(truth):
            for other in np.unique(found):
                crowd = label // 1000 > 10 and label % 1000 == 0
                if void in (label, other) or crowd or label // 1000 != other // 1000:
                    continue
                masks = truth == label, found == other
                share = (masks[0] & masks[1]).sum() / masks[which].sum()
                if share > 0.5:
                    pairs.append((label, other, share))
        return pairs

    return match


def counts_with(true_in: Places, predicted_in: Places) -> Callable[..., np.ndarray]:
    """Looks segments up among the true (0), the predicted (1), or all labels of the matches."""

    def count(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        counts, pairs = pq_counts(truth, prediction), match_segments(truth, prediction)
        sides = ((2, prediction, (1,), predicted_in), (3, truth, (0,), true_in))
        for column, map_, right, at in sides:
            used, looked_up = ({pair[i] for pair in pairs for i in where} for where in (right, at))
            for label in set(np.unique(map_).tolist()) - {255_000}:
                counts[label // 1000, column] += (label in used) - (label in looked_up)
        return counts

    return count


def stuff_forgives_itself(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    counts = pq_counts(truth, prediction)
    for klass in range(11):
        below = truth[prediction == 1000 * klass]
        if counts[klass, 2] and np.isin(below, (1000 * klass, 255_000)).mean() > 0.5:
            counts[klass, 2] = 0
    return counts


def at_one_half(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    return ap_at(scores, ious, objects, 0.5)


def no_number(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    return ap_at(scores, ious, objects, threshold) if len(scores) else float("nan")


def ties_upside_down(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    """Keeps the order of equal scores in short rows only, as a quick sort may."""
    places = np.arange(len(scores))
    order = np.lexsort((places if len(places) < 20 else -places, -scores))
    return ap_at(-np.arange(len(scores), dtype=float), ious[order], objects, threshold)


@pytest.mark.parametrize(
    ("key", "wrong", "words"),
    [
        ("11.3", sorted_by_prediction, "sorted by the true label, not by the predicted one"),
        ("11.3", over_one_map(0), "share 2 pixels, and 5 are in one or the other"),
        ("11.3", over_one_map(1), "an IoU of exactly 0.5 is no match"),
        ("11.4", counts_with((0,), (0,)), "a match has two labels, one for each side"),
        ("11.4", counts_with((0,), (0, 1)), "predicted car 13001 is a false alarm"),
        ("11.4", counts_with((1,), (1,)), "a match has two labels, one for each side"),
        ("11.4", counts_with((0, 1), (1,)), "true car 13002 is missed"),
        ("11.4", stuff_forgives_itself, "road is no crowd and forgives nothing"),
        ("11.6", at_one_half, "0.6 is below the threshold"),
        ("11.6", no_number, "no detection at all"),
        ("11.6", ties_upside_down, "60 detections have one of three scores"),
    ],
)
def test_it_fails_and_is_told_why(key: str, wrong: Callable[..., Any], words: str) -> None:
    verdict = judge(get_exercise(key), wrong)
    assert not verdict.passed
    assert words in verdict.problem


def test_each_label_looked_up_in_its_own_place_is_right() -> None:
    assert judge(get_exercise("11.4"), counts_with((0,), (1,))).passed


def test_recalls_compared_as_whole_numbers_are_right() -> None:
    def ap_without_rounding(
        scores: Numbers, ious: Numbers, objects: int, threshold: float
    ) -> float:
        rows = sorted(zip(scores, ious, strict=True), key=lambda row: -row[0])
        hits = [sum(iou >= threshold for _, iou in rows[:n]) for n in range(1, len(rows) + 1)]
        points = [(hit, hit / n) for n, hit in enumerate(hits, 1)]
        reached = [[p for hit, p in points if 100 * hit >= r * objects] for r in range(101)]
        return sum(max(precisions, default=0.0) for precisions in reached) / 101

    assert judge(get_exercise("11.6"), ap_without_rounding).passed
