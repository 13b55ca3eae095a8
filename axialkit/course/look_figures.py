"""Lesson 06's figures of single looks: strips, the product of two hops, heads, layers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.attention.two_hop import head_pairs, passes
from axialkit.course.palette import BLACK, BLUE, ORANGE, VERMILION
from axialkit.visualize.colors import Picture
from axialkit.visualize.looks import Heads, Looks
from axialkit.visualize.spotlight import draw_query, draw_spotlight, pitch
from axialkit.visualize.two_hop import PixelAttention
from axialkit.visualize.words import percent

Cell = tuple[int, int]
_WIDE, _HIGH, _BARS = 8.2, 4.12, 0.95  # inches: the picture, and the bars beside it
_TOLD = 0.1  # bars of this weight and more are written
_EVERY = 2  # columns and rows that get a number


def draw_street(image: Picture, cells: tuple[int, int], cell: Cell) -> Figure:
    """Show the street with the grid of a layer's map, and the cell that asks."""
    figure = Figure(figsize=(9, 4.9), layout="constrained")
    axes = figure.subplots()
    axes.imshow(image)
    high, wide = (pitch(p, c) for p, c in zip(image.shape[:2], cells, strict=True))
    for x in range(1, cells[1]):
        axes.axvline((x - 0.5) * wide, color="white", lw=0.5, alpha=0.45)
    for y in range(1, cells[0]):
        axes.axhline((y - 0.5) * high, color="white", lw=0.5, alpha=0.45)
    draw_query(axes, image, cells, cell)
    _number(axes, image, cells)
    return figure


def draw_strips(image: Picture, look: PixelAttention, title: str = "") -> Figure:
    """Show one hop: the asking cell's row and column lit by their weights, and as bars."""
    wide, high = _WIDE + _BARS + 1.3, _HIGH + _BARS + 1.0
    figure = Figure(figsize=(wide, high))
    left, floor = 0.75, 0.6

    def place(x: float, y: float, width: float, height: float) -> Axes:
        return figure.add_axes((x / wide, y / high, width / wide, height / high))

    picture = place(left, floor, _WIDE, _HIGH)
    cells = look.two_hop.shape
    cross = np.zeros(cells)
    cross[:, look.cell[1]] = look.column / look.column.max()
    cross[look.cell[0]] = np.maximum(cross[look.cell[0]], look.row / look.row.max())
    draw_spotlight(picture, image, cross, look.cell, told=0)
    _number(picture, image, cells)
    top = place(left, floor + _HIGH + 0.06, _WIDE, _BARS)
    side = place(left + _WIDE + 0.06, floor, _BARS, _HIGH)
    high_pitch, wide_pitch = (pitch(p, c) for p, c in zip(image.shape[:2], cells, strict=True))
    top.bar(np.arange(cells[1]) * wide_pitch, look.row, wide_pitch * 0.88, color=ORANGE)
    side.barh(np.arange(cells[0]) * high_pitch, look.column, high_pitch * 0.88, color=BLUE)
    for x in np.flatnonzero(look.row >= _TOLD):
        top.text(x * wide_pitch, look.row[x], percent(look.row[x]), ha="center", va="bottom")
    for y in np.flatnonzero(look.column >= _TOLD):
        side.text(look.column[y], y * high_pitch, f" {percent(look.column[y])}", va="center")
    top.set(xlim=picture.get_xlim(), xticks=[], yticks=[], ylim=(0, 1.3 * look.row.max()))
    side.set(ylim=picture.get_ylim(), xticks=[], yticks=[], xlim=(0, 1.6 * look.column.max()))
    for axes in (top, side):
        axes.spines[:].set_visible(False)
    top.set_title(title or "orange: its row (W hop); blue: its column (H hop)", loc="left")
    return figure


def draw_product(looks: Looks, cell: Cell, layer: str, heads: Heads = (None, None)) -> Figure:
    """Show the two-hop map as a product: row weights, what each column passes on, both."""
    look = looks.ask(cell, layer, heads)
    figure = Figure(figsize=(13, 3.1), layout="constrained")
    panels = figure.subplots(1, 5, width_ratios=(1, 0.08, 1, 0.08, 1))
    row = np.zeros(look.two_hop.shape)
    row[cell[0]] = look.row
    draw_spotlight(panels[0], looks.image, row, cell, told=2)
    draw_columns(panels[2], looks, cell[0], layer, heads)
    draw_spotlight(panels[4], looks.image, look.two_hop, cell, told=2)
    titles = (
        f"p(w): its own row, {cell[0]}",
        f"p(h | w): how row {cell[0]} looks\ndown each column",
        "p(w) · p(h | w):\nboth hops",
    )
    for axes, title in zip(panels[::2], titles, strict=True):
        axes.set_title(title)
    for axes, sign in zip(panels[1::2], "×=", strict=True):
        axes.set_axis_off()
        axes.text(0.5, 0.5, sign, ha="center", va="center", fontsize=24)
    return figure


