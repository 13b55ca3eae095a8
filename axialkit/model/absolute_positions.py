"""Learned absolute positions, which global attention needs: it has no relative ones."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.batch_norm import BatchNorm
from axialkit.model.resize import Size, resize

SIGMA = 0.2


class AbsolutePositions2d(nn.Module):
    """Add one learned vector per pixel, batch-normed over the positions.

    ``size`` is that of the feature map in training; on other sizes the vectors are interpolated
    with aligned corners (deeplab2 fixes the size).
    """

    def __init__(self, channels: int, size: Size) -> None:
        super().__init__()
        self.table = _table(channels, *size)
        self.norm = BatchNorm(channels)

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        return x + resize(self.norm(self.table), (x.shape[-2], x.shape[-1]))


class AbsolutePositions1d(nn.Module):
    """Add two learned vectors per row, each with its own batch norm.

    deeplab2 means one of them for the columns, but its "width" table is as long as the height and
    is added along it too: "1D" positions tell rows apart, not columns. Kept, so that its
    checkpoints fit.
    """

    def __init__(self, channels: int, size: Size) -> None:
        super().__init__()
        self.height_table = _table(channels, size[0], 1)
        self.height_norm = BatchNorm(channels)
        self.width_table = _table(channels, size[0], 1)
        self.width_norm = BatchNorm(channels)

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        rows = self.height_norm(self.height_table) + self.width_norm(self.width_table)
        return x + resize(rows, (x.shape[-2], 1))


def _table(channels: int, height: int, width: int) -> nn.Parameter:
    table = torch.empty(1, channels, height, width)
    return nn.Parameter(nn.init.trunc_normal_(table, std=SIGMA, a=-2 * SIGMA, b=2 * SIGMA))
