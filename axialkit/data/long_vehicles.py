"""Long vehicles in side view: equal along the whole side, told only by their front end.

Lengths are in units (see ``avenue``); ``a`` is the distance from a vehicle's front, to its rear.
"""

from typing import NamedTuple

import numpy as np

from axialkit.data.avenue_canvas import Canvas, Color, Number, Points, pick, shade, vary

LONG_CLASSES = ("truck", "bus", "train")
END_WIDTH = 8  # units from the front that hold the only cue of the class

_LENGTHS = (60, 101)  # the upper bound is excluded
_HEIGHTS = (9, 13)
_PAINTS: tuple[Color, ...] = (
    (205, 200, 190),  # chalk
    (158, 62, 56),  # red
    (72, 104, 148),  # blue
    (204, 172, 84),  # yellow
    (108, 132, 112),  # sage
)
_GLASS: Color = (44, 54, 70)
_DARK: Color = (34, 34, 38)
_SKIRT: Color = (58, 58, 63)
_SHADOW: Color = (52, 52, 57)
_YELLOW: Color = (235, 205, 40)


class Vehicle(NamedTuple):
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

    def x(self, a: Number) -> Number:
        """Return the x of the place ``a`` units behind the front."""
        return self.x1 - a if self.faces_right else self.x0 + a

    @property
    def length(self) -> int:
        return self.x1 - self.x0

    def cue(self) -> tuple[int, int, int, int]:
        """Return the box of the telling end: edges y0, x0, y1, x1 in units."""
        ends = sorted((int(self.x(0)), int(self.x(END_WIDTH))))
        return self.y0, ends[0], self.y1, ends[1]


def place_vehicles(
    rows: tuple[int, int], width: int, rng: np.random.RandomState, ambiguity: float
) -> list[Vehicle]:
    """Put one or two long vehicles on the road, one before the other, fronts in the picture.

    ``rows`` are the y of the highest roof and of the lowest wheel allowed.
    """
    vehicles: list[Vehicle] = []
    y = rows[0] + rng.randint(0, 4)
    for _ in range(rng.randint(1, 3)):
        height, length = rng.randint(*_HEIGHTS), rng.randint(*_LENGTHS)
        faces_right = bool(rng.randint(2))
        x0 = rng.randint(-4, width - length + 1)
        vehicle = Vehicle(
            label=LONG_CLASSES[rng.randint(3)],
            y0=y,
            x0=x0 if faces_right else width - length - x0,
            y1=y + height,
            x1=x0 + length if faces_right else width - x0,
            faces_right=faces_right,
            paint=vary(rng, pick(rng, _PAINTS), 6),
            cab_paint=shade(pick(rng, _PAINTS), 0.8),
            plain=bool(rng.random_sample() < ambiguity),
        )
        gap = rng.randint(4, 8)
        if vehicle.y1 <= rows[1]:
            vehicles.append(vehicle)
        y = vehicle.y1 + gap
    return vehicles


def outline(vehicle: Vehicle, unit: Number) -> Points:
    """Return the outline: a box whose front corner is cut as the class has it."""
    end = END_WIDTH - 2
    corner: dict[str, list[tuple[Number, Number]]] = {  # (a, depth below the roof)
        "truck": [(0, 3), (end, 3), (end, 0)],
        "bus": [(0, 0)],
        "train": [(0, 5), (end * 0.75, 0)],
    }
    length = vehicle.length
    top = [(a, vehicle.y0 + depth) for a, depth in [*corner[vehicle.label], (length, 0)]]
    points = []
    for a, y in [*top, (length, vehicle.y1), (0, vehicle.y1)]:
        # a polygon includes its border, so right and lower edges lie on the last pixel inside
        on_right = vehicle.faces_right != (a == length)
        points.append((round(vehicle.x(a) * unit) - on_right, round(y * unit) - (y == vehicle.y1)))
    return tuple(points)


def draw_vehicle(canvas: Canvas, vehicle: Vehicle, points: Points) -> None:
    """Draw a vehicle whose outline in pixels is ``points``."""
    y1 = vehicle.y1
    canvas.box(y1 - 0.5, vehicle.x0 - 1, y1 + 1.2, vehicle.x1 + 1, _SHADOW)
    canvas.polygon(points, vehicle.paint)
    if not vehicle.plain:
        _draw_side(canvas, vehicle)
    canvas.box(y1 - 2, vehicle.x0, y1, vehicle.x1, _SKIRT)
    for a in (14, 21, vehicle.length - 16, vehicle.length - 9):
        canvas.disk(y1 - 1.8, vehicle.x(a), 1.6, _DARK)
    _DRAW_FRONT[vehicle.label](canvas, vehicle)


def _draw_side(canvas: Canvas, vehicle: Vehicle) -> None:
    """Give a vehicle that is not plain the look of its class along the whole side."""
    y0, length = vehicle.y0, vehicle.length
    first = END_WIDTH + 2
    if vehicle.label == "train":
        canvas.box(y0 + 2, vehicle.x(first), y0 + 5, vehicle.x(length - 2), _GLASS)
        canvas.box(y0 + 6, vehicle.x(first), y0 + 7, vehicle.x(length - 2), _YELLOW)
        return
    for a in range(first, length - 4, 5):
        if vehicle.label == "bus":
            canvas.box(y0 + 2, vehicle.x(a), y0 + 5, vehicle.x(a + 4), _GLASS)
        else:
            canvas.box(y0, vehicle.x(a), vehicle.y1, vehicle.x(a + 1), shade(vehicle.paint, 0.7))


def _draw_truck_front(canvas: Canvas, vehicle: Vehicle) -> None:
    y0, y1, end = vehicle.y0, vehicle.y1, END_WIDTH
    canvas.box(y0 + 3, vehicle.x(0), y1 - 1, vehicle.x(end - 2), vehicle.cab_paint)
    canvas.box(y0, vehicle.x(end - 2), y1 - 1, vehicle.x(end), _DARK)  # gap behind the cab
    canvas.box(y0 + 4, vehicle.x(0.5), y0 + 6.5, vehicle.x(end / 2), _GLASS)
    canvas.disk(y1 - 1.8, vehicle.x(end / 2 - 1), 1.6, _DARK)


def _draw_bus_front(canvas: Canvas, vehicle: Vehicle) -> None:
    y0, y1, end = vehicle.y0, vehicle.y1, END_WIDTH
    canvas.box(y0 + 2, vehicle.x(1), y1 - 2, vehicle.x(end), _GLASS)  # two doors
    canvas.box(y0 + 2, vehicle.x(end / 2), y1 - 2, vehicle.x(end / 2 + 1), vehicle.paint)


def _draw_train_front(canvas: Canvas, vehicle: Vehicle) -> None:
    y0, y1, end = vehicle.y0, vehicle.y1, END_WIDTH
    canvas.box(y0 + 2, vehicle.x(end * 0.4), y0 + 5, vehicle.x(end), _GLASS)
    canvas.box(y1 - 4.5, vehicle.x(0), y1 - 2, vehicle.x(end), _YELLOW)


_DRAW_FRONT = {"truck": _draw_truck_front, "bus": _draw_bus_front, "train": _draw_train_front}
