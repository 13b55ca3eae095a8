"""Batch norm with the reference's constants; attention and the networks share it."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from axialkit.attention.processes import totals_over_processes

EPSILON = 1e-3
MOMENTUM = 0.01  # torch's convention: the weight of the new batch (Keras: 0.99 for the old)


class BatchNorm(nn.Module):
    """Batch norm over all axes but the second, ``[batch, channel, ...]``.

    Unlike ``torch.nn.BatchNorm2d`` the moving variance is averaged from the *biased* batch
    variance, as deeplab2's synchronised layer does; ``unbiased`` switches that off. Where
    ``synchronized`` is set, the statistics of a batch are those of all processes' batches: see
    ``synchronize_batch_norms``.

    Example::

        norm = BatchNorm(64)
        y = norm(torch.randn(2, 64, 9, 17))
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, zero_gamma: bool = False, unbiased: bool = False) -> None:
        super().__init__()
        self.unbiased, self.synchronized = unbiased, False
        self.weight = nn.Parameter(torch.zeros(channels) if zero_gamma else torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(
        self, x: Float[Tensor, "batch channel *rest"], *, terms: int = 1
    ) -> Float[Tensor, "batch summed *rest"]:
        """Normalise; then sum up the channels' ``terms``, if they are several equal parts."""
        if not self.training:
            mean, variance = self.running_mean, self.running_var
            y = F.batch_norm(x, mean, variance, self.weight, self.bias, eps=EPSILON)
            return sum_terms(y, terms)
        # where torch's own kernel is imprecise; under autocast it is the one that mixes precisions
        imprecise = x.device.type == "cpu" and x.stride(1) == 1 and x.dtype == self.weight.dtype
        if self.synchronized or imprecise:
            y, mean, variance, count = exact_batch_norm(
                x, self.weight, self.bias, terms, synchronized=self.synchronized
            )
        else:
            y, mean, variance, count = native_batch_norm(x, self.weight, self.bias, terms)
        self._average_in(mean, variance, count)
        return y

    def affine(self) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
        """Return scale and shift, ``y = scale * x + shift``, of the moving statistics."""
        return self._affine(self.running_mean, self.running_var)

    def affine_of(
        self,
        mean: Float[Tensor, " channel"],
        variance: Float[Tensor, " channel"],
        count: int | Tensor,
    ) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
        """Return scale and shift of a batch's own statistics; average them into the moving ones.

        ``variance`` is the biased one over ``count`` numbers.
        """
        self._average_in(mean, variance, count)
        return self._affine(mean.to(self.weight.dtype), variance.to(self.weight.dtype))

    def _affine(self, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
        scale = self.weight * torch.rsqrt(variance + EPSILON)
        return scale, self.bias - mean * scale

    @torch.no_grad()
    def _average_in(self, mean: Tensor, variance: Tensor, count: int | Tensor) -> None:
        """Update the moving statistics from a batch's mean and biased variance."""
        if _still.on:
            return
        share = count / max(count - 1, 1) if self.unbiased else 1.0
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), MOMENTUM)
        self.running_var.lerp_((variance * share).to(self.running_var.dtype), MOMENTUM)

    def extra_repr(self) -> str:
        return f"{self.weight.numel()}"


