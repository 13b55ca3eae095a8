"""Lesson 11, exercise 11.5, panoptic quality: what must hold, typical mistakes, hints."""

from typing import SupportsFloat

import numpy as np
from jaxtyping import Float

from axialkit.course.exercises_11_pixels import leaves_its_input
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.measuring import pq

Table = Float[np.ndarray, "classes 4"]
Column = Float[np.ndarray, " occurring"]


def _table(*rows: list[SupportsFloat]) -> Table:
    return np.array(rows, float)


def _triple(quality: Function, counts: Table) -> list[float]:
    got = leaves_its_input(quality, counts)
    assert np.shape(got) == (3,), f"expected three numbers, PQ, SQ and RQ, got {got!r}"
    return [float(one) for one in got]


def _scores_are(
    quality: Function, counts: Table, expected: tuple[SupportsFloat, ...], why: str
) -> None:
    got = _triple(quality, counts)
    for name, value, wanted in zip(("PQ", "SQ", "RQ"), got, expected, strict=True):
        assert abs(value - float(wanted)) < 1e-9, (
            f"counts {counts.tolist()}: {why}; {name} is {float(wanted):.4f}, yours is {value:.4f}"
        )


def _perfect(quality: Function) -> None:
    _scores_are(quality, _table([3, 3, 0, 0], [1, 1, 0, 0]), (1, 1, 1), "all match exactly")


def _one_class(quality: Function) -> None:
    _scores_are(
        quality, _table([2.4, 3, 1, 2]), (2.4 / 4.5, 0.8, 3 / 4.5),
        "the denominator is 3 + 1 / 2 + 2 / 2 = 4.5",
    )  # fmt: skip
    _scores_are(quality, _table([0, 0, 2, 1]), (0, 0, 0), "without a TP all three are 0")


def _classes_first(quality: Function) -> None:
    counts = _table([0.6, 1, 0, 0], [9, 9, 9, 9])
    _scores_are(
        quality, counts, ((0.6 + 0.5) / 2, (0.6 + 1) / 2, (1 + 0.5) / 2),
        "each score of each class first, then the mean over the classes",
    )  # fmt: skip


def _absent(quality: Function) -> None:
    _scores_are(
        quality, _table([0.8, 1, 0, 0], [0, 0, 0, 0]), (0.8, 0.8, 1), "the second class is absent"
    )
    _scores_are(
        quality, _table([0.8, 1, 0, 0], [0, 0, 1, 0]), (0.4, 0.4, 0.5),
        "the second class was predicted: it occurs, and scores 0",
    )  # fmt: skip


def _parts(counts: Table) -> tuple[Column, ...]:
    """Return iou, tp, fp, fn of the classes that occur."""
    return tuple(counts[counts[:, 1:].sum(axis=1) > 0].T)


def _means(pq_: Column, sq: Column, rq: Column) -> tuple[float, float, float]:
    return float(np.mean(pq_)), float(np.mean(sq)), float(np.mean(rq))


def _whole_errors(counts: Table) -> tuple[float, float, float]:
    iou, tp, fp, fn = _parts(counts)
    sq, rq = iou / np.maximum(tp, 1), tp / (tp + fp + fn)
    return _means(sq * rq, sq, rq)


def _with_absent(counts: Table) -> tuple[float, float, float]:
    share = len(_parts(counts)[0]) / len(counts)
    one, two, three = pq(counts)
    return one * share, two * share, three * share


def _product(counts: Table) -> tuple[float, float, float]:
    _, sq, rq = pq(counts)
    return sq * rq, sq, rq


def _only_hit(counts: Table) -> tuple[float, float, float]:
    hit = counts[:, 1] > 0
    return pq(counts[hit]) if hit.any() else (float("nan"),) * 3


def _no_misses(counts: Table) -> tuple[float, float, float]:
    return pq(counts * np.array([1, 1, 1, 0]) + 0.0)


def _sq_of_all(counts: Table) -> tuple[float, float, float]:
    iou, tp, fp, fn = _parts(counts)
    size = tp + fp / 2 + fn / 2
    return _means(iou / size, iou / size, tp / size)


_MANY = np.random.default_rng(0).integers(0, 9, (19, 4)).astype(float)
_MANY[:, 0] = _MANY[:, 1] * np.linspace(0.55, 0.95, 19)
_MANY[[2, 5]] = 0
_MANY[7] = [0, 0, 4, 1]

PQ = Exercise(
    key="11.5",
    name="pq",
    goal="B",
    solution=pq,
    properties=(
        Property("a perfect prediction scores 1, 1, 1", _perfect),
        Property("false alarms and misses cost one half each", _one_class),
        Property("the mean comes last", _classes_first),
        Property("classes that do not occur do not count", _absent),
    ),
    probes=(
        (_MANY,),
        (_table([2.4, 3, 1, 2]),),
        (_table([0.8, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0.6, 1, 0, 3]),),
        (_table([0, 0, 0, 2], [0.9, 1, 0, 0]),),
    ),
    mutants=(
        Mutant(
            "whole errors",
            _whole_errors,
            "FP and FN count in full. They count one half each: a segment that just fails to match "
            "leaves one FP and one FN, and these two make one mistake.",
        ),
        Mutant(
            "absent classes are 0",
            _with_absent,
            "classes that do not occur count as 0. Leave them out: TP + FP + FN is 0 there.",
        ),
        Mutant(
            "product of means",
            _product,
            "PQ is computed as mean SQ times mean RQ. PQ = SQ * RQ holds class by class; the mean "
            "of products is not the product of means.",
        ),
        Mutant(
            "all classes as one",
            lambda counts: pq(counts.sum(axis=0, keepdims=True)),
            "the counts of all classes are added up first. Each class has a PQ of its own; then "
            "comes the mean.",
        ),
        Mutant(
            "only classes with a hit",
            _only_hit,
            "classes without a single TP are left out. They occur, and score 0.",
        ),
        Mutant(
            "misses forgotten",
            _no_misses,
            "FN do not count. A network that says nothing would be perfect.",
        ),
        Mutant(
            "SQ over all segments",
            _sq_of_all,
            "SQ is divided by all segments. It is the mean IoU of the matches: IoU / TP.",
        ),
    ),
    hints=(
        "in: counts [classes, 4]; out: three numbers.",
        "keep the rows where TP + FP + FN > 0. SQ = IoU / TP (0 where TP is 0), RQ = TP / "
        "(TP + FP / 2 + FN / 2), PQ = SQ * RQ. Then three means.",
        "iou, tp, fp, fn = counts[counts[:, 1:].sum(axis=1) > 0].T gives four columns; "
        "iou / np.maximum(tp, 1) is SQ without a division by zero.",
    ),
)
