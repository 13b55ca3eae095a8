"""What post-processing makes of true, coarse or corrupted heads, in panoptic quality."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int
from torch import Tensor

from axialkit.config import ExperimentConfig, PostprocessConfig
from axialkit.data import minicity
from axialkit.data.minicity import DrawnScene
from axialkit.evaluation.oracle import true_heads
from axialkit.evaluation.panoptic_quality import (
    PanopticQuality,
    PanopticScores,
    quality_counts,
    segment_overlap,
)
from axialkit.inference import restore_size
from axialkit.postprocess import panoptic_from_prediction
from axialkit.structures import PanopticResult, Prediction

# what true heads are put through: stride of classes and offsets, window, limit of the stuff
SETTINGS = {
    "as shipped": (1, 5, 16),
    "window 13": (1, 13, 16),
    "window 25": (1, 25, 16),
    "limit 256": (1, 5, 256),
    "limit 2048": (1, 5, 2048),
    "stride 4": (4, 5, 16),
}
Counts = Float[np.ndarray, "klass iou_tp_fp_fn"]


def perfect_heads(scene: DrawnScene, config: ExperimentConfig) -> Prediction:
    """Return the heads that the truth of a scene demands; void pixels say road."""
    size = config.data.crop_size
    nothing = Prediction(
        torch.zeros(1, 19, *size), torch.zeros(1, 1, *size), torch.zeros(1, 2, *size)
    )
    return true_heads(nothing, scene.instance_ids, config)


def coarse(heads: Prediction, stride: int) -> Prediction:
    """Sample classes and offsets at every ``stride``-th pixel, and enlarge them again."""

    def enlarge(head: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h2 w2"]:
        size, kept = head.shape[2:], head[..., ::stride, ::stride]
        return F.interpolate(kept, size, mode="bilinear", align_corners=True)

    return heads._replace(semantic=enlarge(heads.semantic), offset=enlarge(heads.offset))


def noisy(heads: Prediction, noise: float, seed: int) -> Prediction:
    """Add normal noise to the offsets, smooth over some 8 pixels, ``noise`` pixels strong."""
    random = torch.Generator().manual_seed(seed)
    height, width = heads.offset.shape[2:]
    blobs = torch.randn(1, 2, height // 8 + 2, width // 8 + 2, generator=random)
    field = F.interpolate(blobs, (height, width), mode="bicubic", align_corners=True)
    return heads._replace(offset=heads.offset + noise * field)


def finish(heads: Prediction, scene: DrawnScene, config: ExperimentConfig) -> PanopticResult:
    """Post-process heads at the size of the crop; the result has the size of the scene."""
    result = panoptic_from_prediction(heads, config.postprocess)
    return restore_size(result, scene.instance_ids.shape, config)


def with_rules(config: ExperimentConfig, **rules: int | float) -> ExperimentConfig:
    """Return the configuration with other rules of post-processing."""
    changed: PostprocessConfig = replace(config.postprocess, **rules)  # type: ignore[arg-type]
    return replace(config, postprocess=changed)


def counts_of(panoptic: Int[np.ndarray, "height width"], scene: DrawnScene) -> Counts:
    """Score one image, crowds as in the official script."""
    return quality_counts(segment_overlap(panoptic, scene.instance_ids), "official")


def scores_of(counts: Counts) -> PanopticScores:
    """Turn counts, of one image or summed over several, into PQ."""
    quality = PanopticQuality()
    quality.counts = counts
    return quality.scores()


def ceiling(scenes: Iterable[DrawnScene], config: ExperimentConfig, setting: str) -> PanopticScores:
    """Score the true heads under one of the SETTINGS."""
    stride, window, limit = SETTINGS[setting]
    rules = with_rules(config, nms_kernel=window, stuff_area_limit=limit)
    counts: list[Counts] = []
    for scene in scenes:
        heads = coarse(perfect_heads(scene, config), stride)
        counts.append(counts_of(finish(heads, scene, rules).panoptic, scene))
    return scores_of(np.sum(counts, axis=0))


def ceilings(seed: int, config: ExperimentConfig, scenes: int) -> dict[str, float]:
    """Return the PQ of the true heads under all SETTINGS, on scenes of one MiniCity."""
    drawn = [minicity.scene(index, seed=seed) for index in range(scenes)]
    return {setting: ceiling(drawn, config, setting).all.pq for setting in SETTINGS}
