"""Lesson 04's functions against the layer of the package and the authors' recorded numbers."""

import numpy as np
import pytest
import torch

import axialkit
from axialkit.attention import record_attention
from axialkit.attention.reference import Terms
from axialkit.course.exercises_04_layer import make_layer
from axialkit.course.samples import draw
from axialkit.course.sensitive import (
    attend_with,
    axial_forward,
    golden_layer,
    layer_cost,
    rows_of,
)
from axialkit.data import minicity
from tests.conftest import golden_cases


def test_the_recorded_layer_is_the_golden_one() -> None:
    layer, x, answer = golden_layer()
    for forward in (layer, lambda y: axial_forward(layer, y)):
        assert (forward(x) - answer).abs().max() < 5e-6
    (recorded,) = golden_cases("model/layers/axial1d_len129.npz")
    with np.load(recorded) as arrays:
        assert np.array_equal(arrays["in/x"], x) and np.array_equal(arrays["out_eval"], answer)


def test_the_lessons_forward_is_the_layers() -> None:
    layer, x = make_layer(5, 6, 12, 6, 3), draw(0, 2, 9, 6)
    torch.testing.assert_close(axial_forward(layer, x), layer(x), atol=1e-4, rtol=1e-4)


def test_rows_and_weights_of_a_trained_layer() -> None:
    model, image = axialkit.load_model("tiny"), minicity.scene(3).image
    layer, rows = rows_of(model, image, "stage4.block3.width")
    with torch.no_grad(), record_attention(model, layers=["stage4.block3.width"]) as maps:
        model(torch.from_numpy(image).permute(2, 0, 1)[None])
    weights, answer = attend_with(layer, rows, Terms())
    torch.testing.assert_close(weights, maps["stage4.block3.width"], atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(answer, layer(rows), atol=1e-4, rtol=1e-4)
    assert not layer._forward_pre_hooks


def test_switches_do_what_they_say() -> None:
    layer, x = make_layer(1, 6, 4, 8, 2), draw(0, 1, 7, 6)
    weights, _ = attend_with(layer, x, Terms(), span=2)
    far = (torch.arange(7)[:, None] - torch.arange(7)).abs() > 2
    assert (weights[0, :, far] == 0).all()
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, 2, 7))
    order = torch.tensor([3, 1, 6, 0, 2, 5, 4])
    bag = Terms(query_position=False, key_position=False, value_position=False)
    _, answer = attend_with(layer, x, bag)
    _, shuffled = attend_with(layer, x[:, order], bag)
    torch.testing.assert_close(shuffled, answer[:, order])
    same, _ = attend_with(layer, x, Terms(value_position=False))
    torch.testing.assert_close(same, attend_with(layer, x, Terms())[0])


@pytest.mark.parametrize("span", [None, 0, 2, 50])
def test_cost_by_counting(span: int | None) -> None:
    layer, length = make_layer(1, 6, 4, 8, 2), 7
    reach = 6 if span is None else min(span, 6)
    pairs = sum(abs(i - j) <= reach for i in range(length) for j in range(length))
    parameters, products = layer_cost(layer, length, Terms(key_position=False), span)
    assert parameters == 16 * 6 + (2 * reach + 1) * (2 + 4)
    assert products == length * 16 * 6 + pairs * (4 + 4) + pairs * (8 + 8)
