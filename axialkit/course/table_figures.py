"""Lesson 03's figures of tables at work: the skew, step by step, and another size."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from axialkit.course.distance_figures import signed
from axialkit.course.distances import resize_table
from axialkit.course.palette import BLACK, BLUE, GREEN, LINE, ORANGE, PURPLE, SKY, VERMILION, YELLOW
from axialkit.course.tiny_positions import repeat_ends

Resize = Callable[[Tensor, int], Tensor]

_QUERY_COLORS = (SKY, ORANGE, GREEN, PURPLE, YELLOW, BLUE)

# ---- the skew


def draw_skew(length: int = 4) -> Figure:
    """Show the skew as a strip of five pictures: scores per distance, pad, lay flat, cut, keep."""
    width = 2 * length - 1
    query = np.repeat(np.arange(length)[:, None], width, axis=1)
    distance = np.tile(np.arange(width) - length + 1, (length, 1))
    cells = np.stack([query, distance], axis=-1)
    pad = np.full((length, 1, 2), -99)
    padded = np.concatenate([cells, pad], axis=1)
    flat = padded.reshape(1, -1, 2)
    cut = flat[:, length - 1 : -1].reshape(length, width, 2)
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    heights = (length + 1.6, 2.5, length + 1.6)
    above, middle, below = np.asarray(figure.subfigures(3, 1, height_ratios=heights))
    one, two = above.subplots(1, 2, width_ratios=(width, width + 1))
    three = middle.subplots()
    four, five = below.subplots(1, 2, width_ratios=(width, width + 1))
    _draw_scores(one, cells, f"1  a score per distance: {length} × {width}")
    _draw_scores(two, padded, f"2  pad every row by one: {length} × {width + 1}")
    size = length * (width + 1)
    _draw_scores(
        three, flat, f"3  lay the rows end to end: {size}; drop the first {length - 1} and the last"
    )
    for begin, end in ((0, length - 1), (size - 1, size)):
        _strike(three, begin, end)
    _draw_scores(four, cut, f"4  cut into rows of {width} again")
    _draw_scores(five, cut[:, :length], f"5  keep the first {length}: a score per key")
    five.set_xlim(-0.5, width + 0.5)
    five.set_xticks(range(length), [f"key {j}" for j in range(length)], fontsize=10, minor=True)
    for axes in (one, two, five):
        axes.set_yticks(
            range(length), [f"query {i}" for i in range(length)], fontsize=10, minor=True
        )
    return figure


def _draw_scores(axes: Axes, cells: np.ndarray, title: str) -> None:
    """Draw cells (query, distance), colored by query; faint where there is no such key."""
    height, width, _ = cells.shape
    length = int(cells[..., 0].max()) + 1
    for y, x in np.ndindex(height, width):
        query, distance = (int(v) for v in cells[y, x])
        is_pad, needed = query < 0, 0 <= query + distance < length
        axes.add_patch(
            Rectangle(
                (x - 0.5, y - 0.5), 1, 1, edgecolor=LINE, linewidth=0.8,
                facecolor="white" if is_pad else _QUERY_COLORS[query],
                alpha=1.0 if needed or is_pad else 0.22, hatch="///" if is_pad else None,
            )
        )  # fmt: skip
        text = "" if is_pad else signed(distance)
        axes.text(
            x, y, text, ha="center", va="center_baseline", fontsize=11,
            color=BLACK if needed else "#6A6A66", weight="bold" if needed else "normal",
        )  # fmt: skip
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), aspect="equal", anchor="W")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(title, loc="left")


def _strike(axes: Axes, begin: int, end: int) -> None:
    axes.plot([begin - 0.5, end - 0.5], [0, 0], color=VERMILION, lw=3)


# ---- another size


def example_curve(length: int) -> Float[Tensor, "r 1"]:
    """Return a table of one channel, made up: itself, and what is a quarter to the right."""
    distance = torch.arange(1.0 - length, length)
    quarter = length / 4
    near = torch.exp(-((distance / (length / 20)) ** 2))
    ahead = 0.7 * torch.exp(-(((distance - quarter) / (length / 10)) ** 2))
    return (near + ahead - 0.15 * (distance / length))[:, None]


def draw_resize(old: int, new: int, resize: Resize = resize_table) -> Figure:
    """Show a table of one channel, kept with its ends repeated, and resized."""
    table = example_curve(old)
    kept = repeat_ends(table, new)
    rows = (
        (f"made for {old} places: {2 * old - 1} rows", table, old, BLACK),
        (f"{new} places, step kept, ends repeated", kept, new, ORANGE),
        (f"{new} places, stretched: {2 * new - 1} rows", resize(table, new), new, BLUE),
    )
    figure = Figure(figsize=(11, 5.4), layout="constrained")
    for axes, (title, values, length, color) in zip(
        figure.subplots(3, 1, sharex=True, sharey=True), rows, strict=True
    ):
        distance = np.arange(1 - length, length)
        axes.axvline(0, color=LINE, lw=1.5)
        axes.plot(distance, values[:, 0].numpy(), color=color, lw=2.4)
        for end in (1 - length, length - 1):
            axes.axvline(end, color=color, ls="--", lw=1.4)
        peak = length // 8 + int(values[length - 1 + length // 8 :, 0].argmax())
        axes.annotate(
            f"+{peak}", (peak, float(values[length - 1 + peak, 0])), (8, 2),
            textcoords="offset points", color=color, weight="bold",
        )  # fmt: skip
        axes.set_title(title, loc="left")
    axes.set(xlabel="distance of the key (dashed: the farthest there is)", ylim=(-0.25, 1.25))
    figure.supylabel("value", fontsize=12)
    return figure
