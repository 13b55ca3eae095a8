"""Figures of lesson 12: where the time goes, what bits and pixels are worth, a click's way."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from axialkit.course.clicks import Pair, click_to_feature
from axialkit.course.latency import STAGES, Point, best_points
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from axialkit.data.augment import fit_size
from axialkit.data.resize import resize_image
from axialkit.visualize.colors import Picture

_STAGE_COLORS = dict(zip(STAGES, (SKY, PURPLE, BLUE, GREEN, ORANGE), strict=True))
_HATCHES = dict(zip(STAGES, ("..", "xx", "", "//", "\\\\"), strict=True))
_GREY = 127  # of the padding, as the network sees it

Times = Mapping[str, float]  # stage -> milliseconds


def draw_budget(answers: Mapping[str, Times], budget: float) -> Figure:
    """Draw each answer as a bar, stage after stage, before the line of the budget."""
    figure = Figure(figsize=(9.6, 1.5 + 0.85 * len(answers)), layout="constrained")
    axes = figure.subplots()
    names = list(answers)
    for stage in STAGES:
        starts = [_before(answers[name], stage) for name in names]
        axes.barh(
            names, [answers[name][stage] for name in names], left=starts, height=0.55,
            color=_STAGE_COLORS[stage], hatch=_HATCHES[stage], edgecolor="white", label=stage,
        )  # fmt: skip
    for row, name in enumerate(names):
        total = sum(answers[name].values())
        axes.text(total, row, f"  {total:.0f} ms", va="center", fontweight="bold")
    axes.axvline(budget, color=BLACK, linestyle="--")
    axes.text(budget, -0.62, f" budget: {budget:.0f} ms", ha="left", va="center", fontsize=11)
    longest = max(budget, *(sum(times.values()) for times in answers.values()))
    axes.set(xlabel="CPU milliseconds, one after the other", xlim=(0, 1.15 * longest))
    axes.set_ylim(len(names) - 0.4, -0.85)
    figure.legend(loc="outside upper center", ncols=len(STAGES), frameon=False)
    return figure


def _before(times: Times, stage: str) -> float:
    return sum((times[name] for name in STAGES[: STAGES.index(stage)]), 0.0)


def describe_budget(answers: Mapping[str, Times], budget: float) -> str:
    """Say how long each bar is, and its longest part."""
    return f"Stacked bars of time, and a dashed line at {budget:.0f} ms. " + " ".join(
        f"{name}: {sum(times.values()):.0f} ms, of which {max(times, key=lambda s: times[s])} "
        f"takes {max(times.values()):.0f}."
        for name, times in answers.items()
    )


def draw_bits(
    per_channel: Mapping[int, float], one_scale: Mapping[int, float], whole: float
) -> Figure:
    """Draw PQ over the bits of a weight, beside that of float32."""
    figure = Figure(figsize=(7.6, 3.9), layout="constrained")
    axes = figure.subplots()
    axes.axhline(
        100 * whole, color=BLACK, linestyle="--", label=f"32-bit floats: {100 * whole:.1f}"
    )
    for label, points, color, marker in (
        ("a scale per output channel", per_channel, BLUE, "o"),
        ("one scale per tensor", one_scale, VERMILION, "s"),
    ):
        bits = sorted(points)
        axes.plot(bits, [100 * points[b] for b in bits], marker + "-", color=color, label=label)
    axes.set(xlabel="bits per weight", ylabel="PQ", ylim=(0, 100), xticks=sorted(per_channel))
    axes.legend(loc="lower right", frameon=False)
    return figure


def describe_bits(per_channel: Mapping[int, float], one_scale: Mapping[int, float]) -> str:
    """Say what PQ every number of bits has."""

    def row(points: Mapping[int, float]) -> str:
        return ", ".join(f"{bits} bits {100 * points[bits]:.0f}" for bits in sorted(points)[::-1])

    return (
        f"PQ over the bits per weight. With a scale per output channel: {row(per_channel)}. With "
        f"one scale per tensor: {row(one_scale)}."
    )


def draw_frontier(points: Sequence[Point]) -> Figure:
    """Draw quality over time: one mark per setting, a line through those that nothing beats."""
    figure = Figure(figsize=(8.6, 4.6), layout="constrained")
    axes = figure.subplots()
    best = best_points(points)
    axes.plot(
        [p.milliseconds for p in best], [100 * p.pq for p in best],
        color=BLACK, linewidth=1.2, label="nothing is both faster and better",
    )  # fmt: skip
    networks = list(dict.fromkeys(point.name.split(",")[0] for point in points))
    marks = zip(networks, (BLUE, ORANGE, GREEN), "os^", strict=False)
    for network, color, marker in marks:
        own = [point for point in points if point.name.split(",")[0] == network]
        axes.scatter(
            [p.milliseconds for p in own], [100 * p.pq for p in own],
            s=70, color=color, marker=marker, edgecolor=BLACK, label=network, zorder=3,
        )  # fmt: skip
    for point in best:
        size = point.name.split(", ")[1]
        axes.annotate(
            size, (point.milliseconds, 100 * point.pq), xytext=(-8, 6),
            textcoords="offset points", fontsize=10, ha="right",
        )  # fmt: skip
    slowest = max(point.milliseconds for point in points)
    axes.set(xlabel="CPU milliseconds per street (network and post-processing)", ylabel="PQ")
    axes.set(xlim=(0, 1.08 * slowest), ylim=(0, 100))
    axes.legend(loc="lower right", frameon=False)
    return figure


def describe_frontier(points: Sequence[Point]) -> str:
    """Say which settings lie on the line."""
    best = "; ".join(
        f"{p.name}: {p.milliseconds:.0f} ms, PQ {100 * p.pq:.0f}" for p in best_points(points)
    )
    return f"Quality over time for {len(points)} settings. On the line, fastest first: {best}."


def draw_click(image: Picture, crop: Pair, stride: int, x: int, y: int) -> Figure:
    """Draw a click on a picture, and the cell under it on the crop that the network sees."""
    size = (image.shape[0], image.shape[1])
    fitted = fit_size(size, crop)
    cell = click_to_feature([x, y], size, fitted, stride)
    seen = np.full((*crop, 3), _GREY, np.uint8)
    seen[: fitted[0], : fitted[1]] = resize_image(image, fitted).round().astype(np.uint8)

    figure = Figure(figsize=(9.6, 3.9), layout="constrained")
    shares = [size[1] / size[0], crop[1] / crop[0]]
    left, right = figure.subplots(1, 2, width_ratios=shares)
    left.imshow(image)
    _mark(left, x, y)
    left.set_title(f"picture {size[0]} × {size[1]}: click [{x}, {y}]", fontsize=12)
    right.imshow(seen)
    _grid(right, crop, stride)
    if cell is not None:
        row, column = cell
        corner = (column * stride - stride / 2, row * stride - stride / 2)
        right.add_patch(
            Rectangle(
                corner, stride, stride, fill=False, edgecolor=ORANGE, linewidth=3,
                path_effects=[withStroke(linewidth=5, foreground=BLACK)],
            )
        )  # fmt: skip
    where = "beside the picture: no cell" if cell is None else f"cell {cell} at stride {stride}"
    right.set_title(f"crop {crop[0]} × {crop[1]}: {where}", fontsize=12)
    for axes in (left, right):
        axes.set(xticks=[], yticks=[])
    return figure


def describe_click(image: Picture, crop: Pair, stride: int, x: int, y: int) -> str:
    """Say where the click is, and which cell it leads to."""
    size = (image.shape[0], image.shape[1])
    fitted = fit_size(size, crop)
    cell = click_to_feature([x, y], size, fitted, stride)
    found = "no cell" if cell is None else f"cell (row {cell[0]}, column {cell[1]}), framed"
    return (
        f"Left a picture of {size[0]} by {size[1]} pixels with a cross at x = {x}, y = {y}. Right "
        f"what the network sees: the picture as {fitted[0]} by {fitted[1]} pixels in the upper "
        f"left corner of a grey crop of {crop[0]} by {crop[1]}, under a grid of cells. The click "
        f"leads to {found}."
    )


def draw_received(picture: Picture) -> Figure:
    """Draw a picture that came over the network, pixel by pixel."""
    height, width = picture.shape[:2]
    figure = Figure(figsize=(9.6, 9.6 * height / width))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(picture)
    axes.set_axis_off()
    return figure


def _mark(axes: Axes, x: int, y: int) -> None:
    outline = [withStroke(linewidth=5, foreground=BLACK)]
    axes.plot(x, y, "+", color=ORANGE, markersize=22, markeredgewidth=3, path_effects=outline)


def _grid(axes: Axes, crop: Pair, stride: int) -> None:
    """Draw the borders of the cells: half way between their centers 0, stride, 2 stride ..."""
    for place in np.arange(stride / 2, crop[1], stride):
        axes.axvline(place, color="white", linewidth=0.7, alpha=0.8)
    for place in np.arange(stride / 2, crop[0], stride):
        axes.axhline(place, color="white", linewidth=0.7, alpha=0.8)
