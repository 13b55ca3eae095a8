"""How the fused attention cuts its work: pieces of the logits that fit the processor's cache.

A *pair* is one sequence and one head. A *chunk* is some pairs with all their keys, a *tile* some
queries of a chunk. Fresh large tensors cost more than the arithmetic in them (page faults), so one
``Scratch`` lends the same few buffers to every tile.
"""

import math
import threading
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

TILE_QUERIES = 136  # at most
CPU_ELEMENTS = 3 * 2**18  # of the largest buffer, which a tile needs about four times
GPU_ELEMENTS = 2**24


class Chunk(NamedTuple):
    """Some sequences and some heads."""

    rows: slice
    heads: slice


class Tile(NamedTuple):
    """The queries ``start..stop - 1`` of an axis, against all its ``length`` keys."""

    start: int
    stop: int
    length: int

    @property
    def size(self) -> int:
        """Number of queries."""
        return self.stop - self.start

    @property
    def queries(self) -> slice:
        """Where they lie on the axis."""
        return slice(self.start, self.stop)

    @property
    def distances(self) -> slice:
        """Where their distances to the keys lie in ``positions.distance_rows``."""
        return slice(self.start, self.stop + self.length - 1)


def cut(
    shape: tuple[int, int, int], depth: int, device: torch.device, *, backward: bool = False
) -> tuple[list[Chunk], list[Tile]]:
    """Cut the logits of a shape ``(sequences, heads, length)`` into chunks and tiles.

    ``depth`` is that of the deepest vectors. Keys and values of a chunk have to fit as well, and
    on the way back the gradients of a tile's positions.
    """
    sequences, heads, length = shape
    elements = CPU_ELEMENTS if device.type == "cpu" else GPU_ELEMENTS
    most = min(TILE_QUERIES, 2 * elements // (length * depth)) if backward else TILE_QUERIES
    queries = _even(length, max(1, most))
    # so many more buffers have the size of queries, keys and values on the way back
    pairs = max(1, elements // (length * max(queries, depth if backward else depth // 2)))
    together = _even(heads, min(heads, pairs))
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
    return math.ceil(total / math.ceil(total / most)) if total else 1


class Scratch:
    """Buffers by name, allocated once and lent again and again."""

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.dtype, self.device = dtype, device
        self._free: dict[str, Tensor] = {}

    @property
    def nbytes(self) -> int:
        """What all buffers take together."""
        return sum(buffer.nbytes for buffer in self._free.values())

    def take(self, name: str, *shape: int) -> Float[Tensor, "..."]:
        """Return a contiguous tensor with anything in it; the name's former tensor is void."""
        size = math.prod(shape)
        if name not in self._free or self._free[name].numel() < size:
            with torch.inference_mode(False):  # as training may be the next to use it
                self._free[name] = torch.empty(size, dtype=self.dtype, device=self.device)
        return self._free[name][:size].view(shape)


_kept = threading.local()


def scratch_for(x: Tensor) -> Scratch:
    """Return buffers in which to compute: half precision is widened to float32.

    On a CPU each thread keeps its own from call to call, some 30 MB: to get them anew from the
    system costs as much time as a tenth of the work. GPUs have an allocator that keeps them.
    """
    dtype = torch.float64 if x.dtype == torch.float64 else torch.float32
    if x.device.type != "cpu":
        return Scratch(dtype, x.device)
    if not hasattr(_kept, "by_dtype"):
        _kept.by_dtype = {}
    return _kept.by_dtype.setdefault(dtype, Scratch(dtype, x.device))
