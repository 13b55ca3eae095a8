"""Cars along MiniCity's streets, seen from behind or from the front."""

import numpy as np

from axialkit.data.canvas import hull
from axialkit.data.street_vehicle_frame import (
    DARK,
    GLASS,
    HEAD_LIGHT,
    RUBBER,
    SHEEN,
    TAIL_LIGHT,
    Along,
    draw_wheel,
    lit_flank,
)


def draw_car(v: Along, rng: np.random.RandomState) -> None:
    """Paint a saloon or an estate: body, window, lights, wheels, and its flank if it shows."""
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
    lit = lit_flank(v)
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
        draw_wheel(v, depth, 0.32, (150, 150, 154))


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
