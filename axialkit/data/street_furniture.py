"""Trees, poles, lights, signs, bins, walls and fences of MiniCity."""

import math

import numpy as np

from axialkit.data.canvas import BARRIERS, Board, Color, Light, Number, Point, Sketch, View, bar
from axialkit.data.street_people import ground_shadow

LEAVES: tuple[Color, ...] = (
    (74, 108, 46),
    (92, 124, 52),
    (62, 94, 52),
    (112, 124, 48),
    (84, 116, 66),
)
BARK: Color = (88, 70, 54)
STEEL: Color = (112, 116, 120)
LAMPS: tuple[Color, ...] = ((236, 44, 34), (246, 186, 44), (52, 226, 122))


def draw_tree(
    view: View, light: Light, place: tuple[float, float], ground: Color, rng: np.random.RandomState
) -> Sketch:
    """Draw a tree at (X, Z): a trunk and a crown of leafy clumps, bright towards the sun."""
    x, z = place
    sketch = Sketch(view, light, z)
    board = Board(view, x, z)
    slim = rng.random_sample() < 0.2
    radius = rng.uniform(0.8, 1.2) if slim else rng.uniform(1.4, 2.6)
    stretch = rng.uniform(1.7, 2.3) if slim else rng.uniform(0.85, 1.1)
    trunk = rng.uniform(1.6, 2.6)
    ground_shadow(sketch, x, radius * 0.45, ground)
    thick = max(0.13, 0.8 / board.scale)
    stem: list[Point] = [
        (-thick, 0.0), (-thick * 0.7, trunk + radius), (thick * 0.7, trunk + radius), (thick, 0.0),
    ]  # fmt: skip
    sketch.both("vegetation", board.shape(stem), sketch.tone(BARK), "brick")
    shine = [(0.0, 0.0), (0.0, trunk), (thick * 0.7 * light.sun, trunk), (thick * light.sun, 0.0)]
    sketch.fill(board.shape(shine), sketch.tone(BARK, 1.25), "brick")
    _crown(sketch, board, (radius, stretch), trunk + radius * stretch * 0.85, rng)
    return sketch


def _crown(
    sketch: Sketch,
    board: Board,
    radii: tuple[float, float],
    center: float,
    rng: np.random.RandomState,
) -> None:
    radius, stretch = radii
    leaf = LEAVES[rng.randint(len(LEAVES))]
    wobble = rng.uniform(0.86, 1.1, 18)
    angles = [2 * math.pi * i / 18 for i in range(18)]
    outline = [
        (radius * w * math.cos(t), center + radius * stretch * w * math.sin(t))
        for t, w in zip(angles, wobble, strict=True)
    ]
    sketch.both("vegetation", board.shape(outline), sketch.tone(leaf, 0.62), "leaf")
    sun = sketch.light.sun
    clumps = sorted(rng.random_sample((22, 3)).tolist(), key=lambda c: c[1])
    for turn, up, size in clumps:
        height = 1.5 * up - 0.78  # painted from the dark bottom to the bright top
        reach = math.sqrt(max(0.05, 0.62 - height * height))
        across = reach * math.cos(math.pi * turn)
        bright = 0.92 + 0.34 * height + 0.18 * across * sun + 0.14 * (size - 0.5)
        spot = board.at(radius * across, center + radius * stretch * height)
        wide = radius * (0.22 + 0.16 * size) * board.scale
        sketch.disc(spot, (wide, wide * 0.8 * stretch), sketch.tone(leaf, bright), "leaf")


def draw_bush(
    view: View, light: Light, place: tuple[float, float], rng: np.random.RandomState
) -> Sketch:
    """Draw a low bush at (X, Z)."""
    x, z = place
    sketch = Sketch(view, light, z)
    board = Board(view, x, z)
    radius = rng.uniform(0.5, 0.9)
    _crown(sketch, board, (radius, 0.8), radius * 0.62, rng)
    return sketch


def _pole_width(scale: Number, z: Number) -> float:
    """Return a width in pixels: true to scale, but at least 2 as far as 20 m."""
    return max(0.13 * scale, 2.0 if z <= 20 else 1.0)


def draw_pole(
    view: View, light: Light, place: tuple[float, float], what: str, rng: np.random.RandomState
) -> Sketch:
    """Draw a pole at (X, Z) with a "lamp", a traffic "light", a "sign" or nothing: "post"."""
    x, z = place
    sketch = Sketch(view, light, z)
    board = Board(view, x, z)
    height = {"lamp": rng.uniform(5.2, 6.8), "light": 3.0, "sign": 2.5, "post": 0.95}[what]
    width = _pole_width(board.scale, z)
    foot, top = board.at(0, 0)[1], board.at(0, height)[1]
    pole = bar(board.x, width, top, foot)
    color: Color = STEEL if what != "lamp" else (84, 90, 92)
    sketch.both("pole", pole, sketch.tone(color))
    if width >= 3:
        lit = bar(board.x + light.sun * width / 3, width / 3, top, foot)
        sketch.fill(lit, sketch.tone(color, 1.3))
    if what == "lamp":
        _lamp(sketch, board, height, -1 if x > 0 else 1)
    elif what == "light":
        _traffic_light(sketch, board, height, rng)
    elif what == "sign":
        _sign(sketch, board, height, rng)
    return sketch


