"""Long-range objects of MiniCity: what they are shows only at one far place.

* side: a truck, bus or tram across the street, one plain painted flank; its front end tells.
* roof: a bus or tram whose ends are hidden behind the corner houses; roof box or pantograph tells.
* boards: plain boards across the street; the last panel tells a fence from a wall.
* gable: a plain plastered surface; a roof on top makes it a building, a coping a wall.
"""

import numpy as np

from axialkit.data.canvas import Board, Color, Cue, Light, Number, Point, Sketch, View
from axialkit.data.street_vehicle_frame import DARK, GLASS, HEAD_LIGHT, LONG_PAINTS, RUBBER, SHEEN

BOARD_PAINTS: tuple[Color, ...] = (
    (168, 160, 146),
    (146, 148, 150),
    (160, 148, 122),
    (184, 182, 174),
)
GABLE_PAINTS: tuple[Color, ...] = (
    (196, 184, 160),
    (178, 150, 112),
    (150, 152, 150),
    (204, 196, 186),
)
LONG_HEIGHT = 3.1  # metres


class _Flank:
    """A long flat side across the street: ``q(a, b)`` places a point by shares of its size."""

    def __init__(
        self, view: View, x: float, z: float, size: tuple[float, float], front: int
    ) -> None:
        self.board = Board(view, x, z, mirror=front < 0)
        self.length, self.height = size

    def q(self, a: Number, b: Number) -> tuple[float, float]:
        """``a``: 0 at the rear end .. 1 at the front; ``b``: 0 at the ground .. 1 at the roof."""
        return self.board.at((a - 0.5) * self.length, b * self.height)

    def box(self, left: Number, right: Number, low: Number, high: Number) -> list[Point]:
        """Return a rectangle by shares."""
        return [self.q(a, b) for a, b in ((left, low), (left, high), (right, high), (right, low))]


def _flank_sketch(
    view: View, light: Light, z: float, flank: _Flank, kind: str, paint: Color, ground: Color
) -> Sketch:
    """Paint the plain side that truck, bus and tram share: shadow, flank, skirt, roof edge."""
    sketch = Sketch(view, light, z)
    sketch.fill(flank.box(-0.02, 1.02, -0.07, 0.1), sketch.tone(ground, 0.34), "asphalt")
    outline = [(0, 0.03), (0, 0.96), (0.01, 1), (0.99, 1), (1, 0.96), (1, 0.03)]
    sketch.both(kind, [flank.q(a, b) for a, b in outline], sketch.tone(paint))
    sketch.fill(flank.box(0.0, 1.0, 0.9, 0.97), sketch.tone(paint, 1.12))
    sketch.fill(flank.box(0.0, 1.0, 0.16, 0.24), sketch.tone(paint, 0.84))
    sketch.fill(flank.box(0.0, 1.0, 0.03, 0.14), sketch.tone(DARK, 1.5))
    return sketch


def _flank_pattern(sketch: Sketch, flank: _Flank, kind: str, paint: Color) -> None:
    """Paint what makes the class plain along the whole side."""
    if kind == "bus":
        for i in range(7):
            left = 0.05 + i * 0.12
            sketch.fill(flank.box(left, left + 0.1, 0.48, 0.88), sketch.tone(GLASS))
            sketch.fill(flank.box(left, left + 0.04, 0.54, 0.86), sketch.tone(SHEEN, 0.55))
    elif kind == "train":
        sketch.fill(flank.box(0.0, 0.87, 0.26, 0.36), sketch.tone((240, 238, 232)))
        sketch.fill(flank.box(0.03, 0.86, 0.46, 0.8), sketch.tone(GLASS))
    else:
        for i in range(13):
            rib = flank.box(0.03 + i * 0.065, 0.037 + i * 0.065, 0.2, 0.94)
            sketch.fill(rib, sketch.tone(paint, 0.7))


def _poster(sketch: Sketch, flank: _Flank, rng: np.random.RandomState) -> None:
    """Paint an advertisement such as each of the three may carry."""
    color = LONG_PAINTS[rng.randint(len(LONG_PAINTS))]
    left = rng.uniform(0.1, 0.35)
    right = left + rng.uniform(0.2, 0.4)
    sketch.fill(flank.box(left, right, 0.34, 0.8), sketch.tone(color))
    sketch.fill(flank.box(left + 0.03, right - 0.1, 0.44, 0.52), sketch.tone((240, 240, 236)))
    sketch.disc(flank.q(right - 0.05, 0.6), (0.35 * flank.board.scale,) * 2, sketch.tone(SHEEN))


