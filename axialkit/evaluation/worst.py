"""The images with the lowest scores, with all that it takes to see why."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Integer, UInt8

from axialkit.data.cityscapes import SamplePaths, panoptic_label, read_instance_ids
from axialkit.data.images import read_rgb
from axialkit.evaluation.image_scores import ImageScores
from axialkit.evaluation.panoptic_quality import PanopticQuality, match_segments

COUNT = 6


class WorstImage(NamedTuple):
    """One image, as the report shows it."""

    name: str
    pq: float  # of this image alone, 0..1
    image: UInt8[np.ndarray, "height width 3"]
    truth: Integer[np.ndarray, "height width"]  # panoptic labels, crowds are void
    prediction: Integer[np.ndarray, "height width"]  # panoptic labels
    matched: Bool[np.ndarray, "height width"]  # pixels of predicted segments that have a match
    wrong: Bool[np.ndarray, "height width"]  # pixels of those that count as false positives
    missed: Bool[np.ndarray, "height width"]  # pixels of true segments that have no match


def image_pq(scores: ImageScores) -> float:
    """Return the PQ of one image, over the classes that it shows; NaN if that is none."""
    quality = PanopticQuality("official")
    quality.counts += scores.quality
    return quality.scores().all.pq


def worst_images(
    samples: Sequence[SamplePaths],
    images: Sequence[ImageScores],
    prediction_of: Callable[[SamplePaths], Integer[np.ndarray, "height width"]],
) -> tuple[WorstImage, ...]:
    """Load the images with the lowest PQ, the lowest first; ``prediction_of`` reads a map."""
    ranked = [(image_pq(image), index) for index, image in enumerate(images)]
    ranked = sorted((pq, index) for pq, index in ranked if not np.isnan(pq))
    return tuple(
        _load(samples[i], images[i], pq, prediction_of(samples[i])) for pq, i in ranked[:COUNT]
    )


def _load(
    sample: SamplePaths,
    scores: ImageScores,
    pq: float,
    prediction: Integer[np.ndarray, "height width"],
) -> WorstImage:
    match, labels = match_segments(scores.overlap), scores.overlap.predicted_label
    ids = read_instance_ids(sample.instance_ids)
    return WorstImage(
        name=sample.name,
        pq=pq,
        image=read_rgb(sample.image),
        truth=panoptic_label(ids),
        prediction=prediction,
        matched=np.isin(prediction, labels[match.iou.any(axis=0)]),
        wrong=np.isin(prediction, labels[match.false_positive]),
        missed=np.isin(ids, scores.overlap.truth_id[match.false_negative]),
    )