def _lamp(sketch: Sketch, board: Board, height: float, side: int) -> None:
    x, top = board.at(0, height)
    reach, thick = side * 1.5 * board.scale, max(1.2, 0.1 * board.scale)
    arm = [(x, top + thick), (x, top), (x + reach, top - thick), (x + reach, top)]
    sketch.both("pole", arm, sketch.tone((84, 90, 92)))
    head = 0.45 * board.scale * side
    tip = x + reach
    upper, lower = top - thick, top + thick * 0.4
    lamp = [(tip - head, upper), (tip + head, upper), (tip + head, lower), (tip - head, lower)]
    sketch.both("pole", lamp, sketch.tone((214, 214, 200), 1.1))


def _traffic_light(sketch: Sketch, board: Board, height: float, rng: np.random.RandomState) -> None:
    half = max(0.23, 1.2 / board.scale)
    tall = max(1.2, 5.0 / board.scale)
    case = board.box(-half, half, height - 0.1, height - 0.1 + tall)
    sketch.both("traffic light", case, sketch.tone((28, 30, 30)))
    burning = rng.randint(3)
    for i, color in enumerate(LAMPS):
        spot = board.at(0, height - 0.1 + tall * (0.82 - 0.32 * i))
        radius = max(0.8, 0.15 * board.scale)
        sketch.disc(spot, (radius, radius), sketch.tone(color, 1.5 if i == burning else 0.25))


def _sign(sketch: Sketch, board: Board, height: float, rng: np.random.RandomState) -> None:
    radius = max(0.5, 2.2 / board.scale)
    form = rng.randint(4)
    circle = [(math.cos(i * math.pi / 6), math.sin(i * math.pi / 6)) for i in range(12)]
    triangle: list[Point] = [(0.0, 1.05), (-1.0, -0.7), (1.0, -0.7)]
    square: list[Point] = [(-1.0, -0.8), (-1.0, 0.8), (1.0, 0.8), (1.0, -0.8)]
    diamond: list[Point] = [(0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)]
    outline = (circle, triangle, square, diamond)[form]
    edge: Color = ((206, 30, 30), (206, 30, 30), (34, 84, 190), (240, 240, 236))[form]
    inside: Color = ((242, 242, 240), (244, 244, 240), (232, 236, 244), (246, 196, 40))[form]
    sketch.both("traffic sign", _scaled(outline, board, height, radius), sketch.tone(edge, 1.15))
    sketch.fill(_scaled(outline, board, height, radius, 0.62), sketch.tone(inside, 1.1))
    if form == 2:
        sketch.fill(_scaled(outline, board, height, radius, 0.5), sketch.tone(edge, 1.15))
        sketch.fill(_scaled(outline, board, height, radius, 0.22), sketch.tone(inside, 1.1))


def _scaled(
    outline: list[Point], board: Board, height: float, radius: float, size: float = 1.0
) -> list[Point]:
    return board.shape([(a * radius * size, height + b * radius * size) for a, b in outline])


def draw_bin(
    view: View, light: Light, place: tuple[float, float], ground: Color, rng: np.random.RandomState
) -> Sketch:
    """Draw a waste bin, annotated as static."""
    x, z = place
    sketch = Sketch(view, light, z)
    board = Board(view, x, z)
    color: Color = ((60, 92, 64), (80, 84, 90), (150, 96, 40))[rng.randint(3)]
    ground_shadow(sketch, x, 0.35, ground)
    body: list[Point] = [(-0.26, 0.0), (-0.32, 0.85), (0.32, 0.85), (0.26, 0.0)]
    sketch.both("static", board.shape(body), sketch.tone(color))
    sketch.fill(board.box(-0.34, 0.34, 0.82, 0.95), sketch.tone(color, 0.6))
    sketch.fill(board.box(-0.2, -0.05, 0.1, 0.75), sketch.tone(color, 1.25))
    return sketch


def draw_barrier(
    view: View,
    light: Light,
    x: float,
    span: tuple[float, float],
    kind: str,
    color: Color,
    rng: np.random.RandomState,
) -> Sketch:
    """Draw a wall or fence on the plane X = x, from depth span[0] to span[1]."""
    near, far = span
    sketch = Sketch(view, light, far)
    sketch.layer = BARRIERS
    lit = 0.88 * light.facing(1 if x > 0 else -1)
    high = rng.uniform(1.1, 2.2) if kind == "wall" else rng.uniform(1.0, 1.7)
    middle = (near * far) ** 0.5
    if kind == "wall":
        sketch.both(
            "wall", view.side(x, 0, high, near, far), light.shade(color, middle, lit), "brick"
        )
        rows = int(high / 0.3)
        for i in range(1, rows):
            joint = [view.at(x, high * i / rows, z) for z in (near, far)]
            sketch.line(joint, light.shade(color, middle, lit * 0.82), 0.5)
        cap = view.side(x, high - 0.12, high, near, far)
        sketch.fill(cap, light.shade((214, 210, 202), middle, lit), "plaster")
        return sketch
    wood = rng.random_sample() < 0.5
    base: Color = (128, 96, 68) if wood else (66, 78, 74)
    sketch.both(
        "fence", view.side(x, 0, high, near, far), light.shade(base, middle, lit * 0.8), "brick"
    )
    z = near
    while z < far:
        step = (0.22 if wood else 0.3) + z * 0.018
        slat = view.side(x, 0.05, high, z, min(far, z + step * 0.6))
        sketch.fill(slat, light.shade(base, z, lit * 1.25), "plaster")
        z += step
    for level in (0.25, 0.8):
        rail = view.side(x, high * level, high * level + 0.1, near, far)
        sketch.fill(rail, light.shade(base, middle, lit * 0.62), "plaster")
    return sketch
