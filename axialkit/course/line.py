"""Lesson 02's functions: rows and columns as sequences, attention on them, heads."""

from einops import einsum, rearrange
from jaxtyping import Float
from torch import Tensor

from axialkit.errors import InputError


def as_rows(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "bh w c"]:
    """Make every row of every image a sequence of its pixels: (images x rows), width, channels."""
    return rearrange(x, "b c h w -> (b h) w c")


def as_columns(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "bw h c"]:
    """Make every column of every image a sequence: (images x columns), height, channels."""
    return rearrange(x, "b c h w -> (b w) h c")


def image_from_columns(columns: Float[Tensor, "bw h c"], batch: int) -> Float[Tensor, "b c h w"]:
    """Put the columns of ``batch`` images back in their places."""
    return rearrange(columns, "(b w) h c -> b c h w", b=batch)


def attend(
    q: Float[Tensor, "n i d"], k: Float[Tensor, "n j d"], v: Float[Tensor, "n j e"]
) -> Float[Tensor, "n i e"]:
    """Let every query ask all keys of its sequence, and take a mean of their values.

    The weights are softmax(q k / sqrt(d)) over the keys (Vaswani et al., 2017, equation 1).
    """
    scores = einsum(q, k, "n i d, n j d -> n i j") / q.shape[-1] ** 0.5
    return einsum(scores.softmax(dim=-1), v, "n i j, n j e -> n i e")


def attention_weights(
    q: Float[Tensor, "n i d"], k: Float[Tensor, "n j d"], temperature: float = 1.0
) -> Float[Tensor, "n i j"]:
    """Return how much of each key every query takes; a high temperature makes them alike."""
    scores = einsum(q, k, "n i d, n j d -> n i j") / q.shape[-1] ** 0.5
    return (scores / temperature).softmax(dim=-1)


def split_heads(x: Float[Tensor, "n l hd"], heads: int) -> Float[Tensor, "n head l d"]:
    """Cut the channels into ``heads`` equal groups of neighbours, each a sequence of its own."""
    return rearrange(x, "n l (head d) -> n head l d", head=heads)


def axial_attend(x: Float[Tensor, "b c h w"], axis: str) -> Float[Tensor, "b c h w"]:
    """Let every pixel look along its column ("H") or its row ("W"); q, k and v are x itself.

    Raises:
        InputError: another axis.
    """
    if axis not in ("H", "W"):
        raise InputError(f'axis is "H" (along the height) or "W" (along the width), got {axis!r}.')
    if axis == "W":
        rows = as_rows(x)
        return rearrange(attend(rows, rows, rows), "(b h) w c -> b c h w", b=len(x))
    columns = as_columns(x)
    return image_from_columns(attend(columns, columns, columns), len(x))