def synchronize_batch_norms(model: nn.Module) -> int:
    """Let all batch norms use the statistics of all processes' batches; return their number.

    For ``torch.distributed`` with any backend. Before each step every process must run the same
    layers, or they wait for each other forever. Without processes nothing changes. The sums and
    the counts of the processes are added up, so batches may differ in size.
    """
    norms = [module for module in model.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.synchronized = True
    return len(norms)


class _Still(threading.local):
    on = False


_still = _Still()


@contextmanager
def still_statistics() -> Iterator[None]:
    """Leave the moving statistics as they are: a batch is computed a second time."""
    earlier, _still.on = _still.on, True
    try:
        yield
    finally:
        _still.on = earlier


# the normalised input, mean and biased variance per channel, and how many numbers these are of
Normalized = tuple[Tensor, Tensor, Tensor, int | Tensor]


def sum_terms(
    y: Float[Tensor, "batch channel *rest"], terms: int
) -> Float[Tensor, "batch summed *rest"]:
    """Add up equal parts of the channels."""
    return y if terms == 1 else sum(y.chunk(terms, dim=1))  # type: ignore[return-value]


def native_batch_norm(x: Tensor, weight: Tensor, bias: Tensor, terms: int = 1) -> Normalized:
    """Torch's own batch norm in training mode, then ``sum_terms``."""
    mean, variance = torch.zeros_like(weight), torch.zeros_like(weight)
    y = F.batch_norm(x, mean, variance, weight, bias, True, 1.0, EPSILON)
    count = x.numel() // x.shape[1]
    # torch hands over the unbiased variance
    return sum_terms(y, terms), mean, variance * ((count - 1) / count), count


def exact_batch_norm(
    x: Tensor, weight: Tensor, bias: Tensor, terms: int = 1, *, synchronized: bool = False
) -> Normalized:
    """Batch norm in training mode, in float32 precise for channels that are innermost in memory.

    There (channels-last images, tokens) torch's CPU kernel sums up the pixels one by one: on a map
    of 65x129 its answers are 30 times less precise than these, and deep networks multiply that.
    Works block by block, ``sum_terms`` included: nothing but the input is kept, and nothing but
    the answer allocated. If ``synchronized``, the statistics are those of all processes' pixels.
    """
    moved = x.movedim(1, -1)
    pixels = moved.flatten(0, -2).unflatten(1, (terms, -1))
    weight, bias = (w.view(terms, -1) for w in (weight, bias))
    y, mean, variance, count = _ExactBatchNorm.apply(pixels, weight, bias, synchronized)
    y = y.unflatten(0, moved.shape[:-1]).movedim(-1, 1)
    if x.is_contiguous():  # images keep their layout
        y = y.contiguous()
    return y, mean.flatten(), variance.flatten(), count


_BLOCK = 2**19  # elements worked on at a time, to stay in a CPU's cache


class _ExactBatchNorm(torch.autograd.Function):
    """Torch's pairwise sums, and the textbook's gradient; of ``[pixel, term, channel]``."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: Float[Tensor, "pixel term channel"],
        weight: Float[Tensor, "term channel"],
        bias: Float[Tensor, "term channel"],
        synchronized: bool,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        share = totals_over_processes if synchronized else lambda *sums: sums
        blocks = _blocks(x)
        count = torch.full((), len(x), dtype=torch.float64, device=x.device)
        total, count = share(_sum(block.sum(0, dtype=weight.dtype) for block in blocks), count)
        mean = total / count
        (squares,) = share(_sum((block - mean).square_().sum(0) for block in blocks))
        variance = squares / count
        scale = torch.rsqrt(variance + EPSILON)
        ctx.save_for_backward(x, mean, scale, weight, count)
        ctx.mark_non_differentiable(mean, variance, count)
        ctx.synchronized = synchronized
        y = x.new_empty(x.shape[0], x.shape[2])
        for block, out in zip(blocks, _blocks(y, like=x), strict=True):
            out.copy_(torch.addcmul(bias, block - mean, scale * weight).sum(1))
        return y, mean, variance, count

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, mean, scale, weight, count = ctx.saved_tensors
        blocks, grads = _blocks(x), _blocks(grad[:, None], like=x)
        pairs = list(zip(blocks, grads, strict=True))
        bias_grad = _sum(g.sum(0, dtype=weight.dtype) for g in grads).expand_as(weight)
        weight_grad = scale * _sum((block - mean).mul_(g).sum(0) for block, g in pairs)
        offset, tilt = bias_grad, weight_grad  # to these, the pixels of all processes contribute
        if ctx.synchronized:
            offset, tilt = totals_over_processes(offset, tilt)
        offset, tilt = offset / count, tilt * scale / -count
        grad_x = torch.empty_like(x)
        for (block, g), out in zip(pairs, _blocks(grad_x), strict=True):
            centered = block - mean
            out.copy_(centered.mul_(tilt).add_(g).sub_(offset).mul_(weight * scale))
        return grad_x, weight_grad, bias_grad, None


def _blocks(x: Tensor, like: Tensor | None = None) -> tuple[Tensor, ...]:
    """Cut the pixels into blocks that fit the cache, those of ``like`` if given."""
    pixel = (x if like is None else like)[0].numel()
    return x.split(max(1, _BLOCK // pixel) if x.device.type == "cpu" else len(x))


def _sum(parts: Iterable[Tensor]) -> Tensor:
    return torch.stack(list(parts)).sum(0)
