"""Atrous spatial pyramid pooling: look at the deepest feature through several windows."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.model.convolutions import ConvNormAct
from axialkit.model.resize import Size, resize

DROPOUT = 0.1  # after the projection of the full pyramid, in training


class Aspp(nn.Module):
    """1x1 projection (as in the five published networks), or with ``rates`` the full pyramid.

    The pyramid concatenates a 1x1 convolution, one dilated 3x3 per rate and a pooled branch, and
    projects them (DeepLabv3+). ``pool`` is the window of the pooled branch in feature pixels,
    moved by one pixel; ``None`` averages the whole map. A map smaller than the window is averaged
    whole too, where deeplab2 fails.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        rates: tuple[int, ...] = (),
        pool: Size | None = None,
    ) -> None:
        super().__init__()
        self.pool = pool
        self.rates = rates
        if rates:
            self.pixel = ConvNormAct(in_channels, channels)
            for index, rate in enumerate(rates, 1):
                branch = ConvNormAct(in_channels, channels, 3, dilation=rate)
                self.add_module(f"rate{index}", branch)
            self.image = ConvNormAct(in_channels, channels)
        inputs = channels * (len(rates) + 2) if rates else in_channels
        self.project = ConvNormAct(inputs, channels)
        self.dropout = nn.Dropout(DROPOUT if rates else 0.0)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        if self.rates:
            dilated = [self.get_submodule(f"rate{i}")(x) for i in range(1, len(self.rates) + 1)]
            x = torch.cat([self.pixel(x), *dilated, self._pooled(x)], dim=1)
        return self.dropout(self.project(x))

    def _pooled(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        window = self.pool or (height, width)
        window = (min(window[0], height), min(window[1], width))
        return resize(self.image(F.avg_pool2d(x, window, stride=1)), (height, width))
