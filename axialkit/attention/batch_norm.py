"""Batch norm with the reference's constants; attention and the networks share it."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

EPSILON = 1e-3
MOMENTUM = 0.01  # torch's convention: the weight of the new batch (Keras: 0.99 for the old)


class BatchNorm(nn.Module):
    """Batch norm over all axes but the second, ``[batch, channel, ...]``.

    Unlike ``torch.nn.BatchNorm2d`` the moving variance is averaged from the *biased* batch
    variance, as deeplab2's synchronised layer does; ``unbiased`` switches that off.

    Example::

        norm = BatchNorm(64)
        y = norm(torch.randn(2, 64, 9, 17))
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, zero_gamma: bool = False, unbiased: bool = False) -> None:
        super().__init__()
        self.unbiased = unbiased
        self.weight = nn.Parameter(torch.zeros(channels) if zero_gamma else torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    def forward(
        self, x: Float[Tensor, "batch channel *rest"]
    ) -> Float[Tensor, "batch channel *rest"]:
        if not self.training:
            mean, variance = self.running_mean, self.running_var
            return F.batch_norm(x, mean, variance, self.weight, self.bias, eps=EPSILON)
        # where torch's own kernel is imprecise; under autocast it is the one that mixes precisions
        imprecise = x.device.type == "cpu" and x.stride(1) == 1 and x.dtype == self.weight.dtype
        normalize = exact_batch_norm if imprecise else native_batch_norm
        y, mean, variance = normalize(x, self.weight, self.bias)
        self._average_in(mean, variance, x.numel() // x.shape[1])
        return y

    def affine(self) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
        """Return scale and shift, ``y = scale * x + shift``, of the moving statistics."""
        return self._affine(self.running_mean, self.running_var)

    def affine_of(
        self, mean: Float[Tensor, " channel"], variance: Float[Tensor, " channel"], count: int
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
    def _average_in(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Update the moving statistics from a batch's mean and biased variance."""
        share = count / max(count - 1, 1) if self.unbiased else 1.0
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), MOMENTUM)
        self.running_var.lerp_((variance * share).to(self.running_var.dtype), MOMENTUM)

    def extra_repr(self) -> str:
        return f"{self.weight.numel()}"


Normalized = tuple[Tensor, Tensor, Tensor]  # like the input, mean and biased variance per channel


def native_batch_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Normalized:
    """Torch's own batch norm in training mode."""
    mean, variance = torch.zeros_like(weight), torch.zeros_like(weight)
    y = F.batch_norm(x, mean, variance, weight, bias, True, 1.0, EPSILON)
    count = x.numel() // x.shape[1]
    return y, mean, variance * ((count - 1) / count)  # torch hands over the unbiased one


def exact_batch_norm(x: Tensor, weight: Tensor, bias: Tensor) -> Normalized:
    """Batch norm in training mode, in float32 precise for every layout.

    Where channels are innermost (channels-last images, tokens), torch's CPU kernel sums up the
    pixels one by one: on a map of 65x129 its answers are 30 times less precise than these, and
    deep networks multiply that.
    """
    return _ExactBatchNorm.apply(x, weight, bias)


class _ExactBatchNorm(torch.autograd.Function):
    """Torch's pairwise sums, and the textbook's gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Normalized:  # noqa: ANN401
        shape, axes = _broadcast(x)
        mean = x.mean(axes, keepdim=True)
        centered = x - mean
        variance = (centered * centered).mean(axes, keepdim=True)
        scale = torch.rsqrt(variance + EPSILON)
        ctx.save_for_backward(centered, scale, weight)
        mean, variance = mean.flatten(), variance.flatten()
        ctx.mark_non_differentiable(mean, variance)
        y = torch.addcmul(bias.view(shape), centered, weight.view(shape) * scale)
        return y, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ANN401
        centered, scale, weight = ctx.saved_tensors
        shape, axes = _broadcast(centered)
        count = centered.numel() // centered.shape[1]
        sum_grad = grad.sum(axes, keepdim=True)
        slope = (grad * centered).sum(axes, keepdim=True) * scale
        grad_x = (grad - sum_grad / count).addcmul_(centered, slope * scale / -count)
        grad_x.mul_(weight.view(shape) * scale)
        return grad_x, slope.flatten(), sum_grad.flatten()


def _broadcast(x: Tensor) -> tuple[list[int], list[int]]:
    """Shape of one value per channel, and the axes that are averaged over."""
    return [1, -1, *[1] * (x.ndim - 2)], [0, *range(2, x.ndim)]
