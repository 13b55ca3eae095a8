import numpy as np
import pytest
import torch
from torch import nn

from axialkit.config import TrainConfig
from axialkit.model import build_model
from axialkit.training.optimizers import build_optimizer
from axialkit.training.schedule import clip_gradients, learning_rate, poly, set_learning_rate

STEPS = 60_000
FAST = {"learning_rate": 0.05, "steps": 10}
PUBLISHED = {
    "lr_axial_swidernet_1_1_1_os16": 1e-4,
    "lr_axial_swidernet_1_1_3_os16": 1e-4,
    "lr_axial_swidernet_1_1_4.5_os16": 7.5e-5,
    "lr_max_deeplab_s_backbone_os16": 1e-4,
    "lr_max_deeplab_l_backbone_os16": 7.5e-5,
}


@pytest.mark.parametrize(("name", "base"), PUBLISHED.items())
def test_published_schedules(name, base, load_golden):
    arrays = load_golden("data/lr_schedules.npz")
    config = TrainConfig(steps=STEPS, learning_rate=base)
    ours = [learning_rate(int(step), config) for step in arrays["steps"]]
    np.testing.assert_allclose(ours, arrays[name], rtol=0, atol=2e-11)


@pytest.mark.parametrize(
    ("name", "fields"),
    [("lr_poly_warm2000", {"warmup": 2000 / STEPS}), ("lr_cosine", {"schedule": "cosine"})],
)
def test_warm_up_and_cosine_equal_the_reference(name, fields, load_golden):
    arrays = load_golden("data/lr_schedules.npz")
    config = TrainConfig(steps=STEPS, learning_rate=1e-4, **fields)
    ours = [learning_rate(int(step), config) for step in arrays["steps"]]
    np.testing.assert_allclose(ours, arrays[name], rtol=0, atol=2e-11)


@pytest.mark.parametrize(
    ("name", "fields"), [("lr_poly_p2", {"power": 2.0}), ("lr_poly_end1e-6", {"end": 1e-6})]
)
def test_other_powers_and_ends_equal_the_reference(name, fields, load_golden):
    arrays = load_golden("data/lr_schedules.npz")
    ours = [poly(int(step), STEPS, 1e-4, **fields) for step in arrays["steps"]]
    np.testing.assert_allclose(ours, arrays[name], rtol=0, atol=2e-11)


def test_warm_up_rises_to_the_peak_and_the_end_is_zero():
    config = TrainConfig(steps=100, learning_rate=2.0, warmup=0.1, schedule="cosine")
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[:10] == pytest.approx([0.2 * step for step in range(10)])
    assert max(rates) == rates[10] < 2.0  # the decay has begun at step 0
    assert rates[100] == pytest.approx(0, abs=1e-12)


def test_clipping_equals_the_reference(load_golden):
    arrays = load_golden("data/optimizer.npz")
    weights = [nn.Parameter(torch.zeros(24)) for _ in arrays["clip_in"]]
    for weight, gradient in zip(weights, arrays["clip_in"], strict=True):
        weight.grad = torch.from_numpy(gradient.copy())
    norm = clip_gradients(weights, float(arrays["clip_max"]))
    assert float(norm) == pytest.approx(float(arrays["clip_norm"]), rel=1e-6)
    clipped = torch.stack([weight.grad for weight in weights])
    np.testing.assert_allclose(clipped, arrays["clip_out"], atol=1e-6)


def test_the_linear_rule_is_for_another_batch():
    config = TrainConfig(steps=100, learning_rate=1e-4, batch_size=8, rate_for_batch=32)
    assert learning_rate(0, config) == pytest.approx(1e-4 * 8 / 32)
    plain = TrainConfig(steps=100, learning_rate=1e-4, batch_size=8)
    assert learning_rate(0, plain) == 1e-4
    assert learning_rate(50, config) == pytest.approx(learning_rate(50, plain) / 4)


def test_the_rate_is_set_in_every_group_and_returned():
    model = build_model("tiny")
    config = TrainConfig(steps=100, learning_rate=0.3, backbone_rate=0.1)
    optimizer = build_optimizer(model, config)
    rate = set_learning_rate(optimizer, 40, config)
    assert rate == learning_rate(40, config)
    backbone = {id(weight) for weight in model.backbone.parameters()}
    for group in optimizer.param_groups:
        kinds = {id(weight) in backbone for weight in group["params"]}
        assert len(kinds) == 1
        assert group["lr"] == pytest.approx(rate * (0.1 if kinds.pop() else 1.0))
