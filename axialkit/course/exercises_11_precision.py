"""Lesson 11, exercise 11.6, average precision: what must hold, typical mistakes, hints."""

import numpy as np
from jaxtyping import Float

from axialkit.course.exercises_11_pixels import leaves_its_input
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.measuring import ap_at

Numbers = Float[np.ndarray, " detections"]


def _ap_is(
    measure: Function, scores: list[float], ious: list[float], objects: int, at: float,
    expected: float, why: str,
) -> None:  # fmt: skip
    got = float(leaves_its_input(measure, np.array(scores), np.array(ious), objects, at))
    assert abs(got - expected) < 1e-9, (
        f"scores {scores}, IoUs {ious}, objects {objects}, threshold {at}: {why}; AP is "
        f"{expected:.4f}, yours is {got:.4f}"
    )


_TIES = (
    np.random.default_rng(0).integers(1, 4, 60) / 10,
    np.random.default_rng(1).uniform(0.3, 1, 60),
    50,
    0.5,
)


def _all_found(measure: Function) -> None:
    _ap_is(measure, [0.2, 0.9], [0.8, 0.7], 2, 0.5, 1.0, "both are hits, and nothing else is")
    _ap_is(measure, [0.9, 0.8], [0.2, 0.1], 2, 0.5, 0.0, "no hit")
    _ap_is(measure, [0.9], [0.75], 1, 0.75, 1.0, "an IoU equal to the threshold is a hit")
    _ap_is(measure, [0.9], [0.6], 1, 0.75, 0.0, "0.6 is below the threshold")
    _ap_is(measure, [], [], 3, 0.5, 0.0, "no detection at all: no recall but 0 is reached")


def _unfound_objects(measure: Function) -> None:
    _ap_is(
        measure, [0.9], [0.8], 2, 0.5, 51 / 101,
        "one of two objects: the precision is 1 at the 51 recalls 0 to 0.50, then 0",
    )  # fmt: skip


def _ranking(measure: Function) -> None:
    _ap_is(
        measure, [0.9, 0.1], [0.8, 0.0], 1, 0.5, 1.0,
        "the false alarm comes last, after all has been found",
    )  # fmt: skip
    _ap_is(
        measure, [0.1, 0.9], [0.8, 0.0], 1, 0.5, 0.5, "the false alarm comes first: precision 1 / 2"
    )
    _ap_is(measure, [9.0, 1.0], [0.0, 0.8], 1, 0.5, 0.5, "only the order of the scores matters")
    _ap_is(measure, [0.5, 0.5], [0.8, 0.0], 1, 0.5, 1.0, "equal scores stay in the order given")
    _ap_is(measure, [0.5, 0.5], [0.0, 0.8], 1, 0.5, 0.5, "equal scores stay in the order given")
    got, expected = float(measure(*_TIES)), ap_at(*_TIES)
    assert abs(got - expected) < 1e-9, (
        f"{len(_TIES[0])} detections have one of three scores, and equal ones stay in the order "
        "given (np.argsort and np.sort take kind='stable' for that); AP is "
        f"{expected:.4f}, yours is {got:.4f}"
    )


def _best_from_here_on(measure: Function) -> None:
    _ap_is(
        measure, [0.9, 0.8, 0.7], [0.0, 0.8, 0.8], 2, 0.5, 2 / 3,
        "the precisions are 0, 1/2, 2/3 at the recalls 0, 1/2, 1; at recall 1/2 and below the best "
        "from there on is 2/3, too",
    )  # fmt: skip


