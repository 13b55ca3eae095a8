"""Position-sensitive attention without an attention map: exact, forwards and backwards.

The same numbers as ``reference``, computed tile by tile in buffers that fit the cache; only the
queries, keys, values and one number per row of the softmax are kept for the backward pass, which
computes each tile anew.

Content terms are products batched over the pairs of sequence and head. In position terms all pairs
meet the same vectors, so they are batched over the queries (or over the keys) instead, against
``positions.windows``; for these, keys and values are turned around, the last one first.

Letters: ``p`` = pairs of a chunk, ``i`` = queries of a tile, ``j`` = all keys from last to first,
``d`` and ``e`` = channels per head of keys and values; *rows* are ``positions.distance_rows``.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.positions import windows
from axialkit.attention.tiles import Chunk, Scratch, Tile, cut, scratch_for

PROJECTED = 2048  # pixels, at least: fewer would slow down the product

Pairs = Float[Tensor, "pair query channel"]
Logits = Float[Tensor, "pair query key"]


class Formula(NamedTuple):
    """What turns queries, keys and values into an answer; rows are None where their term is off."""

    query_rows: Float[Tensor, "distance d"] | None
    key_rows: Float[Tensor, "distance d"] | None
    value_rows: Float[Tensor, "distance e"] | None
    scale: Float[Tensor, "3 head"]  # of the terms q.k, q.r_q, k.r_k
    shift: Float[Tensor, " head"]  # of their sum; without effect on a softmax
    content: bool = True  # is q.k on?
    value_content: bool = True  # is v on?
    softmax: bool = True  # or else sigmoid


class Attention(NamedTuple):
    """All that the formula reads, and the formula."""

    q: Float[Tensor, "b head length d"]
    k: Float[Tensor, "b head length d"]
    v: Float[Tensor, "b head length e"]
    query_rows: Float[Tensor, "distance d"] | None
    key_rows: Float[Tensor, "distance d"] | None
    value_rows: Float[Tensor, "distance e"] | None
    scale: Float[Tensor, "3 head"]
    shift: Float[Tensor, " head"]
    content: bool = True
    value_content: bool = True
    softmax: bool = True

    def in_precision_of(self, scratch: Scratch) -> "Attention":
        """Widen all but q, k and v, which are widened chunk by chunk."""
        dtype = scratch.dtype
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

    def cut(self, *, backward: bool = False) -> tuple[list[Chunk], list[Tile]]:
        """Cut into chunks and tiles."""
        *shape, depth = self.q.shape
        depth = max(depth, self.v.shape[-1])
        return cut((shape[0], shape[1], shape[2]), depth, self.q.device, backward=backward)


class Projection(NamedTuple):
    """What queries, keys and values are made of."""

    x: Float[Tensor, "b length channel"]
    weight: Float[Tensor, "qkv channel"]
    bias: Float[Tensor, " qkv"]

    def parts(self, heads: int, value_depth: int) -> list[slice]:
        """Cut the sequences into those that are projected at once: some chunks, for the speed."""
        sequences, length, _ = self.x.shape
        key_depth = (len(self.weight) // heads - value_depth) // 2
        depth = max(key_depth, value_depth)
        chunks, _ = cut((sequences, heads, length), depth, self.x.device)
        rows = chunks[0].rows.stop if chunks else 1
        rows *= math.ceil(PROJECTED / (rows * length))
        return [slice(row, row + rows) for row in range(0, sequences, rows)]

    def of(
        self, rows: slice, heads: int, value_depth: int, scratch: Scratch
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Project some sequences; what the scratch lent for the former ones is overwritten."""
        x, dtype = self.x[rows], scratch.dtype
        qkv = scratch.take("qkv", x.shape[0] * x.shape[1], len(self.weight))
        weight, bias = self.weight.to(dtype), self.bias.to(dtype)
        torch.addmm(bias, x.flatten(0, 1).to(dtype), weight.mT, out=qkv)
        keys, values = (len(weight) - heads * value_depth) // 2, heads * value_depth
        q, k, v = (
            part.unflatten(0, x.shape[:2]).unflatten(2, (heads, -1)).transpose(1, 2)
            for part in qkv.split([keys, keys, values], dim=1)
        )
        return q, k, v


# takes what the queries of a tile retrieve, to be multiplied by the factor
Emit = Callable[[Chunk, Tile, "Loaded", list[Pairs], Float[Tensor, "pair query 1"]], None]


class Loaded:
    """One chunk: its keys and values, and what its tiles compute."""

    def __init__(self, attention: Attention, chunk: Chunk, scratch: Scratch) -> None:
        self.attention, self.chunk, self.scratch = attention, chunk, scratch
        # [3 head 1 1]
        self.scale = attention.scale[:, chunk.heads, None, None]
        k, v = attention.k[chunk].flip(2), attention.v[chunk].flip(2)
        self.rows, self.heads, self.length, self.depth = k.shape
        self.pairs = self.rows * self.heads
        self.k = self.load("k", k)
        self.v = self.load("v", v)
        if attention.key_rows is not None:
            self.scaled_k = self.load("scaled k", k, self.scale[2])

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

    def vectors(self, tile: Tile, rows: Float[Tensor, "distance c"]) -> Float[Tensor, "i j c"]:
        """Return the position vectors between the tile's queries and all keys."""
        return windows(rows[tile.distances], tile.size, self.length)

    def logits(self, tile: Tile) -> Logits:
        """Sum the terms that are on."""
        total = self.scratch.take("logits", self.pairs, tile.size, self.length)
        if self.attention.content:
            torch.bmm(self.queries(tile, 0), self.k.mT, out=total)
        else:
            total.zero_()
        if self.attention.query_rows is not None:
            vectors = self.vectors(tile, self.attention.query_rows)
            self.add_positions(total, self.queries(tile, 1), vectors)
        if self.attention.key_rows is not None:
            vectors = self.vectors(tile, self.attention.key_rows).transpose(0, 1)
            self.add_positions(total.mT, self.scaled_k, vectors)
        return total

    def add_positions(
        self, total: Logits, x: Pairs, vectors: Float[Tensor, "query key channel"]
    ) -> None:
        """Add ``x_i . vector_ij`` to a total of any layout."""
        products = self.scratch.take("products", x.shape[1], self.pairs, vectors.shape[1])
        torch.bmm(x.transpose(0, 1), vectors.mT, out=products)
        total.add_(products.transpose(0, 1))

    def retrieve(self, tile: Tile, weights: Logits) -> list[Pairs]:
        """Gather values and position vectors under the weights."""
        retrieved = []
        depth = self.v.shape[-1]
        if self.attention.value_content:
            content = self.scratch.take("content", self.pairs, tile.size, depth)
            retrieved.append(torch.bmm(weights, self.v, out=content))
        if self.attention.value_rows is not None:
            position = self.scratch.take("position", tile.size, self.pairs, depth)
            vectors = self.vectors(tile, self.attention.value_rows)
            torch.bmm(weights.transpose(0, 1), vectors, out=position)
            retrieved.append(position.transpose(0, 1))
        return retrieved


def attend(
    attention: Attention, emit: Emit, scratch: Scratch | None = None
) -> Float[Tensor, "b head length"]:
    """Run over all tiles and hand on what their queries retrieve; return log(sum(exp(logits)))."""
    scratch = scratch or scratch_for(attention.q)
    attention = attention.in_precision_of(scratch)
    lse = attention.q.new_empty(attention.q.shape[:3], dtype=scratch.dtype)
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
