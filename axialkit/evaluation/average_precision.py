"""Average precision of the things, as deeplab2's evaluator has it: COCO's measure of masks.

The computation is pycocotools'. It gets the overlaps of the segments instead of their masks: a
panoptic map has them all in one table, and the IoU of two masks follows from it. Unlike the
official Cityscapes script, COCO's measure has no smallest object, and a detection on void is wrong.
"""

import contextlib
import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, SupportsIndex

import numpy as np
from jaxtyping import Float

from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.errors import InputError
from axialkit.evaluation.panoptic_quality import CrowdPolicy, SegmentOverlap
from axialkit.structures import IGNORE_CLASS


class Detections(NamedTuple):
    """What one image contributes."""

    overlap: SegmentOverlap
    scores: Mapping[int, float]  # panoptic label -> score; equal scores rank in this order


class AveragePrecision(NamedTuple):
    """Means over the thing classes that occur in the truth; fractions, NaN where none does."""

    ap: float  # over IoU 0.50, 0.55 ... 0.95
    ap50: float
    ap75: float
    small: float  # objects of fewer than 32 x 32 pixels
    medium: float
    large: float  # of more than 96 x 96 pixels
    per_class: tuple[float, ...]  # by train id; NaN for stuff and what does not occur


def is_available() -> bool:
    """Return whether pycocotools can be imported."""
    return find_spec("pycocotools") is not None


def average_precision(
    images: Sequence[Detections], crowd: CrowdPolicy = "void"
) -> AveragePrecision:
    """Compute COCO's mask AP, things only.

    ``crowd`` "void" leaves crowds out of the truth, so that a detection there counts as wrong
    (deeplab2's default); "official" keeps them as COCO's crowds, which forgive.

    Raises:
        InputError: pycocotools is not installed.
    """
    if not is_available():
        raise InputError(
            "Average precision needs the package pycocotools, which is not installed. Install it "
            'with: pip install -e ".[data]"'
        )
    truth, found = [], []
    for number, image in enumerate(images):
        truth += _objects(number, image.overlap, crowd)
        found += _found(number, image)
    if not found:
        return _without_detections(truth)
    with contextlib.redirect_stdout(io.StringIO()):  # it talks
        evaluator = _evaluator(images, truth, found)
        evaluator.evaluate()
        evaluator.accumulate()
        evaluator.summarize()
    ap, ap50, ap75, small, medium, large = (
        float(value) if value >= 0 else float("nan") for value in evaluator.stats[:6]
    )
    per_class = _per_class(evaluator.eval["precision"])
    return AveragePrecision(ap, ap50, ap75, small, medium, large, per_class)


def _objects(number: int, overlap: SegmentOverlap, crowd: CrowdPolicy) -> list[dict[str, Any]]:
    """List the true things of one image in COCO's form."""
    areas = overlap.area.sum(axis=1)
    return [
        {
            "image_id": number,
            "category_id": int(klass),
            "area": float(areas[row]),
            "iscrowd": int(is_crowd),
            "row": row,
        }
        for row, (klass, is_crowd) in enumerate(
            zip(overlap.truth_class, overlap.truth_is_crowd, strict=True)
        )
        if klass in THING_TRAIN_IDS and not (is_crowd and crowd == "void")
    ]


def _found(number: int, image: Detections) -> list[dict[str, Any]]:
    """List the detected things of one image in COCO's form."""
    areas, labels = image.overlap.area.sum(axis=0), image.overlap.predicted_label.tolist()
    column_of = {label: column for column, label in enumerate(labels)}
    columns = [(column_of[label], score) for label, score in image.scores.items()]
    return [
        {
            "image_id": number,
            "category_id": int(image.overlap.predicted_class[column]),
            "area": float(areas[column]),
            "score": score,
            "column": column,
        }
        for column, score in columns
        if image.overlap.predicted_class[column] in THING_TRAIN_IDS
    ]


def _evaluator(
    images: Sequence[Detections], truth: list[dict[str, Any]], found: list[dict[str, Any]]
) -> Any:  # noqa: ANN401  (pycocotools is optional)
    """Return pycocotools' evaluator, which asks for overlaps instead of decoding masks."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    class FromOverlaps(COCOeval):
        def computeIoU(  # noqa: N802
            self, image: SupportsIndex, category: SupportsIndex
        ) -> Float[np.ndarray, "detection truth"] | list[Any]:
            objects, detections = self._gts[image, category], self._dts[image, category]
            if not objects and not detections:
                return []
            # in the order, and as many, as its own method
            order = np.argsort([-one["score"] for one in detections], kind="mergesort")
            detections = [detections[i] for i in order[: self.params.maxDets[-1]]]
            return _ious(images[int(image)].overlap, objects, detections)

    def dataset(annotations: list[dict[str, Any]]) -> Any:  # noqa: ANN401
        coco = COCO()
        coco.dataset = {
            "images": [{"id": number} for number in range(len(images))],
            "categories": [{"id": klass} for klass in THING_TRAIN_IDS],
            "annotations": [a | {"id": i} for i, a in enumerate(annotations, start=1)],
        }
        coco.createIndex()
        return coco

    return FromOverlaps(dataset(truth), dataset(found), iouType="bbox")  # bbox: no masks to decode


def _ious(
    overlap: SegmentOverlap, objects: list[dict[str, Any]], detections: list[dict[str, Any]]
) -> Float[np.ndarray, "detection truth"]:
    """Return the IoU of each detection and object; for a crowd, the share of the detection."""
    shared = overlap.area[
        np.ix_([one["row"] for one in objects], [one["column"] for one in detections])
    ].T.astype(np.float64)
    found = np.array([one["area"] for one in detections])[:, None]
    true = np.array([one["area"] for one in objects])[None]
    crowd = np.array([one["iscrowd"] for one in objects], bool)[None]
    return shared / np.where(crowd, found, found + true - shared)


def _per_class(precision: Float[np.ndarray, "iou recall klass size count"]) -> tuple[float, ...]:
    scores = [float("nan")] * (max(THING_TRAIN_IDS) + 1)
    for index, klass in enumerate(THING_TRAIN_IDS):
        values = precision[:, :, index, 0, -1]
        if (values > -1).any():
            scores[klass] = float(values[values > -1].mean())
    return tuple(scores)


def _without_detections(truth: list[dict[str, Any]]) -> AveragePrecision:
    """Return zeros, as the reference does, where there was something to detect."""
    present = {one["category_id"] for one in truth if not one["iscrowd"]} - {IGNORE_CLASS}
    score = 0.0 if present else float("nan")
    per_class = [0.0 if klass in present else float("nan") for klass in range(19)]
    return AveragePrecision(score, score, score, score, score, score, tuple(per_class))
