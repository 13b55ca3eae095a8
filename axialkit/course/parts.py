"""Lesson 10's functions: parts of a batch, one step on them, and what is added up at the end."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.optim import Optimizer


def shard_indices(indices: Sequence[int], rank: int, count: int) -> list[int]:
    """Deal out the images of a batch like cards; return those of one process."""
    return list(indices[rank::count])


def shared_step(
    net: nn.Module,
    optimizer: Optimizer,
    part_loss: Callable[[], Tensor],
    mean_over: Callable[[Tensor], Tensor],
) -> Tensor:
    """Move the weights once, by the whole batch, of which this process computes a part.

    ``mean_over`` averages a tensor over all processes. Returns the loss of the whole batch.
    """
    optimizer.zero_grad()
    loss = part_loss()
    loss.backward()
    for weight in net.parameters():
        if weight.grad is not None:
            weight.grad = mean_over(weight.grad)
    optimizer.step()
    return mean_over(loss.detach())


def accumulate_gradients(
    net: nn.Module, x: Float[Tensor, "..."], y: Int64[Tensor, "..."], pieces: int
) -> list[Tensor]:
    """Compute the gradients of the batch's mean cross entropy, piece by piece.

    Memory is needed for one piece only. Returns a gradient per parameter.
    """
    net.zero_grad()
    for part, truth in zip(x.chunk(pieces), y.chunk(pieces), strict=True):
        loss = F.cross_entropy(net(part), truth)
        (loss * len(part) / len(x)).backward()
    return [weight.grad for weight in net.parameters() if weight.grad is not None]


def lr_for(local: int, processes: int, pieces: int, rate: float, batch: int) -> float:
    """Scale a learning rate that was found for ``batch`` images, in proportion to the batch."""
    return rate * local * processes * pieces / batch


def merge_pq_stats(counts: Float[np.ndarray, "process klass 4"]) -> float:
    """Return the panoptic quality of all images from the counts of every process.

    Columns: sum of IoU over the matches, TP, FP, FN. Classes that occur nowhere do not count.
    """
    iou, tp, fp, fn = counts.sum(axis=0).T
    size = tp + fp / 2 + fn / 2
    occurs = size > 0
    return float(np.mean(iou[occurs] / size[occurs]))


def flat(net: nn.Module) -> Float[Tensor, " weight"]:
    """Return all weights of a network as one vector, a copy."""
    return torch.cat([weight.detach().flatten() for weight in net.parameters()])
