"""Where panoptic quality is lost: an exact account, class by class.

PQ = sum of IoU / (TP + FP / 2 + FN / 2), so every lost point has its place:

    1 = PQ + inexact + missed + spurious + mis-shaped + mis-classified

A match of IoU 0.8 loses 0.2 by inexact borders. Each segment without a match loses one half, and
is one of: mis-classified (more than half of it agrees with a segment of another class), mis-shaped
(it overlaps with one of its own class, but not enough to match), else missed (true segments: nobody
saw them) or spurious (predicted ones: nothing is there).
"""

import numpy as np
from jaxtyping import Bool, Float

from axialkit.evaluation.panoptic_quality import (
    IOU,
    NUM_CLASSES,
    TP,
    SegmentOverlap,
    match_segments,
)
from axialkit.structures import IGNORE_CLASS

KINDS = ("missed", "spurious", "mis-shaped", "mis-classified")
PARTS = ("quality", "inexact", *KINDS)
_TOUCH = 0.1  # IoU from which two segments of a class count as one object, badly shaped


def mistakes(overlap: SegmentOverlap) -> Float[np.ndarray, "klass kind"]:
    """Count the segments of one image that have no match, halved, by class and kind.

    Crowds and void as in the official score. Sums over images can be given to ``budget``.
    """
    match = match_segments(overlap)
    iou, same_class = _all_ious(overlap)
    other_class = ~same_class & (overlap.truth_class != IGNORE_CLASS)[:, None]
    confused = (iou > 0.5) & other_class
    touched = (iou >= _TOUCH) & same_class
    counts = np.zeros((NUM_CLASSES, len(KINDS)))
    for axis, classes, wrong, alone in (
        (1, overlap.truth_class, match.false_negative, 0),
        (0, overlap.predicted_class, match.false_positive, 1),
    ):
        kind = np.full(len(classes), alone)
        kind[touched.any(axis=axis)] = KINDS.index("mis-shaped")
        kind[confused.any(axis=axis)] = KINDS.index("mis-classified")
        np.add.at(counts, (classes[wrong], kind[wrong]), 0.5)
    return counts


def budget(
    counts: Float[np.ndarray, "klass iou_tp_fp_fn"], wrong: Float[np.ndarray, "klass kind"]
) -> Float[np.ndarray, "klass part"]:
    """Turn counts into shares of PARTS, which add up to 1; NaN for a class that does not occur.

    ``counts`` are those of ``quality_counts`` with the official policy, ``wrong`` of ``mistakes``.
    """
    iou, hits = counts[:, IOU], counts[:, TP]
    size = hits + wrong.sum(axis=1)
    parts = np.column_stack([iou, hits - iou, wrong])
    return np.where(size[:, None] > 0, parts / np.maximum(size, 0.5)[:, None], np.nan)


def _all_ious(
    overlap: SegmentOverlap,
) -> tuple[Float[np.ndarray, "truth predicted"], Bool[np.ndarray, "truth predicted"]]:
    """Return the IoU of all pairs of segments, void out of the unions, and which share a class."""
    area = overlap.area
    union = area.sum(axis=0) + area.sum(axis=1)[:, None] - area - area[0]
    real = (overlap.truth_class != IGNORE_CLASS)[:, None] & (
        overlap.predicted_class != IGNORE_CLASS
    )
    iou = np.where(real & ~overlap.truth_is_crowd[:, None], area / np.maximum(union, 1), 0.0)
    return iou, overlap.truth_class[:, None] == overlap.predicted_class
