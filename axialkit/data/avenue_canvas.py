"""A small canvas with smooth edges, and the colors drawn on it."""

import numpy as np
from jaxtyping import Float32
from PIL import Image, ImageDraw

Number = float | int
Color = tuple[int, int, int]
Points = tuple[tuple[int, int], ...]  # (x, y) in pixels, as labels have them

_OVERSAMPLE = 4  # sub-pixels per pixel and side while drawing


class Canvas:
    """A picture drawn larger than it gets, so that its edges are smooth.

    Places are given in units (``unit`` pixels each), boxes by their edges; only ``polygon`` takes
    pixels, because labels do.
    """

    def __init__(self, size: tuple[int, int], unit: Number) -> None:
        self.unit = unit
        self._scale = unit * _OVERSAMPLE
        self._image = Image.new("RGB", (size[1] * _OVERSAMPLE, size[0] * _OVERSAMPLE))
        self._drawer = ImageDraw.Draw(self._image)

    def box(self, y0: Number, x0: Number, y1: Number, x1: Number, color: Color) -> None:
        """Fill a box; ``x0`` and ``x1`` may come in any order."""
        left, top = round(min(x0, x1) * self._scale), round(y0 * self._scale)
        right, bottom = round(max(x0, x1) * self._scale) - 1, round(y1 * self._scale) - 1
        if right >= left and bottom >= top:
            self._drawer.rectangle((left, top, right, bottom), fill=color)

    def disk(self, y: Number, x: Number, radius: Number, color: Color) -> None:
        """Fill a disk around (y, x)."""
        reach = radius * self._scale
        x, y = x * self._scale, y * self._scale
        self._drawer.ellipse((x - reach, y - reach, x + reach, y + reach), fill=color)

    def polygon(self, points: Points, color: Color) -> None:
        """Fill a polygon with its border pixels, as ImageDraw paints it into the labels."""
        middles = [((x + 0.5) * _OVERSAMPLE, (y + 0.5) * _OVERSAMPLE) for x, y in points]
        self._drawer.polygon(middles, fill=color, outline=color, width=_OVERSAMPLE)

    def array(self) -> Float32[np.ndarray, "height width 3"]:
        """Return the picture at its own size, 0..255."""
        return np.asarray(self._image.reduce(_OVERSAMPLE), np.float32)


def vary(rng: np.random.RandomState, color: Color, spread: int) -> Color:
    """Shift each channel by up to ``spread``."""
    shifts = rng.randint(-spread, spread + 1, 3)
    red, green, blue = (int(np.clip(c + s, 0, 255)) for c, s in zip(color, shifts, strict=True))
    return (red, green, blue)


def pick(rng: np.random.RandomState, colors: tuple[Color, ...]) -> Color:
    """Choose one of the colors."""
    return colors[rng.randint(len(colors))]


def shade(color: Color, factor: Number) -> Color:
    """Make a color darker (factor below 1) or lighter."""
    red, green, blue = (min(255, int(c * factor)) for c in color)
    return (red, green, blue)


def box_points(y0: Number, x0: Number, y1: Number, x1: Number, unit: Number) -> Points:
    """Return the pixels at the corners of a box given by its edges in units."""
    top, left = round(y0 * unit), round(x0 * unit)
    bottom, right = round(y1 * unit) - 1, round(x1 * unit) - 1
    return ((left, top), (right, top), (right, bottom), (left, bottom))
