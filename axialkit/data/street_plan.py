"""The plan of a street scene: camera, light, widths, and which long-range objects it holds."""

from typing import NamedTuple

import numpy as np

from axialkit.data.canvas import Color, Light, View
from axialkit.data.cities import City
from axialkit.data.street_ground import Layout

LONG_HALF = 6.3  # metres: half a vehicle across the street, and some air
SPECIAL_SHARES = (("side", 0.36), ("roof", 0.14), ("boards", 0.17), ("car", 0.11), ("", 0.22))


class Gable(NamedTuple):
    """Where a plain surface faces us."""

    side: int
    span: tuple[float, float]  # X from left to right
    z: float


class Plan(NamedTuple):
    """All that the parts of a scene must agree on."""

    view: View
    light: Light
    layout: Layout
    city: City
    ambiguity: float
    special: str  # what stands across the street: "side", "roof", "boards", "car" or nothing
    depth: float  # where it stands, metres
    gable: Gable | None


def make_plan(
    size: tuple[int, int], rng: np.random.RandomState, city: City, ambiguity: float
) -> Plan:
    """Draw the lots for one scene."""
    height, width = size
    view = View(
        height=height,
        width=width,
        focal=0.95 * width,
        center_x=width * (0.5 + rng.uniform(-0.13, 0.13)),
        horizon=height * (0.40 + rng.uniform(-0.04, 0.04)),
    )
    light = _make_light(rng, city)
    names = [name for name, _ in SPECIAL_SHARES]
    special = names[_choose(rng, [share for _, share in SPECIAL_SHARES])]
    depth = rng.uniform(17, 24)
    crossing = depth if special in ("side", "roof", "car") else None
    if special == "" and rng.random_sample() < 0.4:
        crossing = rng.uniform(18, 40)
    layout = _make_layout(rng, city, ambiguity, crossing, roomy=special in ("side", "boards"))
    gable = None
    if special != "roof" and rng.random_sample() < 0.5:
        gable = _place_gable(view, layout, rng)
    return Plan(view, light, layout, city, ambiguity, special, depth, gable)


def _choose(rng: np.random.RandomState, shares: list[float]) -> int:
    ticket = rng.random_sample() * sum(shares)
    return int(np.searchsorted(np.cumsum(shares), ticket, side="right"))


def _make_light(rng: np.random.RandomState, city: City) -> Light:
    sunny = float(np.clip(rng.uniform(-0.5, 1.1), 0, 1))
    gain = rng.uniform(0.84, 0.98) + 0.14 * sunny
    warmth = rng.uniform(0.96, 1.05)
    red, green, blue = city.tint
    tint = (red * warmth, green, blue / warmth)
    sky = (206.0, 218.0, 232.0) if sunny > 0.3 else (196.0, 200.0, 206.0)
    level = 0.5 + 0.48 * gain
    haze = (sky[0] * level * tint[0], sky[1] * level * tint[1], sky[2] * level * tint[2])
    sun = 1 if rng.randint(2) else -1
    return Light(gain, tint, haze, rng.uniform(90, 190), sun, sunny)


def _make_layout(
    rng: np.random.RandomState,
    city: City,
    ambiguity: float,
    crossing: float | None,
    *,
    roomy: bool,
) -> Layout:
    left, right = -rng.uniform(*city.road), rng.uniform(*city.road)
    walk = rng.uniform(1.8, 3.6)
    garden = rng.uniform(1.5, 3.5) if rng.random_sample() < 0.3 else 0.0
    fronts = [abs(edge) + walk + garden + rng.uniform(0.2, 1.4) for edge in (left, right)]
    if roomy:
        fronts = [max(front, LONG_HALF + rng.uniform(0.1, 0.5)) for front in fronts]
    road = _vary(city.asphalt, rng.uniform(0.88, 1.12))
    paving = _vary(city.paving, rng.uniform(0.94, 1.06))
    if rng.random_sample() < ambiguity:  # paint overlaps: only the kerb tells road from pavement
        share = rng.uniform(0.75, 1.0)
        paving = _mix(paving, _vary(road, rng.uniform(0.94, 1.16)), share)
    return Layout(left, right, walk, (-fronts[0], fronts[1]), crossing, road, paving)


def _vary(color: Color, factor: float) -> Color:
    return (color[0] * factor, color[1] * factor, color[2] * factor)


def _mix(a: Color, b: Color, share: float) -> Color:
    red, green, blue = (x + (y - x) * share for x, y in zip(a, b, strict=True))
    return (red, green, blue)


def _place_gable(view: View, layout: Layout, rng: np.random.RandomState) -> Gable | None:
    """Find room for a plain surface on the wider side of the picture, beyond the facades' plane."""
    side = 1 if view.center_x < view.width / 2 else -1
    room = (view.width - view.center_x if side > 0 else view.center_x) - 0.02 * view.width
    wide = rng.uniform(3.2, 5.5)
    inner = abs(layout.front(side))
    z = view.focal * (inner + wide) / room * rng.uniform(1.0, 1.2)
    if layout.crossing is not None and abs(z - layout.crossing) < 5:
        z = layout.crossing + 5.5
    if z > 34:
        return None
    span = (inner, inner + wide) if side > 0 else (-inner - wide, -inner)
    return Gable(side, span, z)
