"""Lesson 06's figures of what the queries of one row share."""

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from axialkit.course.look_figures import draw_columns
from axialkit.course.palette import BLUE, ORANGE, VERMILION
from axialkit.course.sharing import CROSS, HEART, meet, pattern
from axialkit.visualize.looks import Heads, Looks
from axialkit.visualize.spotlight import draw_query, draw_spotlight, pitch
from axialkit.visualize.two_hop import PixelAttention
from axialkit.visualize.words import percent

Cell = tuple[int, int]
_SIGN = 24  # size of × and =


def draw_shared(looks: Looks, row: int, columns: Cell, layer: str, heads: Heads) -> Figure:
    """Show two queries of one row: their own p(w), the p(h | w) they share, the two products."""
    figure = Figure(figsize=(13, 5.0), layout="constrained")
    grid = figure.add_gridspec(2, 5, width_ratios=(1, 0.08, 1, 0.08, 1))
    middle = figure.add_subplot(grid[:, 2])
    draw_columns(middle, looks, row, layer, heads)
    middle.set_title(f"p(h | w) of row {row}:\none for both")
    for line, (column, name) in enumerate(zip(columns, "AB", strict=True)):
        look = looks.ask((row, column), layer, heads)
        strip = np.zeros(look.two_hop.shape)
        strip[row] = look.row
        own = figure.add_subplot(grid[line, 0])
        both = figure.add_subplot(grid[line, 4])
        draw_spotlight(own, looks.image, strip, look.cell, told=2)
        draw_spotlight(both, looks.image, look.two_hop, look.cell, told=2)
        for axes in (own, both):
            _name(axes, looks, look.cell, name)
        own.set_title(f"p(w) of {name}, column {column}")
        both.set_title(f"where {name} looks")
        for place, sign in ((1, "×"), (3, "=")):
            axes = figure.add_subplot(grid[line, place])
            axes.set_axis_off()
            axes.text(0.5, 0.5, sign, ha="center", va="center", fontsize=_SIGN)
    return figure


def draw_wanted() -> Figure:
    """Show two wishes, what queries in rows of their own get, and what two of one row get."""
    heart, cross = pattern(HEART), pattern(CROSS)
    both = meet(heart, cross)
    figure = Figure(figsize=(12.4, 5.9), layout="constrained")
    grid = figure.subplots(2, 3)
    titles = ("wants", "gets, in a row of its own", "gets, in one row with the other")
    for line, (name, wish, compromise, color) in enumerate(
        (("A", heart, both[0], ORANGE), ("B", cross, both[1], BLUE))
    ):
        for axes, title, shown in zip(grid[line], titles, (wish, wish, compromise), strict=True):
            _draw_pattern(axes, shown.numpy(), color)
            axes.set_title(f"{name} {title}")
            lost = 1 - float(torch.minimum(shown, wish).sum())
            if title != titles[0]:
                said = (
                    "exactly what it wants"
                    if lost < 1e-9
                    else f"{percent(lost)} of its weight lies elsewhere"
                )
                axes.set_xlabel(said)
    return figure


def _draw_pattern(axes: Axes, weights: Float[np.ndarray, "h w"], color: str) -> None:
    """Draw squares whose area is their weight."""
    height, width = weights.shape
    axes.add_patch(Rectangle((-0.5, -0.5), width, height, facecolor="#F4F4F2", zorder=0))
    for y, x in np.argwhere(weights > 1e-9).tolist():
        side = 0.94 * float(weights[y, x] / weights.max()) ** 0.5
        axes.add_patch(
            Rectangle((x - side / 2, y - side / 2), side, side, facecolor=color, edgecolor="none")
        )
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _name(axes: Axes, looks: Looks, cell: Cell, letter: str) -> None:
    rows, columns = looks.map_size(looks.layers[0])
    high, wide = pitch(looks.image.shape[0], rows), pitch(looks.image.shape[1], columns)
    axes.text(
        cell[1] * wide, cell[0] * high, letter, color="white", weight="bold", ha="center",
        va="center_baseline", zorder=6,
    )  # fmt: skip


def draw_hidden(looks: Looks, look: PixelAttention, sure: list[float], name: str) -> Figure:
    """Show, under the street, where a cell's row looks, and how sure it is without each column.

    ``sure`` is how sure the network is of class ``name`` while one column is hidden.
    """
    before, after = look.row, np.array(sure)
    figure = Figure(figsize=(9.5, 7.9), layout="constrained")
    street, weights, bars = figure.subplots(3, 1, height_ratios=(4.2, 1.2, 1.4))
    street.imshow(looks.image)
    draw_query(street, looks.image, look.two_hop.shape, look.cell)
    pitch = (looks.image.shape[1] - 1) / (len(after) - 1)
    xs = np.arange(len(after)) * pitch
    street.set_xlim(-pitch / 2, looks.image.shape[1] - 1 + pitch / 2)
    street.set_axis_off()
    struck = after < 0.5
    for x in xs[struck]:
        street.axvspan(
            x - pitch / 2, x + pitch / 2, facecolor="none", edgecolor=VERMILION, hatch="//", lw=2
        )
    weights.bar(xs, before, pitch * 0.85, color=ORANGE)
    weights.set(ylabel="weight", ylim=(0, 1.05), yticks=[0, 1], yticklabels=["0 %", "100 %"])
    weights.set_title("where its row looks (W head 1)", loc="left")
    colors = [VERMILION if s else BLUE for s in struck]
    bars.bar(xs, after, pitch * 0.85, color=colors)
    for x, value in zip(xs[struck], after[struck], strict=True):
        bars.text(x, value + 0.04, percent(value), ha="center", weight="bold", color=VERMILION)
    bars.set_title(f'how sure of "{name}" it still is, with this column hidden', loc="left")
    bars.set(ylim=(0, 1.05), yticks=[0, 1], yticklabels=["0 %", "100 %"])
    for axes in (weights, bars):
        axes.set(xlim=(-pitch / 2, looks.image.shape[1] - 1 + pitch / 2))
        axes.set_xticks(xs, [str(i) for i in range(len(xs))])
    bars.set_xlabel("column of the map")
    return figure
