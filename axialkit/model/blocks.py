"""Conv-norm-act, drop path and the residual blocks: basic, bottleneck and axial.

Blocks hand on *un-activated* sums; each block starts with the activation of its input
(deeplab2's convention, spelled out in ``ResidualBlock``).
"""

from collections.abc import Callable

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.layers import AxialAttention2d

HE_TRUNCATION = 0.87962566  # standard deviation of a unit normal cut off at 2 sigma


class Conv2d(nn.Conv2d):
    """Convolution with symmetric zero padding, He-initialised; size n -> ceil(n / stride)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel,
            stride,
            padding=(kernel - 1) // 2 * dilation,
            dilation=dilation,
            groups=groups,
            bias=False,
        )
        init_he(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        if self.kernel_size == (1, 1) and self.stride == (1, 1):
            # a matrix product over channels: faster than a 1x1 convolution on CPUs
            pixels = rearrange(input, "b c h w -> b h w c")
            product = F.linear(pixels, self.weight[:, :, 0, 0])
            return rearrange(product, "b h w c -> b c h w")
        return super().forward(input)


class ConvNormAct(nn.Module):
    """Convolution, batch norm and (unless ``act=False``) ReLU."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        dilation: int = 1,
        act: bool = True,
        zero_gamma: bool = False,
    ) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, kernel, stride, dilation)
        self.norm = BatchNorm(out_channels, zero_gamma=zero_gamma)
        self.act = nn.ReLU() if act else nn.Identity()

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        return self.act(self.norm(self.conv(x)))


class DepthwiseNormAct(nn.Module):
    """5x5 (or other) convolution of every channel by itself, batch norm and ReLU."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.conv = Conv2d(channels, channels, kernel, groups=channels)
        self.norm = BatchNorm(channels)
        limit = (6 / (kernel**2 * (channels + 1))) ** 0.5  # Glorot as Keras counts fans here
        nn.init.uniform_(self.conv.weight, -limit, limit)

    def forward(
        self, x: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        return F.relu(self.norm(self.conv(x)))


class SeparableConv(nn.Sequential):
    """Depthwise then pointwise convolution, each with its own batch norm and ReLU."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int = 5) -> None:
        super().__init__()
        self.depthwise = DepthwiseNormAct(in_channels, kernel)
        self.pointwise = ConvNormAct(in_channels, out_channels)


class DropPath(nn.Module):
    """In training, drop a whole branch per sample and scale up the survivors.

    ``keep`` is the probability to keep it. Each block draws for itself.
    """

    def __init__(self, keep: float) -> None:
        super().__init__()
        self.keep = keep

    def forward(
        self, branch: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        if not self.training or self.keep == 1.0:
            return branch
        return branch * self.mask(branch)

    def mask(
        self, branch: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch 1 1 1"]:
        """Draw 0 or ``1 / keep`` per sample."""
        draw = torch.rand(branch.shape[0], 1, 1, 1, dtype=branch.dtype, device=branch.device)
        return (draw + self.keep).floor() / self.keep

    def extra_repr(self) -> str:
        return f"keep={self.keep:g}"


class ResidualBlock(nn.Module):
    """``branch(relu(x)) + shortcut(relu(x))``, with no activation after the sum.

    The shortcut is the *activated* input, thinned by ``stride``; where the channels change it is
    a strided 1x1 convolution with batch norm.
    """

    def __init__(
        self,
        branch: nn.Module,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        keep: float = 1.0,
    ) -> None:
        super().__init__()
        self.branch = branch
        self.stride = stride
        self.shortcut = (
            ConvNormAct(in_channels, out_channels, 1, stride, act=False)
            if in_channels != out_channels
            else None
        )
        self.drop_path = DropPath(keep)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        x = F.relu(x)
        if self.shortcut is None:
            shortcut = x[:, :, :: self.stride, :: self.stride]
        else:
            shortcut = self.shortcut(x)
        return self.drop_path(self.branch(x)) + shortcut


class BasicBranch(nn.Sequential):
    """Two 3x3 convolutions, ``filters = (c1, c2)``: the wide block of SWideRNet.

    ``dilation`` are the rates of the two, which differ where a stage begins to dilate.
    """

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, ...],
        stride: int = 1,
        dilation: tuple[int, int] = (1, 1),
    ) -> None:
        super().__init__()
        c1, c2 = filters
        self.conv1 = ConvNormAct(in_channels, c1, 3, stride, dilation=dilation[0])
        self.conv2 = ConvNormAct(c1, c2, 3, dilation=dilation[1], act=False, zero_gamma=True)


class BottleneckBranch(nn.Sequential):
    """1x1, 3x3, 1x1, ``filters = (c1, c2, c3)``."""

    def __init__(
        self, in_channels: int, filters: tuple[int, ...], stride: int = 1, dilation: int = 1
    ) -> None:
        super().__init__()
        c1, c2, c3 = filters
        self.conv1 = ConvNormAct(in_channels, c1)
        self.conv2 = ConvNormAct(c1, c2, 3, stride, dilation=dilation)
        self.conv3 = ConvNormAct(c2, c3, act=False, zero_gamma=True)


class AxialBranch(nn.Sequential):
    """1x1, height-then-width attention, ReLU, 1x1: Axial-DeepLab's block (figure 3).

    ``filters = (c1, f, c3)``; keys have ``f * key_expansion`` channels in all, values
    ``f * value_expansion``.
    """

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, ...],
        attention: Callable[..., AxialAttention2d],
        stride: int = 1,
    ) -> None:
        super().__init__()
        c1, f, c3 = filters
        self.conv1 = ConvNormAct(in_channels, c1)
        self.attention = attention(c1, f, stride=stride)
        self.act = nn.ReLU()
        values = self.attention.width.value_channels
        self.conv3 = ConvNormAct(values, c3, act=False, zero_gamma=True)


def init_he(weight: Tensor) -> None:
    """He normal over the fan-in, cut off at two standard deviations."""
    fan_in = weight[0].numel()
    std = (2 / fan_in) ** 0.5 / HE_TRUNCATION
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