def draw_side(
    view: View,
    light: Light,
    place: tuple[float, float],
    ambiguous: bool,
    ground: Color,
    rng: np.random.RandomState,
) -> Sketch:
    """Draw a 12 m vehicle across the street, its middle at (X, Z)."""
    x, z = place
    kind = ("truck", "bus", "train")[rng.randint(3)]
    paint = LONG_PAINTS[rng.randint(len(LONG_PAINTS))]
    flank = _Flank(view, x, z, (12.0, LONG_HEIGHT), 1 if rng.randint(2) else -1)
    sketch = _flank_sketch(view, light, z, flank, kind, paint, ground)
    poster = rng.random_sample() < 0.5
    if not ambiguous:
        _flank_pattern(sketch, flank, kind, paint)
    elif poster:
        _poster(sketch, flank, rng)
    _nose(sketch, flank, kind, rng)
    corners = (flank.q(0.88, 0.05), flank.q(0.995, 0.97))
    sketch.cue = Cue("side", ambiguous, ("truck", "bus", "train"), corners)
    return sketch


def _nose(sketch: Sketch, flank: _Flank, kind: str, rng: np.random.RandomState) -> None:
    """Paint the telling front end: a truck's cab, a bus's door, a tram's nose."""
    tone, box = sketch.tone, flank.box
    if kind == "truck":
        cab = LONG_PAINTS[rng.randint(len(LONG_PAINTS))]
        sketch.fill(box(0.88, 0.905, 0.1, 1.0), tone(DARK))
        sketch.fill(box(0.905, 1.0, 0.1, 0.99), tone(cab))
        sketch.fill(box(0.93, 0.985, 0.5, 0.8), tone(GLASS))
        wheel = (0.46 * flank.board.scale,) * 2
        sketch.disc(flank.q(0.95, 0.15), wheel, tone(RUBBER))
        sketch.disc(flank.q(0.95, 0.15), (wheel[0] * 0.5,) * 2, tone((130, 130, 130)))
    elif kind == "bus":
        sketch.fill(box(0.885, 0.955, 0.08, 0.9), tone((226, 226, 220)))
        for left in (0.892, 0.924):
            sketch.fill(box(left, left + 0.025, 0.12, 0.86), tone(GLASS))
        sketch.fill(box(0.968, 1.0, 0.4, 0.92), tone(GLASS, 1.1))
    else:
        slope = [(0.885, 0.44), (0.885, 0.88), (0.97, 0.88), (1.0, 0.62), (1.0, 0.44)]
        sketch.fill([flank.q(a, b) for a, b in slope], tone(GLASS))
        sketch.fill(box(0.885, 1.0, 0.2, 0.34), tone((238, 206, 60)))
        lamp = (0.13 * flank.board.scale,) * 2
        sketch.disc(flank.q(0.98, 0.38), lamp, tone(HEAD_LIGHT, 1.3))


