from functools import partial

import pytest
import torch

from axialkit.attention import AxialAttention1d, AxialAttention2d
from axialkit.model.blocks import (
    AxialBranch,
    BasicBranch,
    BottleneckBranch,
    ConvNormAct,
    DropPath,
    ResidualBlock,
    SeparableConv,
)
from tests.conftest import golden_cases
from tests.golden_layers import check_layer, meta

BLOCKS = [
    path
    for stem in ("axial_identity", "axial_identity_s2", "axial_proj_s1", "axial_proj_s2")
    + ("basic_identity", "basic_s2", "basic_atrous", "bottleneck_s2", "bottleneck_atrous2")
    for path in golden_cases(f"model/layers/block_{stem}.npz")
]


def make_block(about: dict) -> ResidualBlock:
    channels, filters, stride = about["in_channels"], tuple(about["filters_list"]), about["strides"]
    if about["attention"] == "axial":
        options = about["cfg"]

        def attention(c: int, f: int, stride: int) -> AxialAttention2d:
            key, value = f * options["key_expansion"], f * options["value_expansion"]
            return AxialAttention2d(c, key, value, options["num_heads"], stride=stride)

        branch = AxialBranch(channels, filters, attention, stride)
    elif len(filters) == 2:
        rates = about["atrous_rate"], about["second_rate"] or about["atrous_rate"]
        branch = BasicBranch(channels, filters, stride, rates)
    else:
        branch = BottleneckBranch(channels, filters, stride, about["atrous_rate"])
    return ResidualBlock(branch, channels, filters[-1], stride=stride)


def in_branch(name: str) -> str:
    return name if name.startswith("shortcut") else f"branch.{name}"


@pytest.mark.parametrize("case", BLOCKS, ids=lambda path: path.stem)
def test_block_equals_the_reference(case, load_golden):
    arrays = load_golden(case)
    check_layer(make_block(meta(arrays)), arrays, rename=in_branch)


def test_dropped_path_equals_the_reference(load_golden, monkeypatch):
    arrays = load_golden("model/layers/block_axial_droppath.npz")
    mask = torch.from_numpy(arrays["in/drop_path_mask"])
    block = make_block(meta(arrays))
    # the golden mask acts in both modes
    monkeypatch.setattr(DropPath, "forward", lambda self, branch: branch * mask)
    check_layer(block, arrays, rename=in_branch)


def test_drop_path_keeps_the_mean_and_rests_in_evaluation():
    torch.manual_seed(0)
    drop = DropPath(0.8)
    branch = torch.ones(20_000, 1, 1, 1)
    kept = drop(branch)
    assert sorted(kept.unique().tolist()) == [0.0, 1.25]
    assert abs(kept.mean() - 1) < 0.02
    assert torch.equal(drop.eval()(branch), branch)


@pytest.mark.parametrize(
    "case", ["conv3x3s2_even", "conv3x3s2_odd", "conv7x7s2_even", "conv7x7s2_odd"]
)
def test_strided_convolution_equals_the_reference(case, load_golden):
    arrays = load_golden(f"model/layers/{case}.npz")
    size, _, channels_in, channels_out = arrays["var/_conv/kernel"].shape
    act = meta(arrays)["kind"].endswith("relu")
    check_layer(ConvNormAct(channels_in, channels_out, size, stride=2, act=act), arrays)


def test_separable_convolution_equals_the_reference(load_golden):
    check_layer(SeparableConv(5, 7), load_golden("model/layers/sepconv5x5.npz"))


def test_pointwise_product_equals_a_convolution():
    layer = ConvNormAct(3, 5).conv
    x = torch.randn(2, 3, 4, 6)
    torch.testing.assert_close(layer(x), torch.conv2d(x, layer.weight))


def test_a_fresh_block_is_its_shortcut():
    """The last gamma of a branch starts at 0."""
    attention = partial(AxialAttention2d, layer=partial(AxialAttention1d, max_distance=8))
    branches = [
        BasicBranch(4, (4, 4)),
        BottleneckBranch(4, (3, 3, 4)),
        AxialBranch(4, (6, 4, 4), lambda c, f, stride: attention(c, f, 2 * f, 2, stride=stride)),
    ]
    x = torch.randn(2, 4, 5, 7)
    for branch in branches:
        torch.testing.assert_close(ResidualBlock(branch, 4, 4)(x), x.relu())
