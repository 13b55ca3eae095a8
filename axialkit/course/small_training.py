"""Short trainings of small networks on one thread, and batch norms that fit them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.batch_norm import MOMENTUM, BatchNorm


def fit(net: nn.Module, draw_loss: Callable[[], Tensor], steps: int, rate: float) -> None:
    """Train ``net`` in place: AdamW, one cycle of the learning rate with its peak at ``rate``.

    ``draw_loss`` draws a fresh batch and returns the loss on it.
    """
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for _ in range(steps):
        loss = draw_loss()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()


@torch.no_grad()
def settle_statistics(net: nn.Module, batch: Float[Tensor, "batch ..."]) -> None:
    """Give all batch norms the statistics of this batch, whatever they were before.

    The moving ones forget a hundredth per step: after a short training they would still be partly
    those of the untrained net.
    """
    norms = [module for module in net.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.running_mean.zero_()
        norm.running_var.zero_()
    net.train()(batch)
    for norm in norms:
        norm.running_mean /= MOMENTUM
        norm.running_var /= MOMENTUM


@contextmanager
def one_thread() -> Iterator[None]:
    """Layers this small run faster on one thread, and sums come out the same every time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