def draw_roofed(
    view: View,
    light: Light,
    place: tuple[float, float],
    length: float,
    ambiguous: bool,
    ground: Color,
    rng: np.random.RandomState,
) -> Sketch:
    """Draw a bus or tram so long that both ends hide; only its roof equipment tells."""
    x, z = place
    kind = ("bus", "train")[rng.randint(2)]
    paint = LONG_PAINTS[rng.randint(len(LONG_PAINTS))]
    flank = _Flank(view, x, z, (length, LONG_HEIGHT), 1)
    sketch = _flank_sketch(view, light, z, flank, kind, paint, ground)
    if not ambiguous:
        _flank_pattern(sketch, flank, kind, paint)
    elif rng.random_sample() < 0.5:
        _poster(sketch, flank, rng)
    spot = rng.uniform(-3.5, 3.5)
    middle = 0.5 + spot / length
    thick = max(0.7, 0.07 * flank.board.scale)
    wire = [flank.q(-0.5, 1.36), flank.q(1.5, 1.36)]
    sketch.line(wire, sketch.tone((58, 58, 62)), 0.5)  # trams and buses share the street
    step = 0.5 / length
    if kind == "train":
        arm = [(middle - step, 1.0), (middle + 1.6 * step, 1.17), (middle, 1.34)]
        sketch.line([flank.q(a, b) for a, b in arm], sketch.tone(DARK), thick)
        sketch.line([flank.q(middle - 1.6 * step, 1.35), flank.q(middle + 1.6 * step, 1.35)],
                    sketch.tone(DARK), thick)  # fmt: skip
    else:
        unit = [(middle - 2 * step, 1.0), (middle - 1.7 * step, 1.13), (middle + 1.7 * step, 1.13),
                (middle + 2 * step, 1.0)]  # fmt: skip
        sketch.fill([flank.q(a, b) for a, b in unit], sketch.tone((212, 212, 208)))
    corners = (flank.q(middle - 2 * step, 1.02), flank.q(middle + 2 * step, 1.34))
    sketch.cue = Cue("roof", ambiguous, ("bus", "train"), corners)
    return sketch


def draw_boards(
    view: View,
    light: Light,
    ends: tuple[float, float],
    z: float,
    ambiguous: bool,
    rng: np.random.RandomState,
) -> Sketch:
    """Draw boards across the street from X = ends[0] to ends[1], where the telling panel is."""
    kind = ("fence", "wall")[rng.randint(2)]
    color = BOARD_PAINTS[rng.randint(len(BOARD_PAINTS))]
    high = rng.uniform(2.3, 3.1)
    length = ends[1] - ends[0]
    share = 1.0 / abs(length)  # of one metre
    flank = _Flank(view, (ends[0] + ends[1]) / 2, z, (abs(length), high), 1 if length > 0 else -1)
    sketch = Sketch(view, light, z)
    tone, box = sketch.tone, flank.box
    sketch.both(kind, box(0.0, 1.0, 0.0, 1.0), tone(color), "plaster")
    sketch.fill(box(0.0, 1.0, 0.93, 1.0), tone(color, 1.12), "plaster")
    sketch.fill(box(0.0, 1.0, 0.0, 0.08), tone(color, 0.7), "plaster")
    if not ambiguous:
        count = int(abs(length) / 0.55)
        for i in range(count if kind == "fence" else 4):
            joint = [(i + 0.5) / count] * 2 if kind == "fence" else [0.0, 1.0]
            rise = [0.0, 1.0] if kind == "fence" else [0.22 * (i + 1)] * 2
            line = [flank.q(a, b) for a, b in zip(joint, rise, strict=True)]
            sketch.line(line, tone(color, 0.6), 0.8)
    panel = 1 - 1.1 * share
    if kind == "fence":
        sketch.fill(box(panel, 1.0, 0.0, 1.0), tone((74, 70, 64)), "flat")
        for i in range(3):
            left = panel + (0.12 + 0.34 * i) * share
            sketch.fill(box(left, left + 0.2 * share, 0.12, 0.92), tone((160, 170, 152)), "flat")
    else:
        sketch.fill(box(panel, 1.0, 0.0, 1.0), tone((158, 78, 62)), "brick")
        sketch.fill(box(panel - 0.05 * share, 1.0, 0.94, 1.06), tone((206, 200, 190)), "plaster")
    corners = (flank.q(panel + 0.1 * share, 0.1), flank.q(0.995, 0.95))
    sketch.cue = Cue("boards", ambiguous, ("wall", "fence"), corners)
    return sketch


