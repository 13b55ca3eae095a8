"""What the processes of a distributed training have together; one process is the simplest case."""

from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

Summed = TypeVar("Summed", int, Tensor)
Gathered = TypeVar("Gathered")


def total_over_processes(x: Summed) -> Summed:
    """Sum up a count or a tensor over the processes; with one process, return it as it is.

    Differentiable: the gradient of each process' part is the sum of all processes' gradients.
    """
    if rank_and_count()[1] == 1:
        return x
    if isinstance(x, Tensor):
        return _Total.apply(x)
    return int(_Total.apply(torch.tensor(x, dtype=torch.int64, device=_device())))


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


def _device() -> torch.device:
    """Where the processes' backend wants its tensors."""
    return torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")


class _Total(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:  # noqa: ANN401
        total = x.detach().clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:  # noqa: ANN401
        return _Total.apply(grad)
