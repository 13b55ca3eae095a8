"""From features to the three answers: Panoptic-DeepLab's dual decoder, and a light one.

Both take features by stride and return an un-resized ``Prediction`` at the finest stride, with
offsets in pixels of that stride.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.model.backbone import Features
from axialkit.model.blocks import ConvNormAct, SeparableConv
from axialkit.model.resize import resize
from axialkit.structures import Prediction


class SingleDecoder(nn.Module):
    """One branch of Panoptic-DeepLab: project the deepest feature, then fuse finer ones.

    ``channels_in`` are the features' channels from deep to fine, ``low`` the channels to which the
    two finer ones are projected. The five published networks reduce ASPP to the 1x1 projection.
    """

    def __init__(
        self,
        channels_in: tuple[int, int, int],
        project: int,
        low: tuple[int, int],
        channels: int,
    ) -> None:
        super().__init__()
        deep, middle, fine = channels_in
        self.project = ConvNormAct(deep, project)
        self.low1 = ConvNormAct(middle, low[0])
        self.fuse1 = SeparableConv(project + low[0], channels)
        self.low2 = ConvNormAct(fine, low[1])
        self.fuse2 = SeparableConv(channels + low[1], channels)

    def forward(
        self,
        deep: Float[Tensor, "batch deep h16 w16"],
        middle: Float[Tensor, "batch middle h8 w8"],
        fine: Float[Tensor, "batch fine h4 w4"],
    ) -> Float[Tensor, "batch channel h4 w4"]:
        x = self.project(deep)
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

    Example::

        decoder = PanopticDeepLabDecoder({4: 256, 8: 512, 16: 2048}, num_classes=19)
    """

    def __init__(
        self,
        channels_in: dict[int, int],
        num_classes: int,
        channels: int = 256,
        head_channels: int = 256,
        instance_head_channels: int = 32,
    ) -> None:
        super().__init__()
        fine, middle, deep = (channels_in[stride] for stride in sorted(channels_in))
        inputs, instance = (deep, middle, fine), channels // 2
        self.semantic_decoder = SingleDecoder(inputs, channels, (64, 32), channels)
        self.instance_decoder = SingleDecoder(inputs, channels, (32, 16), instance)
        self.semantic_head = PredictionHead(channels, head_channels, num_classes)
        self.center_head = PredictionHead(instance, instance_head_channels, 1)
        self.offset_head = PredictionHead(instance, instance_head_channels, 2)

    def forward(self, features: Features) -> Prediction:
        fine, middle, deep = (features[stride] for stride in sorted(features))
        semantic = self.semantic_decoder(deep, middle, fine)
        instance = self.instance_decoder(deep, middle, fine)
        return Prediction(
            self.semantic_head(semantic), self.center_head(instance), self.offset_head(instance)
        )


class LightDecoder(nn.Module):
    """1x1 projections summed from deep to fine, one shared 3x3, small heads.

    Costs a fraction of Panoptic-DeepLab's decoder and serves the tiny presets.
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
                f"stride{stride}": ConvNormAct(channels_in[stride], channels, act=False)
                for stride in sorted(channels_in, reverse=True)
            }
        )
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
            projection(features[int(name.removeprefix("stride"))])
            for name, projection in self.projections.items()
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
