"""Lesson 11's functions: mean IoU, panoptic quality and average precision, each by hand.

Maps are panoptic labels, 1000 * class + number; 255000 is void. Stuff has the number 0, things
count from 1, and a true thing with the number 0 is a crowd. Truth comes first, always.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR, VOID

Map = Integer[np.ndarray, "height width"]
Maps = Sequence[Integer[np.ndarray, "_ _"]]  # images may differ in size
Mask = Bool[np.ndarray, "height width"]
Pair = tuple[int, int, float]  # true label, predicted label, IoU

CLASSES = 19
THRESHOLDS = tuple(percent / 100 for percent in range(50, 100, 5))  # COCO's: 0.50, 0.55 ... 0.95


def is_crowd(label: int) -> bool:
    """Return whether a true label is a crowd: a thing class, but nobody counted the things."""
    return label % LABEL_DIVISOR == 0 and label // LABEL_DIVISOR in THING_TRAIN_IDS


def class_map(panoptic: Map) -> Map:
    """Return the class of every pixel, 255 for void."""
    return panoptic // LABEL_DIVISOR


def confusion(
    truth: Map, prediction: Map, classes: int
) -> Int[np.ndarray, "classes classes_and_none"]:
    """Count pixels by true class (row) and predicted class (column); the last column is "none".

    Pixels whose true class is 255 do not count.
    """
    seen = truth != IGNORE_CLASS
    column = np.minimum(prediction[seen], classes)  # 255 becomes the last one
    cell = truth[seen].astype(np.int64) * (classes + 1) + column
    counts = np.bincount(cell, minlength=classes * (classes + 1))
    return counts.reshape(classes, classes + 1)


def miou(counts: Integer[np.ndarray, "classes classes_and_none"]) -> float:
    """Return the mean IoU of the classes that occur, in the truth or in the prediction."""
    hits = counts.diagonal()
    union = counts.sum(axis=1) + counts[:, :-1].sum(axis=0) - hits
    occurs = union > 0
    return float(np.mean(hits[occurs] / union[occurs]))


def match_segments(truth: Map, prediction: Map) -> list[Pair]:
    """List the matches of one image, (true label, predicted label, IoU), by true label.

    Two segments match if their classes agree and their IoU is above one half; the pixels that are
    void in the truth belong to no union. Void and crowds match nothing.
    """
    pairs = []
    on_void = truth == VOID
    for label in np.unique(truth).tolist():
        if label == VOID or is_crowd(label):
            continue
        true = truth == label
        for other in np.unique(prediction[true]).tolist():
            if other // LABEL_DIVISOR != label // LABEL_DIVISOR:
                continue
            found = (prediction == other) & ~on_void
            iou = (true & found).sum() / (true | found).sum()
            if iou > 0.5:
                pairs.append((label, other, float(iou)))
    return pairs


def pq_counts(truth: Map, prediction: Map) -> Float[np.ndarray, "19 4"]:
    """Return for each class of one image: sum of IoU, TP, FP, FN.

    A predicted segment without a match is forgiven if more than half of it lies on void or on a
    crowd of its own class. Nobody can miss a crowd.
    """
    counts = np.zeros((CLASSES, 4))
    pairs = match_segments(truth, prediction)
    for label, _, iou in pairs:
        counts[label // LABEL_DIVISOR, :2] += (iou, 1)
    found = {label for label, _, _ in pairs}
    used = {other for _, other, _ in pairs}
    for other in set(np.unique(prediction).tolist()) - used - {VOID}:
        below = truth[prediction == other]
        klass = other // LABEL_DIVISOR
        forgiven = below == VOID
        if klass in THING_TRAIN_IDS:
            forgiven |= below == klass * LABEL_DIVISOR
        counts[klass, 2] += forgiven.mean() <= 0.5
    for label in set(np.unique(truth).tolist()) - found - {VOID}:
        counts[label // LABEL_DIVISOR, 3] += not is_crowd(label)
    return counts


def pq(counts: Float[np.ndarray, "classes 4"]) -> tuple[float, float, float]:
    """Return (PQ, SQ, RQ), each the mean over the classes that occur.

    ``counts`` are sums over all images of IoU, TP, FP, FN per class. A class without a single TP
    has a quality of 0 in all three.
    """
    iou, tp, fp, fn = counts[counts[:, 1:].sum(axis=1) > 0].T
    rq = tp / (tp + fp / 2 + fn / 2)
    sq = iou / np.maximum(tp, 1)
    return float(np.mean(sq * rq)), float(np.mean(sq)), float(np.mean(rq))


def panoptic_quality(truths: Maps, predictions: Maps) -> float:
    """Return the PQ of a set of images."""
    images = zip(truths, predictions, strict=True)
    return pq(np.sum([pq_counts(np.asarray(t), np.asarray(p)) for t, p in images], axis=0))[0]


def ap_at(
    scores: Float[np.ndarray, " detections"],
    ious: Float[np.ndarray, " detections"],
    objects: int,
    threshold: float,
) -> float:
    """Return the average precision of one class at one IoU threshold, as COCO computes it.

    ``ious`` are those with the best object of the class; from the threshold on, it is a hit. The
    detections are ranked by score, equal ones in the order given. The precision at a recall is the
    best that is reached at this recall or any larger one, and 0 where none is; its mean over the
    recalls 0, 0.01 ... 1 is the result.
    """
    hit = ious[np.argsort(-scores, kind="stable")] >= threshold
    recall = np.cumsum(hit) / objects
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    wanted = np.linspace(0, 1, 101)
    return float(np.mean([precision[recall >= r].max(initial=0) for r in wanted]))


def detections(
    truth: Map, prediction: Map, klass: int, score_of: dict[int, float]
) -> tuple[list[float], list[float], int]:
    """Return what ``ap_at`` needs of one image: scores, IoUs with the best object, objects."""
    objects = [
        label
        for label in np.unique(truth[truth // LABEL_DIVISOR == klass]).tolist()
        if not is_crowd(label)
    ]
    found = [label for label in score_of if label // LABEL_DIVISOR == klass]
    ious = [
        max((_plain_iou(truth == label, prediction == other) for label in objects), default=0.0)
        for other in found
    ]
    return [score_of[label] for label in found], ious, len(objects)


def mean_ap(
    truths: Maps,
    predictions: Maps,
    scores: Sequence[dict[int, float]],
    precision: Callable[..., float] = ap_at,
) -> float:
    """Return COCO's AP: the mean of ``ap_at``, or another, over thing classes and thresholds."""
    found = []
    for klass in THING_TRAIN_IDS:
        images = [
            detections(truth, prediction, klass, score_of)
            for truth, prediction, score_of in zip(truths, predictions, scores, strict=True)
        ]
        objects = sum(image[2] for image in images)
        if objects == 0:
            continue
        score, iou = (np.array(sum((image[i] for image in images), []), float) for i in (0, 1))
        found.append(np.mean([precision(score, iou, objects, at) for at in THRESHOLDS]))
    return float(np.mean(found))


def _plain_iou(one: Bool[np.ndarray, "h w"], other: Bool[np.ndarray, "h w"]) -> float:
    return float((one & other).sum() / (one | other).sum())
