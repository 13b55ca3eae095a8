"""How sure a network is of each segment: what ranks the detections in average precision."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int, Integer

from axialkit.postprocess import first_places
from axialkit.structures import VOID, PanopticResult


class SegmentScore(NamedTuple):
    """How sure the network is of one segment of a panoptic map."""

    label: int  # panoptic label
    area: int  # pixels
    semantic_probability: float  # mean over the segment of the probability of its class
    score: float  # the above times the heat of its center; 0 for stuff


def instance_score_map(
    instance: Integer[np.ndarray, "height width"], center_scores: Float[np.ndarray, " n_centers"]
) -> Float32[np.ndarray, "height width"]:
    """Return the heat of each pixel's center, 0 outside things."""
    return np.concatenate([[0], center_scores]).astype(np.float32)[instance]


def segment_scores(
    panoptic: Integer[np.ndarray, "height width"],
    probability: Float[np.ndarray, "height width"],
    score_map: Float[np.ndarray, "height width"],
) -> list[SegmentScore]:
    """Score every segment but void, in the order of a raster scan.

    The score ranks detections in the reference's average precision: the mean over the segment of
    the probability of its class (``segment_probability``) times that of ``score_map``
    (``instance_score_map``).
    """
    labels, segment = _numbered(panoptic)
    areas = np.bincount(segment)
    probabilities = np.bincount(segment, probability.ravel()) / areas
    heats = np.bincount(segment, score_map.ravel()) / areas
    return [
        SegmentScore(
            label=int(labels[i]),
            area=int(areas[i]),
            semantic_probability=float(probabilities[i]),
            score=float(probabilities[i] * heats[i]),
        )
        for i in np.argsort(first_places(segment, len(labels)))
        if labels[i] != VOID
    ]


def score_segments(result: PanopticResult) -> list[SegmentScore]:
    """Score the segments of one answer; see ``segment_scores``."""
    heat = instance_score_map(result.instance, result.center_scores)
    return segment_scores(result.panoptic, result.segment_probability, heat)


def _numbered(
    labels: Integer[np.ndarray, "height width"],
) -> tuple[Int[np.ndarray, " present"], Int[np.ndarray, " pixel"]]:
    """Return the labels that occur, ascending, and each pixel's index into them."""
    flat = labels.ravel()
    present = np.flatnonzero(np.bincount(flat))
    index = np.zeros(present[-1] + 1, np.int64)
    index[present] = np.arange(len(present))
    return present, index[flat]
