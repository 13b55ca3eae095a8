"""Cars, trucks, buses, trams, trailers and caravans along MiniCity's streets.

``z`` of a vehicle is its end nearest to the camera. We see the rear of what drives ahead of us and
the front of what comes towards us.
"""

import math
from typing import NamedTuple

import numpy as np

from axialkit.data.canvas import Color, Light, Number, Point, Sketch, View, hull

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

    def tone(self, color: Color, factor: Number = 1.0) -> tuple[int, int, int]:
        """Return a color at the vehicle's distance."""
        return self.sketch.tone(color, factor)


def draw_vehicle(
    view: View,
    light: Light,
    place: tuple[float, float],
    kind: str,
    rng: np.random.RandomState,
    *,
    rear: bool,
    ground: Color,
) -> Sketch:
    """Draw a vehicle of a kind of ``BUILDS`` whose near end is at (X, Z)."""
    x, z = place
    sketch = Sketch(view, light, z)
    build = BUILDS[kind]
    build = build._replace(height=build.height * rng.uniform(0.95, 1.08))
    paints = CAR_PAINTS if kind == "car" else LONG_PAINTS
    paint = paints[rng.randint(len(paints))]
    vehicle = Along(sketch, view, x, z, build, paint, rear)
    _shadow(vehicle, ground)
    if kind == "car":
        _car(vehicle, rng)
    else:
        _box(vehicle, kind, rng)
    return sketch


def _shadow(v: Along, ground: Color) -> None:
    light, length = v.sketch.light, v.build.length
    lean = light.sunny * 0.55 * v.build.height / (v.build.width / 2)
    left = -1.1 - (lean if light.sun > 0 else 0)
    right = 1.1 + (lean if light.sun < 0 else 0)
    outer = [
        v.at(a, 0, c) for a, c in ((left, -0.3), (right, -0.3), (right, length), (left, length))
    ]
    inner = [v.at(a, 0, c) for a, c in ((-1, -0.12), (1, -0.12), (1, length), (-1, length))]
    v.sketch.fill(outer, v.tone(ground, 0.62), "asphalt")
    v.sketch.fill(inner, v.tone(ground, 0.28), "asphalt")


def _lit(v: Along) -> float:
    """Return how bright the visible flank is: it faces the middle of the street."""
    return 0.8 * v.sketch.light.facing(-v.flank)


def _wheel(v: Along, depth: Number, radius: Number, hub: Color) -> None:
    """Paint a wheel on the visible flank: a circle in perspective."""
    angles = [2 * math.pi * i / 12 for i in range(12)]
    for size, color in ((radius, RUBBER), (radius * 0.58, hub)):
        ring = [
            v.at(v.flank, max(0.0, radius + size * math.sin(t)), depth + size * math.cos(t))
            for t in angles
        ]
        v.sketch.fill(ring, v.tone(color))


def _car(v: Along, rng: np.random.RandomState) -> None:
    width, height, length = v.build
    estate = rng.random_sample() < 0.45
    deck = (0.15 if estate else 0.75) if v.rear else 1.05  # boot or bonnet before the window
    slope = (0.4 if estate else 0.6) if v.rear else 0.75
    belt = 0.94 if v.rear else 0.86
    roof_far = length - (1.8 if v.rear else (0.6 if estate else 1.1))
    body = [v.at(a, y, c) for a in (-1, 1) for y in (0.22, belt) for c in (0, length)]
    roof = [v.at(a, height, c) for a in (-0.74, 0.74) for c in (deck + slope, roof_far)]
    tires = [v.at(a, 0.0, 0.25) for a in (-0.97, -0.74, 0.74, 0.97)]
    v.sketch.both("car", hull(body + roof + tires), v.tone(v.paint, 0.5))
    if v.flank:
        _car_flank(v, belt, (deck, slope, roof_far))
    top = [v.at(a, belt, c) for a, c in ((-1, 0), (1, 0), (0.94, deck), (-0.94, deck))]
    v.sketch.fill(top, v.tone(v.paint, 1.15))
    v.sketch.fill(v.end(-1, 1, 0.24, belt), v.tone(v.paint, 0.95))
    _car_window(v, belt, deck, slope)
    _car_end(v, belt)


