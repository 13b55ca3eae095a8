import copy

import numpy as np
import pytest
import torch
from torch import nn

from axialkit.config import TrainConfig
from axialkit.training.optimizers import KerasAdam, KerasSGD, build_optimizer
from axialkit.training.schedule import set_learning_rate

STEPS = 60_000
FAST = {"learning_rate": 0.05, "steps": 10}


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
        ("sgd_fast", TrainConfig(**FAST, optimizer="sgd", momentum=0.9)),
    ],
)
def test_steps_equal_keras(name, config, load_golden):
    arrays = load_golden("data/optimizer.npz")
    model = one_weight(arrays["w0"])
    optimizer = build_optimizer(model, config)
    for step, gradient in enumerate(arrays["grads"]):
        set_learning_rate(optimizer, step, config)
        model.weight.grad = torch.from_numpy(gradient.copy())[None]
        optimizer.step()
        expected = arrays[f"traj_{name}"][step + 1]
        tolerance = 2e-6 * max(1, np.abs(expected).max())
        np.testing.assert_allclose(model.weight[0].detach(), expected, rtol=0, atol=tolerance)


def test_toy_regression_equals_keras(load_golden):
    arrays = load_golden("data/optimizer.npz")
    config = TrainConfig(**FAST)
    inputs, answers = (torch.from_numpy(arrays[key]) for key in ("toy_X", "toy_Y"))
    model = nn.Linear(6, 2)
    model.weight.data = torch.from_numpy(arrays["toy_W"][0].T.copy())
    model.bias.data = torch.from_numpy(arrays["toy_b"][0].copy())
    optimizer = build_optimizer(model, config)
    for step in range(5):
        set_learning_rate(optimizer, step, config)
        loss = (model(inputs) - answers).square().mean()
        assert loss.item() == pytest.approx(float(arrays["toy_loss"][step]), rel=1e-5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        np.testing.assert_allclose(model.weight.detach().T, arrays["toy_W"][step + 1], atol=2e-6)
        np.testing.assert_allclose(model.bias.detach(), arrays["toy_b"][step + 1], atol=2e-6)


def step_once(config, gradient):
    """One update of a small network whose weights are all 1; returns its parameters."""
    model = nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2), nn.Linear(2, 3))
    for weight in model.parameters():
        nn.init.ones_(weight)
        weight.grad = torch.full_like(weight, gradient)
    optimizer = build_optimizer(model, config)
    set_learning_rate(optimizer, 0, config)
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


def test_a_copied_state_goes_on_alike():
    """The count of updates, on which epsilon depends, is a part of the state."""
    gradients = torch.randn(6, 5) * 1e-7  # as small as epsilon
    whole, half = nn.Parameter(torch.ones(5)), nn.Parameter(torch.ones(5))
    one, two = KerasAdam([whole], 0.1), KerasAdam([half], 0.1)
    for number, gradient in enumerate(gradients):
        if number == 3:
            state = copy.deepcopy(two.state_dict())
            two = KerasAdam([half], 0.1)
            two.load_state_dict(state)
        for weight, optimizer in ((whole, one), (half, two)):
            weight.grad = gradient.clone()
            optimizer.step()
    torch.testing.assert_close(half, whole, rtol=0, atol=0)


def test_momentum_keeps_the_rates_of_earlier_steps():
    """Against the definition, with a learning rate that changes."""
    weight, value, velocity = nn.Parameter(torch.tensor([2.0])), 2.0, 0.0
    optimizer = KerasSGD([weight], 0.1, momentum=0.5)
    for rate, gradient in ((0.1, 1.0), (0.01, -3.0), (0.2, 0.5)):
        optimizer.param_groups[0]["lr"] = rate
        weight.grad = torch.tensor([gradient])
        optimizer.step()
        velocity = 0.5 * velocity - rate * gradient
        value += velocity
        assert weight.item() == pytest.approx(value)


def test_weights_without_a_gradient_stay():
    weights = [nn.Parameter(torch.ones(2)) for _ in range(2)]
    for optimizer in (KerasSGD(weights, 0.1), KerasAdam(weights, 0.1)):
        weights[0].grad, before = torch.ones(2), weights[1].clone()
        optimizer.step()
        assert torch.equal(weights[1], before)
