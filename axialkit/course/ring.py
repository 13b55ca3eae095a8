"""Lesson 10: the mean over all processes, by messages to a neighbor only."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor


@runtime_checkable
class Mailbox(Protocol):
    """What a process can do: axialkit.training.peers.Peers, or a thread that plays one."""

    rank: int
    count: int

    def send(self, tensor: Tensor, to: int) -> None:
        """Send a copy."""

    def receive(self, source: int) -> Tensor:
        """Wait for the next tensor."""
        ...


def all_reduce_mean(x: Float[Tensor, "..."], peers: Mailbox) -> Float[Tensor, "..."]:
    """Average a tensor over all processes that call this, in a ring.

    First every chunk travels around and collects its sum; then the finished sums travel around.
    """
    rank, count = peers.rank, peers.count
    right, left = (rank + 1) % count, (rank - 1) % count
    chunks = list(x.flatten().tensor_split(count))
    for step in range(count - 1):
        peers.send(chunks[(rank - step) % count], right)
        mine = (rank - step - 1) % count
        chunks[mine] = chunks[mine] + peers.receive(left)
    for step in range(count - 1):
        peers.send(chunks[(rank - step + 1) % count], right)
        chunks[(rank - step) % count] = peers.receive(left)
    return torch.cat(chunks).reshape(x.shape) / count
