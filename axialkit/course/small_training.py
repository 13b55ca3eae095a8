"""Training for the small games of the lessons: a few hundred steps on one thread."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


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


@contextmanager
def one_thread() -> Iterator[None]:
    """Layers this small run faster on one thread, and sums come out the same every time."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
