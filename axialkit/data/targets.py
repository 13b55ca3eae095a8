"""What the three heads shall answer: a panoptic map becomes maps of classes, centers and offsets.

All of it is computed after the geometry (scale, crop, flip), so centers and areas are those of the
visible part of an instance. The definitions follow Panoptic-DeepLab (Cheng et al., CVPR 2020,
section 3) as deeplab2 implements them.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int, Int32, Int64, Num, Shaped
from torch import Tensor

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
    segment, labels = _segments(label)  # from here on everything is a table over the few segments
    klass = labels // LABEL_DIVISOR
    is_thing, is_instance = _IS_THING[klass], _is_instance(labels)
    instances, center = _measure(segment, labels)
    small = instances.label[instances.area < config.small_instance_area]
    weight = np.where(np.isin(labels, small), config.small_instance_weight, 1.0)
    center_weight = (klass != IGNORE_CLASS) & (is_instance | ~is_thing)

    def spread(table: Num[np.ndarray, " n"]) -> Tensor:
        return torch.from_numpy(np.take(table, segment))

    def spread_float(table: Shaped[np.ndarray, " n"]) -> Tensor:
        return spread(table.astype(np.float32))

    return Targets(
        semantic=spread(klass.astype(np.uint8)),
        semantic_weight=spread_float(weight),
        center=torch.from_numpy(center_heatmap(instances.center, label.shape, config.sigma)),
        center_weight=spread_float(center_weight),
        offset=torch.from_numpy(_offsets(segment, is_instance, center)),
        offset_weight=spread_float(is_thing & is_instance),
    )


def find_instances(label: Int32[np.ndarray, "height width"]) -> Instances:
    """Find the instances of a panoptic map with their areas and centers.

    A center is the mean of the pixel coordinates, rounded half to even. Sums of integers are exact
    in float64, so halves are seen as halves however large the mask is.
    """
    return _measure(*_segments(label))[0]


def _segments(
    label: Int32[np.ndarray, "height width"],
) -> tuple[Int64[np.ndarray, "height width"], Int64[np.ndarray, " n"]]:
    """Number the labels that occur, ascending; return the map of numbers, and the labels."""
    labels = np.flatnonzero(np.bincount(label.ravel()))
    number = np.zeros(labels[-1] + 1, np.int64)
    number[labels] = np.arange(len(labels))
    return np.take(number, label), labels


def _measure(
    segment: Int64[np.ndarray, "height width"], labels: Int64[np.ndarray, " n"]
) -> tuple[Instances, Int64[np.ndarray, "n 2"]]:
    """Return the instances, and the centers of all segments (0 where it is no instance)."""
    is_instance, width = _is_instance(labels), segment.shape[1]
    pixel = np.flatnonzero(np.take(is_instance, segment))
    owner = np.take(segment, pixel)
    y = pixel // width
    area = np.bincount(owner, minlength=len(labels))
    sums = [np.bincount(owner, weights=place, minlength=len(labels)) for place in (y, pixel)]
    x_sum = sums[1] - sums[0] * width
    means = np.stack([sums[0], x_sum], axis=-1) / np.maximum(area, 1)[:, None]
    center = np.round(means).astype(np.int64)
    return Instances(labels[is_instance], area[is_instance], center[is_instance]), center


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


def _is_instance(label: Int[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    return (label % LABEL_DIVISOR != 0) & (label < VOID)  # stuff and crowds have number 0


def _offsets(
    segment: Int64[np.ndarray, "height width"],
    is_instance: Bool[np.ndarray, " n"],
    center: Int64[np.ndarray, "n 2"],
) -> Float32[np.ndarray, "2 height width"]:
    """Point from every pixel of an instance to its center (dy, dx); 0 elsewhere."""
    height, width = segment.shape
    offset = np.empty((2, height, width), np.float32)
    on_instance = np.take(is_instance, segment)
    places = np.arange(height, dtype=np.float32)[:, None], np.arange(width, dtype=np.float32)
    for axis, place in enumerate(places):
        np.take(center[:, axis].astype(np.float32), segment, out=offset[axis], mode="clip")
        np.subtract(offset[axis], place, out=offset[axis], where=on_instance)
    return offset