def draw_columns(axes: Axes, looks: Looks, row: int, layer: str, heads: Heads) -> None:
    """Light every column by what it passes on to a row; each column by its own strongest cell."""
    shared = column_shares(looks, row, layer, heads)
    draw_spotlight(axes, looks.image, shared / shared.max(axis=0), told=0)
    high, _ = (pitch(p, c) for p, c in zip(looks.image.shape[:2], shared.shape, strict=True))
    axes.plot(
        [0, looks.image.shape[1]], [row * high] * 2, color=VERMILION, lw=1.6, ls="--", alpha=0.9
    )


def column_shares(
    looks: Looks, row: int, layer: str, heads: Heads = (None, None)
) -> Float[np.ndarray, "rows columns"]:
    """Return p(h | w) of all queries in a row: the columns of the result sum to 1."""
    maps = looks.maps
    found = passes(maps[f"{layer}.height"], maps[f"{layer}.width"], head=heads)
    return found.height[:, row].T.numpy()


def draw_pairs(looks: Looks, cell: Cell, layer: str) -> Figure:
    """Show the two-hop maps of all pairs of heads: heads of the H hop down, of the W hop across."""
    pairs = head_pairs(looks.maps[f"{layer}.height"], looks.maps[f"{layer}.width"], cell).numpy()
    count = len(pairs)
    figure = Figure(figsize=(13, 7.0), layout="constrained")
    for a, line in enumerate(figure.subplots(count, count)):
        for b, axes in enumerate(line):
            draw_spotlight(axes, looks.image, pairs[a, b], cell, told=1, least=0.2, size=9.0)
            if a == 0:
                axes.set_title(f"W head {b}")
            if b == 0:
                axes.text(
                    -0.04, 0.5, f"H head {a}", rotation=90, ha="right", va="center",
                    transform=axes.transAxes, fontsize=13,
                )  # fmt: skip
    return figure


def draw_film(looks: Looks, cell: Cell, best: Sequence[Heads]) -> Figure:
    """Show one cell's look in every layer: the mean of all heads, and one pair of heads each."""
    figure = Figure(figsize=(13, 4.9), layout="constrained")
    grid = figure.subplots(2, len(looks.layers), squeeze=False)
    for number, (layer, pair) in enumerate(zip(looks.layers, best, strict=True)):
        for axes, heads in ((grid[0, number], (None, None)), (grid[1, number], pair)):
            look = looks.ask(cell, layer, heads)
            draw_spotlight(axes, looks.image, look.two_hop, cell, told=1)
        grid[0, number].set_title(f"{layer}, mean of all heads")
        grid[1, number].set_title(f"H head {pair[0]}, W head {pair[1]}")
    return figure


def draw_look(looks: Looks, cell: Cell, layer: str, heads: Heads = (None, None)) -> Figure:
    """Show one hop and two hops of a cell side by side: what the explorer draws, standing still."""
    look = looks.ask(cell, layer, heads)
    figure = Figure(figsize=(13, 3.7), layout="constrained")
    one, both = figure.subplots(1, 2)
    cross = np.zeros(look.two_hop.shape)
    cross[:, cell[1]] = look.column
    cross[cell[0]] = np.maximum(cross[cell[0]], look.row)
    draw_spotlight(one, looks.image, cross, cell)
    draw_spotlight(both, looks.image, look.two_hop, cell)
    one.set_title("one hop: its row and its column")
    both.set_title("two hops: the whole picture")
    return figure


def _number(axes: Axes, image: Picture, cells: tuple[int, ...]) -> None:
    """Number every second row and column of the map at the picture's edge."""
    axes.set_axis_on()
    high, wide = (pitch(p, c) for p, c in zip(image.shape[:2], cells, strict=True))
    xs, ys = np.arange(0, cells[1], _EVERY), np.arange(0, cells[0], _EVERY)
    axes.set_xticks(xs * wide, [str(x) for x in xs])
    axes.set_yticks(ys * high, [str(y) for y in ys])
    axes.tick_params(length=0, labelcolor=BLACK)
    axes.spines[:].set_visible(False)
