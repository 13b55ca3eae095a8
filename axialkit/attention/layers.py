"""The layers of an image: height then width, and all pixels at once."""

from collections.abc import Callable
from functools import partial

from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.axis import AxialAttention1d
from axialkit.attention.reference import Terms

CONTENT_ONLY = Terms(query_position=False, key_position=False, value_position=False)


class AxialAttention2d(nn.Module):
    """Attend along the columns, then along the rows: two hops reach the whole image.

    Nothing stands between the two hops. With ``stride`` the rows are thinned out after the first
    and the columns after the second. ``layer`` makes the two 1-D layers; preset its options with
    ``functools.partial``.

    Example::

        layer = AxialAttention2d(64, key_channels=32, value_channels=64, heads=4)
        y = layer(torch.randn(2, 64, 9, 17))
    """

    def __init__(
        self,
        in_channels: int,
        key_channels: int,
        value_channels: int,
        heads: int = 8,
        *,
        stride: int = 1,
        layer: Callable[..., AxialAttention1d] = AxialAttention1d,
    ) -> None:
        super().__init__()
        self.stride, self.value_channels = stride, value_channels
        self.height = layer(in_channels, key_channels, value_channels, heads)
        self.width = layer(value_channels, key_channels, value_channels, heads)

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch value_channels out_height out_width"]:
        batch = x.shape[0]
        columns = self.height(rearrange(x, "b c h w -> (b w) h c"))
        columns = columns[:, :: self.stride]
        rows = self.width(rearrange(columns, "(b w) h c -> (b h) w c", b=batch))
        rows = rows[:, :: self.stride]
        return rearrange(rows, "(b h) w c -> b c h w", b=batch)


class GlobalAttention2d(nn.Module):
    """Attend from every pixel to every pixel, by content only: the paper's non-local rival.

    The left side of Axial-DeepLab's figure 2. There are no relative positions; ``double`` appends
    a second such layer. With ``stride`` the result is thinned out. ``layer`` makes the 1-D layers.

    Example::

        layer = GlobalAttention2d(64, key_channels=32, value_channels=64, heads=4)
        y = layer(torch.randn(2, 64, 9, 17))
    """

    def __init__(
        self,
        in_channels: int,
        key_channels: int,
        value_channels: int,
        heads: int = 8,
        *,
        stride: int = 1,
        double: bool = False,
        layer: Callable[..., AxialAttention1d] = AxialAttention1d,
    ) -> None:
        super().__init__()
        self.stride, self.value_channels = stride, value_channels
        layer = partial(layer, terms=CONTENT_ONLY)
        self.first = layer(in_channels, key_channels, value_channels, heads)
        self.second = (
            layer(value_channels, key_channels, value_channels, heads) if double else nn.Identity()
        )

    def forward(
        self, x: Float[Tensor, "batch in_channels height width"]
    ) -> Float[Tensor, "batch value_channels out_height out_width"]:
        pixels = self.second(self.first(rearrange(x, "b c h w -> b (h w) c")))
        image = rearrange(pixels, "b (h w) c -> b c h w", h=x.shape[2])
        return image[:, :, :: self.stride, :: self.stride]
