"""Avenue scenes: small side views of a street where one far detail decides a class.

Nine classes (road, building, vegetation, sky, person, car, truck, bus, train). One or two long
vehicles are seen from the side; they wear the same paints and the same plain side, and only the
first pixels behind the front tell a truck (separate cab) from a bus (doors) from a train (slanted
nose). Everything else is easy, so that a short training shows who can look that far.

Lengths are in units: a unit is one pixel in a picture 64 pixels high. Boxes are given by their
edges (y0, x0, y1, x1); ``a`` is the distance from a vehicle's front, towards its rear.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw

from axialkit.data.rasterize import owners
from axialkit.data.scene import Polygon, Scene, Special
from axialkit.errors import InputError

END_WIDTH = 8  # units from the front that hold the only cue of a long vehicle's class
LONG_CLASSES = ("truck", "bus", "train")

_HEIGHT = 64  # units
_LENGTHS = (60, 101)  # of long vehicles; the upper bound is excluded
_OVERSAMPLE = 4  # sub-pixels per pixel and side while drawing
_NOISE = 5.0  # standard deviation of the sensor noise, grey levels
_SMALLEST = 10  # visible area below which a person or a car is left out, square units

Color = tuple[int, int, int]
Points = tuple[tuple[int, int], ...]
Shape = tuple[tuple[float, float], ...]  # (x, y) in half-widths and heights, from the foot

_PAINTS: tuple[Color, ...] = (
    (205, 200, 190),  # chalk
    (158, 62, 56),  # red
    (72, 104, 148),  # blue
    (204, 172, 84),  # yellow
    (108, 132, 112),  # sage
)
_HOUSES: tuple[Color, ...] = ((118, 102, 98), (134, 110, 96), (104, 100, 106), (126, 92, 84))
_GLASS: Color = (44, 54, 70)
_DARK: Color = (34, 34, 38)
_SKIRT: Color = (58, 58, 63)
_PERSON: Shape = (
    *((-0.35, -1.0), (0.35, -1.0), (0.4, -0.82), (1.0, -0.72), (0.9, -0.35), (0.6, -0.35)),
    *((0.6, 0.0), (-0.6, 0.0), (-0.6, -0.35), (-0.9, -0.35), (-1.0, -0.72), (-0.4, -0.82)),
)
_CAR: Shape = (
    *((-1.0, 0.0), (-1.0, -0.5), (-0.66, -0.58), (-0.4, -1.0), (0.42, -1.0), (0.7, -0.58)),
    *((1.0, -0.46), (1.0, 0.0)),
)


class _Canvas:
    """A picture that is drawn larger than it gets, so that its edges are smooth."""

    def __init__(self, size: tuple[int, int], unit: float) -> None:
        self.unit = unit
        self._scale = unit * _OVERSAMPLE
        self._image = Image.new("RGB", (size[1] * _OVERSAMPLE, size[0] * _OVERSAMPLE))
        self._drawer = ImageDraw.Draw(self._image)

    def box(self, y0: float, x0: float, y1: float, x1: float, color: Color) -> None:
        left, top = round(min(x0, x1) * self._scale), round(y0 * self._scale)
        right, bottom = round(max(x0, x1) * self._scale) - 1, round(y1 * self._scale) - 1
        if right >= left and bottom >= top:
            self._drawer.rectangle((left, top, right, bottom), fill=color)

    def disk(self, y: float, x: float, radius: float, color: Color, flat: float = 1.0) -> None:
        reach, rise = radius * self._scale, radius * flat * self._scale
        x, y = x * self._scale, y * self._scale
        self._drawer.ellipse((x - reach, y - rise, x + reach, y + rise), fill=color)

    def polygon(self, points: Points, color: Color) -> None:
        """Fill a polygon given in pixels, as the labels have it (border pixels included)."""
        middle = [((x + 0.5) * _OVERSAMPLE, (y + 0.5) * _OVERSAMPLE) for x, y in points]
        self._drawer.polygon(middle, fill=color, outline=color, width=_OVERSAMPLE)

    def array(self) -> Float32[np.ndarray, "height width 3"]:
        return np.asarray(self._image.reduce(_OVERSAMPLE), np.float32)


class _Object(NamedTuple):
    """A labelled thing: where it stands, its outline in pixels, how it is drawn."""

    base: float  # y of its foot, units: larger = nearer
    label: str
    points: Points
    draw: Callable[[_Canvas], None]
    special: Special | None = None


class _Vehicle(NamedTuple):
    """A long vehicle; edges in units."""

    label: str
    y0: int
    x0: int
    y1: int
    x1: int
    faces_right: bool
    paint: Color
    cab_paint: Color
    plain: bool

    def x(self, a: float) -> float:
        """Return the x of the place ``a`` units behind the front."""
        return self.x1 - a if self.faces_right else self.x0 + a

    @property
    def length(self) -> int:
        return self.x1 - self.x0

    def cue(self) -> tuple[int, int, int, int]:
        """Return the box of the telling end: edges y0, x0, y1, x1 in units."""
        ends = sorted((int(self.x(0)), int(self.x(END_WIDTH))))
        return self.y0, ends[0], self.y1, ends[1]


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
    canvas = _Canvas(size, unit)
    horizon = rng.randint(16, 24)
    backdrop = _draw_backdrop(canvas, size, horizon, rng)
    vehicles = _place_vehicles(horizon, width, rng, ambiguity)
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


def _vary(rng: np.random.RandomState, color: Color, spread: int) -> Color:
    shifts = rng.randint(-spread, spread + 1, 3)
    red, green, blue = (int(np.clip(c + s, 0, 255)) for c, s in zip(color, shifts, strict=True))
    return (red, green, blue)


def _pick(rng: np.random.RandomState, colors: tuple[Color, ...]) -> Color:
    return colors[rng.randint(len(colors))]


def _box_points(y0: float, x0: float, y1: float, x1: float, unit: float) -> Points:
    """Return the pixels at the corners of a box given by its edges."""
    top, left = round(y0 * unit), round(x0 * unit)
    bottom, right = round(y1 * unit) - 1, round(x1 * unit) - 1
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _draw_backdrop(
    canvas: _Canvas, size: tuple[int, int], horizon: int, rng: np.random.RandomState
) -> list[Polygon]:
    """Draw sky, road, and the row of houses and trees behind the road."""
    width = size[1] / canvas.unit
    end = (size[1] - 1, size[0] - 1)
    edge = round(horizon * canvas.unit)
    canvas.box(0, 0, horizon, width, _vary(rng, (132, 178, 234), 12))
    canvas.box(horizon, 0, _HEIGHT + 1, width, _vary(rng, (80, 80, 86), 8))
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
    canvas.box(horizon, 0, horizon + 1, width, (118, 116, 112))
    _draw_lane(canvas, rng.randint(horizon + 16, 58), width)
    return polygons


def _draw_lane(canvas: _Canvas, y: int, width: float) -> None:
    for x in range(-2, int(width), 12):
        canvas.box(y, x, y + 0.75, x + 6, (150, 150, 146))


def _draw_house(
    canvas: _Canvas, top: int, bottom: int, x0: int, x1: int, rng: np.random.RandomState
) -> Polygon:
    color = _vary(rng, _pick(rng, _HOUSES), 10)
    canvas.box(top, x0, bottom, x1, color)
    canvas.box(top, x0, top + 1, x1, _shade(color, 0.75))
    for y in range(top + 2, bottom - 3, 4):
        for x in range(x0 + 2, x1 - 2, 4):
            canvas.box(y, x, y + 2, x + 1.5, _shade(color, 0.65))
    return Polygon("building", _box_points(top, x0, bottom, x1, canvas.unit))


def _draw_tree(
    canvas: _Canvas, top: int, bottom: int, x0: int, x1: int, rng: np.random.RandomState
) -> Polygon:
    """Draw a hedge-like dome, its crown lit from above."""
    angles = np.linspace(0, np.pi, 13)
    radius, middle = (x1 - x0) / 2, (x0 + x1) / 2
    jitter = 1 + rng.uniform(-0.06, 0.06, angles.size)
    xs = (middle - radius * jitter * np.cos(angles)) * canvas.unit
    ys = (bottom - (bottom - top) * jitter * np.sin(angles) ** 0.6) * canvas.unit - 1
    points = tuple((round(float(x)), round(float(y))) for x, y in zip(xs, ys, strict=True))
    color = _vary(rng, (54, 112, 54), 10)
    canvas.polygon(points, color)
    for _ in range(int(radius)):
        angle, reach = rng.uniform(0, np.pi), rng.uniform(0.2, 0.75)
        y = bottom - (bottom - top) * reach * np.sin(angle)
        canvas.disk(y, middle - radius * reach * np.cos(angle), 1.2, _shade(color, 1.18))
    return Polygon("vegetation", points)


def _shade(color: Color, factor: float) -> Color:
    red, green, blue = (min(255, int(c * factor)) for c in color)
    return (red, green, blue)


def _place_vehicles(
    horizon: int, width: int, rng: np.random.RandomState, ambiguity: float
) -> list[_Vehicle]:
    """Put one or two long vehicles on the road, one behind the other, fronts in the picture."""
    vehicles: list[_Vehicle] = []
    y = horizon + rng.randint(6, 10)
    for _ in range(rng.randint(1, 3)):
        height, length = rng.randint(9, 13), rng.randint(*_LENGTHS)
        faces_right = bool(rng.randint(2))
        x0 = rng.randint(-4, width - length + 1)
        vehicle = _Vehicle(
            label=LONG_CLASSES[rng.randint(3)],
            y0=y,
            x0=x0 if faces_right else width - length - x0,
            y1=y + height,
            x1=x0 + length if faces_right else width - x0,
            faces_right=faces_right,
            paint=_vary(rng, _pick(rng, _PAINTS), 6),
            cab_paint=_shade(_pick(rng, _PAINTS), 0.8),
            plain=bool(rng.random_sample() < ambiguity),
        )
        gap = rng.randint(4, 8)
        if vehicle.y1 <= _HEIGHT - 2:
            vehicles.append(vehicle)
        y = vehicle.y1 + gap
    return vehicles


def _vehicle_object(vehicle: _Vehicle, unit: float) -> _Object:
    y0, x0, y1, x1 = vehicle.cue()
    points = _box_points(y0, x0, y1, x1, unit)
    special = Special(
        kind="side",
        polygon=-1,
        ambiguous=vehicle.plain,
        alternatives=LONG_CLASSES,
        cue=(points[0][1], points[0][0], points[2][1], points[2][0]),
    )
    outline = _outline(vehicle, unit)
    draw = partial(_draw_vehicle, vehicle=vehicle, outline=outline)
    return _Object(vehicle.y1, vehicle.label, outline, draw, special)


def _outline(vehicle: _Vehicle, unit: float) -> Points:
    """Return the outline: a box whose front corner is cut as the class has it."""
    end = END_WIDTH - 2
    corner: dict[str, list[tuple[float, float]]] = {  # (a, depth below the roof)
        "truck": [(0, 2.5), (end, 2.5), (end, 0)],
        "bus": [(0, 0)],
        "train": [(0, 5), (end * 0.75, 0)],
    }
    length = vehicle.length
    top = [(a, vehicle.y0 + depth) for a, depth in [*corner[vehicle.label], (length, 0)]]
    points = []
    for a, y in [*top, (length, vehicle.y1), (0, vehicle.y1)]:
        # the right edge of a box is the last pixel inside it; so is the lower edge
        x = round(vehicle.x(a) * unit) - (a == 0) * vehicle.faces_right
        x -= (a == length) * (not vehicle.faces_right)
        points.append((x, round(y * unit) - (y == vehicle.y1)))
    return tuple(points)


def _draw_vehicle(canvas: _Canvas, vehicle: _Vehicle, outline: Points) -> None:
    y1 = vehicle.y1
    canvas.box(y1 - 0.5, vehicle.x0 - 1, y1 + 1.2, vehicle.x1 + 1, (52, 52, 57))  # its shadow
    canvas.polygon(outline, vehicle.paint)
    if not vehicle.plain:
        _draw_side(canvas, vehicle)
    canvas.box(y1 - 2, vehicle.x0, y1, vehicle.x1, _SKIRT)
    for a in (14, 21, vehicle.length - 16, vehicle.length - 9):
        canvas.disk(y1 - 1.2, vehicle.x(a), 1.6, _DARK)
    _DRAW_FRONT[vehicle.label](canvas, vehicle)


def _draw_side(canvas: _Canvas, vehicle: _Vehicle) -> None:
    """Give a vehicle that is not plain the look of its class along the whole side."""
    y0, length = vehicle.y0, vehicle.length
    first = END_WIDTH + 2
    if vehicle.label == "train":
        canvas.box(y0 + 2, vehicle.x(first), y0 + 5, vehicle.x(length - 2), _GLASS)
        canvas.box(y0 + 6, vehicle.x(first), y0 + 7, vehicle.x(length - 2), (235, 205, 40))
        return
    for a in range(first, length - 4, 5):
        if vehicle.label == "bus":
            canvas.box(y0 + 2, vehicle.x(a), y0 + 5, vehicle.x(a + 4), _GLASS)
        else:
            canvas.box(y0, vehicle.x(a), vehicle.y1, vehicle.x(a + 1), _shade(vehicle.paint, 0.7))


def _draw_truck_front(canvas: _Canvas, vehicle: _Vehicle) -> None:
    y0, y1, end = vehicle.y0, vehicle.y1, END_WIDTH
    canvas.box(y0 + 3, vehicle.x(0), y1 - 1, vehicle.x(end - 2), vehicle.cab_paint)
    canvas.box(y0, vehicle.x(end - 2), y1 - 1, vehicle.x(end), _DARK)  # gap behind the cab
    canvas.box(y0 + 4, vehicle.x(0.5), y0 + 6.5, vehicle.x(end / 2), _GLASS)
    canvas.disk(y1 - 1.2, vehicle.x(end / 2 - 1), 1.6, _DARK)


def _draw_bus_front(canvas: _Canvas, vehicle: _Vehicle) -> None:
    y0, y1, end = vehicle.y0, vehicle.y1, END_WIDTH
    canvas.box(y0 + 2, vehicle.x(1), y1 - 2, vehicle.x(end), _GLASS)  # two doors
    canvas.box(y0 + 2, vehicle.x(end / 2), y1 - 2, vehicle.x(end / 2 + 1), vehicle.paint)


def _draw_train_front(canvas: _Canvas, vehicle: _Vehicle) -> None:
    y0, y1, end = vehicle.y0, vehicle.y1, END_WIDTH
    canvas.box(y0 + 2, vehicle.x(end * 0.4), y0 + 5, vehicle.x(end), _GLASS)
    canvas.box(y1 - 4.5, vehicle.x(0), y1 - 2, vehicle.x(end), (235, 205, 40))


_DRAW_FRONT = {"truck": _draw_truck_front, "bus": _draw_bus_front, "train": _draw_train_front}


def _place_small(
    horizon: int, width: int, vehicles: list[_Vehicle], unit: float, rng: np.random.RandomState
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
        color = _vary(rng, (70, 84, 158) if is_car else (204, 128, 102), 45)
        drawer = _draw_car if is_car else _draw_person
        draw = partial(drawer, points=points, color=color)
        if not any(_hides(vehicle, base, x, half, height) for vehicle in vehicles):
            objects.append(_Object(base, "car" if is_car else "person", points, draw))
    return objects


def _hides(vehicle: _Vehicle, base: float, x: float, half: float, height: float) -> bool:
    y0, x0, y1, x1 = vehicle.cue()
    beside = x + half < x0 - 2 or x - half > x1 + 2
    return not beside and base - height < y1 + 2 and base > y0 - 2


def _draw_person(canvas: _Canvas, points: Points, color: Color) -> None:
    xs, ys = np.array(points).T / canvas.unit
    top, bottom, middle = ys.min(), ys.max(), xs.mean()
    canvas.polygon(points, color)
    tall, wide = bottom - top, np.ptp(xs)
    canvas.box(top + 0.6 * tall, middle - 0.3 * wide, bottom + 1, middle + 0.3 * wide, (56, 54, 66))
    canvas.disk(top + 0.1 * tall, middle + 0.5, 0.2 * wide, (214, 168, 140), flat=1.1)


def _draw_car(canvas: _Canvas, points: Points, color: Color) -> None:
    xs, ys = np.array(points).T / canvas.unit
    top, left, tall, wide = ys.min(), xs.min(), np.ptp(ys), np.ptp(xs)
    canvas.polygon(points, color)
    canvas.box(top + 0.14 * tall, left + 0.3 * wide, top + 0.45 * tall, left + 0.7 * wide, _GLASS)
    for share in (0.24, 0.78):
        canvas.disk(top + 0.88 * tall, left + share * wide, 0.18 * tall, _DARK)


def _seen(
    backdrop: list[Polygon], objects: list[_Object], size: tuple[int, int], unit: float
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
