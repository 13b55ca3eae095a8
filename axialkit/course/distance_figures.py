"""Lesson 03's figures of the index: distances as colors, and the vectors of all pairs."""

import matplotlib
import numpy as np
from einops import rearrange
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from axialkit.course.cells import draw_lines
from axialkit.course.distances import lookup_rel, relative_index
from axialkit.course.palette import (
    BLACK,
    LINE,
    PAPER,
    VERMILION,
)

Pair = tuple[int, int]  # (query, key)

_MAP = matplotlib.colormaps["cividis"]


def say_distance(distance: int) -> str:
    """Put a distance into words: "3 to the left", "itself", "1 to the right"."""
    if distance == 0:
        return "itself"
    return f"{abs(distance)} to the {'right' if distance > 0 else 'left'}"


def signed(distance: int) -> str:
    """Write a distance with its sign: "+3", "−2", "0"."""
    return f"{distance:+d}".replace("-", "−") if distance else "0"


# ---- the index


def draw_index(length: int, query: int | None = None, key: int | None = None) -> Figure:
    """Show the index of all pairs, colored by row, beside the table; mark one pair, if given."""
    pair = None if query is None or key is None else (query, key)
    figure = Figure(figsize=(11, 6.0 if pair else 5.4), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=(1.25, 1), height_ratios=(0.16, 1))
    if pair is None:
        matrix, table = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[:, 1])
    else:
        _draw_line(figure.add_subplot(grid[0, :]), length, pair)
        matrix, table = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    _draw_matrix(matrix, length, pair)
    _draw_table(table, length, pair)
    return figure


def describe_index(length: int, query: int | None = None, key: int | None = None) -> str:
    """Say in words what ``draw_index`` shows."""
    told = (
        f"A square of {length} × {length} cells, one per query and key, colored and numbered by "
        f"row of the table: the same along every diagonal, {length - 1} on the main one. Beside it "
        f"the table with its {2 * length - 1} rows, from {length - 1} to the left (row 0) to "
        f"{length - 1} to the right (row {2 * length - 2})"
    )
    if query is None or key is None:
        return f"{told}. The middle row is used by {length} pairs, each end by one."
    row, distance = key - query + length - 1, key - query
    return f"{told}. Marked: query {query}, key {key}, {say_distance(distance)}, row {row}."


def _ink(shade: float) -> str:
    return "white" if shade < 0.55 else BLACK


def _type_size(length: int) -> float:
    return min(12.0, 125 / length)


def _draw_line(axes: Axes, length: int, pair: Pair) -> None:
    """Draw the line of places with the query, the key, and the step between them."""
    query, key = pair
    axes.set(xlim=(-0.6, length - 0.4), ylim=(-0.75, 0.5))
    axes.set_axis_off()
    for place in range(length):
        is_query, is_key = place == query, place == key
        color = VERMILION if is_query else BLACK if is_key else PAPER
        axes.add_patch(
            Rectangle((place - 0.5, -0.5), 1, 1, facecolor=color, edgecolor=LINE, linewidth=1)
        )
        letter = "Q=K" if is_query and is_key else "Q" if is_query else "K" if is_key else ""
        axes.text(
            place, 0, letter or str(place), ha="center", va="center_baseline", fontsize=12,
            color="white" if letter else "#8A8A85", weight="bold" if letter else "normal",
        )  # fmt: skip
    distance, row = key - query, key - query + length - 1
    told = (
        f"query {query}, key {key}:  {key} − {query} = {signed(distance)}, "
        f"{say_distance(distance)},  row {signed(distance)} + {length - 1} = {row}"
    )
    axes.set_title(told, weight="bold")