def _car_flank(v: Along, belt: float, cabin: tuple[float, float, float]) -> None:
    deck, slope, roof_far = cabin
    a, height, length = v.flank, v.build.height, v.build.length
    lit = _lit(v)
    v.sketch.fill(v.along(0.22, belt, 0, length), v.tone(v.paint, lit))
    v.sketch.fill(v.along(0.22, 0.4, 0, length), v.tone(v.paint, lit * 0.68))
    v.sketch.fill(v.along(belt - 0.1, belt, 0, length), v.tone(v.paint, lit * 1.2))
    window = [
        v.at(a * b, y, c)
        for b, y, c in (
            (0.96, belt, deck + 0.1),
            (0.78, height * 0.965, deck + slope),
            (0.78, height * 0.965, roof_far),
            (0.96, belt, min(length - 0.5, roof_far + 0.7)),
        )
    ]
    v.sketch.fill(window, v.tone(GLASS, 0.9))
    middle = (deck + slope + roof_far) / 2
    pillar = [v.at(a * 0.96, belt, middle), v.at(a * 0.78, height * 0.965, middle)]
    v.sketch.line(pillar, v.tone(v.paint, lit * 0.8), max(0.5, 0.08 * v.view.focal / v.z))
    for depth in (0.78, length - 0.8):
        _wheel(v, depth, 0.32, (150, 150, 154))


def _car_window(v: Along, belt: float, deck: float, slope: float) -> None:
    height = v.build.height
    low, high = deck, deck + slope
    pane = [
        v.at(a, y, c)
        for a, y, c in (
            (-0.88, belt, low),
            (0.88, belt, low),
            (0.7, height * 0.96, high),
            (-0.7, height * 0.96, high),
        )
    ]
    v.sketch.fill(pane, v.tone(GLASS))
    shine = [
        v.at(a, belt + (height * 0.96 - belt) * t, low + slope * t)
        for a, t in ((-0.8, 0.1), (-0.2, 0.1), (0.15, 0.9), (-0.66, 0.9))
    ]
    v.sketch.fill(shine, v.tone(SHEEN, 0.62))
    edge = [v.at(a, height, high) for a in (-0.72, 0.72)]
    v.sketch.line(edge, v.tone(v.paint, 1.2), max(0.5, 0.06 * v.view.focal / v.z))


def _car_end(v: Along, belt: float) -> None:
    scale = v.view.focal / v.z
    v.sketch.fill(v.end(-0.97, 0.97, 0.0, 0.24), v.tone(RUBBER, 0.8))
    for a in (-1, 1):
        tire = v.end(a * 0.97, a * 0.72, 0.0, 0.3)
        v.sketch.fill(tire, v.tone(RUBBER))
        if v.rear:
            lamp = v.end(a * 0.98, a * 0.68, belt - 0.3, belt - 0.08)
            v.sketch.fill(lamp, v.tone(TAIL_LIGHT, 1.25))
        else:
            lamp = v.end(a * 0.95, a * 0.6, belt - 0.32, belt - 0.14)
            v.sketch.fill(lamp, v.tone(HEAD_LIGHT, 1.3))
    if not v.rear:
        v.sketch.fill(v.end(-0.5, 0.5, 0.42, 0.62), v.tone(DARK))
    v.sketch.fill(v.end(-0.98, 0.98, 0.2, 0.36), v.tone((58, 58, 62)))
    if scale > 14:
        plate = v.end(-0.29, 0.29, 0.4, 0.52)
        v.sketch.both("license plate", plate, v.tone((236, 234, 224)))


