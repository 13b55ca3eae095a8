"""People, riders, bicycles and motorcycles of MiniCity."""

from typing import NamedTuple

import numpy as np

from axialkit.data.canvas import Board, Color, Light, Number, Point, Sketch, View

TOPS: tuple[Color, ...] = (
    (176, 44, 42), (44, 66, 128), (38, 38, 44), (196, 186, 166), (58, 112, 74), (206, 152, 58),
    (124, 124, 130), (232, 230, 226), (112, 60, 110), (70, 130, 150),
)  # fmt: skip
TROUSERS: tuple[Color, ...] = ((44, 52, 84), (30, 30, 34), (122, 104, 80), (74, 74, 80))
SKINS: tuple[Color, ...] = ((222, 176, 146), (196, 148, 116), (142, 98, 74), (98, 66, 50))
HAIRS: tuple[Color, ...] = ((40, 30, 24), (88, 60, 38), (150, 116, 70), (120, 118, 116))
FRAMES: tuple[Color, ...] = ((170, 36, 32), (34, 34, 38), (40, 92, 160), (206, 206, 208))
TANKS: tuple[Color, ...] = ((150, 22, 20), (26, 26, 30), (40, 60, 110), (190, 190, 186))
RUBBER: Color = (24, 24, 26)


def pick(rng: np.random.RandomState, options: tuple[Color, ...]) -> Color:
    """Return one of the colors."""
    return options[rng.randint(len(options))]


def ground_shadow(sketch: Sketch, x: Number, half: Number, ground: Color) -> None:
    """Paint the dark patch where something stands, longer on the side away from the sun."""
    light, z = sketch.light, sketch.z
    reach = half * (1 + 1.6 * light.sunny)
    left = x - (reach if light.sun > 0 else half)
    right = x + (half if light.sun > 0 else reach)
    center = sketch.view.at((left + right) / 2, 0.0, z)
    scale = sketch.view.focal / z
    deep = max(0.16 * scale, 0.4)
    sketch.disc(center, ((right - left) / 2 * scale, deep), sketch.tone(ground, 0.55), "asphalt")


def draw_person(
    view: View, light: Light, place: tuple[float, float], ground: Color, rng: np.random.RandomState
) -> Sketch:
    """Draw somebody standing or walking at (X, Z)."""
    x, z = place
    sketch = Sketch(view, light, z)
    tall = rng.uniform(1.0, 1.35) if rng.random_sample() < 0.12 else rng.uniform(1.58, 1.92)
    ground_shadow(sketch, x, 0.3, ground)
    _figure(sketch, Board(view, x, z, mirror=bool(rng.randint(2))), tall, rng)
    return sketch


class _Body(NamedTuple):
    """Places outlines that are given in shares of somebody's height."""

    board: Board
    wide: float
    tall: float  # metres

    def shape(self, points: list[Point]) -> list[Point]:
        return self.board.shape([(a * self.wide * self.tall, b * self.tall) for a, b in points])


def _figure(sketch: Sketch, board: Board, tall: float, rng: np.random.RandomState) -> None:
    stride = rng.uniform(0.0, 0.11)
    wide = rng.uniform(0.95, 1.25)
    arm = rng.uniform(0.0, 0.05)
    body = _Body(board, wide, tall)
    skirt = rng.random_sample() < 0.2
    left = [(-stride - 0.055, 0.0), (-stride * 0.7 - 0.05, 0.27), (-0.088, 0.5)]
    arm_left = [(-0.15 - arm, 0.44), (-0.155 - arm / 2, 0.62), (-0.125, 0.8)]
    head = [(-0.04, 0.845), (-0.058, 0.9), (-0.045, 0.975), (0.0, 1.0)]
    half = [*left, *arm_left, *head]
    inner = [(stride - 0.005, 0.0), (0.0, 0.42), (-stride + 0.005, 0.0)]
    outline = half + [(-a, b) for a, b in half[-2::-1]] + inner
    top, bottom, skin = pick(rng, TOPS), pick(rng, TROUSERS), pick(rng, SKINS)
    sketch.both("person", body.shape(outline), sketch.tone(top, 0.82), "cloth")
    legs = [*left, *[(-a, b) for a, b in left[::-1]], *inner]
    sketch.fill(body.shape(legs), sketch.tone(bottom), "cloth")
    if skirt:
        hem = [(-0.12, 0.3), (-0.085, 0.56), (0.085, 0.56), (0.12, 0.3)]
        sketch.fill(body.shape(hem), sketch.tone(bottom, 1.15), "cloth")
    torso = [(-0.09, 0.47), (-0.1, 0.66), (-0.105, 0.81), (0.105, 0.81), (0.1, 0.66), (0.09, 0.47)]
    sketch.fill(body.shape(torso), sketch.tone(top, 1.06), "cloth")
    for foot in (-stride - 0.025, stride + 0.025):
        shoe = [(foot - 0.035, 0.0), (foot - 0.03, 0.035), (foot + 0.045, 0.03), (foot + 0.05, 0.0)]
        sketch.fill(body.shape(shoe), sketch.tone(RUBBER), "cloth")
    if rng.random_sample() < 0.3:
        bag = [(0.09, 0.42), (0.09, 0.56), (0.19, 0.56), (0.19, 0.42)]
        sketch.fill(body.shape(bag), sketch.tone(pick(rng, TOPS), 0.8), "cloth")
    _head(sketch, body.shape([(0.0, 0.922)])[0], tall * board.scale, skin, pick(rng, HAIRS))


