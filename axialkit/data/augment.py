"""Geometry of images and labels: scale, pad, crop, flip.

What is random is drawn first (``draw_geometry``), then applied (``apply_geometry``): the same
draws give the same picture, on any machine. Arrays are ``[height, width, ...]``.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float32, Int32, Num, Shaped

from axialkit.config import DataConfig
from axialkit.structures import VOID

GREY = 127.5  # becomes exactly 0 in the network, which computes x / 127.5 - 1


class Geometry(NamedTuple):
    """All draws of one training sample."""

    scale: float
    pad: tuple[int, int]  # rows above and columns left of the image, if it is smaller than the crop
    crop: tuple[int, int]  # upper left corner (y, x) of the crop in the padded image
    flip: bool  # mirror left and right


def augment(
    image: Num[np.ndarray, "height width 3"],
    label: Int32[np.ndarray, "height width"],
    config: DataConfig,
    generator: np.random.Generator,
) -> tuple[Float32[np.ndarray, "crop_h crop_w 3"], Int32[np.ndarray, "crop_h crop_w"]]:
    """Scale, pad, crop and flip an image and its panoptic label at random, to the crop size."""
    geometry = draw_geometry(label.shape, config, generator)
    return apply_geometry(image, label, geometry, config.crop_size)


def fit(
    image: Num[np.ndarray, "height width 3"],
    label: Int32[np.ndarray, "height width"],
    crop_size: tuple[int, int],
) -> tuple[Float32[np.ndarray, "crop_h crop_w 3"], Int32[np.ndarray, "crop_h crop_w"]]:
    """Bring a whole image into the crop: shrink it if it is larger, pad below and on the right."""
    size = fit_size(label.shape, crop_size)
    return (
        pad_to(resize_image(image, size), crop_size, GREY),
        pad_to(resize_label(label, size), crop_size, VOID),
    )


def fit_size(size: tuple[int, int], crop_size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of equal shape that fits into the crop, never an enlarged one."""
    factor = min(*(crop / side for crop, side in zip(crop_size, size, strict=True)), 1.0)
    height, width = (max(int(side * factor), 1) for side in size)
    return height, width


def draw_geometry(
    size: tuple[int, int], config: DataConfig, generator: np.random.Generator
) -> Geometry:
    """Draw scale, position and mirroring for an image of that size."""
    scale = draw_scale(config, generator)
    height, width = scaled_size(size, scale)
    crop_height, crop_width = config.crop_size
    # As in the reference, the last position of a pad (image flush with the end) is never drawn.
    return Geometry(
        scale=scale,
        pad=(
            int(generator.integers(0, max(crop_height - height, 1))),
            int(generator.integers(0, max(crop_width - width, 1))),
        ),
        crop=(
            int(generator.integers(0, max(height - crop_height, 0) + 1)),
            int(generator.integers(0, max(width - crop_width, 0) + 1)),
        ),
        flip=config.flip and generator.random() <= 0.5,
    )


def draw_scale(config: DataConfig, generator: np.random.Generator) -> float:
    """Draw one of the scales, or any value of the range if the step is 0."""
    low, high = config.scale_range
    if config.scale_step == 0:
        return float(generator.uniform(low, high))
    return float(generator.choice(scale_values(low, high, config.scale_step)))


def scale_values(low: float, high: float, step: float) -> Float32[np.ndarray, " n"]:
    """List the scales of a stepped range, ends included.

    The reference computes their number with the step as float32, where 0.1 is slightly more than
    0.1: from 0.5 to 2.0 that gives 15 scales, 0.107 apart, not 16.
    """
    count = int((high - low) / float(np.float32(step)) + 1)
    distance = np.float32((high - low) / max(count - 1, 1))
    return np.float32(low) + np.arange(count, dtype=np.float32) * distance


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Multiply a size in float32 and truncate, as the reference does."""
    height, width = (max(int(np.float32(side) * np.float32(scale)), 1) for side in size)
    return height, width


def apply_geometry(
    image: Num[np.ndarray, "height width 3"],
    label: Int32[np.ndarray, "height width"],
    geometry: Geometry,
    crop_size: tuple[int, int],
) -> tuple[Float32[np.ndarray, "crop_h crop_w 3"], Int32[np.ndarray, "crop_h crop_w"]]:
    """Apply drawn values to an image and its panoptic label."""
    size = scaled_size(label.shape, geometry.scale)
    image = pad_to(resize_image(image, size), crop_size, GREY, geometry.pad)
    label = pad_to(resize_label(label, size), crop_size, VOID, geometry.pad)
    image, label = (crop(array, crop_size, geometry.crop) for array in (image, label))
    return (flip(image), flip(label)) if geometry.flip else (image, label)


def resize_image(
    image: Num[np.ndarray, "height width channel"], size: tuple[int, int]
) -> Float32[np.ndarray, "new_height new_width channel"]:
    """Resize bilinearly; the corner pixels' centers stay at the corners (align corners)."""
    image = image.astype(np.float32)
    if image.shape[:2] == size:
        return image
    channels = torch.from_numpy(image).permute(2, 0, 1)[None]
    resized = F.interpolate(channels, size, mode="bilinear", align_corners=True)
    return np.ascontiguousarray(resized[0].permute(1, 2, 0).numpy())


def resize_label(
    label: Num[np.ndarray, "height width"], size: tuple[int, int]
) -> Num[np.ndarray, "new_height new_width"]:
    """Resize by the nearest pixel on the same grid as ``resize_image``; halves go up.

    PyTorch's "nearest" and "nearest-exact" use other grids.
    """
    if label.shape == size:
        return label
    rows, columns = (_nearest(old, new) for old, new in zip(label.shape, size, strict=True))
    return label[rows[:, None], columns]


def _nearest(old: int, new: int) -> Num[np.ndarray, " new"]:
    step = np.float32((old - 1) / max(new - 1, 1))
    index = np.floor(np.arange(new, dtype=np.float32) * step + np.float32(0.5))
    return np.minimum(index.astype(np.int64), old - 1)


def pad_to(
    array: Shaped[np.ndarray, "height width *channel"],
    size: tuple[int, int],
    value: int | float,
    at: tuple[int, int] = (0, 0),
) -> Shaped[np.ndarray, "new_height new_width *channel"]:
    """Surround an array with ``value`` up to at least ``size``; it starts at ``at`` (y, x)."""
    height, width = array.shape[:2]
    new_height, new_width = max(size[0], height), max(size[1], width)
    if (new_height, new_width) == (height, width):
        return array
    y, x = at
    padded = np.full((new_height, new_width, *array.shape[2:]), value, array.dtype)
    padded[y : y + height, x : x + width] = array
    return padded


def crop(
    array: Shaped[np.ndarray, "height width *channel"], size: tuple[int, int], at: tuple[int, int]
) -> Shaped[np.ndarray, "new_height new_width *channel"]:
    """Cut out a window of ``size`` whose upper left corner is ``at`` (y, x)."""
    (y, x), (height, width) = at, size
    return array[y : y + height, x : x + width]


def flip(
    array: Shaped[np.ndarray, "height width *channel"],
) -> Shaped[np.ndarray, "height width *channel"]:
    """Mirror left and right."""
    return array[:, ::-1]
