"""What the processes of a distributed training have together; one process is the simplest case."""

from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

Gathered = TypeVar("Gathered")


def totals_over_processes(*parts: Tensor) -> tuple[Tensor, ...]:
    """Sum up tensors over the processes, all in one exchange; with one process, return them.

    Added up in float64. Differentiable: the gradient of each process' part is the sum of all
    processes' gradients.
    """
    if rank_and_count()[1] == 1:
        return parts
    packed = torch.cat([part.flatten().double() for part in parts])
    totals = _Total.apply(packed).split([part.numel() for part in parts])
    return tuple(
        total.view_as(part).to(part.dtype) for total, part in zip(totals, parts, strict=True)
    )


def rank_and_count() -> tuple[int, int]:
    """Return the number of this process, from 0, and how many there are."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def gather_from_processes(value: Gathered) -> list[Gathered]:
    """Return what all processes have given, in the order of their ranks."""
    count = rank_and_count()[1]
    if count == 1:
        return [value]
    values: list[Any] = [None] * count
    distributed.all_gather_object(values, value)
    return values


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401
        total = x.detach().clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: ANN401
        return _Total.apply(grad)