def _draw_matrix(axes: Axes, length: int, pair: Pair | None) -> None:
    index = relative_index(length, length).numpy()
    axes.imshow(index, cmap=_MAP)
    draw_lines(axes, length, length, alpha=0.6)
    places = np.arange(length)
    step = 1 if length <= 20 else 4
    axes.set_xticks(places[::step], places[::step], minor=True)
    axes.set_yticks(places[::step], places[::step], minor=True)
    axes.tick_params(which="minor", length=0)
    axes.set(xlabel="key j", ylabel="query i", title="which row each pair uses: j − i + L − 1")
    if length <= 20:
        for (i, j), row in np.ndenumerate(index):
            shade = row / max(2 * length - 2, 1)
            axes.text(
                j, i, str(row), ha="center", va="center_baseline", color=_ink(shade),
                fontsize=_type_size(length),
            )  # fmt: skip
    if pair is not None:
        query, key = pair
        axes.axhline(query, color=VERMILION, lw=1.2, ls=":")
        axes.axvline(key, color=BLACK, lw=1.2, ls=":")
        axes.add_patch(
            Rectangle(
                (key - 0.5, query - 0.5), 1, 1, fill=False, edgecolor=VERMILION, linewidth=4,
                zorder=5,
            )
        )  # fmt: skip


def _draw_table(axes: Axes, length: int, pair: Pair | None) -> None:
    """Draw the table's rows as bars, as long as the number of pairs that use them."""
    rows = np.arange(2 * length - 1)
    distances = rows - (length - 1)
    pairs = length - np.abs(distances)
    colors = _MAP(rows / max(2 * length - 2, 1))
    bars = axes.barh(rows, pairs, color=colors, edgecolor=LINE, height=0.92, linewidth=0.6)
    if pair is not None:
        chosen = bars[pair[1] - pair[0] + length - 1]
        chosen.set(edgecolor=VERMILION, linewidth=3.5, zorder=4)
    step = max(1, round(len(rows) / 24))
    shown = [row for row in rows if (row - length + 1) % step == 0]
    axes.set_yticks(
        shown, [f"row {row}: {say_distance(int(row) - length + 1)}" for row in shown],
        fontsize=min(11.0, 250 / max(len(shown), 1)),
    )  # fmt: skip
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(
        xlabel="pairs that use the row",
        title=f"the table: 2 · {length} − 1 = {len(rows)} rows",
        ylim=(len(rows) - 0.4, -0.6),
    )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


# ---- looked up


def draw_lookup(table: Float[Tensor, "r d"]) -> Figure:
    """Show a small table as stripes, and the stripes of all pairs that are read out of it."""
    rows, depth = table.shape
    length = (rows + 1) // 2
    pairs = lookup_rel(table, relative_index(length, length))
    low, high = float(table.min()), float(table.max())
    figure = Figure(figsize=(11, 4.3), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 2.6))
    left.imshow(table.numpy(), vmin=low, vmax=high, aspect="auto")
    for row in range(rows + 1):
        left.axhline(row - 0.5, color="white", lw=2.5)
    left.set_yticks(range(rows), [f"row {row}: {signed(row - length + 1)}" for row in range(rows)])
    left.set(xlabel=f"{depth} channels", xticks=[], title=f"table: {rows} vectors")
    right.imshow(rearrange(pairs, "i j d -> i (j d)").numpy(), vmin=low, vmax=high, aspect="auto")
    for place in range(length + 1):
        right.axvline(place * depth - 0.5, color="white", lw=8)
        right.axhline(place - 0.5, color="white", lw=8)
    for (i, j), row in np.ndenumerate(relative_index(length, length).numpy()):
        right.text(
            j * depth - 0.1, i + 0.36, str(row), color="white", fontsize=10, weight="bold",
            ha="left", va="bottom", bbox={"facecolor": BLACK, "pad": 1.5, "edgecolor": "none"},
        )  # fmt: skip
    centers = [place * depth + (depth - 1) / 2 for place in range(length)]
    right.set_xticks(centers, range(length))
    right.set_yticks(range(length))
    right.set(
        xlabel="key j", ylabel="query i",
        title=f"looked up: {length} × {length} = {length**2} vectors (each with its row)",
    )  # fmt: skip
    for axes in (left, right):
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return figure
