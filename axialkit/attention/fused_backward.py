"""The gradients of fused attention: each tile is computed anew, nothing of it was kept.

With ``P`` the weights, ``O`` the retrieved values and ``S`` the logits: ``dP = dO_c . v + dO_r .
r_v``, ``dS = P (dP - sum_j P dP)``, and from ``dS`` the gradients of everything in the logits.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.fused import Attention, Loaded, Logits, Pairs
from axialkit.attention.positions import add_to_windows
from axialkit.attention.tiles import Tile, scratch_for

Outputs = Float[Tensor, "b length term head e"]


class Gradients(NamedTuple):
    """Of ``Attention``'s tensors, in its order; zeros where a term is off."""

    q: Float[Tensor, "b head length d"]
    k: Float[Tensor, "b head length d"]
    v: Float[Tensor, "b head length e"]
    query_rows: Float[Tensor, "distance d"]
    key_rows: Float[Tensor, "distance d"]
    value_rows: Float[Tensor, "distance e"]
    scale: Float[Tensor, "3 head"]
    shift: Float[Tensor, " head"]


def attend_backward(
    attention: Attention, lse: Float[Tensor, "b head length"], grad: Outputs
) -> Gradients:
    """Return the gradients, given that of the outputs and what ``attend`` returned."""
    scratch = scratch_for(attention.q)
    wide = attention.in_precision_of(scratch)
    gradients = _zeros(wide)
    chunks, tiles = attention.cut(backward=True)
    for chunk in chunks:
        loaded = Loaded(wide, chunk, scratch)
        sums = _KeySums(loaded, gradients)
        for tile in tiles:
            _tile_backward(loaded, tile, lse[chunk], grad, sums)
        sums.store()
    scale, shift = (x.to(wide.scale.dtype) for x in (gradients.scale, gradients.shift))
    return gradients._replace(scale=scale, shift=shift)


def _zeros(attention: Attention) -> Gradients:
    sequences, heads, length, depth = attention.q.shape
    values = attention.v.shape[-1]
    new = attention.scale.new_zeros
    # laid out as the projection that they came from
    q, k, v = (
        attention.q.new_empty(sequences, length, heads, channels).transpose(1, 2)
        for channels in (depth, depth, values)
    )
    rows = 2 * length - 1
    tables = new(rows, depth), new(rows, depth), new(rows, values)
    # of so many numbers that cancel: in float64
    scale, shift = new(3, heads, dtype=torch.float64), new(heads, dtype=torch.float64)
    return Gradients(q, k, v, *tables, scale=scale, shift=shift)


def _per_head(x: Float[Tensor, "row head i c"]) -> Float[Tensor, " head"]:
    return x.sum((0, 2, 3), dtype=torch.float64)


class _KeySums:
    """What all tiles of a chunk add to: the gradients of its keys and values, last to first."""

    def __init__(self, loaded: Loaded, gradients: Gradients) -> None:
        self.loaded, self.all = loaded, gradients
        self.k = loaded.scratch.take("grad k", *loaded.k.shape).zero_()
        self.v = loaded.scratch.take("grad v", *loaded.v.shape).zero_()

    def add_scale(self, term: int, grad: Pairs, x: Pairs) -> None:
        """Add the gradient of a scale, which is ``sum(grad * x)`` per head."""
        product = self.loaded.unflat(torch.mul(grad, x))
        self.all.scale[term, self.loaded.chunk.heads] += _per_head(product)

    def store(self) -> None:
        """Write them to their place."""
        chunk = self.loaded.chunk
        self.all.k[chunk] = self.loaded.unflat(self.k).flip(2)
        self.all.v[chunk] = self.loaded.unflat(self.v).flip(2)


