"""Lesson 05's block and stage: 1x1, height, width, 1x1 beside a shortcut, and a row of them."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor

Layer = Callable[[Tensor], Tensor]  # maps [b, c, h, w] to such
MakeBlock = Callable[[int, int, int], Any]  # in_channels, out_channels, stride


def axial_block(  # noqa: PLR0913  (the parts of a block)
    x: Float[Tensor, "b c_in h w"],
    reduce: Layer,
    height: Layer,
    width: Layer,
    expand: Layer,
    project: Layer | None = None,
    stride: int = 1,
) -> Float[Tensor, "b c_out h_out w_out"]:
    """Return branch + shortcut of one residual block, both of the activated input.

    ``reduce`` and ``project`` bring their own norms and activations; ``project`` has the stride in
    it. Without it the shortcut is the activated input itself, thinned.
    """
    a = x.relu()
    columns = height(reduce(a))[:, :, ::stride]
    rows = width(columns)[:, :, :, ::stride]
    branch = expand(rows.relu())
    shortcut = a[:, :, ::stride, ::stride] if project is None else project(a)
    return branch + shortcut


def make_stage(
    make_block: MakeBlock, in_channels: int, out_channels: int, depth: int, stride: int
) -> list[Any]:
    """Make ``depth`` blocks, one after the other: the first changes channels and stride."""
    first = make_block(in_channels, out_channels, stride)
    return [first, *(make_block(out_channels, out_channels, 1) for _ in range(depth - 1))]
