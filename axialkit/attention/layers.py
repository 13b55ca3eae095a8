"""The attention layers: one axis, height then width, and all pixels at once."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.positions import MAX_DISTANCE, look_up, position_table
from axialkit.attention.reference import (
    Terms,
    content_logits,
    key_position_logits,
    query_position_logits,
    retrieved_content,
    retrieved_position,
)

CONTENT_ONLY = Terms(query_position=False, key_position=False, value_position=False)


class AxialAttention1d(nn.Module):
    """Position-sensitive self-attention along one axis.

    ``key_channels`` and ``value_channels`` are totals over the heads. There is no output
    projection, no dropout and no activation inside (deeplab2's axial layers).

    Raises:
        ValueError: channels that do not divide by ``heads``, or no term left in the logits or in
            the output.

    Example::

        layer = AxialAttention1d(64, key_channels=32, value_channels=64, heads=4)
        rows = torch.randn(2 * 16, 32, 64)  # 2 images of 16 rows, each 32 pixels of 64 channels
        y = layer(rows)
    """

    def __init__(
        self,
        in_channels: int,
        key_channels: int,
        value_channels: int,
        heads: int = 8,
        *,
        terms: Terms = Terms(),  # noqa: B008  (a NamedTuple never changes)
        activation: Literal["softmax", "sigmoid"] = "softmax",
        max_distance: int = MAX_DISTANCE,
    ) -> None:
        super().__init__()
        _check(key_channels, value_channels, heads, terms)
        self.heads, self.terms = heads, terms
        self.key_channels, self.value_channels = key_channels, value_channels
        key_depth, value_depth = key_channels // heads, value_channels // heads

        self.qkv = nn.Linear(in_channels, 2 * key_channels + value_channels, bias=False)
        self.norm_qkv = BatchNorm(2 * key_channels + value_channels)
        self.query_table = position_table(key_depth, max_distance) if terms.query_position else None
        self.key_table = position_table(key_depth, max_distance) if terms.key_position else None
        self.value_table = (
            position_table(value_depth, max_distance) if terms.value_position else None
        )
        self.norm_logits = BatchNorm(terms.logits * heads)  # channels: (term head)
        self.norm_output = BatchNorm(terms.outputs * value_channels)  # (term head d)
        # a module, so that hooks can see the weights
        self.activation = nn.Softmax(dim=-1) if activation == "softmax" else nn.Sigmoid()
        std = in_channels**-0.5
        nn.init.trunc_normal_(self.qkv.weight, std=std, a=-2 * std, b=2 * std)

    def forward(
        self, x: Float[Tensor, "b length in_channels"]
    ) -> Float[Tensor, "b length value_channels"]:
        q, k, v = self.project(x)
        weights = self.activation(self.logits(q, k))
        return self.retrieve(weights, v)

    def project(
        self, x: Float[Tensor, "b length in_channels"]
    ) -> tuple[
        Float[Tensor, "b head length d"],
        Float[Tensor, "b head length d"],
        Float[Tensor, "b head length e"],
    ]:
        """Compute queries, keys and values; columns are q, k, v, each head-major."""
        qkv = self.norm_qkv(rearrange(self.qkv(x), "b length c -> (b length) c"))
        qkv = rearrange(qkv, "(b length) c -> b length c", b=x.shape[0])
        parts = qkv.split([self.key_channels, self.key_channels, self.value_channels], dim=-1)
        q, k, v = (
            rearrange(part, "b length (head d) -> b head length d", head=self.heads)
            for part in parts
        )
        return q, k, v

    def logits(
        self, q: Float[Tensor, "b head length d"], k: Float[Tensor, "b head length d"]
    ) -> Float[Tensor, "b head length length"]:
        """Sum the logit terms."""
        return self.term_logits(q, k).sum(0)

    def term_logits(
        self, q: Float[Tensor, "b head length d"], k: Float[Tensor, "b head length d"]
    ) -> Float[Tensor, "term b head length length"]:
        """Compute the logit terms that are on, each after its own batch norm (per head)."""
        length, terms = q.shape[2], []
        if self.terms.content:
            terms.append(content_logits(q, k))
        if self.query_table is not None:
            terms.append(query_position_logits(q, look_up(self.query_table, length)))
        if self.key_table is not None:
            terms.append(key_position_logits(k, look_up(self.key_table, length)))
        normed = self.norm_logits(torch.cat(terms, dim=1))
        return rearrange(normed, "b (term head) i j -> term b head i j", head=self.heads)

    def retrieve(
        self,
        weights: Float[Tensor, "b head length length"],
        v: Float[Tensor, "b head length e"],
    ) -> Float[Tensor, "b length value_channels"]:
        """Sum the retrieved terms, each after its own batch norm, and merge the heads."""
        terms = []
        if self.terms.value_content:
            terms.append(retrieved_content(weights, v))
        if self.value_table is not None:
            terms.append(retrieved_position(weights, look_up(self.value_table, v.shape[2])))
        stacked = rearrange(terms, "term b head length d -> (b length) (term head d)")
        normed = self.norm_output(stacked)
        merged = rearrange(
            normed, "(b length) (term c) -> term b length c", b=v.shape[0], term=len(terms)
        )
        return merged.sum(0)


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


def _check(key_channels: int, value_channels: int, heads: int, terms: Terms) -> None:
    if key_channels % heads or value_channels % heads:
        raise ValueError(
            f"key_channels ({key_channels}) and value_channels ({value_channels}) must divide by "
            f"heads ({heads})"
        )
    if not terms.logits or not terms.outputs:
        raise ValueError(f"at least one logit term and one output term must stay on, got {terms}")
