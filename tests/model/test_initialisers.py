"""Fresh weights are drawn as in the reference (model.md, section 7)."""

import math

import pytest
import torch
from torch import nn

from axialkit.attention import AxialAttention1d
from axialkit.attention.batch_norm import BatchNorm
from axialkit.config import BackboneConfig, ExperimentConfig
from axialkit.model import build_model
from axialkit.model.blocks import ResidualBlock
from axialkit.model.convolutions import ConvNormAct, DepthwiseNormAct

CUT = 0.87962566  # standard deviation of a unit normal cut off at two sigma


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    backbone = BackboneConfig(kind="axial_swidernet", width_multiplier=0.25)
    return build_model(ExperimentConfig(backbone=backbone))


def check_normal(weight: torch.Tensor, sigma: float, *, cut_at: float) -> None:
    """``sigma`` is that of the values; all lie within ``cut_at``."""
    assert weight.abs().max() <= cut_at * (1 + 1e-6)
    spread = 4 * sigma / math.sqrt(2 * weight.numel())  # four standard errors
    assert abs(weight.std() - sigma) < spread + 0.01 * sigma
    assert abs(weight.mean()) < 4 * sigma / math.sqrt(weight.numel())


def test_convolutions_are_he_normal_over_the_fan_in(model):
    convs = [m.conv for m in model.modules() if isinstance(m, ConvNormAct)]
    assert len(convs) > 40
    for conv in convs:
        sigma = math.sqrt(2 / conv.weight[0].numel())
        check_normal(conv.weight, sigma, cut_at=2 * sigma / CUT)
        assert conv.bias is None


def test_depthwise_convolutions_are_glorot_uniform(model):
    layers = [m.conv for m in model.modules() if isinstance(m, DepthwiseNormAct)]
    assert len(layers) == 7
    for conv in layers:
        channels = conv.weight.shape[0]
        limit = math.sqrt(6 / (25 * channels + 25))
        assert 0.9 * limit < conv.weight.abs().max() <= limit
        assert abs(conv.weight.std() - limit / math.sqrt(3)) < 0.05 * limit


def test_attention(model):
    layers = [m for m in model.modules() if isinstance(m, AxialAttention1d)]
    assert len(layers) == 10
    for layer in layers:
        sigma = layer.qkv.in_features**-0.5
        check_normal(layer.qkv.weight, CUT * sigma, cut_at=2 * sigma)
        for table in (layer.query_table, layer.key_table, layer.value_table):
            check_normal(table, CUT, cut_at=2.0)
            assert table.shape[0] == 509


def test_heads_start_small(model):
    decoder = model.decoder
    for head in (decoder.semantic_head, decoder.center_head, decoder.offset_head):
        check_normal(head.final.weight, 0.01 * CUT, cut_at=0.02)
        assert (head.final.bias == 0).all()


def test_norms_are_the_identity_but_the_last_of_every_branch_is_zero(model):
    last = {
        list(block.branch.children())[-1].norm
        for block in model.modules()
        if isinstance(block, ResidualBlock)
    }
    norms = [m for m in model.modules() if isinstance(m, BatchNorm)]
    assert len(last) == 18
    for norm in norms:
        assert (norm.weight == (0 if norm in last else 1)).all()
        assert (norm.bias == 0).all()
        assert (norm.running_mean == 0).all() and (norm.running_var == 1).all()
