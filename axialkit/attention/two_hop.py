"""Both passes of an axial layer as one: where a pixel looks in two hops, exactly.

There is no activation between the passes, so the composed weight of a far pixel is a product of
two: height first (``hw``), from (i, j) to (y, x) it is ``A_W[i; j -> x] * A_H[x; i -> y]``, with
A_W the width pass's weights in row i and A_H the height pass's in column x. These weights sum to 1
and are the layer's Jacobian when the attention is frozen, for each pair of heads and so for their
mean. All queries of one row share ``A_H[x; i -> y]``.
"""

from typing import NamedTuple

import torch
from einops import einsum, rearrange
from jaxtyping import Float
from torch import Tensor

from axialkit.errors import InputError

# a head of both passes, or of (height pass, width pass); None = the mean of all
Head = int | tuple[int | None, int | None] | None
Weights = Float[Tensor, "sequence head query key"]
OtherWeights = Float[Tensor, "sequence2 head query2 key2"]
OneHead = Float[Tensor, "sequence query key"]


class Passes(NamedTuple):
    """Both passes of a layer for one image and one pair of heads, in float64.

    The first pass keeps every ``stride``-th row (or column, in the order ``wh``), so the second
    has that many fewer sequences; after it the other side is thinned out.
    """

    height: OneHead  # sequences: columns
    width: OneHead  # sequences: rows
    order: str  # hw or wh
    stride: int

    @property
    def size(self) -> tuple[int, int]:
        """Cells of the layer's input."""
        return self.height.shape[1], self.width.shape[1]

    def asked(self, query: tuple[int, int]) -> tuple[int, int]:
        """Return the input cell that an output cell asks from.

        Raises:
            InputError: outside the map.
        """
        cell = query[0] * self.stride, query[1] * self.stride
        if not all(0 <= c < cells for c, cells in zip(cell, self.size, strict=True)):
            height, width = self.size
            inside = "" if self.stride == 1 else f" with stride {self.stride}"
            raise InputError(f"The cell {query} lies outside the {height}x{width} map{inside}.")
        return cell

    def strips(
        self, query: tuple[int, int]
    ) -> tuple[Float[Tensor, " height"], Float[Tensor, " width"]]:
        """Return one hop: the weights along the asking cell's own column and row."""
        (i, j), (y, x) = self.asked(query), query
        column, row = (j, y) if self.order == "hw" else (x, i)
        return self.height[column, i], self.width[row, j]

    def compose(self, query: tuple[int, int]) -> Float[Tensor, "height width"]:
        """Return both hops of an output cell; sums to 1."""
        (i, j), (y, x) = self.asked(query), query
        if self.order == "hw":
            return einsum(self.width[y, j], self.height[:, i], "w, w h -> h w")
        return einsum(self.height[x, i], self.width[:, j], "h, h w -> h w")

    def spread(
        self, weight: Float[Tensor, "out_height out_width"]
    ) -> Float[Tensor, "height width"]:
        """Hand weight on output cells back to the input: the sum of ``compose`` under it.

        ``weight`` is in float64; no map per cell is formed.
        """
        (rows, columns), s = self.size, self.stride
        first, between = weight.new_zeros(rows, columns), weight.new_zeros(rows, columns)
        first[::s, ::s] = weight
        if self.order == "hw":
            between[::s] = einsum(first[::s], self.width, "i j, i j w -> i w")
            return einsum(between, self.height, "i w, w i h -> h w")
        between[:, ::s] = einsum(first[:, ::s], self.height, "i j, j i h -> h j")
        return einsum(between, self.width, "h j, h j w -> h w")


