"""Lesson 01's figures of reach and cost."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from axialkit.course.cells import draw_arrow, draw_lines, mark
from axialkit.course.palette import BLACK, BLUE, PAPER, SKY, VERMILION, YELLOW
from axialkit.course.reach import Mask, attention_bytes, attention_cost, corner, reachable

Point = tuple[int, int]  # (y, x)
Image = UInt8[np.ndarray, "height width 3"]

_FILM = (  # (hops, title)
    ("C", "3×3 conv, 1 layer"),
    ("CC", "3×3 conv, 2 layers"),
    ("C" * 8, "3×3 conv, 8 layers"),
    ("H", "axial: H hop (1 layer)"),
    ("HW", "axial: H, then W (2 layers)"),
    ("F", "full attention (1 layer)"),
)
SIZES = ((33, 65), (65, 129), (129, 257))  # maps of a 1025 x 2049 image at stride 32, 16 and 8
_STRIDES = (32, 16, 8)


def draw_film(image: Image, query: Point, cell: int = 4) -> Figure:
    """Show what one cell has heard from after each stack of layers; the rest stays dark.

    ``query`` is a cell of the image's grid of ``cell`` x ``cell`` pixels.
    """
    height, width = image.shape[0] // cell, image.shape[1] // cell
    image = image[: height * cell, : width * cell]
    start = _single(height, width, query)
    figure = Figure(figsize=(12, 4.7), layout="constrained")
    for axes, (hops, title) in zip(figure.subplots(2, 3).flat, _FILM, strict=True):
        seen = reachable(start, hops)
        axes.imshow(_dim(image, np.kron(seen, np.ones((cell, cell), dtype=bool))))
        y, x = (cell * (v + 0.5) - 0.5 for v in query)
        axes.plot(x, y, "o", ms=11, mfc="none", mec="white", mew=4)
        axes.plot(x, y, "o", ms=11, mfc="none", mec=VERMILION, mew=2.2)
        axes.set_title(f"{title}: {_percent(seen.mean())}")
        axes.set_axis_off()
    return figure


def _dim(image: Image, seen: Mask) -> Image:
    grey = image.mean(axis=2, keepdims=True) * 0.22 + 12
    return np.where(seen[..., None], image, grey).astype(np.uint8)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"


def draw_cross(query: Point, target: Point, grid: Point = (8, 16)) -> Figure:
    """Show one hop, two hops, and the path of a message from ``target`` to ``query``."""
    figure = Figure(figsize=(12, 2.8), layout="constrained")
    panels = figure.subplots(1, 3)
    titles = (
        "one hop: column (H) or row (W)",
        "two hops: everything",
        "T tells Q: H, then W (dotted: W, then H)",
    )
    for axes, title, hops in zip(panels, titles, (1, 2, 2), strict=True):
        _draw_cells(axes, query, grid, hops)
        mark(axes, query, "Q", VERMILION, ink="white")
        axes.set_title(title)
    _draw_path(panels[2], query, target)
    names = ((BLUE, "one hop"), (SKY, "a second one"), (PAPER, "not heard"))
    patches = [Patch(facecolor=color, edgecolor=BLACK, label=name) for color, name in names]
    figure.legend(handles=patches, loc="outside lower center", ncols=3, frameon=False, fontsize=11)
    return figure


def _draw_cells(axes: Axes, query: Point, grid: Point, hops: int) -> None:
    start = _single(*grid, query)
    cross = reachable(start, "H") | reachable(start, "W")
    level = np.where(cross, 1, 2 if hops == 2 else 0)
    colors = ListedColormap([PAPER, BLUE, SKY])
    axes.imshow(level, cmap=colors, vmin=0, vmax=2)
    draw_lines(axes, *grid)


def _draw_path(axes: Axes, query: Point, target: Point) -> None:
    turn = corner(*query, *target)
    ghost = (target[0], query[1])
    ys, xs = zip(target, ghost, query, strict=True)
    axes.plot(xs, ys, ":", color=BLACK, lw=1.8)
    for start, end in ((target, turn), (turn, query)):
        draw_arrow(axes, start, end, BLACK, halo="white")
    mark(axes, turn, "C", YELLOW)
    mark(axes, target, "T", BLACK, ink="white")


def draw_cost() -> Figure:
    """Plot query-key pairs against the size of the map, with the factor between the two kinds."""
    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    axes = figure.subplots()
    heights = np.unique(np.geomspace(17, 400, 60).astype(int))
    pixels = [h * (2 * h - 1) for h in heights]
    for kind, color, style in (("full", VERMILION, "--"), ("axial", BLUE, "-")):
        pairs = [attention_cost(int(h), int(2 * h - 1), kind) for h in heights]
        axes.loglog(pixels, pairs, style, color=color, lw=2.5)
        axes.annotate(
            f"{kind} attention", (pixels[-1], pairs[-1]), (-6, 8), textcoords="offset points",
            color=color, ha="right", va="bottom", weight="bold",
        )  # fmt: skip
    for (h, w), stride in zip(SIZES, _STRIDES, strict=True):
        _draw_factor(axes, h, w)
        axes.text(
            h * w, 2.2e4, f"{h} × {w}\nstride {stride}", ha="center", va="bottom", fontsize=11
        )
    axes.set(xlabel="pixels of the feature map", ylabel="query-key pairs", ylim=(1.8e4, 6e11))
    return figure


def _draw_factor(axes: Axes, h: int, w: int) -> None:
    low, high = attention_cost(h, w, "axial"), attention_cost(h, w, "full")
    axes.annotate(
        "", (h * w, high), (h * w, low), arrowprops={"arrowstyle": "<->", "color": BLACK, "lw": 1.3}
    )
    axes.text(h * w * 1.06, (low * high) ** 0.5, f"× {high / low:.0f}", va="center", weight="bold")


def draw_memory(h: int = 65, w: int = 129) -> Figure:
    """Compare the memory for one head's attention weights of one image, in float32."""
    figure = Figure(figsize=(9.5, 1.9), layout="constrained")
    axes = figure.subplots()
    rows: Sequence[tuple[str, str, Any]] = (("axial", BLUE, ""), ("full", VERMILION, "//"))
    for y, (kind, color, hatch) in enumerate(rows):
        size = attention_bytes(h, w, kind) / 1e6
        axes.barh(y, size, color=color, hatch=hatch, edgecolor="white")
        axes.text(
            size + 3,
            y,
            f"{size:.2g} MB" if size < 10 else f"{size:.0f} MB",
            va="center",
            weight="bold",
        )
    axes.set_yticks([0, 1], ["axial", "full"])
    axes.set_xlim(0, 1.15 * attention_bytes(h, w, "full") / 1e6)
    axes.set_xlabel(f"attention weights of one head, one image, {h} × {w} map (MB)")
    return figure


def _single(height: int, width: int, point: Point) -> Mask:
    mask = np.zeros((height, width), dtype=bool)
    mask[point] = True
    return mask
