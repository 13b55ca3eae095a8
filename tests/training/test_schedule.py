import numpy as np
import pytest
import torch
from torch import nn

from axialkit.config import TrainConfig
from axialkit.training.schedule import (
    build_optimizer,
    clip_gradients,
    learning_rate,
    poly,
    prepare_step,
)

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


def one_weight(values):
    """A model with a single matrix [1, n]: AdamW decays matrices only."""
    model = nn.Linear(len(values), 1, bias=False)
    model.weight.data = torch.from_numpy(values.copy())[None]
    return model


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("adam_cfg", TrainConfig(steps=STEPS, learning_rate=1e-4)),
        ("adam_fast", TrainConfig(**FAST)),
        ("adam_fast_legacy_class", TrainConfig(**FAST)),
        ("adam_warm", TrainConfig(**FAST, warmup=0.3)),
        ("adamw_fast", TrainConfig(**FAST, optimizer="adamw", weight_decay=0.1)),
    ],
)
def test_steps_equal_keras(name, config, load_golden):
    arrays = load_golden("data/optimizer.npz")
    model = one_weight(arrays["w0"])
    optimizer = build_optimizer(model, config)
    for step, gradient in enumerate(arrays["grads"]):
        prepare_step(optimizer, step, config)
        model.weight.grad = torch.from_numpy(gradient.copy())[None]
        optimizer.step()
        expected = arrays[f"traj_{name}"][step + 1]
        np.testing.assert_allclose(model.weight[0].detach(), expected, rtol=0, atol=2e-6)


def test_toy_regression_equals_keras(load_golden):
    arrays = load_golden("data/optimizer.npz")
    config = TrainConfig(**FAST)
    inputs, answers = (torch.from_numpy(arrays[key]) for key in ("toy_X", "toy_Y"))
    model = nn.Linear(6, 2)
    model.weight.data = torch.from_numpy(arrays["toy_W"][0].T.copy())
    model.bias.data = torch.from_numpy(arrays["toy_b"][0].copy())
    optimizer = build_optimizer(model, config)
    for step in range(5):
        prepare_step(optimizer, step, config)
        loss = (model(inputs) - answers).square().mean()
        assert loss.item() == pytest.approx(float(arrays["toy_loss"][step]), rel=1e-5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        np.testing.assert_allclose(model.weight.detach().T, arrays["toy_W"][step + 1], atol=2e-6)
        np.testing.assert_allclose(model.bias.detach(), arrays["toy_b"][step + 1], atol=2e-6)


def test_clipping_equals_the_reference(load_golden):
    arrays = load_golden("data/optimizer.npz")
    weights = [nn.Parameter(torch.zeros(24)) for _ in arrays["clip_in"]]
    for weight, gradient in zip(weights, arrays["clip_in"], strict=True):
        weight.grad = torch.from_numpy(gradient.copy())
    norm = clip_gradients(weights, float(arrays["clip_max"]))
    assert float(norm) == pytest.approx(float(arrays["clip_norm"]), rel=1e-6)
    clipped = torch.stack([weight.grad for weight in weights])
    np.testing.assert_allclose(clipped, arrays["clip_out"], atol=1e-6)


def step_once(config, gradient):
    """One update of a small network whose weights are all 1; returns its parameters."""
    model = nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3))
    for weight in model.parameters():
        nn.init.ones_(weight)
        weight.grad = torch.full_like(weight, gradient)
    optimizer = build_optimizer(model, config)
    prepare_step(optimizer, 0, config)
    optimizer.step()
    return dict(model.named_parameters())


def test_adamw_decays_matrices_and_kernels_only():
    config = TrainConfig(steps=10, learning_rate=0.5, optimizer="adamw", weight_decay=0.1)
    for name, weight in step_once(config, gradient=0.0).items():
        expected = 0.95 if name in ("0.weight", "2.weight") else 1.0
        torch.testing.assert_close(weight.data, torch.full_like(weight, expected), msg=name)


def test_adam_ignores_the_weight_decay():
    config = TrainConfig(steps=10, learning_rate=0.5, optimizer="adam", weight_decay=0.1)
    assert all((weight == 1).all() for weight in step_once(config, gradient=0.0).values())


def test_frozen_weights_stay_out():
    model = nn.Linear(3, 2)
    model.bias.requires_grad_(False)
    optimizer = build_optimizer(model, TrainConfig())
    assert [id(w) for group in optimizer.param_groups for w in group["params"]] == [
        id(model.weight)
    ]


def test_prepare_step_returns_and_sets_the_rate():
    config = TrainConfig(steps=100, learning_rate=0.3)
    optimizer = build_optimizer(nn.Linear(3, 2), config)
    rate = prepare_step(optimizer, 40, config)
    assert rate == learning_rate(40, config)
    assert [group["lr"] for group in optimizer.param_groups] == [rate, rate]