def _box(v: Along, kind: str, rng: np.random.RandomState) -> None:
    """Paint a big vehicle: a box with a visible end and, off the middle, a visible flank."""
    height, length = v.build.height, v.build.length
    low = 0.28 if kind == "bus" else 0.12 if kind == "train" else 0.42
    corners = [v.at(a, y, c) for a in (-1, 1) for y in (low, height) for c in (0, length)]
    feet = [v.at(a, 0.0, 0.4) for a in (-0.95, 0.95)]
    v.sketch.both(kind, hull(corners + feet), v.tone(v.paint, 0.6))
    if v.flank:
        lit = _lit(v)
        v.sketch.fill(v.along(low, height, 0, length), v.tone(v.paint, lit))
        v.sketch.fill(v.along(low, low + 0.3, 0, length), v.tone(DARK, 1.2))
        v.sketch.fill(v.along(height - 0.14, height, 0, length), v.tone(v.paint, lit * 1.15))
        _FLANKS[kind](v, lit)
    v.sketch.fill(v.end(-0.95, 0.95, 0.0, low + 0.05), v.tone(RUBBER))
    v.sketch.fill(v.end(-1, 1, low, height), v.tone(v.paint))
    _ENDS[kind](v, rng)
    if kind != "train":
        for a in (-1, 1):
            v.sketch.fill(v.end(a * 0.95, a * 0.66, 0.0, 0.5), v.tone(RUBBER))
    if kind in ("truck", "bus", "trailer", "caravan"):
        low_lamp, high_lamp = (0.55, 0.78) if v.rear or kind != "bus" else (0.6, 0.86)
        color = TAIL_LIGHT if v.rear or kind in ("trailer", "caravan") else HEAD_LIGHT
        for a in (-1, 1):
            v.sketch.fill(v.end(a * 0.95, a * 0.74, low_lamp, high_lamp), v.tone(color, 1.25))


def _bus_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    v.sketch.fill(
        v.along(height * 0.46, height * 0.86, 0.3, length - 0.3), v.tone(GLASS, lit + 0.1)
    )
    count = 7
    for i in range(1, count):
        post = 0.3 + (length - 0.6) * i / count
        v.sketch.fill(
            v.along(height * 0.46, height * 0.86, post, post + 0.14), v.tone(v.paint, lit)
        )
    for depth in (2.2, length - 2.6):
        _wheel(v, depth, 0.48, (120, 120, 124))


def _truck_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    cab = (length - 1.9, length) if v.rear else (0, 1.9)
    v.sketch.fill(v.along(0.42, height, *cab), v.tone(v.paint, lit * 0.72))
    v.sketch.fill(v.along(1.6, height * 0.78, cab[0] + 0.4, cab[1] - 0.3), v.tone(GLASS))
    gap = cab[0] if v.rear else cab[1]
    v.sketch.fill(v.along(0.42, height, gap - 0.12, gap + 0.12), v.tone(DARK))
    for depth in (1.2, length - 2.6, length - 1.2):
        _wheel(v, depth, 0.5, (110, 110, 112))


def _train_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    v.sketch.fill(
        v.along(height * 0.46, height * 0.82, 0.5, length - 0.5), v.tone(GLASS, lit + 0.1)
    )
    for i in range(1, 9):
        depth = length * i / 9
        door = i % 3 == 0
        wide = 1.2 if door else 0.2
        low = 0.3 if door else height * 0.46
        v.sketch.fill(v.along(low, height * 0.82, depth, depth + wide), v.tone(v.paint, lit * 1.2))
    v.sketch.fill(v.along(height * 0.3, height * 0.38, 0, length), v.tone((236, 232, 222), lit))


def _trailer_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    v.sketch.fill(
        v.along(height * 0.5, height * 0.56, 0.1, length - 0.1), v.tone(v.paint, lit * 0.7)
    )
    _wheel(v, length / 2, 0.36, (120, 120, 122))


def _caravan_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    v.sketch.fill(v.along(height * 0.5, height * 0.78, 0.8, length - 0.8), v.tone(GLASS, lit))
    _wheel(v, length / 2, 0.34, (160, 160, 160))


def _bus_end(v: Along, rng: np.random.RandomState) -> None:
    height = v.build.height
    low = height * (0.55 if v.rear else 0.38)
    v.sketch.fill(v.end(-0.9, 0.9, low, height * 0.84), v.tone(GLASS))
    v.sketch.fill(v.end(-0.84, -0.3, low + 0.1, height * 0.8), v.tone(SHEEN, 0.6))
    v.sketch.fill(v.end(-0.62, 0.62, height * 0.87, height * 0.96), v.tone(DARK))
    if not v.rear:
        sign = v.end(-0.4, 0.4, height * 0.885, height * 0.945)
        v.sketch.fill(sign, v.tone((250, 190, 60), 1.2))
    v.sketch.fill(v.end(-0.98, 0.98, 0.28, 0.46), v.tone(DARK, 1.3))