def _tile_backward(
    loaded: Loaded,
    tile: Tile,
    lse: Float[Tensor, "row heads_of_chunk length"],
    grad: Outputs,
    sums: _KeySums,
) -> None:
    softmax = loaded.attention.softmax
    weights = loaded.logits(tile)
    if softmax:
        loaded.unflat(weights).sub_(lse[:, :, tile.queries, None])
        weights.exp_()
    else:
        loaded.unflat(weights).add_(loaded.attention.shift[loaded.chunk.heads, None, None])
        weights.sigmoid_()
    grad_logits = _grad_weights(loaded, tile, weights, grad, sums).mul_(weights)
    if softmax:
        grad_logits.addcmul_(weights, grad_logits.sum(-1, keepdim=True), value=-1)
    else:
        grad_logits.addcmul_(grad_logits, weights, value=-1)
        sums.all.shift[loaded.chunk.heads] += _per_head(loaded.unflat(grad_logits))
    _grad_queries_and_keys(loaded, tile, grad_logits, sums)


def _grad_weights(
    loaded: Loaded, tile: Tile, weights: Logits, grad: Outputs, sums: _KeySums
) -> Logits:
    """Return the gradient of the weights; add to those of the values."""
    attention, chunk = loaded.attention, loaded.chunk
    rows, heads = chunk
    terms = list(grad[rows, tile.queries, :, heads].permute(2, 0, 3, 1, 4))
    total = loaded.scratch.take("grad logits", *weights.shape)
    if attention.value_content:
        content = loaded.load("grad content", terms.pop(0))
        torch.bmm(content, loaded.v.mT, out=total)
        sums.v.baddbmm_(weights.mT, content)
    else:
        total.zero_()
    if attention.value_rows is not None:
        position = loaded.load("grad position", terms.pop(0))
        loaded.add_positions(total, position, loaded.vectors(tile, attention.value_rows))
        _add_to_rows(loaded, sums.all.value_rows[tile.distances], weights, position)
    return total


def _grad_queries_and_keys(loaded: Loaded, tile: Tile, grad_logits: Logits, sums: _KeySums) -> None:
    attention, chunk, scale = loaded.attention, loaded.chunk, loaded.scale
    q = loaded.load("q", attention.q[chunk][:, :, tile.queries])
    grad_q = loaded.scratch.take("grad q", *q.shape).zero_()
    part = loaded.scratch.take("part of grad q", *q.shape)
    if attention.content:
        torch.bmm(grad_logits, loaded.k, out=part)
        sums.add_scale(0, part, q)
        loaded.unflat(grad_q).addcmul_(loaded.unflat(part), scale[0])
        sums.k.baddbmm_(grad_logits.mT, loaded.queries(tile, 0))
    if attention.query_rows is not None:
        vectors = loaded.vectors(tile, attention.query_rows)
        sums_by_query = torch.bmm(grad_logits.transpose(0, 1), vectors)
        part.copy_(sums_by_query.transpose(0, 1))
        sums.add_scale(1, part, q)
        loaded.unflat(grad_q).addcmul_(loaded.unflat(part), scale[1])
        rows = sums.all.query_rows[tile.distances]
        _add_to_rows(loaded, rows, grad_logits, loaded.queries(tile, 1))
    if attention.key_rows is not None:
        vectors = loaded.vectors(tile, attention.key_rows)
        by_key = loaded.scratch.take("by key", loaded.length, loaded.pairs, tile.size)
        by_key.copy_(grad_logits.permute(2, 0, 1))
        part_k = torch.bmm(by_key, vectors.transpose(0, 1)).transpose(0, 1)
        sums.add_scale(2, part_k, loaded.k)
        loaded.unflat(sums.k).addcmul_(loaded.unflat(part_k), scale[2])
        rows = sums.all.key_rows[tile.distances]
        _add_to_rows(loaded, rows, by_key.permute(1, 0, 2), loaded.scaled_k)
    sums.all.q[chunk][:, :, tile.queries] = loaded.unflat(grad_q)


def _add_to_rows(
    loaded: Loaded,
    rows: Float[Tensor, "distance c"],
    maps: Float[Tensor, "pair one other"],
    x: Float[Tensor, "pair one c"],
) -> None:
    """Add the gradient of the rows whose windows the maps were products with ``x`` of.

    ``one`` are the queries and ``other`` the keys, or the other way round: a row is their sum.
    """
    vectors = torch.bmm(maps.permute(1, 2, 0), x.transpose(0, 1))
    few = min(vectors.shape[:2])
    buffer = loaded.scratch.take("to distances", few, len(rows), vectors.shape[2])
    add_to_windows(rows, vectors, buffer)
