"""Where one pixel looks, for figures and captions: its column, its row, and both hops composed.

Letters: a *cell* is one position (y, x) of the layer's feature map. Feature map and picture are
aligned at their corners: the first cell is centred on the first pixel, the last on the last.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from axialkit.attention.summaries import layers_with_both_passes
from axialkit.attention.two_hop import Head, passes
from axialkit.errors import InputError, suggest
from axialkit.structures import LABEL_DIVISOR
from axialkit.visualize.words import percent

Maps = Mapping[str, Float[Tensor, "sequence head query key"]]  # as record_attention yields them


class PixelAttention(NamedTuple):
    """Where one cell looks in one layer; every array sums to 1."""

    layer: str
    cell: tuple[int, int]  # the query, a cell of the layer's input
    column: Float[np.ndarray, " height"]  # height pass: weights along the cell's column
    row: Float[np.ndarray, " width"]  # width pass: weights along the cell's row
    two_hop: Float[np.ndarray, "height width"]  # both passes composed


def map_size(maps: Maps, layer: str) -> tuple[int, int]:
    """Return the size of a layer's input map in cells.

    Raises:
        InputError: no such layer.
    """
    known = layers_with_both_passes(maps)
    if layer not in known:
        raise InputError(
            f'There is no attention layer "{layer}".{suggest(layer, known)} '
            f"Layers: {', '.join(known)}."
        )
    return maps[f"{layer}.height"].shape[-1], maps[f"{layer}.width"].shape[-1]


def pixel_attention(
    maps: Maps,
    layer: str,
    cell: tuple[int, int],
    *,
    head: Head = None,
    order: str = "hw",
    stride: int = 1,
    sample: int = 0,
) -> PixelAttention:
    """Look up where one output cell of a layer looks.

    ``order`` composes the same weights the other way round, which is not what a layer of the order
    ``hw`` computes.

    With stride s the layer keeps every s-th row between the passes and every s-th column after
    them, so output cell (i, j) asks from input cell (s i, s j).

    Raises:
        InputError: no such layer, head or cell.
    """
    map_size(maps, layer)
    height, width = maps[f"{layer}.height"], maps[f"{layer}.width"]
    found = passes(height, width, order=order, head=head, stride=stride, sample=sample)
    arrays = (x.cpu().numpy() for x in (*found.strips(cell), found.compose(cell)))
    return PixelAttention(layer, found.asked(cell), *arrays)


def cell_at(
    pixel: tuple[int, int], image_size: tuple[int, int], map_size: tuple[int, int]
) -> tuple[int, int]:
    """Return the cell whose centre is nearest to a pixel of the picture.

    Raises:
        InputError: the pixel lies outside the picture.
    """
    if not all(0 <= p < size for p, size in zip(pixel, image_size, strict=True)):
        raise InputError(
            f"The pixel (y={pixel[0]}, x={pixel[1]}) lies outside the picture of "
            f"{image_size[0]}x{image_size[1]} (height x width)."
        )
    y, x = (
        int(p * (cells - 1) / max(1, size - 1) + 0.5)
        for p, size, cells in zip(pixel, image_size, map_size, strict=True)
    )
    return y, x


def describe_attention(attention: PixelAttention, image_size: tuple[int, int]) -> str:
    """Say in words what the strips and the map show, for captions and screen readers."""
    height, width = attention.two_hop.shape
    pitch = (image_size[0] - 1) / max(1, height - 1), (image_size[1] - 1) / max(1, width - 1)
    y, x = attention.cell
    best_y, best_x = (int(v.argmax()) for v in (attention.column, attention.row))
    far = np.unravel_index(attention.two_hop.argmax(), attention.two_hop.shape)
    ordered = np.sort(attention.two_hop, axis=None)[::-1].cumsum()
    half = int((ordered < 0.5).sum()) + 1
    return (
        f"{attention.layer}, asked from y={y * pitch[0]:.0f}, x={x * pitch[1]:.0f}. "
        f"Along its row it looks most at x={best_x * pitch[1]:.0f} "
        f"({percent(attention.row[best_x])}), along its column at y={best_y * pitch[0]:.0f} "
        f"({percent(attention.column[best_y])}). After both hops the strongest place is "
        f"y={far[0] * pitch[0]:.0f}, x={far[1] * pitch[1]:.0f} "
        f"({percent(attention.two_hop[far])}), and half of all the weight lies on {half} of the "
        f"{height * width} cells."
    )


def attended_classes(
    weights: Float[np.ndarray, "rows columns"], panoptic: Int[np.ndarray, "height width"]
) -> list[tuple[int, float]]:
    """Return (train id, share of the weight) by what lies under each cell, largest first.

    Picture and map are aligned at their corners; the label of the pixel at a cell's centre counts.
    """
    ys, xs = (
        np.linspace(0, pixels - 1, cells).round().astype(int)
        for pixels, cells in zip(panoptic.shape, weights.shape, strict=True)
    )
    classes = panoptic[ys[:, None], xs] // LABEL_DIVISOR
    shares = [(int(c), float(weights[classes == c].sum())) for c in np.unique(classes)]
    return sorted(shares, key=lambda pair: -pair[1])
