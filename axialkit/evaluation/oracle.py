"""The oracle ladder: what a network would score if one of its heads, or all, were perfect.

The ground truth takes the place of a head, everything after the heads stays as it is. A large step
says which head to work on; the last says what the post-processing alone still costs.
"""

import numpy as np
import torch
from jaxtyping import Float, Integer
from torch import Tensor

from axialkit.config import ExperimentConfig
from axialkit.data.augment import fit_size, pad_to
from axialkit.data.cityscapes import panoptic_label
from axialkit.data.resize import resize_label
from axialkit.data.targets import panoptic_targets
from axialkit.evaluation.panoptic_quality import quality_counts, segment_overlap
from axialkit.inference import restore_size
from axialkit.postprocess import panoptic_from_prediction
from axialkit.structures import IGNORE_CLASS, VOID, Prediction

# step -> the heads that the ground truth replaces
STEPS: dict[str, tuple[str, ...]] = {
    "the network": (),
    "true classes": ("semantic",),
    "true centers": ("center",),
    "true offsets": ("offset",),
    "true centers and offsets": ("center", "offset"),
    "all heads true": ("semantic", "center", "offset"),
}
_SURE = 20.0  # logit of the true class: its probability is 1 to seven digits


def oracle_counts(
    prediction: Prediction,
    instance_ids: Integer[np.ndarray, "height width"],
    config: ExperimentConfig,
) -> Float[np.ndarray, "step klass iou_tp_fp_fn"]:
    """Score one image with every step of the ladder, crowds as in the official script.

    ``prediction`` is the network's, of this image alone, at the size of the crop;
    ``instance_ids`` the truth at the image's own size. Sums over images are what
    ``PanopticQuality.counts`` holds.
    """
    perfect = true_heads(prediction, instance_ids, config)
    counts = []
    for replaced in STEPS.values():
        heads = prediction._replace(**{name: getattr(perfect, name) for name in replaced})
        result = panoptic_from_prediction(heads, config.postprocess)
        panoptic = restore_size(result, instance_ids.shape, config).panoptic
        counts.append(quality_counts(segment_overlap(panoptic, instance_ids), "official"))
    return np.stack(counts)


def true_heads(
    prediction: Prediction,
    instance_ids: Integer[np.ndarray, "height width"],
    config: ExperimentConfig,
) -> Prediction:
    """Return the heads that the ground truth demands, at the size of the crop.

    Where the truth is void, the network's classes stay: there is nothing to put in their place.
    """
    size = fit_size(instance_ids.shape, config.data.crop_size)
    label = panoptic_label(instance_ids.astype(np.int32), keep_crowd=config.data.keep_crowd)
    label = pad_to(resize_label(label, size), config.data.crop_size, VOID)
    targets = panoptic_targets(label, config.data)
    device = prediction.semantic.device
    return Prediction(
        semantic=_logits(prediction.semantic, targets.semantic.to(device)),
        center=targets.center[None, None].to(device),
        offset=targets.offset[None].to(device),
    )


def _logits(
    network: Float[Tensor, "1 klass height width"], classes: Integer[Tensor, "height width"]
) -> Float[Tensor, "1 klass height width"]:
    known = classes != IGNORE_CLASS
    chosen = torch.where(known, classes, 0).long()[None, None]
    sure = torch.zeros_like(network).scatter_(1, chosen, _SURE)
    return torch.where(known, sure, network)
