"""Drawing on a grid of cells: lines between them, marked cells, arrows from cell to cell."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from axialkit.course.palette import BLACK, LINE

Point = Sequence[int]  # (y, x)


def draw_lines(axes: Axes, height: int, width: int, alpha: float = 1.0) -> None:
    """Draw the lines between cells instead of axes."""
    axes.set_xticks(np.arange(width + 1) - 0.5, [])
    axes.set_yticks(np.arange(height + 1) - 0.5, [])
    axes.grid(color=LINE, linewidth=0.8, alpha=alpha)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def mark(axes: Axes, point: Point, letter: str, color: object = None, ink: str = BLACK) -> None:
    """Write a letter into a cell; fill the cell if a color is given."""
    y, x = point
    if color is not None:
        axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=color, zorder=3))
    axes.text(
        x, y, letter, ha="center", va="center_baseline", color=ink, weight="bold", zorder=4
    )  # fmt: skip


def draw_arrow(axes: Axes, start: Point, end: Point, color: str, halo: str) -> None:
    """Draw an arrow between the centers of two cells, with an edge that any ground shows."""
    arrow = {
        "arrowstyle": "-|>,head_width=0.35,head_length=0.6",
        "color": color,
        "lw": 2.2,
        "shrinkA": 9,
        "shrinkB": 11,
        "path_effects": [withStroke(linewidth=4.5, foreground=halo)],
    }
    axes.annotate("", (end[1], end[0]), (start[1], start[0]), arrowprops=arrow, zorder=2)
