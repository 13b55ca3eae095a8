"""Lesson 11, exercise 11.4, counting: what must hold, typical mistakes, hints."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Integer

from axialkit.course.exercises_11_maps import CROWD, PROBES, one_row
from axialkit.course.exercises_11_pixels import leaves_its_input
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.measuring import Map, is_crowd, match_segments, pq_counts
from axialkit.course.toy_street import CAR, PERSON, ROAD, SKY, TRUCK
from axialkit.structures import LABEL_DIVISOR, VOID

_ONE_TOO_MANY = (
    one_row((CAR + 1, 4), (SKY, 6)),
    one_row((CAR + 2, 4), (CAR + 1, 2), (SKY, 4)),
)
_ONE_TOO_FEW = (one_row((CAR + 1, 4), (CAR + 2, 2), (SKY, 4)), one_row((CAR + 2, 4), (SKY, 6)))
_SHORT_ROAD = (one_row((ROAD, 6), (SKY, 6)), one_row((ROAD, 2), (SKY, 10)))


def _counts_are(
    count: Function, truth: Map, prediction: Map, expected: dict[int, Any], why: str
) -> None:
    """``expected`` has the rows that are not all 0, by class."""
    got = np.asarray(leaves_its_input(count, truth, prediction), float)
    assert got.shape == (19, 4), f"expected 19 classes with 4 numbers each, got {got.shape}"
    for klass in range(19):
        row = expected.get(klass, [0.0] * 4)
        assert np.allclose(got[klass], row, atol=1e-9), (
            f"truth {truth.tolist()}, prediction {prediction.tolist()}: {why}; class {klass} has "
            f"[IoU, TP, FP, FN] = {row}, you have {got[klass].tolist()}"
        )


def _perfect(count: Function) -> None:
    truth = one_row((ROAD, 3), (CAR + 1, 2), (CAR + 2, 2))
    _counts_are(
        count, truth, truth.copy(), {0: [1, 1, 0, 0], 13: [2, 2, 0, 0]}, "all segments match"
    )
    _counts_are(
        count, one_row((CAR + 1, 4)), one_row((CAR + 2, 4)), {13: [1, 1, 0, 0]},
        "true car 13001 matches predicted car 13002: a match has two labels, one for each side",
    )  # fmt: skip


def _misses_and_false_alarms(count: Function) -> None:
    _counts_are(
        count, one_row((CAR + 1, 4)), one_row((TRUCK + 1, 4)), {13: [0, 0, 0, 1], 14: [0, 0, 1, 0]},
        "the car is missed (FN of class 13), the truck a false alarm (FP of class 14)",
    )  # fmt: skip
    _counts_are(
        count, one_row((CAR + 1, 4)), one_row((CAR + 1, 2), (CAR + 2, 2)), {13: [0, 0, 2, 1]},
        "no half matches",
    )  # fmt: skip
    _counts_are(
        count, one_row((CAR + 1, 4)), one_row((CAR + 1, 3), (VOID, 1)), {13: [0.75, 1, 0, 0]},
        "predicted void is no false alarm",
    )  # fmt: skip
    _counts_are(
        count, *_ONE_TOO_MANY, {10: [4 / 6, 1, 0, 0], 13: [1, 1, 1, 0]},
        "true car 13001 matches predicted car 13002, and predicted car 13001 is a false alarm: "
        "labels of truth and prediction have nothing to do with each other",
    )  # fmt: skip
    _counts_are(
        count, *_ONE_TOO_FEW, {10: [4 / 6, 1, 0, 0], 13: [1, 1, 0, 1]},
        "true car 13001 matches predicted car 13002, and true car 13002 is missed: "
        "labels of truth and prediction have nothing to do with each other",
    )  # fmt: skip


def _void_forgives(count: Function) -> None:
    sky, row = [(SKY, 4)], {10: [1, 1, 0, 0]}
    _counts_are(
        count, one_row((VOID, 3), *sky), one_row((CAR + 1, 3), *sky), row,
        "the car lies on void: neither right nor wrong",
    )  # fmt: skip
    _counts_are(
        count, one_row((VOID, 2), (SKY, 6)), one_row((CAR + 1, 4), (SKY, 4)),
        {10: [4 / 6, 1, 0, 0], 13: [0, 0, 1, 0]},
        "exactly half of the car lies on void, and that is not enough: more than half is",
    )  # fmt: skip


def _crowds_forgive(count: Function) -> None:
    sky, right = [(SKY, 4)], {10: [1, 1, 0, 0]}
    crowd = one_row((CROWD, 3), *sky)
    _counts_are(count, crowd, one_row((PERSON + 1, 3), *sky), right, "a crowd forgives persons")
    _counts_are(count, crowd, one_row((VOID, 3), *sky), right, "nobody can miss a crowd")
    _counts_are(
        count, crowd, one_row((CAR + 1, 3), *sky), {**right, 13: [0, 0, 1, 0]},
        "a crowd of persons does not forgive a car",
    )  # fmt: skip
    _counts_are(
        count, one_row((CROWD, 1), (VOID, 1), (SKY, 5)), one_row((PERSON + 1, 3), (SKY, 4)),
        {10: [0.8, 1, 0, 0]},
        "crowd and void forgive together: 2 of the 3 pixels of the person",
    )  # fmt: skip
    _counts_are(
        count, one_row((ROAD, 3), (SKY, 4)), one_row((SKY, 7)),
        {0: [0, 0, 0, 1], 10: [4 / 7, 1, 0, 0]},
        "road has the number 0 and is no crowd: stuff is never counted",
    )  # fmt: skip
    _counts_are(
        count, *_SHORT_ROAD, {0: [0, 0, 1, 1], 10: [0.6, 1, 0, 0]},
        "the predicted road lies on true road only, but road is no crowd and forgives nothing",
    )  # fmt: skip


def _recount(
    forgives: Callable[[Integer[np.ndarray, " pixel"], int], float] | None = None,
    enough: Callable[[float], bool] = lambda share: share > 0.5,
    miss_crowds: bool = False,
) -> Callable[[Map, Map], Float[np.ndarray, "19 4"]]:
    """Return the counting with other rules for what is forgiven."""

    def count(truth: Map, prediction: Map) -> Float[np.ndarray, "19 4"]:
        counts, pairs = np.zeros((19, 4)), match_segments(truth, prediction)
        for label, _, iou in pairs:
            counts[label // LABEL_DIVISOR, :2] += (iou, 1)
        for other in set(np.unique(prediction).tolist()) - {p for _, p, _ in pairs} - {VOID}:
            share = (forgives or _spared)(truth[prediction == other], other // LABEL_DIVISOR)
            counts[other // LABEL_DIVISOR, 2] += not enough(share)
        for label in set(np.unique(truth).tolist()) - {t for t, _, _ in pairs} - {VOID}:
            counts[label // LABEL_DIVISOR, 3] += miss_crowds or not is_crowd(label)
        return counts

    return count


def _on_void(below: Integer[np.ndarray, " pixel"]) -> float:
    return float((below == VOID).mean())


def _on_crowd(below: Integer[np.ndarray, " pixel"], klass: int) -> float:
    own = klass * LABEL_DIVISOR
    return float((below == own).mean()) if is_crowd(own) else 0.0


def _spared(below: Integer[np.ndarray, " pixel"], klass: int) -> float:
    return _on_void(below) + _on_crowd(below, klass)


PQ_COUNTS = Exercise(
    key="11.4",
    name="pq_counts",
    goal="B",
    solution=pq_counts,
    properties=(
        Property("a perfect map has nothing but matches", _perfect),
        Property(
            "what does not match is missed, or a false alarm, of its class",
            _misses_and_false_alarms,
        ),
        Property("void forgives what lies on it by more than half", _void_forgives),
        Property("crowds forgive their own class, and cannot be missed", _crowds_forgive),
    ),
    probes=(*PROBES, _ONE_TOO_MANY, _ONE_TOO_FEW, _SHORT_ROAD),
    mutants=(
        Mutant(
            "nothing is forgiven",
            _recount(forgives=lambda below, klass: 0.0),
            "predictions on void or on a crowd count as false alarms. More than half of the "
            "segment there, and it is forgiven.",
        ),
        Mutant(
            "crowds do not forgive",
            _recount(forgives=lambda below, klass: _on_void(below)),
            "only void forgives. A crowd of the prediction's own class (label class * 1000) does, "
            "too.",
        ),
        Mutant(
            "crowds forgive all",
            _recount(
                forgives=lambda below, klass: _on_void(below) + float((below == CROWD).mean())
            ),
            "a crowd forgives whatever lies on it. It forgives its own class only.",
        ),
        Mutant(
            "each alone",
            _recount(forgives=lambda below, klass: max(_on_void(below), _on_crowd(below, klass))),
            "void and crowd are looked at one by one. It is their sum that must be more than half.",
        ),
        Mutant(
            "half is forgiven",
            _recount(enough=lambda share: share >= 0.5),
            "exactly half on void is forgiven. It must be more than half.",
        ),
        Mutant(
            "any touch forgives",
            _recount(enough=lambda share: share > 0),
            "one pixel on void is enough to be forgiven. It must be more than half of the segment.",
        ),
        Mutant(
            "crowds are missed",
            _recount(miss_crowds=True),
            "crowds without a match are counted as missed. Nobody can miss a crowd: skip it.",
        ),
        Mutant(
            "FP and FN swapped",
            lambda truth, prediction: pq_counts(truth, prediction)[:, [0, 1, 3, 2]],
            "the last two columns have changed places: FP are predicted segments, FN true ones.",
        ),
    ),
    hints=(
        "in: two maps; out: an array [19, 4] with IoU, TP, FP, FN per class.",
        "the matches give IoU and TP. Then go through the predicted labels without a match: how "
        "much of each lies on void or on its own crowd? Then through the true ones.",
        "below = truth[prediction == other] are the true labels under a predicted segment; it is "
        "forgiven if ((below == VOID) | own).mean() > 0.5, where own is below == klass * 1000 for "
        "things, else False.",
    ),
)
