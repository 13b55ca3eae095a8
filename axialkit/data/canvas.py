"""Painting tools of MiniCity: a pinhole camera, light and haze, and sketches that hold polygons.

World coordinates are metres: X to the right of the camera, Y up from the ground, Z ahead. Picture
coordinates are continuous (x, y): pixel column i spans i..i+1. A sketch keeps its strokes as data,
so labels can be decided first and pixels are drawn once, only for what remains visible.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw

from axialkit.data.scene import Polygon
from axialkit.data.texture import MATERIAL_IDS

Number = float | int
Color = tuple[Number, Number, Number]
Point = tuple[Number, Number]
Rgb = tuple[int, int, int]

SCENERY, BARRIERS, FREE = range(3)  # layers of one stretch of the street, painted in this order
OVERSAMPLING = 2  # strokes are painted at this scale, then averaged: soft edges in the image
MARGIN = 8  # labels are cut this far outside the picture, pixels

_Function = TypeVar("_Function", bound=Callable[..., Any])


def unchecked(function: _Function) -> _Function:
    """Spare a function the tests' check of its arguments: it is called thousands of times a scene.

    Unlike ``typing.no_type_check`` it leaves the static checks on.
    """
    function.__no_type_check__ = True  # type: ignore[attr-defined]
    return function


class View(NamedTuple):
    """A pinhole camera looking straight down the street."""

    height: int
    width: int
    focal: float  # pixels
    center_x: float  # column of the vanishing point
    horizon: float  # row of the vanishing point
    eye: float = 1.35  # metres above the ground

    @unchecked
    def at(self, x: Number, y: Number, z: Number) -> tuple[float, float]:
        """Project a point of the world to the picture."""
        scale = self.focal / z
        return (self.center_x + x * scale, self.horizon + (self.eye - y) * scale)

    @unchecked
    def side(self, x: Number, low: Number, high: Number, near: Number, far: Number) -> list[Point]:
        """Return a rectangle on a plane along the street."""
        corners = ((low, near), (low, far), (high, far), (high, near))
        return [self.at(x, y, z) for y, z in corners]

    @unchecked
    def front(
        self, left: Number, right: Number, low: Number, high: Number, z: Number
    ) -> list[Point]:
        """Return a rectangle on a plane across the street."""
        corners = ((left, low), (right, low), (right, high), (left, high))
        return [self.at(x, y, z) for x, y in corners]

    @unchecked
    def floor(
        self, left: Number, right: Number, near: Number, far: Number, y: Number = 0.0
    ) -> list[Point]:
        """Return a level rectangle, on the ground unless ``y`` says otherwise."""
        corners = ((left, near), (right, near), (right, far), (left, far))
        return [self.at(x, y, z) for x, z in corners]


class Light(NamedTuple):
    """Brightness, color cast and haze of one picture."""

    gain: float
    tint: Color
    haze: Color  # what distance fades into
    reach: float  # metres after which 63 % is haze
    sun: int  # -1: the sun stands on the left, 1: on the right
    sunny: float  # 0 overcast .. 1 hard light

    @unchecked
    def shade(self, color: Color, z: Number, factor: Number = 1.0) -> Rgb:
        """Return the picture's color of a surface at a distance."""
        keep = math.exp(-z / self.reach)
        gain = keep * self.gain * factor
        red, green, blue = (
            min(255, max(0, int(c * t * gain + (1 - keep) * h)))
            for c, t, h in zip(color, self.tint, self.haze, strict=True)
        )
        return (red, green, blue)

    def facing(self, side: int) -> float:
        """Return how bright a wall on that side of the street is: it faces the other side."""
        return 1.0 + self.sunny * (0.10 if side != self.sun else -0.34)


class Board:
    """A flat stand across the line of sight: draws things known by their outline, in metres."""

    def __init__(self, view: View, x: Number, z: Number, *, mirror: bool = False) -> None:
        self.scale = view.focal / z
        self.x, self.ground = view.at(x, 0.0, z)
        self.step = -self.scale if mirror else self.scale

    @unchecked
    def at(self, across: Number, up: Number) -> tuple[float, float]:
        """Place a point, metres to the right (left if mirrored) of the foot and above it."""
        return (self.x + across * self.step, self.ground - up * self.scale)

    @unchecked
    def shape(self, points: Sequence[Point]) -> list[Point]:
        """Place an outline."""
        return [self.at(a, b) for a, b in points]

    @unchecked
    def box(self, left: Number, right: Number, low: Number, high: Number) -> list[Point]:
        """Place a rectangle."""
        return self.shape([(left, low), (left, high), (right, high), (right, low)])


class Cue(NamedTuple):
    """What tells the class of a sketch's first polygon from afar."""

    kind: str
    ambiguous: bool
    alternatives: tuple[str, ...]
    corners: tuple[Point, Point]  # of the telling detail, picture coordinates


class Stroke(NamedTuple):
    """One painted shape in oversampled pixels."""

    kind: str  # "polygon", "ellipse" or "line"
    points: list[int]
    fill: tuple[int, int, int, int]  # RGB and material
    width: int = 0


