"""The named tuples that cross the borders between the steps of the flow.

Letters: sizes are ``(height, width)``, points ``(y, x)``, offsets ``(dy, dx)``, in pixels.
``klass`` counts Cityscapes train ids 0..18; a panoptic label is ``train_id * 1000 + instance``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, Shaped, UInt8

if TYPE_CHECKING:  # drawing and reading data need no torch, and start much faster without
    from torch import Tensor

LABEL_DIVISOR = 1000  # panoptic label = train id * 1000 + instance number (things count from 1)
IGNORE_CLASS = 255  # train id of void
VOID = IGNORE_CLASS * LABEL_DIVISOR  # the panoptic label of void, 255000


class Targets(NamedTuple):
    """What the three heads shall answer, one sample or a batch (``...`` is empty or ``batch``)."""

    semantic: Integer[Tensor, "*batch height width"]  # train ids, 255 = ignore
    semantic_weight: Float[Tensor, "*batch height width"]  # small instances weigh more
    center: Float[Tensor, "*batch height width"]  # max of one Gaussian per instance, 0..1
    center_weight: Float[Tensor, "*batch height width"]  # 0 on void and crowd
    offset: Float[Tensor, "*batch 2 height width"]  # (dy, dx) to the instance's center, pixels
    offset_weight: Float[Tensor, "*batch height width"]  # 1 on instances

    def at_stride(self, stride: int) -> Targets:
        """Keep every ``stride``-th row and column (values stay in full-size pixels)."""
        return Targets(*(map_[..., ::stride, ::stride] for map_ in self))


class Sample(NamedTuple):
    """One training sample (or a batch of them)."""

    image: Shaped[Tensor, "*batch 3 height width"]  # RGB, 0..255
    targets: Targets


class Prediction(NamedTuple):
    """The network's three answers, at one common size."""

    semantic: Float[Tensor, "batch klass height width"]  # logits
    center: Float[Tensor, "batch 1 height width"]  # heat map, no sigmoid
    offset: Float[Tensor, "batch 2 height width"]  # (dy, dx) in input pixels


class LossTerms(NamedTuple):
    """The three weighted loss terms, of a batch or per sample; their sum is minimised."""

    semantic: Float[Tensor, "*batch"]
    center: Float[Tensor, "*batch"]
    offset: Float[Tensor, "*batch"]


class PanopticResult(NamedTuple):
    """One image's panoptic answer, after post-processing."""

    panoptic: Int[np.ndarray, "height width"]  # train id * 1000 + instance; 255000 = void
    semantic: UInt8[np.ndarray, "height width"]  # train ids, before the merge
    instance: Int[np.ndarray, "height width"]  # index + 1 of the center, 0 = no thing
    centers: Int[np.ndarray, "n_centers 2"]  # (y, x)
    center_scores: Float[np.ndarray, " n_centers"]  # heat at the center
    confidence: Float[np.ndarray, "height width"]  # probability of the predicted class
    segment_probability: Float[np.ndarray, "height width"]  # of the segment's class; 0 on void

    @property
    def is_void(self) -> Bool[np.ndarray, "height width"]:
        """Where no segment was found."""
        return self.panoptic == VOID
