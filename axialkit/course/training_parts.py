"""Two parts of every training: how the learning rate goes, and the first test of a new loop."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn


def poly_lr(step: int, steps: int, base: float, warmup: int) -> float:
    """Return the rate of a step: up in a line from 0, then down as (1 - step/steps)^0.9."""
    if step < warmup:
        return base * step / warmup
    return base * (1 - min(step, steps) / steps) ** 0.9


def overfit_one(
    net: nn.Module, loss: Callable[[nn.Module], Tensor], steps: int, rate: float
) -> list[float]:
    """Train a copy of ``net`` on one and the same batch; return the loss before each step."""
    net = copy.deepcopy(net).train()
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        value = loss(net)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append(value.item())
    return losses
