"""Where the time of one axial block goes."""

from functools import partial
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, nn

from axialkit.attention import set_attention_backend
from axialkit.attention.layers import AxialAttention2d
from axialkit.course.machine import clock_of, sync_of
from axialkit.model.blocks import AttentionBranch, ResidualBlock

CHANNELS, MIDDLE, BASE, HEADS = 1024, 512, 256, 8  # of MaX-DeepLab-S, stage 4
PARTS = ("1 x 1", "H", "W", "1 x 1 and sum")


class Block(NamedTuple):
    """An axial block, and what it is given."""

    module: ResidualBlock
    x: Tensor


def street_block(device: str, size: tuple[int, int] = (65, 129), seed: int = 0) -> Block:
    """Make a block as it runs at stride 16 on a street of 1025 x 2049 pixels."""
    torch.manual_seed(seed)
    layer = partial(_attention, heads=HEADS)
    branch = AttentionBranch(CHANNELS, (MIDDLE, BASE, CHANNELS), layer)
    module = ResidualBlock(branch, CHANNELS, CHANNELS).eval().to(device)
    return Block(module, torch.randn(1, CHANNELS, *size, device=device))


def part_seconds(block: Block, backend: str, rounds: int) -> dict[str, float]:
    """Return the median seconds of each part; ReLU and sum belong to their neighbours."""
    set_attention_backend(block.module, backend)
    found = [_once(block) for _ in range(rounds + 1)][1:]
    return {part: median(each[part] for each in found) for part in PARTS}


def _attention(channels: int, base: int, *, heads: int, stride: int) -> AxialAttention2d:
    return AxialAttention2d(channels, base, 2 * base, heads, stride=stride)


@torch.inference_mode()
def _once(block: Block) -> dict[str, float]:
    device = block.x.device.type
    sync, clock = sync_of(device), clock_of(device)
    marks: list[float] = []

    def look(*_: object) -> None:
        sync()
        marks.append(clock())

    hooks = [part.register_forward_hook(look) for part in _ends(block.module)]
    try:
        look()
        block.module(block.x)
        look()
    finally:
        for hook in hooks:
            hook.remove()
    return dict(zip(PARTS, (b - a for a, b in zip(marks, marks[1:], strict=False)), strict=True))


def _ends(block: nn.Module) -> list[nn.Module]:
    """Return the parts behind which a mark is made."""
    names = ("branch.conv1", "branch.attention.height", "branch.attention.width")
    return [block.get_submodule(name) for name in names]
