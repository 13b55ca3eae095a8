"""Lesson 06's figures of what maps mean: layers, terms, all pixels at once, segments, numbers."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from axialkit.attention.two_hop import passes
from axialkit.course.hidden import VARIANTS
from axialkit.course.palette import BLUE, ORANGE, SKY, VERMILION
from axialkit.visualize.looks import Heads, Looks
from axialkit.visualize.palettes import COLORBLIND
from axialkit.visualize.panoptic import draw_panoptic, segment_name
from axialkit.visualize.spotlight import draw_spotlight
from axialkit.visualize.two_hop import attended_classes
from axialkit.visualize.words import class_name, percent

Map = Float[np.ndarray, "rows columns"]
Cell = tuple[int, int]
_MOST_CLASSES = 6
_ROOM = 0.1  # that a number takes beside its bar


def draw_maps(looks: Looks, cell: Cell, maps: Mapping[str, Map], told: int = 2) -> Figure:
    """Show an even number of maps of one cell, two in a line, each under its name."""
    lines = len(maps) // 2
    figure = Figure(figsize=(13, 3.6 * lines), layout="constrained")
    panels = figure.subplots(lines, 2).flat
    for axes, (name, weights) in zip(panels, maps.items(), strict=True):
        draw_spotlight(axes, looks.image, weights, cell, told=told)
        axes.set_title(name)
    return figure


def draw_answers(looks: Looks, blind: Looks, columns: Sequence[int]) -> Figure:
    """Show two answers to one street; in the second, some columns of a hop were hidden."""
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    titles = ("nothing hidden", "one row hop may not look at the hatched column")
    for axes, answer, title in zip(figure.subplots(1, 2), (looks, blind), titles, strict=True):
        draw_panoptic(axes, answer.image, answer.result.panoptic, palette=COLORBLIND)
        axes.set_title(title)
        if answer is blind:
            apart = 1024 / (looks.map_size(looks.layers[0])[1] - 1)  # the picture is enlarged
            for column in columns:
                left = (column - 0.5) * apart
                axes.axvspan(
                    left, left + apart, facecolor="none", edgecolor=VERMILION, hatch="//",
                    lw=2,
                )  # fmt: skip
    return figure


def segment_cells(looks: Looks, layer: str, label: int) -> Bool[np.ndarray, "rows columns"]:
    """Return the cells of a segment."""
    return looks.labels(layer) == label


def segment_map(looks: Looks, layer: str, label: int, heads: Heads = (None, None)) -> Map:
    """Return the mean of the two-hop maps of all cells of a segment."""
    maps = looks.maps
    found = passes(maps[f"{layer}.height"], maps[f"{layer}.width"], head=heads)
    cells = np.argwhere(segment_cells(looks, layer, label)).tolist()
    return np.mean([found.compose((y, x)).numpy() for y, x in cells], axis=0)


def draw_segment(looks: Looks, layer: str, label: int, heads: Heads = (None, None)) -> Figure:
    """Show where all cells of a segment look, on average, and what is there, class by class."""
    mean = segment_map(looks, layer, label, heads)
    figure = Figure(figsize=(13, 3.6), layout="constrained")
    picture, bars = figure.subplots(1, 2, width_ratios=(1.25, 1))
    draw_spotlight(picture, looks.image, mean, told=2)
    outline = segment_cells(looks, layer, label).astype(float)
    picture.contour(
        np.kron(outline, np.ones((16, 16))), levels=[0.5], colors=VERMILION, linewidths=2.5,
        extent=(-8, 16 * outline.shape[1] - 8, -8, 16 * outline.shape[0] - 8),
    )  # fmt: skip
    picture.set_title(
        f"{segment_name(label)} (outlined): where its {int(outline.sum())} cells look"
    )
    _draw_classes(bars, looks, mean)
    return figure


def _draw_classes(axes: Axes, looks: Looks, weights: Map) -> None:
    """One bar per class: its share of the weight; a line where its share of the picture lies."""
    even = np.full_like(weights, 1 / weights.size)
    areas = dict(attended_classes(even, looks.result.panoptic))
    shares = attended_classes(weights, looks.result.panoptic)[:_MOST_CLASSES]
    for y, (train_id, share) in enumerate(shares):
        axes.barh(y, share, color=ORANGE)
        axes.plot([areas[train_id]] * 2, [y - 0.42, y + 0.42], color="black", lw=2.5)
        if share > _ROOM:
            axes.text(share - 0.012, y, percent(share), va="center", ha="right", weight="bold")
        else:  # left of the class's name there is no room: beside the bar, on a white ground
            axes.text(
                share + 0.012, y, percent(share), va="center", weight="bold",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )  # fmt: skip
    names = [class_name(train_id) for train_id, _ in shares]
    axes.set_yticks(range(len(names)), names)
    axes.set(ylim=(len(names) - 0.4, -0.6), xticks=[])
    axes.set_xlim(0, 1.18 * max(*(s for _, s in shares), *areas.values()))
    axes.spines["bottom"].set_visible(False)
    axes.set_title("orange: share of its attention; black: of the picture")


def describe_segment(looks: Looks, layer: str, label: int, heads: Heads = (None, None)) -> str:
    """Say in words what ``draw_segment`` shows."""
    mean = segment_map(looks, layer, label, heads)
    even = np.full_like(mean, 1 / mean.size)
    areas = dict(attended_classes(even, looks.result.panoptic))
    told = ", ".join(
        f"{class_name(train_id)} {percent(share)} (of the picture: {percent(areas[train_id])})"
        for train_id, share in attended_classes(mean, looks.result.panoptic)[:3]
    )
    y, x = (int(v) for v in np.unravel_index(mean.argmax(), mean.shape))
    return (
        f"A street with {segment_name(label)} outlined, lit where its cells look on average, most "
        f"at cell {(y, x)} with {percent(mean[y, x])}. Bars of what lies there: {told}."
    )


def even_distance(looks: Looks) -> dict[str, float]:
    """Return how far an even look is, by axis: ``(length - 1 / length) / 3``."""
    rows, columns = looks.map_size(looks.layers[0])
    return {"height": (rows - 1 / rows) / 3, "width": (columns - 1 / columns) / 3}


def describe_reach(
    trained: Mapping[str, Float[Tensor, " head"]],
    fresh: Mapping[str, Float[Tensor, " head"]],
    unit: str,
) -> str:
    """Say in words what ``draw_reach`` shows."""

    def span(values: Mapping[str, Float[Tensor, " head"]], axis: str) -> str:
        found = [float(v) for name in values if name.endswith(axis) for v in values[name]]
        return f"{min(found):.1f} to {max(found):.1f}"

    told = "; ".join(
        f"{name}: trained {span(trained, axis)}, untrained {span(fresh, axis)}"
        for axis, name in (("height", "H hops"), ("width", "W hops"))
    )
    return f"Dots per head of each block, {unit}. {told}."


def draw_reach(
    trained: Mapping[str, Float[Tensor, " head"]],
    fresh: Mapping[str, Float[Tensor, " head"]],
    even: Mapping[str, float],
    unit: str,
) -> Figure:
    """Show a number per head of every layer: trained, untrained, and what an even look has.

    ``even`` gives the number of an even look by axis, "height" and "width".
    """
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, (axis, name) in zip(
        figure.subplots(1, 2), (("height", "H hops (columns)"), ("width", "W hops (rows)")),
        strict=True,
    ):  # fmt: skip
        layers = [layer for layer in trained if layer.endswith(axis)]
        for place, layer in enumerate(layers):
            for values, color, sign, shift in (
                (trained, VERMILION, "o", -0.13), (fresh, SKY, "s", 0.13),
            ):  # fmt: skip
                xs = [place + shift] * len(values[layer])
                axes.plot(xs, values[layer], sign, color=color, mec="black", mew=0.6, ms=8)
        axes.axhline(even[axis], color="black", ls="--", lw=1.4)
        axes.set_xticks(range(len(layers)), [n.split(".")[1] for n in layers])
        axes.set(
            title=name, ylabel=unit, xlim=(-0.5, len(layers) - 0.5), ylim=(0, 1.2 * even[axis])
        )
    handles = [
        Line2D([], [], ls="", marker=sign, color=color, mec="black", ms=8, label=label)
        for sign, color, label in (("o", VERMILION, "trained"), ("s", SKY, "untrained"))
    ]
    handles.append(Line2D([], [], color="black", ls="--", lw=1.4, label="an even look"))
    figure.axes[0].legend(handles=handles, loc="lower left", ncols=3, frameon=False, fontsize=11)
    return figure


def draw_blind(values: Mapping[str, float]) -> Figure:
    """Show how many far pixels of long vehicles are right, seeing all and with columns hidden."""
    figure = Figure(figsize=(9, 2.5), layout="constrained")
    axes = figure.subplots()
    values = {name: values[name] for name in VARIANTS}
    for y, (name, share) in enumerate(values.items()):
        axes.barh(y, share, color=VERMILION if "front" in name else BLUE, height=0.7)
        axes.text(share + 0.01, y, percent(share), va="center", weight="bold")
    axes.axvline(1 / 3, color="black", ls="--", lw=1.4)
    axes.text(1 / 3 + 0.01, -0.52, "blind guessing: 33 %", va="bottom", fontsize=11)
    axes.set_yticks(range(len(values)), list(values))
    axes.set(xlim=(0, 1.12), ylim=(len(values) - 0.5, -0.95), xticks=[])
    axes.set_xlabel("far pixels of long vehicles with the right class")
    axes.spines["bottom"].set_visible(False)
    return figure
