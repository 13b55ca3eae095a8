"""Batch norm with the reference's constants; attention and the networks share it."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

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
        mean, variance = torch.zeros_like(self.running_mean), torch.zeros_like(self.running_var)
        y = F.batch_norm(x, mean, variance, self.weight, self.bias, True, 1.0, EPSILON)
        self._average_in(mean, variance, x.numel() // x.shape[1])
        return y

    @torch.no_grad()
    def _average_in(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """Update the moving statistics; torch hands over the unbiased variance."""
        self.running_mean.lerp_(mean, MOMENTUM)
        share = 1.0 if self.unbiased else (count - 1) / count
        self.running_var.lerp_(variance * share, MOMENTUM)

    def extra_repr(self) -> str:
        return f"{self.weight.numel()}"
