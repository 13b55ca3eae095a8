"""Mean and variance of logits that are never formed, for the batch norm in training.

The sum of squares of all ``q_i . k_j`` is the product of two small Gram matrices, ``sum_i q_i
q_i^T`` and ``sum_j k_j k_j^T``: d x d instead of length x length. In a position term, position i
meets the vectors of its window (``positions.windows``), so with the Gram matrix of the window it is
``x_i^T G_i x_i``. Exact, with gradients; both ways in blocks, of which nothing is kept.

Letters: ``i``, ``j`` = query and key position, ``d`` = channels per head.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from axialkit.attention.positions import add_to_windows, windows
from axialkit.attention.processes import totals_over_processes

_BLOCK = 2**20  # elements worked on at a time

Heads = Float[Tensor, " head"]


class Moments(NamedTuple):
    """Sums over sequences, queries and keys; float64, as they grow large and are subtracted."""

    total: Float[Tensor, "term head"]
    squares: Float[Tensor, "term head"]
    numbers: int | Tensor  # numbers summed per term and head

    def over_processes(self) -> "Moments":
        """Sum up the moments of all processes of a distributed training; differentiable."""
        numbers = self.total.new_zeros(()) + self.numbers
        return Moments(*totals_over_processes(self.total, self.squares, numbers))

    def mean_and_variance(
        self,
    ) -> tuple[Float[Tensor, "term head"], Float[Tensor, "term head"]]:
        """Return the mean and the biased variance."""
        mean = self.total / self.numbers
        return mean, (self.squares / self.numbers - mean * mean).clamp(min=0)


def materialized_moments(terms: list[Float[Tensor, "b head i j"]]) -> Moments:
    """Sum up logits that are there: the definition."""
    axes, wide = (0, 2, 3), torch.float64
    total = torch.stack([term.sum(axes, dtype=wide) for term in terms])
    squares = torch.stack([term.square().sum(axes, dtype=wide) for term in terms])
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
            sums.append(_ContentSums.apply(q, k))
        if query_rows is not None:
            sums.append(_PositionSums.apply(q, query_rows.to(q.dtype)))
        if key_rows is not None:  # as the windows want it, from the last key to the first
            sums.append(_PositionSums.apply(k.flip(2), key_rows.to(k.dtype)))
        total, squares = (torch.stack(part) for part in zip(*sums, strict=True))
    return Moments(total, squares, sequences * length * length)


class _ContentSums(torch.autograd.Function):
    """Sums of ``q_i . k_j`` and of its square, per head."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        q: Float[Tensor, "b head i d"],
        k: Float[Tensor, "b head j d"],
    ) -> tuple[Heads, Heads]:
        ctx.save_for_backward(q, k)
        total, squares = _zeros(q.shape[1], q.device)
        for part in _sequences(q):
            total += (q[part].sum(2) * k[part].sum(2)).sum((0, 2), dtype=torch.float64)
            grams = (q[part].mT @ q[part]).mul_(k[part].mT @ k[part])
            squares += grams.sum((0, 2, 3), dtype=torch.float64)
        return total, squares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Heads, grad_squares: Heads) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        q, k = ctx.saved_tensors
        slope = grad_total.to(q.dtype)[:, None, None]
        twice = 2 * grad_squares.to(q.dtype)[:, None, None]
        grads = torch.empty_like(q), torch.empty_like(k)
        for part in _sequences(q):
            for x, y, grad in ((q, k, grads[0]), (k, q, grads[1])):
                gram = (y[part].mT @ y[part]).mul_(twice)
                grad[part] = (x[part] @ gram).addcmul_(y[part].sum(2, keepdim=True), slope)
        return grads


class _PositionSums(torch.autograd.Function):
    """Sums of ``x_i . r`` and of its square, per head, over the vectors ``r`` of i's window."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: Float[Tensor, "b head i d"],
        rows: Float[Tensor, "distance d"],
    ) -> tuple[Heads, Heads]:
        ctx.save_for_backward(x, rows)
        total, squares = _zeros(x.shape[1], x.device)
        for _, x_i, vectors in _positions(x, rows):
            sums = vectors.sum(1)[:, None, None]
            total += (x_i.sum(1, keepdim=True) * sums).sum((0, 1, 3), dtype=torch.float64)
            projected = _times(x_i, vectors.mT @ vectors)
            squares += projected.mul_(x_i).sum((0, 1, 3), dtype=torch.float64)
        return total, squares

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_total: Heads, grad_squares: Heads) -> tuple[Tensor, Tensor]:  # noqa: ANN401
        x, rows = ctx.saved_tensors
        slope = grad_total.to(x.dtype)[:, None]
        twice = 2 * grad_squares.to(x.dtype)[:, None]
        grad_x, grad_rows = torch.empty_like(x), torch.zeros_like(rows)
        for place, x_i, vectors in _positions(x, rows):
            projected = _times(x_i, vectors.mT @ vectors).mul_(twice)
            projected.addcmul_(vectors.sum(1)[:, None, None], slope)
            grad_x[:, :, place] = projected.permute(1, 2, 0, 3)
            gram = (x_i * twice).flatten(1, 2).mT @ x_i.flatten(1, 2)
            mean_pull = (x_i * slope).sum((1, 2))[:, None]
            add_to_windows(grad_rows[place.start :], torch.baddbmm(mean_pull, vectors, gram))
        return grad_x, grad_rows


def _zeros(heads: int, device: torch.device) -> tuple[Heads, Heads]:
    total, squares = torch.zeros(2, heads, dtype=torch.float64, device=device)
    return total, squares


def _sequences(q: Float[Tensor, "b head i d"]) -> Iterator[slice]:
    """Cut the sequences into blocks."""
    sequences, heads, length, depth = q.shape
    step = max(1, _BLOCK // (heads * depth * max(length, depth)))
    return (slice(start, start + step) for start in range(0, sequences, step))


def _positions(
    x: Float[Tensor, "b head i d"], rows: Float[Tensor, "distance d"]
) -> Iterator[tuple[slice, Float[Tensor, "part b head d"], Float[Tensor, "part j d"]]]:
    """Cut the positions into blocks; with each come its part of ``x`` and its windows."""
    sequences, heads, length, depth = x.shape
    step = max(1, _BLOCK // (depth * max(length, depth, sequences * heads)))
    for start in range(0, length, step):
        place = slice(start, min(start + step, length))
        x_i = x[:, :, place].permute(2, 0, 1, 3).contiguous()
        yield place, x_i, windows(rows[start:], len(x_i), length)


def _times(
    x_i: Float[Tensor, "part b head d"], grams: Float[Tensor, "part d d"]
) -> Float[Tensor, "part b head d"]:
    return (x_i.flatten(1, 2) @ grams).unflatten(1, x_i.shape[1:3])
