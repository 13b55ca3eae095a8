"""From features to the three answers: Panoptic-DeepLab's dual decoder, and a light one.

Both take features by stage and return an un-resized ``Prediction`` at the finest stride, with
offsets in pixels of that stride.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.model.aspp import Aspp
from axialkit.model.backbone import Features
from axialkit.model.convolutions import ConvNormAct, SeparableConv
from axialkit.model.resize import resize
from axialkit.structures import Prediction


class BranchWidths(NamedTuple):
    """Channels of one branch (semantic or instance) of Panoptic-DeepLab's decoder."""

    aspp: int = 256
    low: tuple[int, int] = (64, 32)  # of the two finer features, after their projection
    decoder: int = 256
    heads: tuple[int, ...] = (256,)  # inside each head: semantic; or center and offset


SEMANTIC = BranchWidths()
INSTANCE = BranchWidths(low=(32, 16), decoder=128, heads=(32, 32))


class SingleDecoder(nn.Module):
    """One branch of Panoptic-DeepLab: ASPP on the deepest feature, then fuse two finer ones.

    ``channels_in`` are the features' channels from deep to fine; ``aspp`` makes the first layer
    (preset its rates with ``functools.partial``).
    """

    def __init__(
        self,
        channels_in: tuple[int, int, int],
        widths: BranchWidths,
        aspp: Callable[[int, int], Aspp] = Aspp,
    ) -> None:
        super().__init__()
        deep, middle, fine = channels_in
        self.aspp = aspp(deep, widths.aspp)
        self.low1 = ConvNormAct(middle, widths.low[0])
        self.fuse1 = SeparableConv(widths.aspp + widths.low[0], widths.decoder)
        self.low2 = ConvNormAct(fine, widths.low[1])
        self.fuse2 = SeparableConv(widths.decoder + widths.low[1], widths.decoder)

    def forward(
        self,
        deep: Float[Tensor, "batch deep h16 w16"],
        middle: Float[Tensor, "batch middle h8 w8"],
        fine: Float[Tensor, "batch fine h4 w4"],
    ) -> Float[Tensor, "batch channel h4 w4"]:
        x = self.aspp(deep)
        for low, fuse in ((self.low1(middle), self.fuse1), (self.low2(fine), self.fuse2)):
            x = fuse(torch.cat([resize(x, low.shape[-2:]), low], dim=1))
        return x


class PredictionHead(nn.Module):
    """Separable 5x5 convolution and a final 1x1 with bias."""

    def __init__(self, in_channels: int, channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = SeparableConv(in_channels, channels)
        self.final = final_conv(channels, out_channels)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        return self.final(self.conv(x))


class PanopticDeepLabDecoder(nn.Module):
    """Two decoders (semantic, instance) and three heads, Panoptic-DeepLab (CVPR 2020).

    ``channels_in`` are the channels of three features by stage, the deepest and two finer ones;
    the published networks take stages 5, 3 and 2.

    Example::

        decoder = PanopticDeepLabDecoder({2: 256, 3: 512, 5: 2048}, num_classes=19)
    """

    def __init__(
        self,
        channels_in: dict[int, int],
        num_classes: int,
        semantic: BranchWidths = SEMANTIC,
        instance: BranchWidths = INSTANCE,
        aspp: Callable[[int, int], Aspp] = Aspp,
    ) -> None:
        super().__init__()
        self.stages = sorted(channels_in, reverse=True)  # deep, middle, fine
        deep, middle, fine = (channels_in[stage] for stage in self.stages)
        self.semantic_decoder = SingleDecoder((deep, middle, fine), semantic, aspp)
        self.instance_decoder = SingleDecoder((deep, middle, fine), instance, aspp)
        self.semantic_head = PredictionHead(semantic.decoder, semantic.heads[0], num_classes)
        center, offset = instance.heads
        self.center_head = PredictionHead(instance.decoder, center, 1)
        self.offset_head = PredictionHead(instance.decoder, offset, 2)

    def forward(self, features: Features) -> Prediction:
        deep, middle, fine = (features[stage] for stage in self.stages)
        semantic = self.semantic_decoder(deep, middle, fine)
        instance = self.instance_decoder(deep, middle, fine)
        return Prediction(
            self.semantic_head(semantic), self.center_head(instance), self.offset_head(instance)
        )


class LightDecoder(nn.Module):
    """1x1 projections summed from deep to fine, one shared 3x3, small heads.

    Costs a fraction of Panoptic-DeepLab's decoder and serves the tiny presets. ``channels_in`` are
    the channels of the features to use, by stage.
    """

    def __init__(
        self,
        channels_in: dict[int, int],
        num_classes: int,
        channels: int = 48,
        instance_head_channels: int = 32,
    ) -> None:
        super().__init__()
        self.projections = nn.ModuleDict(
            {
                f"stride{2**stage}": ConvNormAct(
                    channels_in[stage], channels, activation=nn.Identity
                )
                for stage in sorted(channels_in, reverse=True)
            }
        )
        self.stages = sorted(channels_in, reverse=True)
        self.shared = ConvNormAct(channels, channels, 3)
        self.semantic = final_conv(channels, num_classes)
        self.instance = ConvNormAct(channels, instance_head_channels, 3)
        self.center = final_conv(instance_head_channels, 1)
        self.offset = final_conv(instance_head_channels, 2)
        # Heat is small nearly everywhere. A head that starts at 0.02 spares Adam the huge first
        # gradients of the 200-fold squared error, which it would remember for a thousand steps.
        assert self.center.bias is not None
        nn.init.constant_(self.center.bias, 0.02)

    def forward(self, features: Features) -> Prediction:
        deep, *finer = (
            projection(features[stage])
            for stage, projection in zip(self.stages, self.projections.values(), strict=True)
        )
        x = F.relu(deep)
        for low in finer:
            x = F.relu(resize(x, low.shape[-2:]) + low)
        x = self.shared(x)
        instance = self.instance(x)
        return Prediction(self.semantic(x), self.center(instance), self.offset(instance))


def final_conv(in_channels: int, out_channels: int) -> nn.Conv2d:
    """1x1 convolution with bias, starting near zero (sigma 0.01)."""
    conv = nn.Conv2d(in_channels, out_channels, 1)
    nn.init.trunc_normal_(conv.weight, std=0.01, a=-0.02, b=0.02)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return conv
