"""The most memory that a forward pass holds at a time, counted from shapes alone."""

from collections.abc import Callable, Mapping

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
    with attention_backend(module, "reference"), torch.no_grad(), _Ledger() as ledger:
        module(inputs)
    return ledger.peak


class _Ledger(TorchDispatchMode):
    """Enters every new result, and strikes it out once nobody holds it."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._living: dict[int, tuple[StorageWeakRef, int]] = {}

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
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._enter(leaf, old)
        held = {key: entry for key, entry in self._living.items() if not entry[0].expired()}
        self._living = held
        self.peak = max(self.peak, sum(size for _, size in held.values()))
        return result

    def _enter(self, tensor: Tensor, old: set[int]) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in old:  # a view, or an answer in place, is nothing new
            self._living[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
