"""Position-sensitive attention without an attention map: exact, forwards and backwards.

The same numbers as ``reference``, computed tile by tile in buffers that fit the cache; only the
queries, keys, values and one number per row of the softmax are kept for the backward pass, which
computes each tile anew. A position term is one matrix product with the vectors of all distances,
then ``skewed``: twice the arithmetic of the definition, at the speed of a large product.

Letters: ``p`` = pairs of a chunk, ``i`` = queries of a tile, ``j`` = all keys, ``d`` and ``e`` =
channels per head of keys and values; *rows* are the vectors of the distances ``1 - length ..
length - 1`` (``positions.distance_rows``).
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.positions import skewed
from axialkit.attention.tiles import Chunk, Scratch, Tile, cut

Pairs = Float[Tensor, "pair query channel"]
Logits = Float[Tensor, "pair query key"]


class Attention(NamedTuple):
    """All that the formula reads; rows are None where their term is off."""

    q: Float[Tensor, "b head length d"]
    k: Float[Tensor, "b head length d"]
    v: Float[Tensor, "b head length e"]
    query_rows: Float[Tensor, "distance d"] | None
    key_rows: Float[Tensor, "distance d"] | None
    value_rows: Float[Tensor, "distance e"] | None
    scale: Float[Tensor, "3 head"]  # of the terms q.k, q.r_q, k.r_k
    shift: Float[Tensor, " head"]  # of their sum; without effect on a softmax
    content: bool = True  # is q.k on?
    value_content: bool = True  # is v on?
    softmax: bool = True  # or else sigmoid

    def scratch(self) -> Scratch:
        """Buffers in which to compute: half precision is widened to float32."""
        dtype = torch.float64 if self.q.dtype == torch.float64 else torch.float32
        return Scratch(torch.empty(0, dtype=dtype, device=self.q.device))

    def in_precision_of(self, scratch: Scratch) -> "Attention":
        """Widen all but q, k and v, which are widened chunk by chunk."""
        dtype = scratch.like.dtype
        query_rows, key_rows, value_rows = (
            None if rows is None else rows.to(dtype)
            for rows in (self.query_rows, self.key_rows, self.value_rows)
        )
        return self._replace(
            query_rows=query_rows,
            key_rows=key_rows,
            value_rows=value_rows,
            scale=self.scale.to(dtype),
            shift=self.shift.to(dtype),
        )

    def cut(self) -> tuple[list[Chunk], list[Tile]]:
        """Cut into chunks and tiles."""
        sequences, heads, length, _ = self.q.shape
        return cut(sequences, heads, length, self.q.device)


# takes what the queries of a tile retrieve, to be multiplied by the factor
Emit = Callable[[Chunk, Tile, "Loaded", list[Pairs], Float[Tensor, "pair query 1"]], None]


class Loaded:
    """One chunk: its keys and values, and what its tiles compute."""

    def __init__(self, attention: Attention, chunk: Chunk, scratch: Scratch) -> None:
        self.attention, self.chunk, self.scratch = attention, chunk, scratch
        # [3 head 1 1]
        self.scale = attention.scale[:, chunk.heads, None, None]
        k, v = attention.k[chunk], attention.v[chunk]
        self.rows, self.heads, self.length, self.depth = k.shape
        self.pairs = self.rows * self.heads
        self.k = self.load("k", k)
        self.v = self.load("v", v)
        if attention.key_rows is not None:
            self.flipped = attention.key_rows.flip(0)  # by distance i - j

    def load(
        self,
        name: str,
        source: Float[Tensor, "row head length c"],
        scale: Float[Tensor, "head 1 1"] | None = None,
    ) -> Pairs:
        """Copy from the whole tensors into contiguous pairs."""
        target = self.scratch.take(name, *source.shape)
        if scale is None:
            target.copy_(source)
        else:
            torch.mul(source, scale, out=target)
        return target.flatten(0, 1)

    def unflat(self, pairs: Pairs) -> Float[Tensor, "row head i c"]:
        """Separate sequences and heads again."""
        return pairs.unflatten(0, (self.rows, self.heads))

    def queries(self, tile: Tile, term: int) -> Pairs:
        """Return the tile's queries times the scale of a term, 0 = content, 1 = position."""
        q = self.attention.q[self.chunk][:, :, tile.queries]
        return self.load(f"scaled q {term}", q, self.scale[term])

    def scaled_keys(self, keys: slice) -> Pairs:
        """Return some keys times the scale of their position term."""
        return self.load("scaled k", self.unflat(self.k)[:, :, keys], self.scale[2])

    def logits(self, tile: Tile) -> Logits:
        """Sum the terms that are on."""
        total = self.scratch.take("logits", self.pairs, tile.size, self.length)
        if self.attention.content:
            torch.bmm(self.queries(tile, 0), self.k.mT, out=total)
        else:
            total.zero_()
        if self.attention.query_rows is not None:
            rows = self.attention.query_rows[tile.distances]
            self.add_positions(total, self.queries(tile, 1), rows)
        if self.attention.key_rows is not None:
            for keys, distances in tile.key_blocks():
                rows = self.flipped[distances]
                self.add_positions(total[:, :, keys].mT, self.scaled_keys(keys), rows)
        return total

    def add_positions(self, total: Logits, x: Pairs, rows: Float[Tensor, "distance c"]) -> None:
        """Add ``x_i . rows[j - i]`` to a total of any layout."""
        pairs, length, _ = x.shape
        by_distance = self.scratch.take("by distance", pairs, length, len(rows))
        torch.matmul(x, rows.mT, out=by_distance)
        total.add_(skewed(by_distance))

    def to_distances(self, name: str, maps: Logits) -> Float[Tensor, "pair_i distance"]:
        """Move the elements of maps of any layout to the columns of their distances."""
        pairs, queries, keys = maps.shape
        buffer = self.scratch.take_zeroed(name, pairs, queries, keys + queries - 1)
        skewed(buffer).copy_(maps)
        return buffer.flatten(0, 1)

    def retrieve(self, tile: Tile, weights: Logits) -> list[Pairs]:
        """Gather values and position vectors under the weights."""
        retrieved = []
        shape = self.pairs, tile.size, self.v.shape[-1]
        if self.attention.value_content:
            content = self.scratch.take("content", *shape)
            retrieved.append(torch.bmm(weights, self.v, out=content))
        if self.attention.value_rows is not None:
            position = self.scratch.take("position", *shape)
            rows = self.attention.value_rows[tile.distances]
            by_distance = self.to_distances("weights", weights)
            torch.mm(by_distance, rows, out=position.flatten(0, 1))
            retrieved.append(position)
        return retrieved


def attend(attention: Attention, emit: Emit) -> Float[Tensor, "b head length"]:
    """Run over all tiles and hand on what their queries retrieve; return log(sum(exp(logits)))."""
    scratch = attention.scratch()
    attention = attention.in_precision_of(scratch)
    lse = scratch.like.new_empty(attention.q.shape[:3])
    chunks, tiles = attention.cut()
    for chunk in chunks:
        loaded = Loaded(attention, chunk, scratch)
        for tile in tiles:
            logits = loaded.logits(tile)
            if attention.softmax:
                most = logits.amax(-1, keepdim=True)
                weights = logits.sub_(most).exp_()
                total = weights.sum(-1, keepdim=True)
                lse[chunk][:, :, tile.queries] = loaded.unflat(most + total.log())[..., 0]
                factor = total.reciprocal_()
            else:
                loaded.unflat(logits).add_(attention.shift[chunk.heads, None, None])
                weights, factor = logits.sigmoid_(), torch.ones_like(logits[..., :1])
            emit(chunk, tile, loaded, loaded.retrieve(tile, weights), factor)
    return lse
