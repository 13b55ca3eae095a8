"""Lesson 05's figure of one residual block, drawn from the block itself."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor, nn

from axialkit.attention import attention_backend
from axialkit.attention.layers import AxialAttention1d
from axialkit.course.palette import BLACK, BLUE, ORANGE, PAPER
from axialkit.inference import evaluating
from axialkit.model.blocks import ResidualBlock
from axialkit.model.convolutions import ConvNormAct

_TOP, _LOW = 2.6, 0.7  # where branch and shortcut run
_CONV, _HOP = BLUE, ORANGE


class Box(NamedTuple):
    """One layer of a block, and what leaves it."""

    name: str
    color: str
    shape: list[int]  # channels, height, width


def read_block(block: ResidualBlock, shape: tuple[int, int, int]) -> tuple[list[Box], list[Box]]:
    """Run a block on the meta device; return the boxes of branch and shortcut, in order.

    ``shape`` is that of the input: channels, height, width.
    """
    seen: list[tuple[nn.Module, list[int]]] = []
    layers = [m for m in block.modules() if isinstance(m, ConvNormAct | AxialAttention1d)]
    hooks = [layer.register_forward_hook(_note(seen)) for layer in layers]
    with attention_backend(block, "reference"), evaluating(block):
        out = block(torch.empty(1, *shape, device="meta"))
    for hook in hooks:
        hook.remove()
    branch: list[Box] = []
    shortcut: list[Box] = []
    size = list(shape[1:])
    for layer, sizes in seen:
        if isinstance(layer, AxialAttention1d):
            is_height = not any(box.color == _HOP for box in branch)
            size[0 if is_height else 1] = out.shape[2 if is_height else 3]
            name = "H: along the column" if is_height else "W: along the row"
            branch.append(Box(name, _HOP, [sizes[-1], *size]))
        else:
            assert isinstance(layer, ConvNormAct)
            box = Box(_conv_name(layer), _CONV, sizes[1:])
            (shortcut if layer is block.shortcut else branch).append(box)
    return branch, shortcut


def draw_block(block: ResidualBlock, shape: tuple[int, int, int]) -> Figure:
    """Draw a block as two ways from its input to the sum, with every tensor's shape."""
    branch, shortcut = read_block(block, shape)
    figure = Figure(figsize=(12, 3.1), layout="constrained")
    axes = figure.subplots()
    step, start = 2.95, 2.9
    end = start + step * len(branch)
    axes.set(xlim=(-0.3, end + 2.3), ylim=(-0.1, 3.15))
    axes.set_axis_off()
    middle = (_TOP + _LOW) / 2
    axes.text(0.5, middle + 0.42, "input", ha="center", weight="bold")
    axes.text(0.5, middle - 0.62, _shape(list(shape)), ha="center", fontsize=11)
    _dot(axes, 0.5, middle, "x")
    _dot(axes, 1.6, middle, "ReLU", wide=0.42)
    _dot(axes, end + 0.3, middle, "+")
    axes.text(end + 1.45, middle - 0.1, "output", ha="center", weight="bold")
    axes.text(end + 1.45, middle - 0.62, _shape(branch[-1].shape), ha="center", fontsize=11)
    _arrow(axes, (0.78, middle), (1.15, middle))
    for y in (_TOP, _LOW):
        _path(axes, [(1.6, middle + (0.28 if y > middle else -0.28)), (1.6, y)])
    _draw_way(axes, _TOP, start, end, branch, step)
    _draw_way(axes, _LOW, start, end, shortcut, step)
    return figure


def describe_block(block: ResidualBlock, shape: tuple[int, int, int]) -> str:
    """Say in words what ``draw_block`` shows."""
    branch, shortcut = read_block(block, shape)
    told = ", then ".join(f"{box.name} ({_shape(box.shape)})" for box in branch)
    beside = f"a {shortcut[0].name}" if shortcut else "the activated input as it is"
    return (
        f"A block with an input of {_shape(list(shape))}. After a ReLU the way divides. Above, the "
        f"branch: {told}. Below, the shortcut: {beside}. Both meet in a sum, with no ReLU after it."
    )


