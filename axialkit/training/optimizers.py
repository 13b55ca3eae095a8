"""Adam and momentum as Keras computes them, on torch's optimisers."""

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Optimizer

from axialkit.config import TrainConfig
from axialkit.model import AxialDeepLab

BETAS = (0.9, 0.999)
EPSILON = 1e-7  # Keras' default, which the published recipe keeps


class KerasAdam(AdamW):
    """Adam with Keras' epsilon; with ``weight_decay``, AdamW.

    Keras adds epsilon to the root of the *uncorrected* second moment, PyTorch to the corrected
    one, which is larger by ``1 / sqrt(1 - beta2^t)``. An epsilon larger by that factor makes both
    take the same steps. ``t`` counts the updates in ``param_groups[...]["updates"]``.

    Example::

        optimizer = KerasAdam(model.parameters(), lr=1e-4)
    """

    def __init__(
        self, params: Iterable[Any], lr: float, *, eps: float = EPSILON, weight_decay: float = 0.0
    ) -> None:
        # The fused kernel is the fastest by far for many small weights; it needs moments in the
        # memory layout of their weight.
        super().__init__(params, lr=lr, betas=BETAS, weight_decay=weight_decay, fused=True)
        for group in self.param_groups:
            group.setdefault("keras_eps", eps)
            group.setdefault("updates", 0)

    def step(self, closure: Any = None) -> Any:  # noqa: ANN401
        infinite = getattr(self, "found_inf", None)  # set by a GradScaler: then nothing will move
        moves = infinite is None or not infinite.item()
        for group in self.param_groups:
            group["updates"] += int(moves)
            correction = 1 - group["betas"][1] ** max(group["updates"], 1)
            group["eps"] = group["keras_eps"] / math.sqrt(correction)
        return super().step(closure)


class KerasSGD(Optimizer):
    """Momentum with the learning rate inside the velocity: ``v = momentum * v - lr * g; w += v``.

    Unlike ``torch.optim.SGD``, whose velocity holds no learning rate: the two differ as soon as
    the rate changes.

    Example::

        optimizer = KerasSGD(model.parameters(), lr=0.01)
    """

    def __init__(self, params: Iterable[Any], lr: float, *, momentum: float = 0.9) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "updates": 0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:  # noqa: ANN401
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            for weight in weights:
                self.state[weight].setdefault("velocity", torch.zeros_like(weight))
            velocities = [self.state[weight]["velocity"] for weight in weights]
            torch._foreach_mul_(velocities, group["momentum"])
            torch._foreach_add_(velocities, [w.grad for w in weights], alpha=-group["lr"])
            torch._foreach_add_(weights, velocities)
            group["updates"] += 1
        return loss


def build_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Build the optimiser of a run, its weights in groups by decay and learning rate.

    Weight decay is for AdamW only, on weights of two or more dimensions. The rate of each group is
    ``param_groups[...]["multiple"]`` times that of the schedule.
    """
    groups = _groups(model, config)
    if config.optimizer == "sgd":
        return KerasSGD(groups, config.learning_rate, momentum=config.momentum)
    return KerasAdam(groups, config.learning_rate)


def _groups(model: nn.Module, config: TrainConfig) -> list[dict[str, Any]]:
    backbone = model.backbone if isinstance(model, AxialDeepLab) else nn.Module()
    in_backbone = {id(weight) for weight in backbone.parameters()}
    decay = config.weight_decay if config.optimizer == "adamw" else 0.0
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for weight in model.parameters():
        if weight.requires_grad:
            multiple = config.backbone_rate if id(weight) in in_backbone else 1.0
            group = multiple, decay if weight.ndim >= 2 else 0.0
            groups.setdefault(group, []).append(weight)
    return [
        {"params": weights, "multiple": multiple}
        | ({} if config.optimizer == "sgd" else {"weight_decay": decay})
        for (multiple, decay), weights in groups.items()
    ]