def draw_gable(
    view: View,
    light: Light,
    x: tuple[float, float],
    z: float,
    ambiguous: bool,
    rng: np.random.RandomState,
) -> Sketch:
    """Draw a plain surface from X = x[0] to x[1] that ends in a roof or in a coping."""
    kind = ("building", "wall")[rng.randint(2)]
    color = GABLE_PAINTS[rng.randint(len(GABLE_PAINTS))]
    board = Board(view, (x[0] + x[1]) / 2, z)
    half = (x[1] - x[0]) / 2
    limit = (board.ground - 8 * view.height / 128) / board.scale  # the top must stay in sight
    high = min(rng.uniform(3.8, 7.0), limit)
    sketch = Sketch(view, light, z)
    bright = 0.95
    sketch.both(kind, board.box(-half, half, 0, high), sketch.tone(color, bright), "plaster")
    sketch.fill(board.box(-half, half, 0, 0.35), sketch.tone(color, 0.7), "plaster")
    if not ambiguous:
        _gable_pattern(sketch, board, kind, (half, high), color)
    rim = 2.6 * view.height / 128 / board.scale  # thick enough to survive in the image
    if kind == "building":
        ridge = high + 1.8 * rim
        roof = [(-half - 0.2, high), (-half + 0.5, ridge), (half - 0.5, ridge), (half + 0.2, high)]
        sketch.both("building", board.shape(roof), sketch.tone((140, 62, 48)), "brick")
        sketch.fill(
            board.box(-half, half, high - rim * 0.7, high), sketch.tone((110, 50, 40)), "brick"
        )
    else:
        coping = board.box(-half, half, high - rim, high)
        sketch.fill(coping, sketch.tone((226, 222, 214), 1.05), "plaster")
    corners = (board.at(-half * 0.9, high - rim), board.at(half * 0.9, high + 0.8 * rim))
    sketch.cue = Cue("gable", ambiguous, ("building", "wall"), corners)
    return sketch


def _gable_pattern(
    sketch: Sketch, board: Board, kind: str, size: tuple[float, float], color: Color
) -> None:
    half, high = size
    if kind == "wall":
        for i in range(1, 10):
            joint = [board.at(a, high * i / 10) for a in (-half, half)]
            sketch.line(joint, sketch.tone(color, 0.72), 0.7)
        return
    for i in range(3):
        for j in range(2):
            left, low = half * (-0.8 + 0.6 * i), high * (0.15 + 0.42 * j)
            window = board.box(left, left + half * 0.36, low, low + high * 0.24)
            sketch.fill(window, sketch.tone((232, 228, 218)))
            pane = board.box(
                left + half * 0.05, left + half * 0.31, low + 0.1, low + high * 0.24 - 0.1
            )
            sketch.fill(pane, sketch.tone(GLASS))


def draw_side_car(
    view: View, light: Light, place: tuple[float, float], ground: Color, paint: Color, mirror: bool
) -> Sketch:
    """Draw a car that crosses the street, seen from its side."""
    x, z = place
    sketch = Sketch(view, light, z)
    board = Board(view, x, z, mirror=mirror)
    sketch.fill(board.box(-2.2, 2.2, -0.1, 0.25), sketch.tone(ground, 0.34), "asphalt")
    outline: list[Point] = [
        (-2.12, 0.3), (-2.1, 0.7), (-1.95, 0.92), (-1.3, 1.42), (-0.9, 1.5), (0.25, 1.48),
        (0.95, 0.98), (1.85, 0.84), (2.1, 0.66), (2.12, 0.3), (1.7, 0.2), (1.6, 0.0), (1.05, 0.0),
        (0.95, 0.2), (-0.95, 0.2), (-1.05, 0.0), (-1.6, 0.0), (-1.7, 0.2),
    ]  # fmt: skip
    sketch.both("car", board.shape(outline), sketch.tone(paint))
    sketch.fill(board.box(-2.1, 2.1, 0.22, 0.42), sketch.tone(paint, 0.7))
    sketch.fill(board.box(-2.0, 1.8, 0.78, 0.86), sketch.tone(paint, 1.2))
    glass: list[Point] = [(-1.6, 0.94), (-1.16, 1.38), (0.16, 1.38), (0.72, 0.96)]
    sketch.fill(board.shape(glass), sketch.tone(GLASS))
    sketch.fill(board.box(-0.52, -0.42, 0.9, 1.42), sketch.tone(paint, 0.9))
    for a in (-1.32, 1.32):
        for radius, color in ((0.33, RUBBER), (0.18, (150, 150, 152))):
            sketch.disc(board.at(a, 0.33), (radius * board.scale,) * 2, sketch.tone(color))
    sketch.fill(board.box(1.98, 2.1, 0.6, 0.74), sketch.tone(HEAD_LIGHT, 1.3))
    sketch.fill(board.box(-2.1, -2.0, 0.62, 0.8), sketch.tone((214, 28, 22), 1.2))
    return sketch
