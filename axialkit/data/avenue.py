"""Avenue scenes: small side views of a street where one far detail decides a class.

Nine classes (road, building, vegetation, sky, person, car, truck, bus, train). One or two long
vehicles are seen from the side; they wear the same paints and the same plain side, and only the
front end tells a truck (separate cab) from a bus (doors) from a train (slanted nose). Everything
else is easy, so that a short training shows who can look that far.

Lengths are in units: a unit is one pixel in a picture 64 pixels high. Boxes are given by their
edges (y0, x0, y1, x1).
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8

from axialkit.data.avenue_canvas import Canvas, Color, Number, Points, box_points, pick, shade, vary
from axialkit.data.long_vehicles import (
    LONG_CLASSES,
    Vehicle,
    draw_vehicle,
    outline,
    place_vehicles,
)
from axialkit.data.rasterize import owners
from axialkit.data.scene import Polygon, Scene, Special
from axialkit.errors import InputError

_HEIGHT = 64  # units
_NOISE = 5.0  # standard deviation of the sensor noise, grey levels
_SMALLEST = 10  # visible area below which a person or a car is left out, square units

Shape = tuple[tuple[float, float], ...]  # (x, y) in half-widths and heights, from the foot

_HOUSES: tuple[Color, ...] = ((118, 102, 98), (134, 110, 96), (104, 100, 106), (126, 92, 84))
_GLASS: Color = (44, 54, 70)
_DARK: Color = (34, 34, 38)
_SKIN: Color = (214, 168, 140)
_TROUSERS: Color = (56, 54, 66)
_ASPHALT: Color = (80, 80, 86)
_KERB: Color = (118, 116, 112)
_LINE: Color = (150, 150, 146)
_PERSON: Shape = (
    *((-0.35, -1.0), (0.35, -1.0), (0.4, -0.82), (1.0, -0.72), (0.9, -0.35), (0.6, -0.35)),
    *((0.6, 0.0), (-0.6, 0.0), (-0.6, -0.35), (-0.9, -0.35), (-1.0, -0.72), (-0.4, -0.82)),
)
_CAR: Shape = (
    *((-1.0, 0.0), (-1.0, -0.5), (-0.66, -0.58), (-0.4, -1.0), (0.42, -1.0), (0.7, -0.58)),
    *((1.0, -0.46), (1.0, 0.0)),
)


class _Object(NamedTuple):
    """A labelled thing: where it stands, its outline in pixels, how it is drawn."""

    base: Number  # y of its foot, units: larger = nearer
    label: str
    points: Points
    draw: Callable[[Canvas], None]
    special: Special | None = None


def draw_avenue(size: tuple[int, int], rng: np.random.RandomState, *, ambiguity: float) -> Scene:
    """Draw one avenue scene of ``size`` (height, width).

    ``ambiguity`` is the share of long vehicles with a plain side; the others also show ribs
    (truck), windows (bus) or a striped window band (train) along their whole length.

    Raises:
        InputError: the picture is too small, or less than twice as wide as high.
    """
    _check_size(size)
    unit = size[0] / _HEIGHT
    width = int(size[1] / unit)
    canvas = Canvas(size, unit)
    horizon = rng.randint(16, 24)
    backdrop = _draw_backdrop(canvas, size, horizon, rng)
    vehicles = place_vehicles((horizon + 6, _HEIGHT - 2), width, rng, ambiguity)
    objects = [_vehicle_object(vehicle, unit) for vehicle in vehicles]
    objects += _place_small(horizon, width, vehicles, unit, rng)
    objects.sort(key=lambda item: item.base)
    objects = _seen(backdrop, objects, size, unit)
    for item in objects:
        item.draw(canvas)
    polygons = (*backdrop, *(Polygon(item.label, item.points) for item in objects))
    specials = tuple(
        item.special._replace(polygon=len(backdrop) + index)
        for index, item in enumerate(objects)
        if item.special
    )
    return Scene(_photograph(canvas.array(), rng), polygons, specials)


def _check_size(size: tuple[int, int]) -> None:
    height, width = size
    if height < _HEIGHT or width < 2 * height:
        raise InputError(
            f"An avenue scene must be at least {_HEIGHT} pixels high and twice as wide as high, "
            f"got {height}x{width} (height x width). Try {_HEIGHT}x{2 * _HEIGHT}."
        )


def _draw_backdrop(
    canvas: Canvas, size: tuple[int, int], horizon: int, rng: np.random.RandomState
) -> list[Polygon]:
    """Draw sky, road, and the row of houses and trees behind the road."""
    width = size[1] / canvas.unit
    end = (size[1] - 1, size[0] - 1)
    edge = round(horizon * canvas.unit)
    canvas.box(0, 0, horizon, width, vary(rng, (132, 178, 234), 12))
    canvas.box(horizon, 0, _HEIGHT + 1, width, vary(rng, _ASPHALT, 5))
    polygons = [
        Polygon("sky", ((0, 0), (end[0], 0), (end[0], edge - 1), (0, edge - 1))),
        Polygon("road", ((0, edge), (end[0], edge), end, (0, end[1]))),
    ]
    x = 0
    while x < width:
        span, top = rng.randint(10, 30), rng.randint(3, horizon - 3)
        draw = _draw_house if rng.random_sample() < 0.7 else _draw_tree
        polygons.append(draw(canvas, top, horizon, x, x + span, rng))
        x += span + rng.randint(0, 6)
    canvas.box(horizon, 0, horizon + 1, width, _KERB)
    _draw_lane(canvas, rng.randint(horizon + 16, 58), width)
    return polygons


def _draw_lane(canvas: Canvas, y: int, width: Number) -> None:
    for x in range(-2, int(width), 12):
        canvas.box(y, x, y + 0.75, x + 6, _LINE)


def _draw_house(
    canvas: Canvas, top: int, bottom: int, x0: int, x1: int, rng: np.random.RandomState
) -> Polygon:
    color = vary(rng, pick(rng, _HOUSES), 10)
    canvas.box(top, x0, bottom, x1, color)
    canvas.box(top, x0, top + 1, x1, shade(color, 0.75))
    for y in range(top + 2, bottom - 3, 4):
        for x in range(x0 + 2, x1 - 2, 4):
            canvas.box(y, x, y + 2, x + 1.5, shade(color, 0.65))
    return Polygon("building", box_points(top, x0, bottom, x1, canvas.unit))


def _draw_tree(
    canvas: Canvas, top: int, bottom: int, x0: int, x1: int, rng: np.random.RandomState
) -> Polygon:
    """Draw a hedge-like dome, its crown lit from above."""
    angles = np.linspace(0, np.pi, 13)
    radius, middle = (x1 - x0) / 2, (x0 + x1) / 2
    jitter = 1 + rng.uniform(-0.06, 0.06, angles.size)
    xs = (middle - radius * jitter * np.cos(angles)) * canvas.unit
    ys = (bottom - (bottom - top) * jitter * np.sin(angles) ** 0.6) * canvas.unit - 1
    points = tuple((round(float(x)), round(float(y))) for x, y in zip(xs, ys, strict=True))
    color = vary(rng, (54, 112, 54), 10)
    canvas.polygon(points, color)
    for _ in range(int(radius)):
        angle, reach = rng.uniform(0, np.pi), rng.uniform(0.2, 0.75)
        y = bottom - (bottom - top) * reach * np.sin(angle)
        canvas.disk(y, middle - radius * reach * np.cos(angle), 1.2, shade(color, 1.18))
    return Polygon("vegetation", points)


def _vehicle_object(vehicle: Vehicle, unit: Number) -> _Object:
    y0, x0, y1, x1 = vehicle.cue()
    points = box_points(y0, x0, y1, x1, unit)
    special = Special(
        kind="side",
        polygon=-1,
        ambiguous=vehicle.plain,
        alternatives=LONG_CLASSES,
        cue=(points[0][1], points[0][0], points[2][1], points[2][0]),
    )
    shape = outline(vehicle, unit)
    draw = partial(draw_vehicle, vehicle=vehicle, points=shape)
    return _Object(vehicle.y1, vehicle.label, shape, draw, special)


def _place_small(
    horizon: int, width: int, vehicles: list[Vehicle], unit: Number, rng: np.random.RandomState
) -> list[_Object]:
    """Put people and cars on the road, none of them before a telling end."""
    objects = []
    for _ in range(rng.randint(2, 6)):
        base, x = rng.randint(horizon + 4, _HEIGHT - 2), rng.randint(4, width - 4)
        is_car = rng.random_sample() < 0.5
        scale = 0.5 + (base - horizon) / (_HEIGHT - horizon)
        half, height = (8 * scale, 8 * scale) if is_car else (2.6 * scale, 14 * scale)
        shape = _CAR if is_car else _PERSON
        if rng.randint(2):
            shape = tuple((-dx, dy) for dx, dy in shape)
        points = tuple(
            (round((x + dx * half) * unit), round((base + dy * height) * unit)) for dx, dy in shape
        )
        color = vary(rng, (70, 84, 158) if is_car else (204, 128, 102), 45)
        drawer = _draw_car if is_car else _draw_person
        draw = partial(drawer, points=points, color=color)
        if not any(_hides(vehicle, base, x, half, height) for vehicle in vehicles):
            objects.append(_Object(base, "car" if is_car else "person", points, draw))
    return objects


def _hides(vehicle: Vehicle, base: Number, x: Number, half: Number, height: Number) -> bool:
    y0, x0, y1, x1 = vehicle.cue()
    beside = x + half < x0 - 2 or x - half > x1 + 2
    return not beside and base - height < y1 + 2 and base > y0 - 2


def _draw_person(canvas: Canvas, points: Points, color: Color) -> None:
    top, left, tall, wide = _extent(points, canvas.unit)
    middle = left + wide / 2
    canvas.polygon(points, color)
    hip = top + 0.6 * tall
    canvas.box(hip, middle - 0.3 * wide, top + tall, middle + 0.3 * wide, _TROUSERS)
    canvas.disk(top + 0.1 * tall, middle, 0.2 * wide, _SKIN)


def _draw_car(canvas: Canvas, points: Points, color: Color) -> None:
    top, left, tall, wide = _extent(points, canvas.unit)
    canvas.polygon(points, color)
    canvas.box(top + 0.14 * tall, left + 0.3 * wide, top + 0.45 * tall, left + 0.7 * wide, _GLASS)
    for share in (0.24, 0.78):
        canvas.disk(top + 0.88 * tall, left + share * wide, 0.18 * tall, _DARK)


def _extent(points: Points, unit: Number) -> tuple[float, float, float, float]:
    """Return top, left, height and width of a polygon, border pixels included, in units."""
    xs, ys = zip(*points, strict=True)
    top, left = min(ys) / unit, min(xs) / unit
    return top, left, (max(ys) + 1) / unit - top, (max(xs) + 1) / unit - left


def _seen(
    backdrop: list[Polygon], objects: list[_Object], size: tuple[int, int], unit: Number
) -> list[_Object]:
    """Leave out people and cars of which almost nothing, or less than 40 %, is seen."""
    scene = [*backdrop, *(Polygon(item.label, item.points) for item in objects)]
    visible = np.bincount(owners(scene, size).ravel(), minlength=len(scene))
    kept = []
    for item, area in zip(objects, visible[len(backdrop) :], strict=True):
        whole = np.count_nonzero(owners([Polygon(item.label, item.points)], size) == 0)
        if item.special or area >= max(_SMALLEST * unit**2, 0.4 * whole):
            kept.append(item)
    return kept


def _photograph(
    light: Float32[np.ndarray, "height width 3"], rng: np.random.RandomState
) -> UInt8[np.ndarray, "height width 3"]:
    """Turn drawn colors into a picture: exposure, white balance, sensor noise."""
    gain = rng.uniform(0.85, 1.1) * rng.uniform(0.97, 1.03, 3)
    noise = rng.standard_normal(light.shape) * _NOISE
    return np.clip(np.round(light * gain + noise), 0, 255).astype(np.uint8)
