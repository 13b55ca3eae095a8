"""Showing where one pixel looks: its column, its row, and the exact product of the two.

A height-then-width layer has no activation between its two passes, so the composed weight of a
far pixel is a product: from (i, j) to (y, x) it is ``A_W[i; j -> x] * A_H[x; i -> y]``, with A_H
the height pass's weights in column x and A_W the width pass's in row i. These weights sum to 1 and
are the layer's Jacobian when the attention is frozen, for each pair of heads and so for their mean.

Letters: a *cell* is one position (y, x) of the layer's feature map. Feature map and picture are
aligned at their corners: the first cell is centred on the first pixel, the last on the last.
"""

from typing import NamedTuple

import numpy as np
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor

from axialkit.errors import InputError, suggest
from axialkit.structures import LABEL_DIVISOR

Maps = dict[str, Float[Tensor, "sequence head query key"]]  # as record_attention yields them
# a head of both passes, or of (height pass, width pass); None = the mean of all
Head = int | tuple[int | None, int | None] | None


class PixelAttention(NamedTuple):
    """Where one cell looks in one layer; every array sums to 1."""

    layer: str
    cell: tuple[int, int]  # the query, a cell of the layer's input
    column: Float[np.ndarray, " height"]  # height pass: weights along the cell's column
    row: Float[np.ndarray, " width"]  # width pass: weights along the cell's row
    two_hop: Float[np.ndarray, "height width"]  # both passes composed


def attention_layers(maps: Maps) -> list[str]:
    """Return the names of the layers that have both passes, in the network's order."""
    names = [name.removesuffix(".height") for name in maps if name.endswith(".height")]
    return [name for name in names if f"{name}.width" in maps]


def map_size(maps: Maps, layer: str) -> tuple[int, int]:
    """Return the size of a layer's input map in cells.

    Raises:
        InputError: no such layer.
    """
    known = attention_layers(maps)
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
    stride: int = 1,
    sample: int = 0,
) -> PixelAttention:
    """Look up where one output cell of a layer looks.

    With stride s the layer keeps every s-th row between the passes and every s-th column after
    them, so output cell (i, j) asks from input cell (s i, s j).

    Raises:
        InputError: no such layer, head or cell.
    """
    size = map_size(maps, layer)
    height, width = maps[f"{layer}.height"], maps[f"{layer}.width"]
    i, j = cell[0] * stride, cell[1] * stride
    if not (0 <= i < size[0] and 0 <= j < size[1]):
        raise InputError(f"The cell {cell} lies outside the {size[0]}x{size[1]} map of {layer}.")
    height_head, width_head = head if isinstance(head, tuple) else (head, head)
    down = rearrange(_choose(height, height_head), "(b w) i y -> b w i y", w=size[1])[sample, :, i]
    across = rearrange(_choose(width, width_head), "(b i) j x -> b i j x", i=-(-size[0] // stride))
    row = across[sample, cell[0], j].cpu().double().numpy()
    columns = down.cpu().double().numpy()  # [x, y]: every column, asked from row i
    return PixelAttention(layer, (i, j), columns[j], row, (row[:, None] * columns).T)


def two_hop_map(
    height_weights: Float[Tensor, "sequence head query key"],
    width_weights: Float[Tensor, "sequence2 head query2 key2"],
    cell: tuple[int, int],
    *,
    head: Head = None,
    stride: int = 1,
) -> Float[np.ndarray, "height width"]:
    """Compose both passes' weights into one map, ``A_W[i; j -> x] * A_H[x; i -> y]``; sums to 1."""
    maps = {"layer.height": height_weights, "layer.width": width_weights}
    return pixel_attention(maps, "layer", cell, head=head, stride=stride).two_hop


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
        f"({_percent(attention.row[best_x])}), along its column at y={best_y * pitch[0]:.0f} "
        f"({_percent(attention.column[best_y])}). After both hops the strongest place is "
        f"y={far[0] * pitch[0]:.0f}, x={far[1] * pitch[1]:.0f} "
        f"({_percent(attention.two_hop[far])}), and half of all the weight lies on {half} of the "
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


def _choose(
    weights: Float[Tensor, "sequence head query key"], head: int | None
) -> Float[Tensor, "sequence query key"]:
    if head is None:
        return weights.mean(dim=1)
    if not 0 <= head < weights.shape[1]:
        raise InputError(
            f"There is no head {head}; this layer has heads 0..{weights.shape[1] - 1}."
        )
    return weights[:, head]


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")