def _note(seen: list[tuple[nn.Module, list[int]]]) -> Callable[[nn.Module, object, Tensor], None]:
    def note(layer: nn.Module, _inputs: object, output: Tensor) -> None:
        seen.append((layer, list(output.shape)))

    return note


def _conv_name(layer: ConvNormAct) -> str:
    kernel, stride = layer.conv.kernel_size[0], layer.conv.stride[0]
    half = f", stride {stride}" if stride > 1 else ""
    act = "" if isinstance(layer.act, nn.Identity) else " + ReLU"
    return f"{kernel}×{kernel} conv{half}{act}"


def _draw_way(
    axes: Axes, y: float, start: float, end: float, boxes: list[Box], step: float
) -> None:
    left = 1.6
    for number, box in enumerate(boxes):
        x = start + step * number if y > 1.5 else (start + end - step) / 2
        _arrow(axes, (left, y), (x - 0.75, y))
        _draw_box(axes, x, y, box)
        left = x + 1.12
        if _hop_ends(boxes, number):
            _path(axes, [(left, y), (x + 1.3, y)])
            _dot(axes, x + 1.58, y, "ReLU", wide=0.3, size=8.5)
            left = x + 1.9
    if not boxes:
        axes.text((start + end) / 2 - 0.8, y + 0.15, "shortcut: the activated input", ha="center")
    _path(axes, [(left, y), (end + 0.3, y)])
    middle = (_TOP + _LOW) / 2
    _arrow(axes, (end + 0.3, y), (end + 0.3, middle + (0.3 if y > middle else -0.3)))


def _hop_ends(boxes: list[Box], number: int) -> bool:
    """The two hops stand side by side; the activation comes behind the second."""
    later = [box.color for box in boxes[number + 1 :]]
    return boxes[number].color == _HOP and _HOP not in later


def _draw_box(axes: Axes, x: float, y: float, box: Box) -> None:
    hatch = "//" if box.color == _HOP else None
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.72, y - 0.36),
            1.8,
            0.72,
            boxstyle="round,pad=0.03",
            facecolor="white",
            edgecolor=box.color,
            lw=2.4,
            zorder=2,
        )  # fmt: skip
    )
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.72, y + 0.25),
            1.8,
            0.11,
            boxstyle="round,pad=0.03",
            facecolor=box.color,
            edgecolor="white",
            hatch=hatch,
            lw=0,
            zorder=3,
        )  # fmt: skip
    )
    words = box.name.replace(": ", "\n").replace(" + ", "\n+ ").replace(", stride", ",\nstride")
    axes.text(x + 0.18, y - 0.08, words, ha="center", va="center", fontsize=9.5, zorder=4)
    axes.text(x + 0.18, y - 0.68, _shape(box.shape), ha="center", va="center", fontsize=10.5)


def _dot(axes: Axes, x: float, y: float, word: str, wide: float = 0.28, size: float = 10.5) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - wide, y - 0.24),
            2 * wide,
            0.48,
            boxstyle="round,pad=0.02,rounding_size=0.24",
            facecolor=PAPER,
            edgecolor=BLACK,
            lw=1.4,
            zorder=3,
        )  # fmt: skip
    )
    axes.text(x, y, word, ha="center", va="center", fontsize=size, weight="bold", zorder=4)


def _path(axes: Axes, points: list[tuple[float, float]]) -> None:
    xs, ys = zip(*points, strict=True)
    axes.plot(xs, ys, color=BLACK, lw=1.6, zorder=1)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    arrow = {"arrowstyle": "-|>", "lw": 1.6, "color": BLACK, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=arrow, zorder=1)


def _shape(shape: list[int]) -> str:
    return " × ".join(map(str, shape))
