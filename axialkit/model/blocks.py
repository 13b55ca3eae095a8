"""Drop path and the residual blocks: basic, bottleneck and attention.

Blocks hand on *un-activated* sums; each block starts with the activation of its input
(deeplab2's convention, spelled out in ``ResidualBlock``).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor, nn

from axialkit.attention.layers import AxialAttention2d, GlobalAttention2d
from axialkit.model.convolutions import Activation, ConvNormAct, SqueezeExcite


class DropPath(nn.Module):
    """In training, drop a whole branch per sample and scale up the survivors.

    ``keep`` is the probability to keep it. Each block draws for itself: at random, or from the
    samples' keys (see ``set_sample_keys``).
    """

    def __init__(self, keep: float) -> None:
        super().__init__()
        self.keep = keep
        self.sample_keys: Int64[Tensor, " batch"] | None = None

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
        if self.sample_keys is None:
            draw = torch.rand(branch.shape[0], dtype=branch.dtype, device=branch.device)
        else:
            draw = uniform_of(self.sample_keys).to(branch.dtype)
        return (draw.view(-1, 1, 1, 1) + self.keep).floor() / self.keep

    def extra_repr(self) -> str:
        return f"keep={self.keep:g}"


def set_sample_keys(model: nn.Module, keys: Int64[Tensor, " batch"] | None) -> None:
    """Let drop path draw from a key per sample of the next batch, or at random again (None).

    The same key then drops the same branches, wherever in a batch its sample lies, on whichever
    process, and also when a block is computed a second time.
    """
    layers = [module for module in model.modules() if isinstance(module, DropPath)]
    for number, layer in enumerate(layers):
        layer.sample_keys = None if keys is None else keys + number


def uniform_of(keys: Int64[Tensor, " batch"]) -> Float64[Tensor, " batch"]:
    """Turn whole numbers into ones from [0, 1) that look random, neighbours included.

    The mixing steps are those of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    z = keys * -7046029254386353131  # all products modulo 2^64, as signed numbers
    for shift, factor in ((30, -4658895280553007687), (27, -7723592293110705685), (31, 1)):
        z = (z ^ ((z >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return ((z >> 11) & ((1 << 53) - 1)).double() / (1 << 53)


class ResidualBlock(nn.Module):
    """``branch(act(x)) + shortcut(act(x))``, with no activation after the sum.

    The shortcut is the *activated* input, thinned by ``stride``; where the channels change it is
    a strided 1x1 convolution with batch norm. ``squeeze_excite`` gates the branch's channels.
    """

    def __init__(
        self,
        branch: nn.Module,
        in_channels: int,
        out_channels: int,
        *,
        stride: int = 1,
        keep: float = 1.0,
        activation: Activation = nn.ReLU,
        squeeze_excite: bool = False,
    ) -> None:
        super().__init__()
        self.act = activation()
        self.branch = branch
        self.squeeze_excite = SqueezeExcite(out_channels) if squeeze_excite else nn.Identity()
        self.stride = stride
        self.shortcut = (
            ConvNormAct(in_channels, out_channels, 1, stride, activation=nn.Identity)
            if in_channels != out_channels
            else None
        )
        self.drop_path = DropPath(keep)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        x = self.act(x)
        if self.shortcut is None:
            shortcut = x[:, :, :: self.stride, :: self.stride]
        else:
            shortcut = self.shortcut(x)
        total = self.drop_path(self.squeeze_excite(self.branch(x)))
        total += shortcut  # in place: nothing else reads the branch's answer
        return total


class BasicBranch(nn.Sequential):
    """Two 3x3 convolutions, ``filters = (c1, c2)``: the wide block of SWideRNet.

    ``dilation`` are the rates of the two, which differ where a stage begins to dilate; ``conv``
    makes the 3x3 convolutions (``ConvNormAct`` or ``SwitchableNormAct``).
    """

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, ...],
        stride: int = 1,
        dilation: tuple[int, int] = (1, 1),
        *,
        activation: Activation = nn.ReLU,
        conv: Callable[..., ConvNormAct] = ConvNormAct,
    ) -> None:
        super().__init__()
        c1, c2 = filters
        first, second = dilation
        self.conv1 = conv(in_channels, c1, 3, stride, dilation=first, activation=activation)
        self.conv2 = conv(c1, c2, 3, dilation=second, activation=nn.Identity, zero_gamma=True)


class BottleneckBranch(nn.Sequential):
    """1x1, 3x3, 1x1, ``filters = (c1, c2, c3)``; ``conv`` makes the 3x3 convolution."""

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, ...],
        stride: int = 1,
        dilation: int = 1,
        *,
        activation: Activation = nn.ReLU,
        conv: Callable[..., ConvNormAct] = ConvNormAct,
    ) -> None:
        super().__init__()
        c1, c2, c3 = filters
        self.conv1 = ConvNormAct(in_channels, c1, activation=activation)
        self.conv2 = conv(c1, c2, 3, stride, dilation=dilation, activation=activation)
        self.conv3 = ConvNormAct(c2, c3, activation=nn.Identity, zero_gamma=True)


class AttentionBranch(nn.Sequential):
    """1x1, attention, activation, 1x1: Axial-DeepLab's block (figure 3).

    ``filters = (c1, f, c3)``; ``attention(c1, f, stride=stride)`` makes the layer, axial or
    global, from the base filters ``f``.
    """

    def __init__(
        self,
        in_channels: int,
        filters: tuple[int, ...],
        attention: Callable[..., AxialAttention2d | GlobalAttention2d],
        stride: int = 1,
        *,
        activation: Activation = nn.ReLU,
    ) -> None:
        super().__init__()
        c1, f, c3 = filters
        self.conv1 = ConvNormAct(in_channels, c1, activation=activation)
        self.attention = attention(c1, f, stride=stride)
        self.act = activation()
        values = self.attention.value_channels
        self.conv3 = ConvNormAct(values, c3, activation=nn.Identity, zero_gamma=True)
