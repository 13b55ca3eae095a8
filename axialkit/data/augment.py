"""Training images and their labels at random: scale, colors, pad, crop, flip.

What is random is drawn first (``draw``), then applied (``apply``): the same draws give the same
picture, on any machine. Arrays are ``[height, width, ...]``.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float32, Int32, Num, Shaped

from axialkit.config import DataConfig
from axialkit.data.autoaugment import Operation, draw_operations, reach, recolor
from axialkit.data.resize import Window, resize_image, resize_label
from axialkit.structures import VOID

GREY = 127.5  # becomes exactly 0 in the network, which computes x / 127.5 - 1


class Draws(NamedTuple):
    """All draws of one training sample."""

    scale: float
    colors: tuple[Operation, ...]  # what AutoAugment does to the scaled image, in order
    pad: tuple[int, int]  # rows above and columns left of the image, if it is smaller than the crop
    crop: tuple[int, int]  # upper left corner (y, x) of the crop in the padded image
    flip: bool  # mirror left and right


def augment(
    image: Num[np.ndarray, "height width 3"],
    label: Int32[np.ndarray, "height width"],
    config: DataConfig,
    generator: np.random.Generator,
) -> tuple[Float32[np.ndarray, "crop_h crop_w 3"], Int32[np.ndarray, "crop_h crop_w"]]:
    """Scale, recolor, pad, crop and flip an image and its panoptic label at random."""
    return apply(image, label, draw(label.shape, config, generator), config)


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


def draw(size: tuple[int, int], config: DataConfig, generator: np.random.Generator) -> Draws:
    """Draw scale, colors, position and mirroring for an image of that size."""
    scale = draw_scale(config, generator)
    height, width = scaled_size(size, scale)
    crop_height, crop_width = config.crop_size
    # As in the reference, the last position of a pad (image flush with the end) is never drawn.
    pad = (
        int(generator.integers(0, max(crop_height - height, 1))),
        int(generator.integers(0, max(crop_width - width, 1))),
    )
    corner = (
        int(generator.integers(0, max(height - crop_height, 0) + 1)),
        int(generator.integers(0, max(width - crop_width, 0) + 1)),
    )
    flip = config.flip and generator.random() <= 0.5
    policy = config.autoaugment
    colors = () if policy == "none" else draw_operations(generator, policy)
    return Draws(scale, colors, pad, corner, flip)


def draw_scale(config: DataConfig, generator: np.random.Generator) -> float:
    """Draw one of the scales, or any value of the range if the step is 0."""
    low, high = config.scale_range
    if config.scale_step == 0:
        return float(generator.uniform(low, high))
    return float(generator.choice(scale_values(low, high, config.scale_step)))


def scale_values(low: float, high: float, step: float) -> Float32[np.ndarray, " n"]:
    """List the scales of a stepped range, ends included.

    The reference computes their number with the step as float32, where 0.1 is slightly more than
    0.1: from 0.5 to 2.0 that gives 15 scales, 0.107 apart. A step of 0.0999 gives the 16 scales
    0.5, 0.6, ... 2.0 that were meant.
    """
    count = int((high - low) / float(np.float32(step)) + 1)
    distance = np.float32((high - low) / max(count - 1, 1))
    return np.float32(low) + np.arange(count, dtype=np.float32) * distance


def scaled_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """Multiply a size in float32 and truncate, as the reference does."""
    height, width = (max(int(np.float32(side) * np.float32(scale)), 1) for side in size)
    return height, width


def apply(
    image: Num[np.ndarray, "height width 3"],
    label: Int32[np.ndarray, "height width"],
    draws: Draws,
    config: DataConfig,
) -> tuple[Float32[np.ndarray, "crop_h crop_w 3"], Int32[np.ndarray, "crop_h crop_w"]]:
    """Apply drawn values to an image and its panoptic label; both get the crop size."""
    size = scaled_size(label.shape, draws.scale)
    window = Window(*draws.crop, *map(min, size, config.crop_size))
    pixels = _colored_window(image, size, window, draws, config)
    pixels = pad_to(pixels, config.crop_size, GREY, draws.pad)
    label = pad_to(resize_label(label, size, window), config.crop_size, VOID, draws.pad)
    return (flip(pixels), flip(label)) if draws.flip else (pixels, label)


def _colored_window(
    image: Num[np.ndarray, "height width 3"],
    size: tuple[int, int],
    window: Window,
    draws: Draws,
    config: DataConfig,
) -> Float32[np.ndarray, "window_height window_width 3"]:
    """Resize an image and change its colors, of the window and what it depends on alone."""
    if config.autoaugment == "none":
        return resize_image(image, size, window)
    margin = reach(draws.colors, config.autoaugment)
    area = Window(0, 0, *size) if margin is None else window.grown(margin, size)
    pixels = resize_image(image, size, area)
    pixels = recolor(pixels, draws.colors, config.autoaugment, size[0] * size[1])
    inside = window._replace(y=window.y - area.y, x=window.x - area.x)
    return crop(pixels, inside).astype(np.float32)


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
    array: Shaped[np.ndarray, "height width *channel"], window: Window
) -> Shaped[np.ndarray, "new_height new_width *channel"]:
    """Cut out a window."""
    y, x, height, width = window
    return array[y : y + height, x : x + width]


def flip(
    array: Shaped[np.ndarray, "height width *channel"],
) -> Shaped[np.ndarray, "height width *channel"]:
    """Mirror left and right."""
    return torch.from_numpy(array).flip(1).numpy()  # four times as fast as copying [:, ::-1]
