"""The most memory that a forward pass holds at a time, counted from shapes alone."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from axialkit.attention import attention_backend


def peak_bytes(module: nn.Module, inputs: Tensor | Mapping[int, Tensor]) -> int:
    """Return the most bytes that the results of a forward pass take together, at any moment.

    Of an answer without gradients, with whole attention maps (the backend ``reference``). Weights
    and inputs are not counted, nor what single operations need for themselves. On the device
    ``meta`` it takes no memory to find out.

    Example::

        with torch.device("meta"):
            peak_bytes(nn.Conv2d(3, 8, 1), torch.empty(1, 3, 10, 10))  # 3200
    """
    with attention_backend(module, "reference"), torch.no_grad(), Ledger() as ledger:
        module(inputs)
    return ledger.peak


class Step(NamedTuple):
    """One operation of torch that made something new."""

    name: str
    living: int  # bytes of all results that somebody holds when it is done
    moved: int  # bytes of what it takes and of what it gives, each counted once


class Ledger(TorchDispatchMode):
    """Enters every new result, and strikes it out once nobody holds it.

    What single operations need for themselves is not seen, nor operations within operations.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}

    @property
    def peak(self) -> int:
        """The most bytes that all results took together."""
        return max((step.living for step in self.steps), default=0)

    @property
    def moved(self) -> int:
        """Bytes moved if every operation reads what it takes, and writes what it gives."""
        return sum(step.moved for step in self.steps)

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        old = {leaf.untyped_storage()._cdata for leaf in given}
        result = func(*args, **(kwargs or {}))
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        views = [leaf for leaf in made if leaf.untyped_storage()._cdata in old]
        for leaf in made:
            self._enter(leaf, old)
        self._living = {key: entry for key, entry in self._living.items() if not entry[0].expired()}
        living = sum(size for _, size in self._living.values())
        if len(views) < len(made) or _writes(func):
            name = func.__name__.partition(".")[0]
            moved = 0 if "empty" in name else sum(map(_bytes, [*given, *made]))
            self.steps.append(Step(name, living, moved))
        return result

    def _enter(self, tensor: Tensor, old: set[int]) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in old:  # a view, or an answer in place, is nothing new
            self._living[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())


def _writes(func: Callable[..., object]) -> bool:
    """Does an operation of torch change what it is given?"""
    schema = getattr(func, "_schema", None)
    return schema is not None and schema.is_mutable


def _bytes(tensor: Tensor) -> int:
    """Return what a tensor takes; repeated rows (``expand``) count once."""
    return min(tensor.numel() * tensor.itemsize, tensor.untyped_storage().nbytes())