def _truck_end(v: Along, rng: np.random.RandomState) -> None:
    height = v.build.height
    if v.rear:
        v.sketch.fill(v.end(-0.94, 0.94, 0.9, height - 0.12), v.tone(v.paint, 0.9))
        v.sketch.fill(v.end(-0.03, 0.03, 0.9, height - 0.12), v.tone(v.paint, 0.55))
        v.sketch.fill(v.end(-1, 1, 0.42, 0.86), v.tone(DARK, 1.2))
        return
    cab = LONG_PAINTS[rng.randint(len(LONG_PAINTS))]
    v.sketch.fill(v.end(-0.96, 0.96, 0.42, height * 0.84), v.tone(cab))
    v.sketch.fill(v.end(-0.86, 0.86, height * 0.46, height * 0.74), v.tone(GLASS))
    v.sketch.fill(v.end(-0.8, -0.2, height * 0.49, height * 0.71), v.tone(SHEEN, 0.6))
    v.sketch.fill(v.end(-0.6, 0.6, 0.9, height * 0.4), v.tone(DARK, 1.2))
    v.sketch.fill(v.end(-0.98, 0.98, 0.42, 0.6), v.tone(DARK, 1.6))


def _train_end(v: Along, rng: np.random.RandomState) -> None:
    height = v.build.height
    nose = [
        v.at(a, y, 0)
        for a, y in ((-0.82, 1.35), (0.82, 1.35), (0.66, height * 0.86), (-0.66, height * 0.86))
    ]
    v.sketch.fill(nose, v.tone(GLASS))
    v.sketch.fill(v.end(-0.6, -0.15, 1.5, height * 0.8), v.tone(SHEEN, 0.6))
    v.sketch.fill(v.end(-1, 1, 0.95, 1.2), v.tone((236, 232, 222)))
    v.sketch.fill(v.end(-0.34, 0.34, height * 0.88, height * 0.96), v.tone((250, 190, 60), 1.2))
    for a in (-0.66, 0.66):
        lamp = (0.14 * v.view.focal / v.z,) * 2
        v.sketch.disc(v.at(a, 0.72, 0), lamp, v.tone(TAIL_LIGHT if v.rear else HEAD_LIGHT, 1.3))
    v.sketch.fill(v.end(-0.95, 0.95, 0.12, 0.34), v.tone(DARK))
    wire = max(0.5, 0.06 * v.view.focal / v.z)
    arm = [v.at(0, height, 3.0), v.at(0.3, height + 0.5, 3.6), v.at(0, height + 1.0, 3.0)]
    v.sketch.line(arm, v.tone(DARK), wire)
    v.sketch.line([v.at(-0.5, height + 1.0, 3.0), v.at(0.5, height + 1.0, 3.0)], v.tone(DARK), wire)


def _trailer_end(v: Along, rng: np.random.RandomState) -> None:
    v.sketch.fill(v.end(-0.9, 0.9, 0.9, v.build.height - 0.15), v.tone(v.paint, 0.85))
    v.sketch.fill(v.end(-1, 1, 0.42, 0.8), v.tone(DARK, 1.3))


def _caravan_end(v: Along, rng: np.random.RandomState) -> None:
    height = v.build.height
    v.sketch.fill(v.end(-0.98, 0.98, 0.9, height - 0.1), v.tone((232, 230, 224)))
    v.sketch.fill(v.end(-0.7, 0.7, height * 0.52, height * 0.82), v.tone(GLASS))
    v.sketch.fill(v.end(-0.98, 0.98, 0.84, 0.98), v.tone(v.paint))


_FLANKS = {
    "bus": _bus_flank,
    "truck": _truck_flank,
    "train": _train_flank,
    "trailer": _trailer_flank,
    "caravan": _caravan_flank,
}
_ENDS = {
    "bus": _bus_end,
    "truck": _truck_end,
    "train": _train_end,
    "trailer": _trailer_end,
    "caravan": _caravan_end,
}
