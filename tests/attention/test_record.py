from dataclasses import replace

import pytest
import torch
from torch import nn

from axialkit.attention import (
    AxialAttention1d,
    GlobalAttention2d,
    Terms,
    mean_distance,
    record,
    record_attention,
)
from axialkit.config import get_preset
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.model.prepare import fold_batch_norms


def test_records_every_layer_and_removes_its_hooks():
    model = build_model("tiny_avenue").eval()
    image = torch.randint(0, 256, (2, 3, 65, 129), dtype=torch.uint8)
    plain = model(image).semantic
    with record_attention(model) as maps:
        recorded = model(image).semantic
    torch.testing.assert_close(recorded, plain, rtol=0, atol=0)
    assert list(maps) == [
        "stage3.block2.height",
        "stage3.block2.width",
        "stage3.block3.height",
        "stage3.block3.width",
    ]
    assert maps["stage3.block2.height"].shape == (2 * 17, 4, 9, 9)  # (batch, column)
    assert maps["stage3.block2.width"].shape == (2 * 9, 4, 17, 17)  # (batch, row)
    for weights in maps.values():
        torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    assert maps.differences.keys() == maps.keys()
    assert 0 < maps.difference < 1e-5  # of the fused backend
    before = {name: weights.clone() for name, weights in maps.items()}
    model(image.flip(-1))
    assert all(torch.equal(maps[name], before[name]) for name in maps)


def test_hooks_go_even_if_the_body_fails():
    model = build_model("tiny_avenue").eval()
    with pytest.raises(RuntimeError), record_attention(model):
        raise RuntimeError
    assert not any(m._forward_hooks for m in model.modules())


def test_a_model_without_attention_is_refused():
    with (
        pytest.raises(ValueError, match="no axial attention"),
        record_attention(nn.Conv2d(1, 1, 1)),
    ):
        pass


def layer_and_input(**options):
    torch.manual_seed(0)
    layer = AxialAttention1d(6, 4, 6, heads=2, **options)
    nn.init.normal_(layer.query_table, std=2)
    return layer, torch.randn(5, 7, 6)


def test_weights_are_those_of_the_definition_whatever_runs():
    layer, x = layer_and_input()
    layer.eval()
    q, k, _ = layer.project(x)
    expected = layer.logits(q, k).softmax(-1)
    for backend in ("reference", "fused", "sdpa"):
        layer.backend = backend
        with torch.inference_mode(), record_attention(layer) as maps:
            layer(x)
        torch.testing.assert_close(maps["attention"], expected)
        assert maps.difference < 1e-6
        assert maps.terms == {}


def test_a_wrong_backend_is_found_out():
    layer, x = layer_and_input()
    layer.eval()
    with torch.no_grad(), record_attention(layer) as maps:
        layer.register_forward_hook(lambda module, inputs, answer: answer + 0.5)
        layer(x)
    assert maps.difference < 1e-6  # registered after: what the layer answered is compared
    with torch.no_grad(), record_attention(layer) as maps:
        layer(x)
    assert maps.difference > 0.1


def test_training_is_not_disturbed():
    layer, x = layer_and_input()
    state = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    plain = layer(x)
    moved = {name: tensor.clone() for name, tensor in layer.state_dict().items()}
    layer.load_state_dict(state)
    with record_attention(layer, terms=True) as maps:
        recorded = layer(x)
        recorded.sum().backward()
    assert torch.equal(recorded, plain)
    for name, tensor in layer.state_dict().items():
        assert torch.equal(tensor, moved[name]), name
    assert maps.difference < 1e-5
    torch.testing.assert_close(maps.terms["attention"].sum(0).softmax(-1), maps["attention"])
    mean = maps.terms["attention"].mean((1, 3, 4))  # of each term and head: normed by the batch
    torch.testing.assert_close(mean, torch.zeros(3, 2), atol=1e-5, rtol=0)


def test_terms_are_those_that_are_on():
    layer, x = layer_and_input(terms=Terms(key_position=False))
    with torch.no_grad(), record_attention(layer.eval(), terms=True) as maps:
        layer(x)
    assert maps.terms["attention"].shape == (2, 5, 2, 7, 7)


def test_half_precision_is_compared_too():
    layer, x = layer_and_input()
    with torch.no_grad(), record_attention(layer.eval()) as maps, torch.autocast("cpu"):
        assert layer(x).dtype == torch.bfloat16
    assert maps["attention"].dtype == torch.float32
    assert 1e-6 < maps.difference < 0.05


def test_kept_is_what_the_caller_wants_of_one_layer_at_a_time(monkeypatch):
    monkeypatch.setattr(record, "_ELEMENTS", 4 * 9 * 9 * 5)  # several parts per layer
    model = build_model("tiny_avenue").eval()
    image = torch.randint(0, 256, (1, 3, 65, 129), dtype=torch.uint8)
    with torch.no_grad(), record_attention(model) as whole:
        model(image)
    with (
        torch.no_grad(),
        record_attention(
            model, layers=["stage3.block3"], keep=lambda name, weights: mean_distance(weights)
        ) as maps,
    ):
        model(image)
    assert list(maps) == ["stage3.block3.height", "stage3.block3.width"]
    for name, distance in maps.items():
        torch.testing.assert_close(distance, mean_distance(whole[name]))


def test_an_unknown_layer_is_refused():
    model = build_model("tiny_avenue")
    with (
        pytest.raises(InputError, match=r'no attention layer "stage3.block9".*stage3.block2.width'),
        record_attention(model, layers=["stage3.block9"]),
    ):
        pass


@torch.no_grad()
def test_folded_networks_and_global_attention_are_recorded_too():
    model = fold_batch_norms(build_model("tiny_avenue").eval())
    with record_attention(model) as maps:
        model(torch.randint(0, 256, (1, 3, 65, 129), dtype=torch.uint8))
    assert len(maps) == 4 and maps.difference < 1e-5
    layer = GlobalAttention2d(6, 4, 6, heads=2, double=True).eval()
    with record_attention(layer) as maps:
        layer(torch.randn(1, 6, 5, 7))
    assert {name: weights.shape for name, weights in maps.items()} == {
        "first": (1, 2, 35, 35), "second": (1, 2, 35, 35)
    }  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["axial_swidernet_1_1_1", "max_deeplab_s_backbone", "axial_resnet_s", "axial_deeplab_l"],
)
@torch.no_grad()
def test_any_network_at_any_size(name):
    config = get_preset(name)
    narrow = replace(config.backbone, width_multiplier=0.125)
    model = build_model(replace(config, backbone=narrow)).eval()
    with record_attention(model, keep=lambda _, weights: mean_distance(weights)) as distances:
        model(torch.rand(2, 3, 97, 161) * 255)
    axes = [layer for layer in model.modules() if isinstance(layer, AxialAttention1d)]
    assert len(distances) == len(axes) > 0
    assert all(values.shape == (8,) and (values > 0).all() for values in distances.values())
    assert distances.difference < 1e-4
