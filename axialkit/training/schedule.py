"""How fast the weights move: the learning rate of every update, and clipping."""

import math
from collections.abc import Iterable

from torch import Tensor, nn
from torch.optim import Optimizer

from axialkit.config import TrainConfig


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the learning rate of an update; ``step`` is the number of finished updates.

    During warm-up the rate rises linearly from 0. The decay counts from step 0 all the same, so
    it goes on after the warm-up as if there had been none.
    """
    peak = peak_rate(config)
    warmup_steps = round(config.warmup * config.steps)
    if step < warmup_steps:
        return peak * step / warmup_steps
    decay = {"poly": poly, "cosine": cosine}[config.schedule]
    return decay(step, config.steps, peak)


def peak_rate(config: TrainConfig) -> float:
    """Return the learning rate of the schedule's beginning.

    With ``rate_for_batch`` it is in proportion to the batch. This linear rule is axialkit's
    suggestion; the authors gave none, and adapted the batch to the memory alone. Whoever halves
    the batch should also double the steps.
    """
    if not config.rate_for_batch:
        return config.learning_rate
    return config.learning_rate * config.batch_size / config.rate_for_batch


def poly(step: int, steps: int, base: float, *, power: float = 0.9, end: float = 0.0) -> float:
    """Fall from ``base`` to ``end`` as a power of the remaining share of the steps."""
    remaining = 1 - min(step, steps) / steps
    return (base - end) * remaining**power + end


def cosine(step: int, steps: int, base: float) -> float:
    """Fall from ``base`` to 0 along half a cosine."""
    return 0.5 * base * (1 + math.cos(math.pi * min(step, steps) / steps))


def set_learning_rate(optimizer: Optimizer, step: int, config: TrainConfig) -> float:
    """Give all groups the learning rate of an update, and return it."""
    rate = learning_rate(step, config)
    for group in optimizer.param_groups:
        group["lr"] = rate * group.get("multiple", 1.0)
    return rate


def clip_gradients(weights: Iterable[Tensor], max_norm: float) -> Tensor:
    """Shrink all gradients to a common norm of at most ``max_norm``; return the old norm."""
    return nn.utils.clip_grad_norm_(weights, max_norm)
