"""Lesson 05's block and stage against the package's own modules."""

import pytest
import torch
from einops import rearrange
from torch import nn

from axialkit.attention.layers import AxialAttention2d
from axialkit.course.block import axial_block, make_stage
from axialkit.course.exercises_05_counting import built_params
from axialkit.model.blocks import AttentionBranch, ResidualBlock
from axialkit.model.stages import Stage, Table


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("channels", [6, 10])
def test_it_is_the_packages_block(stride: int, channels: int) -> None:
    def layer(c: int, base: int, *, stride: int) -> AxialAttention2d:
        return AxialAttention2d(c, base, 2 * base, heads=2, stride=stride)

    block = ResidualBlock(
        AttentionBranch(6, (8, 4, channels), layer, stride), 6, channels, stride=stride
    )
    for parameter in block.parameters():  # gammas that are 0 at the start hide the branch
        nn.init.normal_(parameter)
    block.eval()
    hops = block.branch.attention

    def columns(x: torch.Tensor) -> torch.Tensor:
        lines = hops.height(rearrange(x, "b c h w -> (b w) h c"))
        return rearrange(lines, "(b w) h c -> b c h w", b=len(x))

    def rows(x: torch.Tensor) -> torch.Tensor:
        lines = hops.width(rearrange(x, "b c h w -> (b h) w c"))
        return rearrange(lines, "(b h) w c -> b c h w", b=len(x))

    x = torch.randn(2, 6, 5, 7)
    parts = block.branch.conv1, columns, rows, block.branch.conv3
    with torch.no_grad():
        got = axial_block(x, *parts, block.shortcut, stride)
        torch.testing.assert_close(got, block(x.clone()))


def test_a_stage_runs_and_has_the_right_size() -> None:
    def make_block(c_in: int, c_out: int, stride: int) -> nn.Module:
        def layer(c: int, base: int, *, stride: int) -> AxialAttention2d:
            return AxialAttention2d(c, base, 2 * base, 2, stride=stride)

        return ResidualBlock(AttentionBranch(c_in, (8, 4, c_out), layer, stride), c_in, c_out,
                             stride=stride)  # fmt: skip

    stage = nn.Sequential(*make_stage(make_block, 6, 10, 3, 2))
    assert stage(torch.randn(1, 6, 9, 4)).shape == (1, 10, 5, 2)
    row = Stage(4, "axial", (8, 4, 10), 3, 2)
    table = Table(((3, 6),), (row,), heads=2, expansion=(1, 2), max_distance=255)
    stem = Table(((3, 6),), ())
    counted = sum(parameter.numel() for parameter in stage.parameters())
    assert counted == built_params(table) - built_params(stem)
