"""Vehicles along MiniCity's streets.

``z`` of a vehicle is its end nearest to the camera. We see the rear of what drives ahead of us and
the front of what comes towards us.
"""

import numpy as np

from axialkit.data.canvas import Color, Light, Sketch, View
from axialkit.data.street_big_vehicles import draw_box
from axialkit.data.street_cars import draw_car
from axialkit.data.street_vehicle_frame import BUILDS, CAR_PAINTS, LONG_PAINTS, Along


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
        draw_car(vehicle, rng)
    else:
        draw_box(vehicle, kind, rng)
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
