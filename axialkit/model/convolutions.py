"""Convolutions with batch norm and activation, and squeeze-and-excite."""

from collections.abc import Callable

from einops import rearrange, reduce
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.attention.batch_norm import BatchNorm

HE_TRUNCATION = 0.87962566  # standard deviation of a unit normal cut off at 2 sigma
Activation = Callable[[], nn.Module]  # makes one; nn.Identity for none


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
    """Convolution, batch norm and activation (``activation=nn.Identity`` for none)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 1,
        stride: int = 1,
        *,
        dilation: int = 1,
        activation: Activation = nn.ReLU,
        zero_gamma: bool = False,
    ) -> None:
        super().__init__()
        self.conv = Conv2d(in_channels, out_channels, kernel, stride, dilation)
        self.norm = BatchNorm(out_channels, zero_gamma=zero_gamma)
        self.act = activation()

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


class SqueezeExcite(nn.Conv2d):
    """Scale every channel by a gate computed from the means of all channels.

    deeplab2's simplified form: one 1x1 convolution, and a hard sigmoid whose factor is 0.16667.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)
        init_he(self.weight)
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(
        self, input: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        gate = super().forward(reduce(input, "b c h w -> b c 1 1", "mean"))
        return input * (F.relu6(gate + 3) * 0.16667)


def init_he(weight: Tensor) -> None:
    """He normal over the fan-in, cut off at two standard deviations."""
    fan_in = weight[0].numel()
    std = (2 / fan_in) ** 0.5 / HE_TRUNCATION
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std)
