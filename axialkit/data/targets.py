"""What the three heads shall answer: a panoptic map becomes maps of classes, centers and offsets.

All of it is computed after the geometry (scale, crop, flip), so centers and areas are those of the
visible part of an instance. The definitions follow Panoptic-DeepLab (Cheng et al., CVPR 2020,
section 3) as deeplab2 implements them.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int, Int32, Int64

from axialkit.config import DataConfig
from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR, VOID, Targets

_IS_THING = np.isin(np.arange(IGNORE_CLASS + 1), THING_TRAIN_IDS)


class Instances(NamedTuple):
    """The things of one panoptic map, in ascending order of their label."""

    label: Int64[np.ndarray, " n"]  # train id * 1000 + instance
    area: Int64[np.ndarray, " n"]  # visible pixels
    center: Int64[np.ndarray, "n 2"]  # (y, x), rounded mean; it may lie off the instance


def panoptic_targets(label: Int32[np.ndarray, "height width"], config: DataConfig) -> Targets:
    """Compute the targets of one panoptic map (``train_id * 1000 + instance``, void 255000).

    A thing class with instance 0 is a crowd: it keeps its class, but has no center and no offset.
    """
    klass = label // LABEL_DIVISOR
    is_thing = _IS_THING[klass]
    is_instance = _is_instance(label)
    instances = find_instances(label)
    center_weight = (klass != IGNORE_CLASS) & (is_instance | ~is_thing)
    return Targets(
        semantic=torch.from_numpy(klass.astype(np.int64)),
        semantic_weight=torch.from_numpy(_semantic_weight(label, instances, config)),
        center=torch.from_numpy(center_heatmap(instances.center, label.shape, config.sigma)),
        center_weight=torch.from_numpy(center_weight.astype(np.float32)),
        offset=torch.from_numpy(_offsets(label, is_instance, instances)),
        offset_weight=torch.from_numpy((is_thing & is_instance).astype(np.float32)),
    )


def find_instances(label: Int32[np.ndarray, "height width"]) -> Instances:
    """Find the instances of a panoptic map with their areas and centers.

    A center is the mean of the pixel coordinates, rounded half to even. Sums of integers are exact
    in float64, so halves are seen as halves however large the mask is.
    """
    y, x = np.nonzero(_is_instance(label))
    values = label[y, x]
    areas = np.bincount(values)
    labels = np.flatnonzero(areas)
    sums = np.stack([np.bincount(values, weights=coordinate) for coordinate in (y, x)], axis=-1)
    means = sums[labels] / areas[labels, None]
    return Instances(labels, areas[labels], np.round(means).astype(np.int64))


def center_heatmap(
    centers: Int64[np.ndarray, "n 2"], size: tuple[int, int], sigma: float
) -> Float32[np.ndarray, "height width"]:
    """Draw one Gaussian per center; where they overlap, the larger value stays."""
    stamp, reach = _gaussian(sigma)
    height, width = size
    # A margin as wide as the stamp spares every clipping at the borders.
    heat = np.zeros((height + 2 * len(stamp), width + 2 * len(stamp)), np.float32)
    for top, left in (centers + len(stamp) - reach).tolist():
        window = heat[top : top + len(stamp), left : left + len(stamp)]
        np.maximum(window, stamp, out=window)
    return heat[len(stamp) : len(stamp) + height, len(stamp) : len(stamp) + width].copy()


@lru_cache(maxsize=8)
def _gaussian(sigma: float) -> tuple[Float32[np.ndarray, "side side"], int]:
    """Return the square stamp of a center and the index at which it is laid on the center.

    Where ``3 * sigma`` is not an integer, the peak lies between two pixels and is cut off there:
    the heat map is then shifted by less than a pixel, as in the reference.
    """
    peak = 3 * sigma + 1
    distance = np.arange(int(6 * sigma + 3), dtype=np.float32) - np.float32(peak)
    squared = distance[:, None] ** 2 + distance**2
    return np.exp(-squared / (2 * sigma**2)).astype(np.float32), round(peak)


def _is_instance(label: Int32[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    return (label % LABEL_DIVISOR != 0) & (label < VOID)  # stuff and crowds have number 0


def _semantic_weight(
    label: Int[np.ndarray, "height width"], instances: Instances, config: DataConfig
) -> Float32[np.ndarray, "height width"]:
    weight = np.ones(label.max() + 1, np.float32)
    weight[instances.label[instances.area < config.small_instance_area]] = (
        config.small_instance_weight
    )
    return weight[label]


def _offsets(
    label: Int[np.ndarray, "height width"],
    is_instance: Bool[np.ndarray, "height width"],
    instances: Instances,
) -> Float32[np.ndarray, "2 height width"]:
    offset = np.zeros((2, *label.shape), np.float32)
    y, x = np.nonzero(is_instance)
    index = np.searchsorted(instances.label, label[y, x])
    offset[:, y, x] = (instances.center[index] - np.stack([y, x], axis=-1)).T
    return offset
