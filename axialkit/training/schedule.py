"""How fast and in which direction the weights move: learning rate, Adam, clipping."""

import math
from collections.abc import Iterable

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from axialkit.config import TrainConfig

BETAS = (0.9, 0.999)
EPSILON = 1e-7  # Keras' default, which the published recipe keeps


def learning_rate(step: int, config: TrainConfig) -> float:
    """Return the learning rate of an update; ``step`` is the number of finished updates.

    During warm-up the rate rises linearly from 0. The decay counts from step 0 all the same, so
    it goes on after the warm-up as if there had been none.
    """
    warmup_steps = round(config.warmup * config.steps)
    if step < warmup_steps:
        return config.learning_rate * step / warmup_steps
    decay = {"poly": poly, "cosine": cosine}[config.schedule]
    return decay(step, config.steps, config.learning_rate)


def poly(step: int, steps: int, base: float, *, power: float = 0.9, end: float = 0.0) -> float:
    """Fall from ``base`` to ``end`` as a power of the remaining share of the steps."""
    remaining = 1 - min(step, steps) / steps
    return (base - end) * remaining**power + end


def cosine(step: int, steps: int, base: float) -> float:
    """Fall from ``base`` to 0 along half a cosine."""
    return 0.5 * base * (1 + math.cos(math.pi * min(step, steps) / steps))


def build_optimizer(model: nn.Module, config: TrainConfig) -> Optimizer:
    """Build Adam, or AdamW with weight decay on all weights of two or more dimensions.

    Call ``prepare_step`` before every update: it sets the learning rate and Keras' epsilon.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    decay = config.weight_decay if config.optimizer == "adamw" else 0.0
    groups = [
        {"params": [w for w in weights if w.ndim >= 2], "weight_decay": decay},
        {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0.0},
    ]
    # Without decay AdamW is Adam. The fused kernel is the fastest by far for many small weights;
    # it needs moments in the memory layout of their weight.
    return AdamW(groups, lr=config.learning_rate, betas=BETAS, eps=EPSILON, fused=True)


def prepare_step(optimizer: Optimizer, step: int, config: TrainConfig) -> float:
    """Set what changes from update to update; return the learning rate.

    Keras adds epsilon to the root of the *uncorrected* second moment, PyTorch to the corrected
    one, which is larger by ``1 / sqrt(1 - beta2^t)``. An epsilon larger by that factor makes both
    take the same steps.
    """
    rate = learning_rate(step, config)
    epsilon = EPSILON / math.sqrt(1 - BETAS[1] ** (step + 1))
    for group in optimizer.param_groups:
        group["lr"], group["eps"] = rate, epsilon
    return rate


def clip_gradients(weights: Iterable[Tensor], max_norm: float) -> Tensor:
    """Shrink all gradients to a common norm of at most ``max_norm``; return the old norm."""
    return nn.utils.clip_grad_norm_(weights, max_norm)
