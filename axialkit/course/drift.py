"""Lesson 10's experiment: how far weights drift if a batch is normalised in pieces."""

import functools

import torch
from jaxtyping import Float
from torch import Tensor

from axialkit.course.parts import shard_indices
from axialkit.training import small_task

IMAGES, STEPS, RATE, MOMENTUM = 8, 5, 3e-4, 0.9
STILL = 1e-9  # shorter ways are rounding: shifts before a batch norm have no gradient


def order_of(step: int, seed: int = 0) -> list[int]:
    """Return the order of a step's images: drawn anew, the same in every process."""
    return torch.randperm(
        IMAGES, generator=torch.Generator().manual_seed(1000 * seed + step)
    ).tolist()


def train_in_pieces(pieces: int, seed: int = 0) -> Float[Tensor, "step weight"]:
    """Train one process whose batches come in pieces, each normalised by itself.

    Returns the weights after every step.
    """
    return _train(pieces, seed, STEPS)


@functools.lru_cache(maxsize=8)  # the lesson asks for the same training twice
def _train(pieces: int, seed: int, steps: int) -> Float[Tensor, "step weight"]:
    weights = []
    with small_task.in_double_precision():
        net = small_task.network(seed)
        optimizer = torch.optim.SGD(net.parameters(), RATE, momentum=MOMENTUM)
        for step in range(steps):
            optimizer.zero_grad()
            order = order_of(step, seed)
            for piece in range(pieces):
                batch = small_task.streets(shard_indices(order, piece, pieces))
                (small_task.loss(net, batch) / pieces).backward()
            optimizer.step()
            weights.append(small_task.flat(net))
    return torch.stack(weights)


def strayed(
    weights: Float[Tensor, " weight"], whole: Float[Tensor, " weight"], seed: int = 0
) -> float:
    """Compare weights with those that were trained on whole batches, from the same start.

    For each tensor of the network: how far both are apart, as a share of how far it has moved.
    Returns the median over the tensors. 0: the same; 1: as far apart as a way is long.
    """
    with small_task.in_double_precision():
        net = small_task.network(seed)
    sizes = [weight.numel() for weight in net.parameters()]
    ways = (whole - small_task.flat(net)).split(sizes)
    gaps = (weights - whole).split(sizes)
    pairs = ((gap.norm(), way.norm()) for gap, way in zip(gaps, ways, strict=True))
    shares = [float(gap / way) for gap, way in pairs if way > STILL]
    return float(torch.tensor(shares).median())


def drift(seed: int) -> dict[str, float]:
    """Train with whole batches and in pieces of several sizes: how far the weights stray."""
    whole = train_in_pieces(1, seed)[-1]
    return {
        f"{pieces} x {IMAGES // pieces}": strayed(train_in_pieces(pieces, seed)[-1], whole, seed)
        for pieces in (2, 4, 8)
    }
