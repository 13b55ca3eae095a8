"""Switchable atrous convolution (SAC): every pixel mixes a narrow and a wide view.

DetectoRS (Qiao et al., CVPR 2021), as deeplab2 configures it: one kernel serves both rates.
"""

from einops import reduce
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.model.convolutions import Activation, Conv2d, ConvNormAct

WIDER = 3  # the wide view's dilation is this multiple of the narrow one's


class GlobalContext(nn.Conv2d):
    """Add a 1x1 convolution of the image's mean to every pixel; starts as the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, 1)
        _zero(self)

    def forward(
        self, input: Float[Tensor, "batch channel height width"]
    ) -> Float[Tensor, "batch channel height width"]:
        return input + super().forward(reduce(input, "b c h w -> b c 1 1", "mean"))


class SwitchableConv2d(Conv2d):
    """``s * conv(3 * dilation) + (1 - s) * conv(dilation)`` with a learned switch ``s`` per pixel.

    The switch is a 1x1 convolution of the 5x5 mean (border pixels average what exists), not
    squashed, and starts at 0.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, dilation: int = 1) -> None:
        super().__init__(in_channels, out_channels, kernel, dilation=dilation)
        self.switch = nn.Conv2d(in_channels, 1, 1)
        _zero(self.switch)

    def forward(
        self, input: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels height width"]:
        switch = self.switch(F.avg_pool2d(input, 5, stride=1, padding=2, count_include_pad=False))
        rate = self.dilation[0]
        return switch * self._at_rate(input, WIDER * rate) + (1 - switch) * self._at_rate(
            input, rate
        )

    def _at_rate(self, x: Tensor, rate: int) -> Tensor:
        padding = (self.kernel_size[0] - 1) // 2 * rate
        return F.conv2d(x, self.weight, padding=padding, dilation=rate)


class SwitchableNormAct(ConvNormAct):
    """A ``ConvNormAct`` with SAC between two global contexts.

    With ``stride > 1`` the convolution is an ordinary one; the contexts stay (deeplab2).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int = 3,
        stride: int = 1,
        *,
        dilation: int = 1,
        activation: Activation = nn.ReLU,
        zero_gamma: bool = False,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            kernel,
            stride,
            dilation=dilation,
            activation=activation,
            zero_gamma=zero_gamma,
        )
        if stride == 1:
            self.conv = SwitchableConv2d(in_channels, out_channels, kernel, dilation)
        self.pre_context = GlobalContext(in_channels)
        self.post_context = GlobalContext(out_channels)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch out_channels out_height out_width"]:
        return self.act(self.norm(self.post_context(self.conv(self.pre_context(x)))))


def _zero(conv: nn.Conv2d) -> None:
    nn.init.zeros_(conv.weight)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
