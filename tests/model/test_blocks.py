from functools import partial

import pytest
import torch
from torch import nn

from axialkit.attention import AxialAttention1d, AxialAttention2d
from axialkit.model.block_maker import (
    ACTIVATIONS,
    AttentionOptions,
    BlockMaker,
    DropPathRule,
    init_tables,
)
from axialkit.model.blocks import (
    AttentionBranch,
    BasicBranch,
    BottleneckBranch,
    DropPath,
    ResidualBlock,
)
from axialkit.model.build import use_plain_batch_norm
from axialkit.model.stages import Stage, Table
from tests.conftest import golden_cases
from tests.golden_layers import check_layer, meta

BLOCKS = [case for case in golden_cases("model/layers/block_*.npz") if "droppath" not in case.stem]


def make_block(about: dict) -> nn.Module:
    """The block of a golden case, from a row of a table as in the networks."""
    filters, options = tuple(about["filters_list"]), about["cfg"]
    rate = about["atrous_rate"]
    row = Stage(
        4,
        about["attention"] or ("basic" if len(filters) == 2 else "bottleneck"),
        filters,
        1,
        stride=about["strides"],
        dilation=(rate, about["second_rate"] or rate),
        switchable=about.get("use_sac", False),
    )
    expansion = (options.get("key_expansion", 1), options.get("value_expansion", 1))
    table = Table((), (), heads=options.get("num_heads", 8), expansion=expansion)
    maker = BlockMaker(
        table,
        activation=ACTIVATIONS[about["act"]],
        attention=AttentionOptions(double_global=options.get("double_global_attention", False)),
        squeeze_excite=about.get("use_squeeze_and_excite", False),
    )
    block = maker.make(row, about["in_channels"], 8, first=True, leads=True)
    if "plainbn" in about["name"]:
        use_plain_batch_norm(block)
    return block


@pytest.mark.parametrize("case", BLOCKS, ids=lambda path: path.stem)
def test_block_equals_the_reference(case, load_golden):
    arrays = load_golden(case)
    check_layer(make_block(meta(arrays)), arrays)


def test_dropped_path_equals_the_reference(load_golden, monkeypatch):
    arrays = load_golden("model/layers/block_axial_droppath.npz")
    mask = torch.from_numpy(arrays["in/drop_path_mask"])
    block = make_block(meta(arrays))
    # the golden mask acts in both modes
    monkeypatch.setattr(DropPath, "forward", lambda self, branch: branch * mask)
    check_layer(block, arrays)


def test_drop_path_keeps_the_mean_and_rests_in_evaluation():
    torch.manual_seed(0)
    drop = DropPath(0.8)
    branch = torch.ones(20_000, 1, 1, 1)
    kept = drop(branch)
    assert sorted(kept.unique().tolist()) == [0.0, 1.25]
    assert abs(kept.mean() - 1) < 0.02
    assert torch.equal(drop.eval()(branch), branch)


def test_probabilities_to_keep_a_branch():
    linear, constant = DropPathRule(0.8), DropPathRule(0.8, "constant")
    assert [round(linear.at(s, 4), 6) for s in (2, 4, 8, 16, 32)] == [1, 0.95, 0.9, 0.85, 0.8]
    assert [constant.at(s, 4) for s in (2, 4, 8, 16, 32)] == [1, 0.8, 0.8, 0.8, 0.8]
    assert linear.at(8, 16) == 1


def test_position_tables_start_with_the_wanted_spread():
    layer = AxialAttention1d(8, 32, 64, heads=1)
    init_tables(layer, AttentionOptions(query_key_sigma=0.5, value_sigma=2.0))
    # cutting a unit normal at two sigma leaves a standard deviation of 0.88
    assert abs(layer.query_table.std() - 0.5 * 0.88) < 0.02
    assert abs(layer.key_table.std() - 0.5 * 0.88) < 0.02
    assert abs(layer.value_table.std() - 2.0 * 0.88) < 0.04


def test_a_fresh_block_is_its_shortcut():
    """The last gamma of a branch starts at 0."""
    attention = partial(AxialAttention2d, layer=partial(AxialAttention1d, max_distance=8))
    branches = [
        BasicBranch(4, (4, 4)),
        BottleneckBranch(4, (3, 3, 4)),
        AttentionBranch(4, (6, 4, 4), lambda c, f, stride: attention(c, f, 2 * f, 2)),
    ]
    x = torch.randn(2, 4, 5, 7)
    for branch in branches:
        torch.testing.assert_close(ResidualBlock(branch, 4, 4)(x), x.relu())
