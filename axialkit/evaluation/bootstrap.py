"""How much a score depends on which images happened to be in the set.

The bootstrap (Efron, 1979): draw as many images as there are, with replacement, score them, and
again; the middle 95 % of those scores are the band. It speaks of other images of the same kind, not
of other trainings.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.evaluation.panoptic_quality import FN, FP, IOU, NUM_CLASSES, TP

DRAWS = 1000
LEVEL = 0.95


class Band(NamedTuple):
    """Where a score lies in 95 % of the draws; fractions, NaN if it is never defined."""

    low: float
    high: float


def quality_bands(
    counts: Float[np.ndarray, "image klass iou_tp_fp_fn"], seed: int = 0
) -> dict[str, Band]:
    """Return the bands of the PQ of "all", "things" and "stuff"."""
    drawn = _draws(len(counts), seed) @ counts.reshape(len(counts), -1)
    table = drawn.reshape(-1, NUM_CLASSES, 4)
    size = table[..., TP] + 0.5 * table[..., FP] + 0.5 * table[..., FN]
    quality = np.where(size > 0, table[..., IOU] / np.maximum(size, 0.5), np.nan)
    things = np.isin(np.arange(NUM_CLASSES), THING_TRAIN_IDS)
    groups = {"all": np.ones_like(things), "things": things, "stuff": ~things}
    return {name: _band(_mean(quality, chosen)) for name, chosen in groups.items()}


def miou_band(counts: Int[np.ndarray, "image true predicted"], seed: int = 0) -> Band:
    """Return the band of the mean IoU; the last column of ``counts`` is no class."""
    hits = counts.diagonal(axis1=1, axis2=2)
    unions = counts.sum(axis=2) + counts[:, :, :NUM_CLASSES].sum(axis=1) - hits
    weights = _draws(len(counts), seed)
    hits, unions = weights @ hits, weights @ unions
    iou = np.where(unions > 0, hits / np.maximum(unions, 1), np.nan)
    return _band(_mean(iou, np.ones(NUM_CLASSES, bool)))


def _draws(images: int, seed: int) -> Int[np.ndarray, "draw image"]:
    """Draw how often each image takes part."""
    return np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), DRAWS)


def _mean(
    scores: Float[np.ndarray, "draw klass"], chosen: Bool[np.ndarray, " klass"]
) -> Float[np.ndarray, " draw"]:
    scores = scores[:, chosen]
    count = (~np.isnan(scores)).sum(axis=1)
    return np.where(count > 0, np.nansum(scores, axis=1) / np.maximum(count, 1), np.nan)


def _band(scores: Float[np.ndarray, " draw"]) -> Band:
    scores = scores[~np.isnan(scores)]
    if len(scores) == 0:
        return Band(float("nan"), float("nan"))
    low, high = np.quantile(scores, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
    return Band(low, high)
