"""Sums over all processes of a distributed training, which autograd can follow."""

from typing import Any, TypeVar

import torch
from torch import Tensor, distributed

Summed = TypeVar("Summed", int, Tensor)


def total_over_processes(x: Summed) -> Summed:
    """Sum up a count or a tensor over the processes; with one process, return it as it is.

    Differentiable: the gradient of each process' part is the sum of all processes' gradients.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return x
    if isinstance(x, Tensor):
        return _Total.apply(x)
    return int(_Total.apply(torch.tensor(x, dtype=torch.int64, device=_device())))


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