def passes(
    height_weights: Weights,
    width_weights: OtherWeights,
    *,
    order: str = "hw",
    head: Head = None,
    stride: int = 1,
    sample: int = 0,
) -> Passes:
    """Pick one image and one pair of heads from the weights that ``record_attention`` yields.

    Raises:
        InputError: an unknown order, no such head or sample, or weights that are not of one layer.
    """
    if order not in ("hw", "wh"):
        raise InputError(f'There is no order "{order}". Choose "hw" (height first) or "wh".')
    columns, rows = width_weights.shape[-1], height_weights.shape[-1]
    if order == "hw":
        rows = -(-rows // stride)
    else:
        columns = -(-columns // stride)
    heads = head if isinstance(head, tuple) else (head, head)
    images = [
        _images(choose_head(weights, of), lines, stride)
        for weights, of, lines in zip(
            (height_weights, width_weights), heads, (columns, rows), strict=True
        )
    ]
    if len(images[0]) != len(images[1]):
        raise InputError(_not_of_one_layer(len(width_weights), rows, stride))
    if not 0 <= sample < len(images[0]):
        raise InputError(f"There is no image {sample} in this batch of {len(images[0])}.")
    return Passes(images[0][sample], images[1][sample], order, stride)


def two_hop(
    height_weights: Weights,
    width_weights: OtherWeights,
    query: tuple[int, int],
    order: str = "hw",
    *,
    head: Head = None,
    stride: int = 1,
    sample: int = 0,
) -> Float[Tensor, "height width"]:
    """Compose both passes' weights: where the output cell ``query`` (y, x) looks. Sums to 1.

    Args:
        height_weights: ``[sequence, head, query, key]`` of the height pass, sequences (batch,
            column), as ``record_attention`` yields them.
        width_weights: the same of the width pass, sequences (batch, row).
        query: a cell of the layer's output.
        order: ``"hw"`` if the height pass comes first, as in all published networks.
        head: one head of both passes, a pair (height, width), or None for the mean of all.
        stride: of the layer: rows are thinned out between the passes, columns after them (in
            the order ``wh`` the other way round), so cell (i, j) asks from (s i, s j).
        sample: number of the image in the batch.

    Raises:
        InputError: an unknown order, no such head, cell or sample, or weights of two layers.

    Example::

        with record_attention(model, layers=["stage4.block2"]) as maps:
            model(image)
        two_hop(maps["stage4.block2.height"], maps["stage4.block2.width"], (4, 6), head=(0, 3))
    """
    found = passes(
        height_weights, width_weights, order=order, head=head, stride=stride, sample=sample
    )
    return found.compose(query)


def head_pairs(
    height_weights: Weights,
    width_weights: OtherWeights,
    query: tuple[int, int],
    order: str = "hw",
    *,
    stride: int = 1,
    sample: int = 0,
) -> Float[Tensor, "height_head width_head height width"]:
    """Compose every head of the height pass with every head of the width pass; each sums to 1.

    Takes what ``two_hop`` takes. The mean over both heads is ``two_hop`` with ``head=None``.
    """

    def one(height_head: int, width_head: int) -> Float[Tensor, "height width"]:
        pair = (height_head, width_head)
        return two_hop(
            height_weights, width_weights, query, order, head=pair, stride=stride, sample=sample
        )

    across = range(width_weights.shape[1])
    rows = [torch.stack([one(a, b) for b in across]) for a in range(height_weights.shape[1])]
    return torch.stack(rows)


def choose_head(weights: Weights, head: int | None) -> OneHead:
    """Return one head's weights, or the mean of all (None), in float64.

    Raises:
        InputError: no such head.
    """
    if head is None:
        return weights.double().mean(dim=1)
    if not 0 <= head < weights.shape[1]:
        raise InputError(
            f"There is no head {head}; this layer has heads 0..{weights.shape[1] - 1}."
        )
    return weights[:, head].double()


def _images(weights: OneHead, lines: int, stride: int) -> Float[Tensor, "image line query key"]:
    """Separate the images, which have that many lines."""
    if len(weights) % lines:
        raise InputError(_not_of_one_layer(len(weights), lines, stride))
    return rearrange(weights, "(b line) query key -> b line query key", line=lines)


def _not_of_one_layer(sequences: int, lines: int, stride: int) -> str:
    return (
        f"{sequences} sequences are not the same images with {lines} lines each: the weights of "
        f"both passes must be of one layer, and its stride that given ({stride})."
    )
