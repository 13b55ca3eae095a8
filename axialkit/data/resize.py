"""Resizing images and labels with aligned corners, to the last bit as the reference does.

The corner pixels' centers stay at the corners: new pixel ``i`` lies at old pixel
``i * (old - 1) / (new - 1)``, computed in float32. PyTorch's bilinear kernel agrees up to rounding
only, and colors that are truncated to whole numbers afterwards show that. Its "nearest" and
"nearest-exact" use other grids altogether.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int, Num

_STRIP = 32  # new rows worked on at a time, to stay in the cache


class Window(NamedTuple):
    """A part of the resized picture, pixels."""

    y: int
    x: int
    height: int
    width: int

    def grown(self, margin: int, size: tuple[int, int]) -> "Window":
        """Return the window with that margin on all sides, cut at the borders of the picture."""
        y, x = max(self.y - margin, 0), max(self.x - margin, 0)
        bottom = min(self.y + self.height + margin, size[0])
        right = min(self.x + self.width + margin, size[1])
        return Window(y, x, bottom - y, right - x)


class _Axis(NamedTuple):
    """For each new pixel of an axis: its two old neighbours and the second one's weight."""

    low: Int[np.ndarray, " new"]
    high: Int[np.ndarray, " new"]
    weight: Float32[np.ndarray, " new"]


def resize_image(
    image: Num[np.ndarray, "height width channel"],
    size: tuple[int, int],
    window: Window | None = None,
) -> Float32[np.ndarray, "new_height new_width channel"]:
    """Resize bilinearly to ``size`` (height, width); compute only a window of the result."""
    top, left, height, width = window or Window(0, 0, *size)
    if image.shape[:2] == size:
        return image[top : top + height, left : left + width].astype(np.float32)
    channels = image.shape[2]
    y = _axis(image.shape[0], size[0], top, height)
    x = _axis(image.shape[1], size[1], left, width)
    low, high = ((side[:, None] * channels + np.arange(channels)).ravel() for side in x[:2])
    x_weight = np.repeat(x.weight, channels)
    lines = image.reshape(len(image), -1)
    result = np.empty((height, width * channels), np.float32)
    for start in range(0, height, _STRIP):
        part = slice(start, start + _STRIP)
        first, last = y.low[part][0], y.high[part][-1]
        strip = lines[first : last + 1].astype(np.float32)
        rows = _blend(_columns(strip, low), _columns(strip, high), x_weight)
        upper, lower = rows[y.low[part] - first], rows[y.high[part] - first]
        result[part] = _blend(upper, lower, y.weight[part, None])
    return result.reshape(height, width, channels)


def resize_label(
    label: Num[np.ndarray, "height width"],
    size: tuple[int, int],
    window: Window | None = None,
) -> Num[np.ndarray, "new_height new_width"]:
    """Resize by the nearest pixel on the same grid; halves go up."""
    top, left, height, width = window or Window(0, 0, *size)
    if label.shape == size:
        return label[top : top + height, left : left + width]
    rows, columns = (_nearest(old, new) for old, new in zip(label.shape, size, strict=True))
    return _columns(label[rows[top : top + height]], columns[left : left + width])


def _axis(old: int, new: int, start: int, count: int) -> _Axis:
    place = _places(old, new)[start : start + count]
    low = place.astype(np.int64)
    return _Axis(low, np.minimum(low + 1, old - 1), place - low.astype(np.float32))


def _nearest(old: int, new: int) -> Int[np.ndarray, " new"]:
    index = np.floor(_places(old, new) + np.float32(0.5))
    return np.minimum(index.astype(np.int64), old - 1)


def _places(old: int, new: int) -> Float32[np.ndarray, " new"]:
    return np.arange(new, dtype=np.float32) * np.float32((old - 1) / max(new - 1, 1))


def _columns(
    array: Num[np.ndarray, "row old"], index: Int[np.ndarray, " new"]
) -> Num[np.ndarray, "row new"]:
    return np.take(array, index, axis=1, mode="clip")  # the default mode is four times slower


def _blend(
    first: Float32[np.ndarray, "row column"],
    second: Float32[np.ndarray, "row column"],
    weight: Float32[np.ndarray, "..."],
) -> Float32[np.ndarray, "row column"]:
    """Return ``first + (second - first) * weight``; ``second`` is written over."""
    second -= first
    second *= weight
    second += first
    return second