class Sketch:
    """Everything one object adds to a picture: strokes to paint and polygons to label."""

    def __init__(self, view: View, light: Light, z: Number) -> None:
        self.view, self.light, self.z = view, light, z
        self.strokes: list[Stroke] = []
        self.polygons: list[Polygon] = []
        self.cue: Cue | None = None
        self.layer = FREE

    @unchecked
    def tone(self, color: Color, factor: Number = 1.0) -> Rgb:
        """Return the color of a surface at this object's distance."""
        return self.light.shade(color, self.z, factor)

    @unchecked
    def fill(self, points: Sequence[Point], color: Rgb, material: str = "metal") -> None:
        """Paint a polygon, unless it lies beside the picture."""
        columns = [p[0] for p in points]
        if max(columns) < 0 or min(columns) > self.view.width:
            return
        flat = [round(OVERSAMPLING * value - 0.5) for p in points for value in p]
        self.strokes.append(Stroke("polygon", flat, (*color, MATERIAL_IDS[material])))

    @unchecked
    def disc(
        self, center: Point, radius: tuple[Number, Number], color: Rgb, material: str = "metal"
    ) -> None:
        """Paint an ellipse of the given half axes (x, y), if it is at all visible."""
        (x, y), (rx, ry) = center, radius
        if rx * OVERSAMPLING < 0.5 or ry * OVERSAMPLING < 0.5:
            return
        box = [round(OVERSAMPLING * v - 0.5) for v in (x - rx, y - ry, x + rx, y + ry)]
        self.strokes.append(Stroke("ellipse", box, (*color, MATERIAL_IDS[material])))

    @unchecked
    def line(self, points: Sequence[Point], color: Rgb, width: Number = 0.5) -> None:
        """Paint a line of the given width in pixels."""
        flat = [round(OVERSAMPLING * value - 0.5) for p in points for value in p]
        thick = max(1, round(OVERSAMPLING * width))
        self.strokes.append(Stroke("line", flat, (*color, 0), thick))

    def label(self, name: str, points: Sequence[Point]) -> None:
        """Annotate a region: cut to the surroundings of the picture and rounded to pixels."""
        size = (self.view.height, self.view.width)
        vertices = tuple((round(x - 0.5), round(y - 0.5)) for x, y in _cut(points, size))
        if len(vertices) >= 3:
            self.polygons.append(Polygon(name, vertices))

    def both(self, name: str, points: Sequence[Point], color: Rgb, material: str = "metal") -> None:
        """Paint and annotate the same region."""
        self.fill(points, color, material)
        self.label(name, points)


def bar(x: Number, width: Number, top: Number, bottom: Number) -> list[Point]:
    """Return an upright bar that covers whole pixel columns, so that thin poles stay even."""
    columns = max(1, round(width))
    first = round(x - columns / 2)
    left, right = first + 0.3, first + columns - 0.3
    return [(left, bottom), (left, top), (right, top), (right, bottom)]


def hull(points: Sequence[Point]) -> list[Point]:
    """Return the convex hull of points, in order (Andrew's monotone chain)."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered
    return _half_hull(ordered) + _half_hull(ordered[::-1])


def _half_hull(chain: Sequence[Point]) -> list[Point]:
    kept: list[Point] = []
    for x, y in chain:
        while len(kept) > 1:
            (ax, ay), (bx, by) = kept[-2:]
            if (bx - ax) * (y - by) - (by - ay) * (x - bx) > 0:
                break
            kept.pop()
        kept.append((x, y))
    return kept[:-1]


def _cut(points: Sequence[Point], size: tuple[int, int]) -> list[Point]:
    """Clip a polygon to the picture and its margin (Sutherland-Hodgman)."""
    height, width = size
    limits = ((0, -MARGIN, 1), (0, width + MARGIN, -1), (1, -MARGIN, 1), (1, height + MARGIN, -1))
    kept = list(points)
    for axis, limit, sign in limits:
        if all((p[axis] - limit) * sign >= 0 for p in kept):
            continue
        source, kept = kept, []
        for a, b in zip([source[-1], *source[:-1]], source, strict=True):
            a_in, b_in = ((p[axis] - limit) * sign >= 0 for p in (a, b))
            if a_in != b_in:
                t = (limit - a[axis]) / (b[axis] - a[axis])
                kept.append((a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])))
            if b_in:
                kept.append(b)
        if not kept:
            return []
    return kept


def paint(
    strokes: Sequence[Stroke], background: UInt8[np.ndarray, "height width 3"]
) -> tuple[UInt8[np.ndarray, "height width 3"], UInt8[np.ndarray, "height width"]]:
    """Paint strokes over a background; return the image and its map of materials."""
    height, width = background.shape[:2]
    size = (width * OVERSAMPLING, height * OVERSAMPLING)
    image = Image.fromarray(background).resize(size, Image.Resampling.BILINEAR).convert("RGBA")
    image.putalpha(0)  # the alpha channel carries the material: fills write it without blending
    draw = ImageDraw.Draw(image)
    for kind, points, fill, thick in strokes:
        if kind == "polygon":
            draw.polygon(points, fill=fill)
        elif kind == "ellipse":
            draw.ellipse(points, fill=fill)
        else:
            draw.line(points, fill=fill, width=thick)
    materials = np.asarray(image)[::OVERSAMPLING, ::OVERSAMPLING, 3]
    return np.asarray(image.convert("RGB").reduce(OVERSAMPLING)), materials