def _head(sketch: Sketch, center: Point, tall: Number, skin: Color, hair: Color) -> None:
    """Paint hair, then the face below it; ``tall`` is the whole body's height in pixels."""
    x, y = center
    sketch.disc((x, y - 0.015 * tall), (0.055 * tall, 0.068 * tall), sketch.tone(hair), "cloth")
    sketch.disc((x, y + 0.012 * tall), (0.044 * tall, 0.052 * tall), sketch.tone(skin), "cloth")


def draw_two_wheeler(
    view: View,
    light: Light,
    place: tuple[float, float],
    kind: str,
    ground: Color,
    rng: np.random.RandomState,
    *,
    ridden: bool,
) -> Sketch:
    """Draw a bicycle or motorcycle at (X, Z), seen from its side or its end, maybe with a rider."""
    x, z = place
    sketch = Sketch(view, light, z)
    board = Board(view, x, z, mirror=bool(rng.randint(2)))
    end_on = bool(rng.random_sample() < 0.4)
    ground_shadow(sketch, x, 0.3 if end_on else 0.85, ground)
    if end_on:
        _end_view(sketch, board, kind, rng)
    elif kind == "bicycle":
        _bicycle(sketch, board, rng)
    else:
        _motorcycle(sketch, board, rng)
    if ridden:
        _rider(sketch, board, kind, rng, end_on=end_on)
    return sketch


def _wheels(sketch: Sketch, board: Board, radius: Number, spread: Number, inside: Color) -> None:
    for a in (-spread, spread):
        center = board.at(a, radius)
        outer, inner = radius * board.scale, radius * board.scale * 0.72
        sketch.disc(center, (outer, outer), sketch.tone(RUBBER))
        sketch.disc(center, (inner, inner), sketch.tone(inside))


def _bicycle(sketch: Sketch, board: Board, rng: np.random.RandomState) -> None:
    """Paint a bicycle from the side; its outline follows both wheels, saddle and handlebar."""
    outline: list[Point] = [
        (-0.88, 0.34), (-0.82, 0.14), (-0.66, 0.02), (-0.5, 0.0), (-0.34, 0.06), (-0.2, 0.2),
        (0.0, 0.24), (0.2, 0.18), (0.34, 0.05), (0.52, 0.0), (0.68, 0.03), (0.82, 0.14),
        (0.88, 0.34), (0.82, 0.54), (0.66, 0.68), (0.56, 0.7), (0.52, 1.02), (0.3, 1.06),
        (0.3, 0.98), (0.36, 0.78), (-0.1, 0.76), (-0.1, 0.94), (-0.34, 0.96), (-0.3, 0.7),
        (-0.54, 0.69), (-0.78, 0.58),
    ]  # fmt: skip
    color = pick(rng, FRAMES)
    sketch.both("bicycle", board.shape(outline), sketch.tone((112, 112, 112)))
    _wheels(sketch, board, 0.34, 0.53, (136, 136, 132))
    thick = max(0.5, 0.06 * board.scale)
    frame = [(-0.53, 0.34), (-0.2, 0.74), (0.36, 0.76), (-0.05, 0.3), (-0.53, 0.34)]
    sketch.line(board.shape(frame), sketch.tone(color), thick)
    sketch.line(board.shape([(-0.05, 0.3), (-0.22, 0.92)]), sketch.tone(color), thick)
    sketch.line(board.shape([(0.53, 0.34), (0.38, 1.0), (0.5, 1.02)]), sketch.tone(color), thick)
    sketch.fill(board.box(-0.34, -0.1, 0.9, 0.97), sketch.tone(RUBBER))


def _motorcycle(sketch: Sketch, board: Board, rng: np.random.RandomState) -> None:
    outline: list[Point] = [
        (-1.02, 0.32), (-0.94, 0.1), (-0.7, 0.0), (-0.48, 0.08), (-0.3, 0.2), (0.3, 0.2),
        (0.48, 0.08), (0.7, 0.0), (0.94, 0.1), (1.02, 0.32), (0.92, 0.54), (0.66, 0.68),
        (0.52, 1.08), (0.3, 1.12), (0.26, 0.94), (-0.1, 0.86), (-0.7, 0.9), (-0.94, 0.78),
        (-0.98, 0.52),
    ]  # fmt: skip
    color = pick(rng, TANKS)
    sketch.both("motorcycle", board.shape(outline), sketch.tone((58, 58, 62)))
    _wheels(sketch, board, 0.33, 0.68, (84, 84, 88))
    engine = [(-0.3, 0.22), (-0.34, 0.56), (0.34, 0.56), (0.3, 0.22)]
    sketch.fill(board.shape(engine), sketch.tone((130, 130, 134)))
    tank = [(-0.12, 0.62), (-0.06, 0.86), (0.28, 0.94), (0.5, 0.72), (0.36, 0.58)]
    sketch.fill(board.shape(tank), sketch.tone(color, 1.1))
    tail = [(-0.96, 0.6), (-0.92, 0.78), (-0.5, 0.78), (-0.5, 0.6)]
    sketch.fill(board.shape(tail), sketch.tone(color))
    sketch.fill(board.box(-0.72, -0.1, 0.78, 0.88), sketch.tone(RUBBER))
    sketch.disc(board.at(0.56, 0.86), (0.1 * board.scale,) * 2, sketch.tone((250, 240, 200)))


