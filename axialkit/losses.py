"""The three loss terms of Panoptic-DeepLab, as deeplab2 trains them.

Every term reduces one error per pixel to one number per sample, then averages over the batch.
"""

import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Integer
from torch import Tensor

from axialkit.config import LossConfig
from axialkit.structures import IGNORE_CLASS, LossTerms, Prediction, Targets


def panoptic_losses(prediction: Prediction, targets: Targets, config: LossConfig) -> LossTerms:
    """Compute the weighted terms, averaged over the batch; their sum is minimised.

    Prediction and targets have one common height and width.
    """
    return LossTerms(*(term.mean() for term in losses_per_sample(prediction, targets, config)))


def losses_per_sample(prediction: Prediction, targets: Targets, config: LossConfig) -> LossTerms:
    """Compute the weighted terms of every sample of a batch, ``[batch]`` each."""
    semantic = semantic_error(prediction.semantic, targets.semantic) * targets.semantic_weight
    center = (prediction.center.squeeze(1) - targets.center) ** 2 * targets.center_weight
    offset = (prediction.offset - targets.offset).abs().mean(dim=1) * targets.offset_weight
    return LossTerms(
        semantic=config.semantic * mean_of_nonzero(hardest(semantic, config.top_k)),
        center=config.center * mean_of_nonzero(center.flatten(1)),
        offset=config.offset * mean_of_nonzero(offset.flatten(1)),
    )


def semantic_error(
    logits: Float[Tensor, "batch klass height width"], truth: Integer[Tensor, "batch height width"]
) -> Float[Tensor, "batch height width"]:
    """Cross entropy per pixel, 0 where the truth is to be ignored."""
    return F.cross_entropy(logits, truth.long(), ignore_index=IGNORE_CLASS, reduction="none")


def hardest(
    error: Float[Tensor, "batch height width"], share: float
) -> Float[Tensor, "batch pixels"]:
    """Keep the largest errors of every sample: this share of all its pixels, void included."""
    flat = error.flatten(1)
    if share >= 1:
        return flat
    return flat.topk(round(share * flat.shape[1]), dim=1, sorted=False).values


def mean_of_nonzero(error: Float[Tensor, "batch pixels"]) -> Float[Tensor, " batch"]:
    """Divide the sum by the number of pixels that are not exactly 0; without any it is 0.

    Pixels of weight 0 leave the mean that way, and so do pixels without any error. Weights do not
    enter the denominator: a weight of 3 triples a pixel.
    """
    return error.sum(dim=1) / torch.count_nonzero(error, dim=1).clamp(min=1)
