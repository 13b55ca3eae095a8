"""A picture as a cell sees it: bright where its attention goes, dark elsewhere."""

import numpy as np
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from axialkit.visualize.colors import Picture
from axialkit.visualize.words import percent

Weights = Float[np.ndarray, "rows columns"]

_QUERY = "#D55E00"  # the asking cell, always with a white edge
_EDGE = "#F0E442"
_EDGED = 0.3  # of the strongest: weaker cells get no edge
_FULL = 0.1  # a weight at full light, where none is larger: an even look stays dim
_HALO = [withStroke(linewidth=3, foreground="black")]


def pitch(pixels: int, cells: int) -> float:
    """Return how many pixels lie between the centers of two cells; corners are aligned."""
    return (pixels - 1) / (cells - 1) if cells > 1 else float(pixels)


def shine(image: Picture, weights: Weights) -> UInt8[np.ndarray, "height width 3"]:
    """Darken a picture, but for the cells that have weight.

    The strongest is at full light if it has a tenth of all weight. The light grows with the root
    of the weight, so that weak cells can be seen too.
    """
    strength = np.sqrt(weights / max(float(weights.max()), _FULL))
    ys, xs = (
        np.minimum((np.arange(pixels) / pitch(pixels, cells) + 0.5).astype(int), cells - 1)
        for pixels, cells in zip(image.shape[:2], weights.shape, strict=True)
    )
    light = strength[ys[:, None], xs][..., None]
    dark = image.mean(axis=2, keepdims=True) * np.array([0.30, 0.33, 0.40]) + 10
    bright = np.minimum(image * 1.1 + 22, 255)
    return (dark + (bright - dark) * light).round().astype(np.uint8)


def draw_spotlight(
    axes: Axes,
    image: Picture,
    weights: Weights,
    cell: tuple[int, int] | None = None,
    *,
    told: int = 3,
    least: float = 0.06,
    size: float = 10.0,
) -> None:
    """Draw a picture lit by ``weights``; the query has an orange edge, weights are written.

    Args:
        axes: where to.
        image: the picture.
        weights: one per cell.
        cell: the query (y, x), if there is one.
        told: how many weights are written at most, strongest first.
        least: smaller weights are not written.
        size: of the letters.
    """
    axes.imshow(shine(image, weights))
    high, wide = (pitch(p, c) for p, c in zip(image.shape[:2], weights.shape, strict=True))
    strongest = max(float(weights.max()), _FULL)
    for y, x in np.argwhere(weights > _EDGED * strongest).tolist():
        axes.add_patch(
            Rectangle(
                ((x - 0.5) * wide + 0.5, (y - 0.5) * high + 0.5), wide - 1, high - 1, fill=False,
                edgecolor=_EDGE, linewidth=1.4, alpha=float(weights[y, x] / strongest),
            )
        )  # fmt: skip
    if cell is not None:
        draw_query(axes, image, weights.shape, cell)
    for y, x in _apart(weights, told, least):
        above = y > 0  # beside the cell, so that it can be seen
        axes.text(
            min(max(x * wide, 0.03 * image.shape[1]), 0.97 * image.shape[1]),
            (y - 0.56 if above else y + 0.6) * high,
            percent(weights[y, x]), color="white", ha="center",
            va="bottom" if above else "top", fontsize=size, weight="bold",
            path_effects=_HALO, zorder=5,
        )  # fmt: skip
    axes.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    axes.set_axis_off()


def _apart(weights: Weights, most: int, least: float) -> list[tuple[int, int]]:
    """Return the strongest cells that leave each other room for a number."""
    chosen: list[tuple[int, int]] = []
    for number in np.argsort(-weights, axis=None)[: 2 * most]:
        y, x = (int(i) for i in np.unravel_index(number, weights.shape))
        free = all(abs(x - other_x) > 1 or abs(y - other_y) > 1 for other_y, other_x in chosen)
        if weights[y, x] >= least and free and len(chosen) < most:
            chosen.append((y, x))
    return chosen


def draw_query(axes: Axes, image: Picture, cells: tuple[int, ...], cell: tuple[int, int]) -> None:
    """Frame the asking cell in orange with a white edge."""
    high, wide = (pitch(p, c) for p, c in zip(image.shape[:2], cells, strict=True))
    corner = ((cell[1] - 0.5) * wide, (cell[0] - 0.5) * high)
    axes.add_patch(
        Rectangle(
            corner, wide, high, fill=False, edgecolor=_QUERY, linewidth=2.6, zorder=4,
            path_effects=[withStroke(linewidth=5.2, foreground="white")],
        )
    )  # fmt: skip