def _end_view(sketch: Sketch, board: Board, kind: str, rng: np.random.RandomState) -> None:
    bike = kind == "bicycle"
    wide = 0.09 if bike else 0.16
    outline: list[Point] = [
        (-wide, 0.0), (-wide - 0.02, 0.74), (-0.08 - wide, 0.9), (-0.36, 0.96), (-0.36, 1.08),
        (0.36, 1.08), (0.36, 0.96), (0.08 + wide, 0.9), (wide + 0.02, 0.74), (wide, 0.0),
    ]  # fmt: skip
    color = pick(rng, FRAMES if bike else TANKS)
    sketch.both(kind, board.shape(outline), sketch.tone((82, 82, 86) if bike else color, 0.9))
    wheel = (max(0.5, 0.75 * wide * board.scale), 0.34 * board.scale)
    sketch.disc(board.at(0.0, 0.34), wheel, sketch.tone(RUBBER))
    handle = max(0.5, 0.06 * board.scale)
    sketch.line(board.shape([(-0.32, 1.03), (0.32, 1.03)]), sketch.tone(RUBBER), handle)
    lamp: Color = (240, 230, 190) if rng.random_sample() < 0.5 else (200, 30, 24)
    sketch.disc(board.at(0.0, 0.8), (0.09 * board.scale,) * 2, sketch.tone(lamp, 1.2))


def _rider(
    sketch: Sketch, board: Board, kind: str, rng: np.random.RandomState, *, end_on: bool
) -> None:
    """Paint who rides a two-wheeler: an instance of its own, in front of it."""
    seat = 0.86 if kind == "motorcycle" else 0.96
    outline, legs, torso, head = _posture(end_on=end_on, seat=seat)
    top, bottom = pick(rng, TOPS), pick(rng, TROUSERS)
    sketch.both("rider", board.shape(outline), sketch.tone(top, 0.84), "cloth")
    for leg in legs:
        sketch.fill(board.shape(leg), sketch.tone(bottom), "cloth")
    sketch.fill(board.shape(torso), sketch.tone(top, 1.08), "cloth")
    helmet = kind == "motorcycle" or rng.random_sample() < 0.5
    cap = pick(rng, TANKS) if helmet else pick(rng, HAIRS)
    _head(sketch, board.at(*head), 1.9 * board.scale, pick(rng, SKINS), cap)


def _posture(
    *, end_on: bool, seat: float
) -> tuple[list[Point], list[list[Point]], list[Point], Point]:
    """Return a rider's outline, legs, torso and head's center, metres from the wheels' foot."""
    if end_on:
        half: list[Point] = [
            (-0.12, 0.24), (-0.26, 0.28), (-0.24, seat - 0.1), (-0.36, 1.06), (-0.32, 1.2),
            (-0.24, seat + 0.5), (-0.07, seat + 0.58), (-0.11, seat + 0.7), (0.0, seat + 0.84),
        ]  # fmt: skip
        outline = half + [(-a, b) for a, b in half[-2::-1]] + [(0.0, seat - 0.12)]
        left = [(-0.12, 0.24), (-0.26, 0.28), (-0.24, seat), (-0.02, seat)]
        torso = [(-0.2, seat), (-0.22, seat + 0.5), (0.22, seat + 0.5), (0.2, seat)]
        return outline, [left, [(-a, b) for a, b in left]], torso, (0.0, seat + 0.68)
    s = seat
    outline = [
        (-0.34, s), (-0.3, s + 0.16), (-0.1, s + 0.52), (0.0, s + 0.6), (-0.02, s + 0.74),
        (0.1, s + 0.84), (0.22, s + 0.74), (0.2, s + 0.6), (0.24, s + 0.44), (0.5, s + 0.14),
        (0.46, s + 0.06), (0.18, s + 0.2), (0.1, s + 0.04), (0.26, s - 0.12), (0.12, 0.24),
        (-0.08, 0.22), (0.0, s - 0.24), (-0.24, s - 0.12),
    ]  # fmt: skip
    leg = [(-0.28, s - 0.06), (-0.2, s + 0.06), (0.16, s + 0.04), (0.26, s - 0.12), (0.1, 0.26),
           (-0.06, 0.24), (0.02, s - 0.24)]  # fmt: skip
    torso = [(-0.3, s), (-0.08, s + 0.5), (0.16, s + 0.52), (0.1, s + 0.04)]
    return outline, [leg], torso, (0.1, s + 0.69)
