"""Panoptic quality (Kirillov et al., Panoptic Segmentation, eq. 1) from histograms.

PQ = sum of IoU over matches / (TP + FP / 2 + FN / 2), per class, then the mean over classes. A
true and a predicted segment match if their classes agree and their IoU is above one half, so no
segment can match twice.

Two policies for crowds (a group of things that the annotators did not separate):

* ``official``: cityscapesscripts' script. Crowd pixels stay in the unions; a wrong prediction is
  forgiven if more than half of it lies on void or on a crowd of its own class.
* ``void``: deeplab2's evaluator. Crowds are void: out of all unions, forgiving every class. The
  published numbers of Axial-DeepLab's authors with their own evaluator are computed this way and
  come out about half a point higher.
"""

from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8

from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES, train_ids
from axialkit.data.runs import shared_runs
from axialkit.errors import InputError
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR, VOID

CrowdPolicy = Literal["official", "void"]
NUM_CLASSES = len(TRAIN_CLASSES)
IOU, TP, FP, FN = range(4)  # columns of the counts


class Quality(NamedTuple):
    """Fractions 0..1; ``pq = sq * rq``. All 0 for a class that does not occur."""

    pq: float  # panoptic quality
    sq: float  # segmentation quality: mean IoU of the matches
    rq: float  # recognition quality: F1 score of the segments


class GroupQuality(NamedTuple):
    """Means over the classes of a group that occur in truth or prediction; NaN if none does."""

    pq: float
    sq: float
    rq: float
    n: int  # how many classes occur


class PanopticScores(NamedTuple):
    """What the official script reports."""

    all: GroupQuality
    things: GroupQuality
    stuff: GroupQuality
    per_class: tuple[Quality, ...]  # by train id


class SegmentOverlap(NamedTuple):
    """The pixels that true and predicted segments of one image share; entry 0 of both is void.

    All scores of an image follow from this: panoptic quality under any crowd policy, average
    precision, and what kinds of mistakes were made.
    """

    truth_id: Int[np.ndarray, " truth"]  # values of instanceIds.png, -1 for void
    truth_class: Integer[np.ndarray, " truth"]  # train ids, 255 for void
    truth_is_crowd: Bool[np.ndarray, " truth"]
    predicted_label: Int[np.ndarray, " predicted"]  # panoptic labels, 255000 for void
    predicted_class: Integer[np.ndarray, " predicted"]  # train ids, 255 for void
    area: Int[np.ndarray, "truth predicted"]  # pixels


class Matching(NamedTuple):
    """How the segments of one image were matched; indices are those of its SegmentOverlap."""

    iou: Float[np.ndarray, "truth predicted"]  # of matches; 0 elsewhere
    false_positive: Bool[np.ndarray, " predicted"]
    false_negative: Bool[np.ndarray, " truth"]


class PanopticQuality:
    """Panoptic quality of a stream of images; partial results can be merged.

    >>> quality = PanopticQuality(crowd="official")
    >>> quality.update(result.panoptic, read_instance_ids(path))
    >>> quality.scores().all.pq
    """

    def __init__(self, crowd: CrowdPolicy = "official") -> None:
        self.crowd = crowd
        self.counts = np.zeros((NUM_CLASSES, 4))  # sum of IoU, TP, FP, FN

    def update(
        self,
        panoptic: Integer[np.ndarray, "height width"],
        instance_ids: Integer[np.ndarray, "truth_height truth_width"],
    ) -> None:
        """Add one image: a predicted panoptic map and the truth as in instanceIds.png."""
        self.add(segment_overlap(panoptic, instance_ids))

    def add(self, overlap: SegmentOverlap) -> None:
        """Add one image whose overlap is known (to score it under several policies)."""
        self.counts += quality_counts(overlap, self.crowd)

    def merge(self, other: "PanopticQuality") -> None:
        """Add the images that another process has seen.

        Raises:
            InputError: the other one follows another crowd policy.
        """
        if other.crowd != self.crowd:
            raise InputError(
                f'Cannot merge panoptic qualities of the crowd policies "{self.crowd}" and '
                f'"{other.crowd}"; compute both with the same.'
            )
        self.counts += other.counts

    def scores(self) -> PanopticScores:
        """Average what has been seen so far."""
        per_class = tuple(_quality(row) for row in self.counts)
        occurs = self.counts[:, TP:].any(axis=1)
        things = np.isin(np.arange(NUM_CLASSES), THING_TRAIN_IDS)
        table = np.array(per_class)
        return PanopticScores(
            _mean(table[occurs]),
            _mean(table[occurs & things]),
            _mean(table[occurs & ~things]),
            per_class,
        )


