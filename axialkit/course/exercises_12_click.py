"""Lesson 12, exercise 12.3, from click to cell: what must hold, typical mistakes, hints."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from axialkit.course.clicks import Pair, click_to_feature, feature_to_click
from axialkit.course.lesson import Exercise, Function, Mutant, Property

Click = Sequence[int] | None

# (size, fitted, stride): a street as it is, a photo, a tall photo, a large street, single pixels
_FRAMES = (
    ((128, 256), (128, 256), 16),
    ((300, 400), (129, 172), 16),
    ((500, 334), (129, 86), 16),
    ((1024, 2048), (128, 257), 16),
    ((129, 257), (129, 257), 4),
    ((1, 7), (1, 7), 2),
    ((7, 1), (7, 1), 2),
    ((30, 40), (13, 17), 1),
)

_HALVES = ((9, 17), (5, 9), 2)  # odd pixels of the picture lie half way between two of the crop


def _cell(find: Function, click: Click, frame: tuple[Pair, Pair, int]) -> tuple[int, ...]:
    got = find(click, *frame)
    size = frame[0]
    assert got is not None, (
        f"the click {click} is inside a picture of {size}, and you return None, as for one that "
        "is not (or is there no return?)"
    )
    is_pair = isinstance(got, tuple | list | np.ndarray) and len(got) == 2
    assert is_pair and all(isinstance(part, Integral) for part in got), (
        f"a cell is (row, column), two whole numbers, got {got!r}"
    )
    row, column = (int(part) for part in got)
    return row, column


def _corners(find: Function) -> None:
    for frame in _FRAMES:
        size, fitted, stride = frame
        got = _cell(find, [0, 0], frame)
        assert got == (0, 0), f"the first pixel [0, 0] is in cell (0, 0), got {got}"
        last = [size[1] - 1, size[0] - 1]
        expected = tuple(int((side - 1) / stride + 0.5) for side in fitted)
        got = _cell(find, last, frame)
        assert got == expected, (
            f"size {size}, fitted {fitted}, stride {stride}: the last pixel {last} is in cell "
            f"{expected}, got {got}"
        )


def _right_is_a_column(find: Function) -> None:
    got = _cell(find, [160, 32], _FRAMES[0])
    assert got == (2, 10), (
        f"[160, 32] is 160 to the right and 32 down: at stride 16 row 2, column 10; got {got}"
    )


def _nearest_center(find: Function) -> None:
    frame = _FRAMES[0]
    for x, column in ((7, 0), (8, 1), (23, 1), (24, 2), (39, 2), (40, 3)):
        got = _cell(find, [x, 0], frame)
        assert got == (0, column), (
            f"cells have their centers at 0, 16, 32 ...: x = {x} is in column {column} (half way "
            f"counts up), got {got[1]}"
        )


def _beside(find: Function) -> None:
    for frame in _FRAMES:
        height, width = frame[0]
        for click in (None, [-1, 0], [0, -1], [width, 0], [0, height], [width + 9, height + 9]):
            got = find(click, *frame)
            assert got is None, f"a picture of {frame[0]}, the click {click}: None, not {got!r}"


def _round_trip(find: Function) -> None:
    for frame in _FRAMES:
        fitted, stride = frame[1:]
        rows, columns = (int((side - 1) / stride) + 1 for side in fitted)
        for cell in ((y, x) for y in range(0, rows, 2) for x in range(0, columns, 3)):
            click = list(feature_to_click(cell, *frame))
            got = _cell(find, click, frame)
            assert got == cell, (
                f"size {frame[0]}, fitted {fitted}, stride {stride}: the center of cell {cell} is "
                f"at the click {click}; from there you come to {got}"
            )


def _shrunk(find: Function) -> None:
    cases = [(_FRAMES[3], click) for click in ([1000, 500], [1287, 777], [64, 192], [2000, 33])]
    cases += [(_FRAMES[1], click) for click in ([182, 130], [181, 55], [354, 237])]
    cases += [(_HALVES, click) for click in ([1, 0], [0, 1], [9, 5])]
    for frame, click in cases:
        got, expected = _cell(find, click, frame), click_to_feature(click, *frame)
        assert got == expected, (
            f"a picture of {frame[0]} lies in the crop as {frame[1]}: the click {click} is in cell "
            f"{expected}, got {got} (first to a whole pixel of the crop, then to a cell; half way "
            "counts up, both times)"
        )


def _spoilt(click: Click, size: Pair, fitted: Pair, stride: int, kind: str) -> Any:  # noqa: ANN401
    """Find the cell with one mistake."""
    if click is None:
        return None
    x, y = click
    inside = 0 <= x < size[1] and 0 <= y < size[0]
    if kind == "clamped":
        x, y = min(max(x, 0), size[1] - 1), min(max(y, 0), size[0] - 1)
    elif not inside and not (kind == "edge" and 0 <= x <= size[1] and 0 <= y <= size[0]):
        return None
    if kind == "no frame":
        return int(y / stride + 0.5), int(x / stride + 0.5)
    cell = []
    for place, side, shrunk in zip((y, x), size, fitted, strict=True):
        exact = place * (shrunk - 1) / max(1, side - 1)
        if kind == "sizes":
            exact = place * shrunk / side
        pixel = exact if kind == "one rounding" else int(exact + 0.5)
        cell.append(int(pixel / stride + (0 if kind == "floor" else 0.5)))
        if kind == "even":
            cell[-1] = round(pixel / stride)
    return (cell[1], cell[0]) if kind == "x first" else (cell[0], cell[1])


def _mutant(name: str, kind: str, says: str) -> Mutant:
    def function(click: Click, size: Pair, fitted: Pair, stride: int) -> Any:  # noqa: ANN401
        return _spoilt(click, size, fitted, stride, kind)

    return Mutant(name, function, says)


CLICK_TO_FEATURE = Exercise(
    key="12.3",
    name="click_to_feature",
    goal="C",
    solution=click_to_feature,
    properties=(
        Property("the first and the last pixel", _corners),
        Property("right is a column, down is a row", _right_is_a_column),
        Property("the nearest center wins, half way counts up", _nearest_center),
        Property("beside the picture there is no cell", _beside),
        Property("a large picture was shrunk first", _shrunk),
        Property("from a cell's center one comes back to the cell", _round_trip),
    ),
    probes=(
        *(([160, 32], *frame) for frame in _FRAMES[:2]),
        *(([x, 40], *_FRAMES[0]) for x in (8, 24, 40, 255, 256)),
        *((click, *_FRAMES[0]) for click in (None, [300, 20], [20, 128])),
        *((click, *_FRAMES[1]) for click in ([18, 17], [182, 130], [200, 150], [354, 239])),
        *((click, *_FRAMES[3]) for click in ([60, 63], [701, 444], [2047, 1023])),
        ([0, 0], *_FRAMES[5]),
    ),
    mutants=(
        _mutant(
            "x before y",
            "x first",
            "a click is [x, y], a cell is (row, column): y comes first in the answer.",
        ),
        _mutant(
            "cut, not rounded",
            "floor",
            "the division by the stride is cut off. Cells have their centers at multiples of the "
            "stride, so the nearest one is found by rounding.",
        ),
        _mutant(
            "half to even",
            "even",
            "round() takes 0.5 to 0 and 1.5 to 2, the even number. Half way counts up here: "
            "int(value + 0.5).",
        ),
        _mutant(
            "picture not shrunk",
            "no frame",
            "the click goes straight to a cell. A picture that was shrunk for the crop needs its "
            "pixels moved first: by (fitted - 1) / (size - 1).",
        ),
        _mutant(
            "moved to the border",
            "clamped",
            "clicks beside the picture are moved to its border. The visitor did not ask about the "
            "border: return None.",
        ),
        _mutant(
            "one pixel too far",
            "edge",
            "x may equal the width, or y the height. Pixels count from 0: the last one is width - "
            "1.",
        ),
        _mutant(
            "not rounded first",
            "one rounding",
            "the place in the crop is not rounded, or cut off, before the cell is found. Round to "
            "the nearest pixel first: a network sees pixels.",
        ),
        _mutant(
            "fitted / size",
            "sizes",
            "the pixel is multiplied by fitted / size. Then the last one does not become the last: "
            "corners stay corners with (fitted - 1) / (size - 1).",
        ),
    ),
    hints=(
        "Three steps: is there a click inside the picture? Which pixel of the crop is it? Which "
        "cell is nearest to that? The answer is (row, column) or None.",
        "Corners stay corners: pixel 0 goes to 0, pixel size - 1 to fitted - 1. So multiply by "
        "(fitted - 1) / (size - 1), and mind a size of 1. Round to a whole pixel, half way up.",
        "pixel = int(y * (fitted[0] - 1) / max(1, size[0] - 1) + 0.5), then row = int(pixel / "
        "stride + 0.5); the same with x and index 1 for the column.",
    ),
)
