"""Lesson 05's simple parts of a block, of which checks know what comes out."""

from collections.abc import Callable

import torch
from einops import einsum
from torch import Tensor

from axialkit.course.line import axial_attend
from axialkit.course.samples import draw


class Layer:
    """A layer with a name, for checks: the same one however often it is copied."""

    def __init__(self, name: str, function: Callable[[Tensor], Tensor]) -> None:
        self.name, self.function = name, function

    def __call__(self, x: Tensor) -> Tensor:
        return self.function(x)

    def __deepcopy__(self, memo: object) -> "Layer":
        return self

    def __repr__(self) -> str:
        return self.name


def mix(seed: int, c_in: int, c_out: int, stride: int = 1, *, act: bool = False) -> Layer:
    """Return a 1x1 convolution with a shift, as a function."""
    weight, shift = draw(seed, c_out, c_in), draw(seed + 50, c_out, 1, 1)

    def mixed(x: Tensor) -> Tensor:
        y = einsum(weight, x[:, :, ::stride, ::stride], "o i, b i h w -> b o h w") + shift
        return y.relu() if act else y

    return Layer("a 1x1 conv", mixed)


def hop(axis: str) -> Layer:
    """Attend, and let the answer differ from a mere mean: negative numbers come, too."""
    return Layer(f"{axis} hop", lambda x: 2 * axial_attend(x, axis) - 0.5)


def same(name: str) -> Layer:
    """Hand on what comes."""
    return Layer(name, lambda x: x)


def make_parts(
    c_in: int, c_out: int, stride: int, *, project: bool
) -> tuple[Layer, Layer, Layer, Layer, Layer | None, int]:
    """Return all that a block takes behind x, with random numbers in it."""
    shortcut = mix(4, c_in, c_out, stride) if project else None
    return (
        mix(1, c_in, 4, act=True),
        hop("H"),
        hop("W"),
        mix(2, 4, c_out),
        shortcut,
        stride,
    )


SILENT = Layer("silent", torch.zeros_like)
PLAIN = tuple(same(name) for name in ("reduce", "height", "width", "expand"))