def segment_overlap(
    panoptic: Integer[np.ndarray, "height width"],
    instance_ids: Integer[np.ndarray, "truth_height truth_width"],
) -> SegmentOverlap:
    """Count shared pixels between a panoptic map and the truth as in instanceIds.png.

    Raises:
        InputError: the sizes differ, or a label is neither of a class nor void.
    """
    if panoptic.shape != instance_ids.shape:
        raise InputError(
            f"The prediction is {panoptic.shape} pixels, its ground truth {instance_ids.shape} "
            "(height, width). Resize the prediction to the size of the annotated image."
        )
    true_run, run, length = shared_runs(instance_ids, panoptic)
    labels, predicted = np.unique(run, return_inverse=True)
    predicted_class = labels // LABEL_DIVISOR
    wrong = (labels < 0) | (predicted_class >= NUM_CLASSES) & (labels != VOID)
    if wrong.any():
        raise InputError(
            f"The prediction holds the panoptic label {labels[wrong][0]}, but labels are "
            f"train_id * {LABEL_DIVISOR} + instance with train ids 0..{NUM_CLASSES - 1}, or "
            f"{VOID} for void."
        )
    ids, truth = np.unique(true_run, return_inverse=True)
    truth_class, is_crowd = classes_and_crowds(ids)

    truth_row, kept_truth = _void_first(truth_class)
    predicted_column, kept = _void_first(predicted_class)
    width = 1 + int(kept.sum())
    pair = (truth_row * width)[truth] + predicted_column[predicted]
    area = np.bincount(pair, length, minlength=(1 + int(kept_truth.sum())) * width)
    return SegmentOverlap(
        truth_id=np.concatenate([[-1], ids[kept_truth]]),
        truth_class=np.concatenate([[IGNORE_CLASS], truth_class[kept_truth]]),
        truth_is_crowd=np.concatenate([[False], is_crowd[kept_truth]]),
        predicted_label=np.concatenate([[VOID], labels[kept]]),
        predicted_class=np.concatenate([[IGNORE_CLASS], predicted_class[kept]]),
        area=area.astype(np.int64).reshape(-1, width),
    )


def classes_and_crowds(
    instance_ids: Integer[np.ndarray, "*shape"],
) -> tuple[UInt8[np.ndarray, "*shape"], Bool[np.ndarray, "*shape"]]:
    """Return the train ids (255 = ignored) of values of instanceIds.png, and which are crowds."""
    ids = instance_ids.astype(np.int64)
    numbered = ids >= LABEL_DIVISOR
    classes = train_ids(np.where(numbered, ids // LABEL_DIVISOR, ids))
    return classes, np.isin(classes, THING_TRAIN_IDS) & ~numbered


def match_segments(overlap: SegmentOverlap, crowd: CrowdPolicy = "official") -> Matching:
    """Find which true and predicted segments of one image belong together."""
    _, truth_class, is_crowd, _, predicted_class, area = overlap
    if crowd == "void":
        area = np.concatenate([area[:1] + area[is_crowd].sum(axis=0), area[1:]])
        area[is_crowd] = 0
    countable = (truth_class != IGNORE_CLASS) & ~is_crowd
    on_void, predicted_area = area[0], area.sum(axis=0)
    same_class = truth_class[:, None] == predicted_class

    union = predicted_area + area.sum(axis=1)[:, None] - area - on_void
    iou = np.where(same_class & countable[:, None], area / np.maximum(union, 1), 0.0)
    match = iou > 0.5
    on_own_crowd = (area * (same_class & is_crowd[:, None])).sum(axis=0)
    forgiven = 2 * (on_void + on_own_crowd) > predicted_area
    false_positive = ~match.any(axis=0) & ~forgiven & (predicted_class != IGNORE_CLASS)
    false_negative = ~match.any(axis=1) & countable

    return Matching(iou * match, false_positive, false_negative)


def quality_counts(
    overlap: SegmentOverlap, crowd: CrowdPolicy
) -> Float[np.ndarray, "klass iou_tp_fp_fn"]:
    """Match the segments of one image; return sum of IoU, TP, FP, FN per class."""
    match = match_segments(overlap, crowd)
    rows, columns = np.nonzero(match.iou)
    truth_class, predicted_class = overlap.truth_class, overlap.predicted_class
    counts = [
        np.bincount(truth_class[rows], match.iou[rows, columns], minlength=NUM_CLASSES),
        np.bincount(truth_class[rows], minlength=NUM_CLASSES),
        np.bincount(predicted_class[match.false_positive], minlength=NUM_CLASSES),
        np.bincount(truth_class[match.false_negative], minlength=NUM_CLASSES),
    ]
    return np.stack(counts, axis=1).astype(np.float64)


def _void_first(
    classes: Integer[np.ndarray, " present"],
) -> tuple[Int[np.ndarray, " present"], Bool[np.ndarray, " present"]]:
    """Number the segments from 1, all ignored values 0; return which are segments, too."""
    kept = classes != IGNORE_CLASS
    return np.where(kept, np.cumsum(kept), 0), kept


def _quality(row: Float[np.ndarray, "4"]) -> Quality:
    iou, tp, fp, fn = row.tolist()
    if tp == 0:
        return Quality(0.0, 0.0, 0.0)
    size = tp + 0.5 * fp + 0.5 * fn
    return Quality(iou / size, iou / tp, tp / size)


def _mean(rows: Float[np.ndarray, "klass 3"]) -> GroupQuality:
    if len(rows) == 0:
        return GroupQuality(np.nan, np.nan, np.nan, 0)
    pq, sq, rq = rows.mean(axis=0).tolist()
    return GroupQuality(pq, sq, rq, len(rows))
