"""How MiniCity's vehicles along the street are placed: sizes, colors, and what they share."""

import math
from typing import NamedTuple

from axialkit.data.canvas import Color, Number, Point, Sketch, View, unchecked

CAR_PAINTS: tuple[Color, ...] = (
    (204, 206, 210), (70, 74, 80), (164, 30, 30), (38, 64, 124), (236, 236, 232), (122, 126, 132),
    (34, 34, 38), (92, 108, 84), (150, 138, 112), (84, 132, 170), (196, 150, 52),
)  # fmt: skip
LONG_PAINTS: tuple[Color, ...] = (
    (200, 194, 182), (160, 58, 52), (66, 102, 150), (206, 170, 76), (104, 132, 108),
    (216, 216, 212),
)  # fmt: skip
GLASS: Color = (44, 56, 72)
SHEEN: Color = (150, 172, 192)
DARK: Color = (30, 30, 33)
RUBBER: Color = (22, 22, 24)
TAIL_LIGHT: Color = (214, 28, 22)
HEAD_LIGHT: Color = (255, 250, 224)


class Build(NamedTuple):
    """Size of a kind of vehicle, metres."""

    width: float
    height: float
    length: float


BUILDS = {
    "car": Build(1.82, 1.5, 4.3),
    "truck": Build(2.45, 3.3, 8.0),
    "bus": Build(2.5, 3.05, 11.5),
    "train": Build(2.6, 3.4, 24.0),
    "trailer": Build(2.2, 2.3, 4.5),
    "caravan": Build(2.2, 2.5, 5.0),
}


class Along(NamedTuple):
    """A vehicle standing or driving along the street, and what is needed to place its parts."""

    sketch: Sketch
    view: View
    x: float
    z: float
    build: Build
    paint: Color
    rear: bool  # we look at its rear

    @unchecked
    def at(self, a: Number, y: Number, c: Number) -> tuple[float, float]:
        """Project: ``a`` in half widths from the middle, ``y`` and ``c`` (depth) in metres."""
        return self.view.at(self.x + a * self.build.width / 2, y, self.z + c)

    def end(self, left: Number, right: Number, low: Number, high: Number) -> list[Point]:
        """Return a rectangle on the near end."""
        return [
            self.at(a, y, 0) for a, y in ((left, low), (right, low), (right, high), (left, high))
        ]

    @property
    def flank(self) -> int:
        """Side we see: -1 left, 1 right, 0 none."""
        if abs(self.x) < self.build.width / 2:
            return 0
        return -1 if self.x > 0 else 1

    def along(self, low: Number, high: Number, near: Number, far: Number) -> list[Point]:
        """Return a rectangle on the visible flank."""
        a = self.flank
        return [self.at(a, y, c) for y, c in ((low, near), (low, far), (high, far), (high, near))]

    @unchecked
    def tone(self, color: Color, factor: Number = 1.0) -> tuple[int, int, int]:
        """Return a color at the vehicle's distance."""
        return self.sketch.tone(color, factor)


def lit_flank(v: Along) -> float:
    """Return how bright the visible flank is: it faces the middle of the street."""
    return 0.8 * v.sketch.light.facing(-v.flank)


def draw_wheel(v: Along, depth: Number, radius: Number, hub: Color) -> None:
    """Paint a wheel on the visible flank: a circle in perspective."""
    angles = [2 * math.pi * i / 12 for i in range(12)]
    for size, color in ((radius, RUBBER), (radius * 0.58, hub)):
        ring = [
            v.at(v.flank, max(0.0, radius + size * math.sin(t)), depth + size * math.cos(t))
            for t in angles
        ]
        v.sketch.fill(ring, v.tone(color))
