"""Trucks, buses, trams, trailers and caravans along MiniCity's streets."""

import numpy as np

from axialkit.data.canvas import hull
from axialkit.data.street_vehicle_frame import (
    DARK,
    GLASS,
    HEAD_LIGHT,
    LONG_PAINTS,
    RUBBER,
    SHEEN,
    TAIL_LIGHT,
    Along,
    draw_wheel,
    lit_flank,
)


def draw_box(v: Along, kind: str, rng: np.random.RandomState) -> None:
    """Paint a big vehicle: a box with a visible end and, off the middle, a visible flank."""
    height, length = v.build.height, v.build.length
    low = 0.28 if kind == "bus" else 0.12 if kind == "train" else 0.42
    corners = [v.at(a, y, c) for a in (-1, 1) for y in (low, height) for c in (0, length)]
    feet = [v.at(a, 0.0, 0.4) for a in (-0.95, 0.95)]
    v.sketch.both(kind, hull(corners + feet), v.tone(v.paint, 0.6))
    if v.flank:
        lit = lit_flank(v)
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
        draw_wheel(v, depth, 0.48, (120, 120, 124))


def _truck_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    cab = (length - 1.9, length) if v.rear else (0, 1.9)
    v.sketch.fill(v.along(0.42, height, *cab), v.tone(v.paint, lit * 0.72))
    v.sketch.fill(v.along(1.6, height * 0.78, cab[0] + 0.4, cab[1] - 0.3), v.tone(GLASS))
    gap = cab[0] if v.rear else cab[1]
    v.sketch.fill(v.along(0.42, height, gap - 0.12, gap + 0.12), v.tone(DARK))
    for depth in (1.2, length - 2.6, length - 1.2):
        draw_wheel(v, depth, 0.5, (110, 110, 112))


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
    draw_wheel(v, length / 2, 0.36, (120, 120, 122))


def _caravan_flank(v: Along, lit: float) -> None:
    height, length = v.build.height, v.build.length
    v.sketch.fill(v.along(height * 0.5, height * 0.78, 0.8, length - 0.8), v.tone(GLASS, lit))
    draw_wheel(v, length / 2, 0.34, (160, 160, 160))


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
