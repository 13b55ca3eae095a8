"""What the three heads shall answer: a panoptic map becomes maps of classes, centers and offsets.

All of it is computed after the geometry (scale, crop, flip), so centers and areas are those of the
visible part of an instance. The definitions follow Panoptic-DeepLab (Cheng et al., CVPR 2020,
section 3) as deeplab2 implements them.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int32, Int64, Integer, Shaped
from torch import Tensor

from axialkit.config import DataConfig
from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.data.runs import Runs, find_runs
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
    runs = find_runs(label)
    klass = runs.value // LABEL_DIVISOR
    is_thing, is_instance = _IS_THING[klass], _is_instance(runs.value)
    instances = _measure(runs)
    small = instances.label[instances.area < config.small_instance_area]
    weight = np.where(np.isin(runs.value, small), config.small_instance_weight, 1.0)
    center_weight = (klass != IGNORE_CLASS) & (is_instance | ~is_thing)
    offset_weight = is_thing & is_instance

    def spread(values: Shaped[np.ndarray, " n"]) -> Float32[Tensor, "height width"]:
        return torch.from_numpy(runs.spread(values.astype(np.float32)))

    return Targets(
        semantic=torch.from_numpy(runs.spread(klass.astype(np.uint8))),
        semantic_weight=spread(weight),
        center=torch.from_numpy(center_heatmap(instances.center, label.shape, config.sigma)),
        center_weight=spread(center_weight),
        offset=torch.from_numpy(_offsets(runs, is_instance, instances)),
        offset_weight=spread(offset_weight),
    )


def find_instances(label: Int32[np.ndarray, "height width"]) -> Instances:
    """Find the instances of a panoptic map with their areas and centers.

    A center is the mean of the pixel coordinates, rounded half to even. Sums of integers are exact
    in float64, so halves are seen as halves however large the mask is.
    """
    return _measure(find_runs(label))


def _measure(runs: Runs) -> Instances:
    mine = _is_instance(runs.value)
    labels, owner = np.unique(runs.value[mine], return_inverse=True)
    length, n = runs.length[mine], len(labels)
    area = np.bincount(owner, length, minlength=n)
    y_sum = np.bincount(owner, runs.y[mine] * length, minlength=n)
    x_sum = np.bincount(owner, runs.x_sum[mine], minlength=n) / 2
    means = np.stack([y_sum, x_sum], axis=-1) / area[:, None]
    return Instances(
        labels.astype(np.int64), area.astype(np.int64), np.round(means).astype(np.int64)
    )


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


def _is_instance(label: Integer[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    return (label % LABEL_DIVISOR != 0) & (label < VOID)  # stuff and crowds have number 0


def _offsets(
    runs: Runs, is_instance: Bool[np.ndarray, " n"], instances: Instances
) -> Float32[np.ndarray, "2 height width"]:
    """Point from every pixel of an instance to its center (dy, dx); 0 elsewhere."""
    owner = np.searchsorted(instances.label, runs.value[is_instance])
    center = np.zeros((len(runs.value), 2), np.float32)
    center[is_instance] = instances.center[owner]
    center[is_instance, 0] -= runs.y[is_instance]
    offset = np.stack([runs.spread(center[:, axis]) for axis in (0, 1)])
    columns = np.arange(runs.size[1], dtype=np.float32)
    np.subtract(offset[1], columns, out=offset[1], where=runs.spread(is_instance))
    return offset
