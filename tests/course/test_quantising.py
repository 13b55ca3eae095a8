"""Weights as whole numbers: codes by hand, sizes counted, and what a network is worth with them."""

import pytest
import torch
from torch import nn

from axialkit.course import quantising
from axialkit.data import minicity
from axialkit.weights import load_config, load_model


def test_codes_by_hand() -> None:
    weight = torch.tensor([[1.27, -0.6, 0.004], [0.0, 0.0, 0.0], [-3.0, 1.5, 1.0]])
    codes, scale = quantising.quantise(weight, 8)
    assert codes.tolist() == [[127, -60, 0], [0, 0, 0], [-127, 64, 42]]
    torch.testing.assert_close(scale, torch.tensor([0.01, 1.0, 3 / 127]))
    codes, scale = quantising.quantise(weight, 3)
    assert codes.tolist() == [[3, -1, 0], [0, 0, 0], [-3, 2, 1]]


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_what_comes_back_is_within_half_a_step(bits: int) -> None:
    weight = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    codes, scale = quantising.quantise(weight, bits)
    off = (quantising.dequantise(codes, scale) - weight).abs().flatten(1).amax(1)
    assert (off <= scale * 0.5001).all()


def test_a_copy_is_quantised_and_the_network_is_not() -> None:
    layer = nn.Conv2d(3, 4, 3)
    before = layer.weight.detach().clone()
    changed = quantising.quantised_copy(layer, 4)
    assert torch.equal(layer.weight, before)
    assert torch.equal(changed.bias, layer.bias)
    steps = changed.weight.flatten(1) / quantising.quantise(before, 4)[1][:, None]
    torch.testing.assert_close(steps, steps.round())
    shared = quantising.quantised_copy(layer, 4, one_scale=True).weight
    assert len(shared.unique()) <= 15 < len(changed.weight.unique())


def test_bytes_are_counted() -> None:
    layer = nn.Linear(10, 6)  # 60 weights, 6 biases
    assert quantising.stored_bytes(layer, 32) == 4 * 60 + 2 * 6
    assert quantising.stored_bytes(layer, 8) == 60 + 2 * (6 + 6)
    assert quantising.stored_bytes(layer, 4) == 30 + 2 * (6 + 6)


def test_eight_bits_are_enough_and_three_are_not() -> None:
    scenes = [minicity.scene(index) for index in range(4)]
    model, config = load_model("tiny"), load_config("tiny")
    whole, eight, three = (
        quantising.quality(each, config, scenes)
        for each in (model, *(quantising.quantised_copy(model, bits) for bits in (8, 3)))
    )
    assert abs(whole - eight) < 0.02
    assert three < 0.5 * whole
