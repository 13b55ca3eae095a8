"""Lesson 11's street of 12 x 28 cells, small enough to count by hand, and what can go wrong in it.

The lowest row is the hood of the camera's own car: void, as in Cityscapes.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from axialkit.course.measuring import (
    CLASSES,
    Map,
    class_map,
    confusion,
    mean_ap,
    miou,
    pq,
    pq_counts,
)
from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.structures import LABEL_DIVISOR, VOID

ROAD, BUILDING, SKY = 0, 2_000, 10_000
PERSON, CAR, TRUCK = 11_000, 13_000, 14_000  # + 1, 2 ... for one of them, + 0 for a crowd

_LETTERS = {
    ".": SKY, "#": BUILDING, "_": ROAD, "v": VOID,
    "a": CAR + 1, "b": CAR + 2, "p": PERSON + 1, "q": PERSON + 2,
}  # fmt: skip
_ROWS = (
    "............................",
    "..................##########",
    "######............##########",
    "########........############",
    "##########....##############",
    "##################pp###qq###",
    "#####aaaaa########pp###qq###",
    "____aaaaaaabbbbbb_pp___qq___",
    "____aaaaaaabbbbbb_pp___qq___",
    "____aaaaaaabbbbbb_pp___qq___",
    "____________________________",
    "vvvvvvvvvvvvvvvvvvvvvvvvvvvv",
)


class StreetScores(NamedTuple):
    """What the metrics say of one prediction; fractions."""

    pq: float
    sq: float
    rq: float
    miou: float
    ap: float


def true_street() -> Map:
    """Return the true map."""
    return np.array([[_LETTERS[letter] for letter in row] for row in _ROWS])


def perfect() -> Map:
    """Return a prediction without a mistake: where the truth is void, anything may stand."""
    truth = true_street()
    return np.where(truth == VOID, ROAD, truth)


def merged() -> Map:
    """Return the prediction that takes both cars for one."""
    street = perfect()
    street[street == CAR + 2] = CAR + 1
    return street


def cut() -> Map:
    """Return the merged cars, cut apart again by a strip of road two cells wide."""
    street = merged()
    street[7:10, 10:12] = ROAD
    street[7:10, 12:17] = CAR + 2
    return street


def _split() -> Map:
    street = perfect()
    street[5:7, 18:20] = PERSON + 3
    street[7, 18] = PERSON + 3
    return street


def _shifted(street: Map | None = None) -> Map:
    street = perfect() if street is None else street
    for left in (18, 23):
        label = street[6, left]
        street[5:10, left + 2] = label
        street[5:7, left], street[7:10, left] = BUILDING, ROAD
    return street


def bad_day() -> Map:
    """Return the prediction with both cars taken for one, and the persons a cell too far right."""
    return _shifted(merged())


def _dropped() -> Map:
    street = perfect()
    street[5:7, 23:25], street[7:10, 23:25] = BUILDING, ROAD
    return street


def _called_truck() -> Map:
    street = perfect()
    street[street == CAR + 2] = TRUCK + 1
    return street


def _ghost() -> Map:
    street = perfect()
    street[8:11, 20:22] = PERSON + 3
    return street


PRESETS: dict[str, Callable[[], Map]] = {
    "no mistake": perfect,
    "merge two cars": merged,
    "cut them apart": cut,
    "split a person": _split,
    "shift the persons": _shifted,
    "drop a person": _dropped,
    "call a car a truck": _called_truck,
    "add a ghost": _ghost,
}


def scores_by_size(prediction: Map) -> dict[int, float]:
    """Return a score for every predicted thing, by label: its part of the picture."""
    labels, areas = np.unique(prediction, return_counts=True)
    return {
        label: area / prediction.size
        for label, area in zip(labels.tolist(), areas.tolist(), strict=True)
        if label // LABEL_DIVISOR in THING_TRAIN_IDS
    }


def street_scores(prediction: Map, truth: Map | None = None) -> StreetScores:
    """Score a prediction of the street; for AP, large segments count as sure ones."""
    truth = true_street() if truth is None else truth
    sure = scores_by_size(prediction)
    counts = confusion(class_map(truth), class_map(prediction), CLASSES)
    quality = pq(pq_counts(truth, prediction))
    return StreetScores(*quality, miou(counts), mean_ap([truth], [prediction], [sure]))
