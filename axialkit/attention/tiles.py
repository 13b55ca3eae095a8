"""How the fused attention cuts its work: pieces of the logits that fit the processor's cache.

A *pair* is one sequence and one head. A *chunk* is some pairs with all their keys, a *tile* some
queries of a chunk. Fresh large tensors cost more than the arithmetic in them (page faults), so one
``Scratch`` lends the same few buffers to every tile.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

TILE_QUERIES = 96  # at most; short tiles waste position products, long ones the cache
# elements of the largest buffer, which a tile needs about three times
CPU_ELEMENTS = 2**19
GPU_ELEMENTS = 2**24


class Chunk(NamedTuple):
    """Some sequences and some heads."""

    rows: slice
    heads: slice


class Tile(NamedTuple):
    """The queries ``start..stop - 1`` of an axis, against all its ``length`` keys.

    Their distances ``j - i`` are ``width`` different ones: ``1 - stop .. length - 1 - start``.
    """

    start: int
    stop: int
    length: int

    @property
    def size(self) -> int:
        """Number of queries."""
        return self.stop - self.start

    @property
    def width(self) -> int:
        """Number of distances."""
        return self.length + self.size - 1

    @property
    def queries(self) -> slice:
        """Where they lie on the axis."""
        return slice(self.start, self.stop)

    @property
    def distances(self) -> slice:
        """Where their distances lie in rows of all distances ``1 - length .. length - 1``."""
        return slice(self.length - self.stop, 2 * self.length - 1 - self.start)

    def key_blocks(self) -> Iterator[tuple[slice, slice]]:
        """Cut the keys into blocks about as long as the tile.

        With each block comes where the tile's distances ``i - j`` to it lie in rows of all
        distances: the same axis seen from the keys.
        """
        for start in range(0, self.length, self.size):
            stop = min(start + self.size, self.length)
            first = self.start - stop + self.length
            yield slice(start, stop), slice(first, first + self.size + stop - start - 1)


def cut(
    sequences: int, heads: int, length: int, device: torch.device
) -> tuple[list[Chunk], list[Tile]]:
    """Cut the logits ``[sequences, heads, length, length]`` into chunks and tiles."""
    elements = CPU_ELEMENTS if device.type == "cpu" else GPU_ELEMENTS
    most = max(1, min(TILE_QUERIES, elements // (2 * length)))
    queries = _even(length, most)
    pairs = max(1, elements // (queries * (length + queries - 1)))
    together = min(heads, pairs)
    rows = _even(sequences, max(1, pairs // together))
    chunks = [
        Chunk(slice(row, row + rows), slice(head, head + together))
        for row in range(0, sequences, rows)
        for head in range(0, heads, together)
    ]
    return chunks, [
        Tile(start, min(start + queries, length), length) for start in range(0, length, queries)
    ]


def _even(total: int, most: int) -> int:
    """Size of the parts when ``total`` is cut into as few as ``most`` allows, about equal."""
    return math.ceil(total / math.ceil(total / most))


class Scratch:
    """Buffers by name, allocated once and lent again and again."""

    def __init__(self, like: Tensor) -> None:
        self.like = like  # dtype and device of all buffers
        self._free: dict[str, Tensor] = {}
        self._margins: dict[tuple[str, int, int], Tensor] = {}

    def take(self, name: str, *shape: int) -> Float[Tensor, "..."]:
        """Return a contiguous tensor with anything in it; the name's former tensor is void."""
        size = math.prod(shape)
        if name not in self._free or self._free[name].numel() < size:
            self._free[name] = self.like.new_empty(size)
        return self._free[name][:size].view(shape)

    def take_zeroed(
        self, name: str, pairs: int, rows: int, width: int
    ) -> Float[Tensor, "pairs rows width"]:
        """Return a buffer of which only the skewed view is ever written: all else stays zero."""
        key = name, rows, width
        if key not in self._margins or self._margins[key].shape[0] < pairs:
            self._margins[key] = self.like.new_zeros(pairs, rows, width)
        return self._margins[key][:pairs]
