"""Lesson 10, exercise 10.6, scores from the counts of all processes: what must hold, mistakes."""

import numpy as np

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.parts import merge_pq_stats


def _counts(processes: int, classes: int, seed: int) -> np.ndarray:
    """Draw counts as images give them: sum of IoU (of TP segments), TP, FP, FN."""
    draw = np.random.default_rng(seed)
    tp, fp, fn = draw.integers(1, 9, (3, processes, classes))
    return np.stack([tp * draw.uniform(0.5, 1, tp.shape), tp, fp, fn], axis=-1).astype(np.float64)


def _some_absent() -> np.ndarray:
    """Class 0 in one process only, 1 never found, 2 nowhere, 3 found where it is not."""
    counts = _counts(2, 5, 3)
    counts[1, 0] = counts[:, 2] = 0
    counts[:, 1, :2] = 0
    counts[:, 3, [0, 1, 3]] = 0
    return counts


def _by_hand(counts: np.ndarray) -> float:
    qualities = []
    for klass in range(counts.shape[1]):
        iou, tp, fp, fn = (sum(part[klass][column] for part in counts) for column in range(4))
        if tp + fp + fn > 0:
            qualities.append(iou / (tp + fp / 2 + fn / 2))
    return float(sum(qualities) / len(qualities))


def _agrees(merge: Function, counts: np.ndarray, what: str) -> None:
    got, expected = merge(counts), _by_hand(counts)
    digits = 4 if f"{got:.4f}" != f"{expected:.4f}" else 10
    assert abs(got - expected) < 1e-9, (
        f"{what}: PQ is {expected:.{digits}f}, you say {got:.{digits}f}"
    )


def _of_one(merge: Function) -> None:
    _agrees(merge, _counts(1, 4, 0), "one process, four classes")
    _agrees(merge, np.array([[[1.5, 2.0, 1.0, 1.0]]]), "one class, IoU 1.5, TP 2, FP 1, FN 1")


def _of_many(merge: Function) -> None:
    for processes, classes, seed in ((2, 3, 1), (4, 6, 2), (3, 1, 5)):
        _agrees(
            merge, _counts(processes, classes, seed), f"{processes} processes, {classes} classes"
        )
    lopsided = np.array([[[0.9, 1, 0, 0]], [[6.0, 10, 10, 10]]], dtype=np.float64)
    _agrees(merge, lopsided, "one process with 1 segment, the other with 30")


def _with_absent(merge: Function) -> None:
    _agrees(
        merge,
        _some_absent(),
        "one class in one process only, one never found, one nowhere, one only falsely",
    )


def _per_class(counts: np.ndarray, *, half: float = 0.5) -> np.ndarray:
    """Return the qualities of the classes, NaN where one does not occur."""
    size = counts[..., 1] + half * counts[..., 2] + half * counts[..., 3]
    return np.where(size > 0, counts[..., 0] / np.where(size > 0, size, 1), np.nan)


def _class_by_class(counts: np.ndarray) -> float:
    qualities = _per_class(counts)
    columns = [column[~np.isnan(column)] for column in qualities.T]
    return float(np.mean([column.mean() for column in columns if len(column)]))


MERGE_PQ_STATS = Exercise(
    key="10.6",
    name="merge_pq_stats",
    goal="E",
    solution=merge_pq_stats,
    properties=(
        Property("one process: its own PQ", _of_one),
        Property("several: as if one had seen all images", _of_many),
        Property("classes that occur nowhere do not count, those never found do", _with_absent),
    ),
    probes=((_counts(2, 4, 7),), (_counts(3, 5, 8),), (_some_absent(),)),
    mutants=(
        Mutant(
            "mean of PQs",
            lambda counts: float(np.mean([np.nanmean(_per_class(part)) for part in counts])),
            "every process computes a PQ, and these are averaged. A process with few segments then "
            "counts as much as one with many: add up the counts first.",
        ),
        Mutant(
            "class by class",
            _class_by_class,
            "the PQs of a class are averaged over the processes. Counts can be added, quotients "
            "cannot.",
        ),
        Mutant(
            "all classes",
            lambda counts: float(np.nan_to_num(_per_class(counts.sum(axis=0))).mean()),
            "a class that occurs nowhere counts as 0. It is left out.",
        ),
        Mutant(
            "one pot",
            lambda counts: float(_per_class(counts.sum(axis=(0, 1)))),
            "the counts of all classes are thrown together, so frequent classes decide. First a "
            "quality per class, then their mean.",
        ),
        Mutant(
            "process 0 only",
            lambda counts: float(np.nanmean(_per_class(counts[0]))),
            "this is what process 0 has seen. The others have seen images, too.",
        ),
        Mutant(
            "not halved",
            lambda counts: float(np.nanmean(_per_class(counts.sum(axis=0), half=1.0))),
            "FP and FN count one half each: a segment that misses its match leaves one of both.",
        ),
        Mutant(
            "nan",
            lambda counts: float(_per_class(counts.sum(axis=0)).mean()),
            "a class that occurs nowhere makes 0 / 0, which is nan, and a mean with a nan is nan.",
        ),
        Mutant(
            "never found, left out",
            lambda counts: float(
                np.mean([q for q in _per_class(counts.sum(axis=0)) if q > 0 and not np.isnan(q)])
            ),
            "a class that is there and never found has PQ 0, and that counts.",
        ),
    ),
    hints=(
        "in: counts [process, class, 4]; out: one number. counts.sum(axis=0) is [class, 4].",
        "sums first, then per class the sum of IoU over (TP + FP / 2 + FN / 2), at last the mean "
        "over the classes whose divisor is not 0.",
        "iou, tp, fp, fn = counts.sum(axis=0).T; size = tp + fp / 2 + fn / 2; mean of "
        "iou[size > 0] / size[size > 0]",
    ),
)
