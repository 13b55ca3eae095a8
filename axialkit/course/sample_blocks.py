"""Lesson 05's small blocks: each kind once, with random weights that hide nothing."""

from functools import partial

import torch
from torch import nn

from axialkit.attention.layers import AxialAttention2d
from axialkit.model.blocks import (
    AttentionBranch,
    BasicBranch,
    BottleneckBranch,
    ResidualBlock,
)

CHANNELS = 8


def sample_blocks(seed: int = 0) -> dict[str, ResidualBlock]:
    """Return a bottleneck, a basic and an axial block of a few channels.

    Fresh blocks start silent: the last norm of their branch scales by 0. Here it scales by 1.
    """
    torch.manual_seed(seed)
    layer = partial(_small_attention, heads=2)
    branches: dict[str, nn.Module] = {
        "bottleneck": BottleneckBranch(CHANNELS, (4, 4, CHANNELS)),
        "basic": BasicBranch(CHANNELS, (CHANNELS, CHANNELS)),
        "axial": AttentionBranch(CHANNELS, (8, 4, CHANNELS), layer),
    }
    blocks = {name: ResidualBlock(branch, CHANNELS, CHANNELS) for name, branch in branches.items()}
    for block in blocks.values():
        _speak(block)
    return blocks


def make_small_block(in_channels: int, out_channels: int, stride: int) -> ResidualBlock:
    """Make an axial block, for stages to play with."""
    layer = partial(_small_attention, heads=2)
    branch = AttentionBranch(in_channels, (8, 4, out_channels), layer, stride)
    return ResidualBlock(branch, in_channels, out_channels, stride=stride).eval()


def _small_attention(channels: int, base: int, *, heads: int, stride: int) -> AxialAttention2d:
    return AxialAttention2d(channels, base, 2 * base, heads, stride=stride)


def _speak(block: ResidualBlock) -> None:
    for name, parameter in block.named_parameters():
        if name.endswith("norm.weight"):
            nn.init.ones_(parameter)
    block.eval()
