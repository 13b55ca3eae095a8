"""Lesson 06's functions: two hops as one map, every pair of heads, many layers in a row.

Weights of one image, as ``record_attention`` has them: ``height[w, i, h]`` is how much the pixel
in row i of column w looks at row h of that column; ``width[i, j, w]`` how much the pixel in column
j of row i looks at column w of that row. Letters: (i, j) asks, (h, w) is looked at.
"""

from einops import einsum
from jaxtyping import Float
from torch import Tensor

Height = Float[Tensor, "w i h"]
Width = Float[Tensor, "i j w"]


def two_hop(height: Height, width: Width, i: int, j: int) -> Float[Tensor, "h w"]:
    """Return where pixel (i, j) looks in both hops: along the columns first, then along its row."""
    return einsum(width[i, j], height[:, i], "w, w h -> h w")


def two_hop_wh(height: Height, width: Width, i: int, j: int) -> Float[Tensor, "h w"]:
    """Return the same for a layer that runs along the rows first, then along the columns."""
    return einsum(height[j, i], width[:, j], "h, h w -> h w")


def head_pairs(
    height: Float[Tensor, "w a i h"], width: Float[Tensor, "i b j w"], i: int, j: int
) -> Float[Tensor, "a b h w"]:
    """Compose every head a of the height hop with every head b of the width hop."""
    return einsum(height[:, :, i], width[i, :, j], "w a h, b w -> a b h w")


def rollout(
    heights: Float[Tensor, "layer w i h"], widths: Float[Tensor, "layer i j w"], i: int, j: int
) -> Float[Tensor, "h w"]:
    """Follow attention from pixel (i, j) of the last layer's answer to the first layer's input.

    Half of the weight stays where it is in each layer, half takes both hops.
    """
    weight = heights.new_zeros(heights.shape[2], widths.shape[2])
    weight[i, j] = 1
    for height, width in zip(reversed(heights), reversed(widths), strict=True):
        across = einsum(weight, width, "i j, i j w -> i w")  # going back, the last hop comes first
        weight = (weight + einsum(across, height, "i w, w i h -> h w")) / 2
    return weight
