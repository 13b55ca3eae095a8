"""Mean and variance of logits that are never formed, for the batch norm in training.

The sum of squares of all ``q_i . k_j`` is the product of two small Gram matrices, ``sum_i q_i
q_i^T`` and ``sum_j k_j k_j^T``: d x d instead of length x length. A position term meets the
vectors of ``length`` consecutive distances, whose sums are differences of running sums. Exact, and
differentiable by autograd.

Letters: ``i``, ``j`` = query and key position, ``d`` = channels per head, ``f`` = the same, the
other side of a Gram matrix.
"""

from typing import NamedTuple

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.processes import total_over_processes

Heads = Float[Tensor, " head"]


class Moments(NamedTuple):
    """Sums over sequences, queries and keys; float64, as they grow large and are subtracted."""

    total: Float[Tensor, "term head"]
    squares: Float[Tensor, "term head"]
    numbers: int  # numbers summed per term and head

    def over_processes(self) -> "Moments":
        """Sum up the moments of all processes of a distributed training; differentiable."""
        total, squares = (total_over_processes(part) for part in (self.total, self.squares))
        return Moments(total, squares, total_over_processes(self.numbers))

    def mean_and_variance(
        self,
    ) -> tuple[Float[Tensor, "term head"], Float[Tensor, "term head"]]:
        """Return the mean and the biased variance."""
        mean = self.total / self.numbers
        return mean, (self.squares / self.numbers - mean * mean).clamp(min=0)


def materialized_moments(terms: list[Float[Tensor, "b head i j"]]) -> Moments:
    """Sum up logits that are there: the definition."""
    wide = [term.double() for term in terms]
    total = torch.stack([term.sum((0, 2, 3)) for term in wide])
    squares = torch.stack([(term * term).sum((0, 2, 3)) for term in wide])
    return Moments(total, squares, terms[0].numel() // terms[0].shape[1])


def logit_moments(
    q: Float[Tensor, "b head i d"],
    k: Float[Tensor, "b head j d"],
    query_rows: Float[Tensor, "distance d"] | None = None,
    key_rows: Float[Tensor, "distance d"] | None = None,
    *,
    content: bool = True,
) -> Moments:
    """Sum up the logits of the terms that are on, in the order content, query, key position.

    Rows are those of ``positions.distance_rows``. Half precision is widened to float32.
    """
    sequences, _, length, _ = q.shape
    with torch.autocast(q.device.type, enabled=False):
        if q.dtype != torch.float64:
            q, k = q.float(), k.float()
        sums = []
        if content:
            sums.append(_content_sums(q, k))
        if query_rows is not None:
            sums.append(_position_sums(q, query_rows.to(q.dtype)))
        if key_rows is not None:  # as the windows want it, from the last key to the first
            sums.append(_position_sums(k.flip(2), key_rows.to(k.dtype)))
        total, squares = (torch.stack(part) for part in zip(*sums, strict=True))
    return Moments(total, squares, sequences * length * length)


def _content_sums(
    q: Float[Tensor, "b head i d"], k: Float[Tensor, "b head j d"]
) -> tuple[Heads, Heads]:
    total = einsum(q.sum(2).double(), k.sum(2).double(), "b head d, b head d -> head")
    squares = einsum((q.mT @ q).double(), (k.mT @ k).double(), "b head d f, b head d f -> head")
    return total, squares


def _position_sums(
    x: Float[Tensor, "b head i d"], rows: Float[Tensor, "distance d"]
) -> tuple[Heads, Heads]:
    """Sum up ``x_i . r`` and its square over all ``i`` and the distances that meet ``i``."""
    length, wide = x.shape[2], rows.double()
    vectors = _window_sums(wide, length).to(x.dtype)
    grams = _window_sums(einsum(wide, wide, "distance d, distance f -> distance d f"), length)
    by_position = x.sum(0).double()
    total = einsum(by_position, vectors.double(), "head i d, i d -> head")
    projected = einsum(x, grams.to(x.dtype), "b head i d, i d f -> b head i f")
    squares = (projected * x).sum((2, 3)).double().sum(0)
    return total, squares


def _window_sums(rows: Float[Tensor, "distance ..."], length: int) -> Float[Tensor, "i ..."]:
    """Sum the ``length`` rows from each position on: its window, see ``positions.windows``."""
    running = torch.cat([torch.zeros_like(rows[:1]), rows.cumsum(0)])
    return running[length:] - running[:length]