def _trapezoid(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    """Integrate the raw precision over the recall, without the envelope."""
    hit = ious[np.argsort(-scores, kind="stable")] >= threshold
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    return float((precision * hit).sum() / objects)


def _first_from_here_on(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    """Take the precision where the recall is first reached, not the best one."""
    hit = ious[np.argsort(-scores, kind="stable")] >= threshold
    recall, precision = np.cumsum(hit) / objects, np.cumsum(hit) / np.arange(1, len(hit) + 1)
    at = np.searchsorted(recall, np.linspace(0, 1, 101))
    return float(np.append(precision, 0.0)[at].mean())


def _ties_by_iou(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    order = np.lexsort((ious, scores))[::-1]
    return ap_at(scores[order], ious[order], objects, threshold)


def _only_reached(scores: Numbers, ious: Numbers, objects: int, threshold: float) -> float:
    hits = int((ious >= threshold).sum())
    return ap_at(scores, ious, hits, threshold) if hits else 0.0


_RNG = np.random.default_rng(3)
_APS = tuple(
    (_RNG.permutation(count) / 100 + 0.3, _RNG.uniform(0.3, 1, count), objects, at)
    for count, objects, at in ((12, 7, 0.5), (20, 9, 0.75), (7, 8, 0.6), (15, 11, 0.5))
)

AP_AT = Exercise(
    key="11.6",
    name="ap_at",
    goal="C",
    solution=ap_at,
    properties=(
        Property("all objects and nothing else: 1; none: 0", _all_found),
        Property("objects that nobody found cost", _unfound_objects),
        Property("only the order of the scores matters", _ranking),
        Property("the best precision from a recall on counts", _best_from_here_on),
    ),
    probes=(
        *_APS,
        (np.array([0.9, 0.8]), np.array([0.5, 0.75]), 2, 0.5),
        (np.array([0.5, 0.5]), np.array([0.0, 0.8]), 1, 0.5),
        (np.array([]), np.array([]), 3, 0.5),
    ),
    mutants=(
        Mutant(
            "not sorted",
            lambda scores, ious, objects, threshold: ap_at(
                -np.arange(len(scores), dtype=float), ious, objects, threshold
            ),
            "the detections are taken in the order given. Sort them by score first, highest first.",
        ),
        Mutant(
            "lowest score first",
            lambda scores, ious, objects, threshold: ap_at(-scores, ious, objects, threshold),
            "the detections are sorted the wrong way round: the highest score comes first.",
        ),
        Mutant(
            "above the threshold",
            lambda scores, ious, objects, threshold: ap_at(
                scores, ious, objects, np.nextafter(threshold, 2)
            ),
            "an IoU equal to the threshold is no hit. COCO says >=, unlike PQ.",
        ),
        Mutant(
            "recall among the hits",
            _only_reached,
            "the recall is divided by the number of hits. Divide by the number of objects, else "
            "those that nobody found cost nothing.",
        ),
        Mutant(
            "no best precision",
            _first_from_here_on,
            "the precision is taken where the recall is first reached. Take the best one from "
            "there on: what comes later may be better.",
        ),
        Mutant(
            "a sum over the hits",
            _trapezoid,
            "this is the mean precision at the hits. COCO takes the best precision from each of "
            "101 recalls on, 0, 0.01 ... 1, and their mean.",
        ),
        Mutant(
            "hits counted only",
            lambda scores, ious, objects, threshold: float((ious >= threshold).sum() / objects),
            "this is the recall. Precision matters as well: how many of those so far are hits?",
        ),
        Mutant(
            "equal scores by IoU",
            _ties_by_iou,
            "of equal scores the larger IoU comes first (sorting pairs does that). Sort by the "
            "score alone: equal ones stay in the order given.",
        ),
    ),
    hints=(
        "in: scores [n], ious [n], the number of objects, a threshold; out: one number.",
        "sort by score, highest first (np.argsort(-scores, kind='stable')). Which are hits? "
        "Running sums give recall and precision after each detection. For each recall r, the best "
        "precision where recall >= r.",
        "tp = np.cumsum(hit); recall = tp / objects; precision = tp / np.arange(1, len(hit) + 1); "
        "then the mean of precision[recall >= r].max(initial=0) over r in np.linspace(0, 1, 101).",
    ),
)
