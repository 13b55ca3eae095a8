"""Lesson 05's block and stage against the package's own modules."""

from collections.abc import Callable

import pytest
import torch
from einops import rearrange
from torch import nn

from axialkit.attention.layers import AxialAttention2d
from axialkit.course.block import axial_block, make_stage
from axialkit.course.checks import judge
from axialkit.course.exercises_05_counting import built_params
from axialkit.course.lessons import get_exercise
from axialkit.course.placement import Part, place_axial
from axialkit.course.recorded_block import to_torch
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


def _by_channels(x, reduce, height, width, expand, project=None, stride=1):
    y = axial_block(x, reduce, height, width, expand, lambda a: 0 * a[:, :1, :1, :1], stride)
    a = x.relu()
    return y + (project(a) if y.shape[1] != a.shape[1] else a[:, :, ::stride, ::stride])


ALMOST = {
    "strides above 2 forgotten": (
        "5.1", lambda *given: axial_block(*given[:6], min(given[6], 2)), "stops at",
    ),
    "float32 at any price": ("5.1", lambda x, *given: axial_block(x.float(), *given), "must stay"),
    "projects by channels": ("5.1", _by_channels, "whatever the channels"),
    "a stage's stride of 2 at most": (
        "5.2", lambda make, *given: make_stage(make, *given[:3], min(given[3], 2)), "[3, 1, 1]",
    ),
    "a Sequential": (
        "5.2", lambda *given: nn.Sequential(*make_stage(*given)), "A plain list holds anything",
    ),
    "float32 from doubles": (
        "5.5",
        lambda name, a: (to_torch(name, a)[0], to_torch(name, a)[1].float()),
        "numbers of torch.float64 must stay so",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("key", "answer", "words"), ALMOST.values(), ids=ALMOST.keys())
def test_answers_that_are_almost_right_fail(
    key: str, answer: Callable[..., object], words: str
) -> None:
    verdict = judge(get_exercise(key), answer)
    assert not verdict.passed
    assert words in verdict.problem


def test_of_two_equal_choices_each_is_right() -> None:
    exercise = get_exercise("5.4")

    def last(parts: list[Part], budget: int) -> list[str]:
        return place_axial(parts[::-1], budget)[::-1]

    twins = [Part("left", 2, 10, 40), Part("right", 2, 10, 40)]
    assert last(twins, 60) != place_axial(twins, 60)
    assert judge(exercise, last).passed
