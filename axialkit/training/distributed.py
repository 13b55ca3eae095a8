"""One process or many: the same code. torchrun starts them, DistributedDataParallel adds up.

Nothing here talks to the network itself; ``torch.distributed`` does, by NCCL between GPUs and by
gloo between CPUs. Without torchrun's variables in the environment everything is a no-op.
"""

import atexit
import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import signature
from typing import Any, NamedTuple

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from axialkit.attention.batch_norm import synchronize_batch_norms
from axialkit.errors import InputError

# torch 2.13 gave it another name
_PARAMETERS = signature(DistributedDataParallel).parameters
_SYNC_BUFFERS = (
    "forward_sync_buffers" if "forward_sync_buffers" in _PARAMETERS else "broadcast_buffers"
)
_PATIENCE = 60  # seconds for the last checkpoint

# Every group that was joined, kept until the end. Otherwise the last to hold one is, now and then,
# DistributedDataParallel's reducer, which ends it without releasing Python's lock: the group waits
# for its threads, and they for the lock, forever (torch 2.13 and gloo).
_groups: list[Any] = []


class Processes(NamedTuple):
    """The processes of a training, seen from one of them."""

    rank: int = 0
    world_size: int = 1
    device: torch.device = torch.device("cpu")

    @property
    def is_main(self) -> bool:
        """Whether this one writes the files and talks."""
        return self.rank == 0

    def wait(self) -> None:
        """Wait until all have come here."""
        if self.world_size > 1:
            distributed.barrier()

    def total(self, numbers: list[float]) -> list[float]:
        """Add up a few numbers over all processes."""
        if self.world_size == 1:
            return numbers
        sums = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        distributed.all_reduce(sums)
        return sums.tolist()

    def from_main(self, value: Any) -> Any:  # noqa: ANN401
        """Return the main process' value, in all of them."""
        if self.world_size == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]


@contextmanager
def process_group() -> Iterator[Processes]:
    """Join the processes that torchrun has started, or be alone; leave them at the end.

    Each process takes the GPU of its number on this machine, if there are any. Inside another
    ``process_group`` (of all processes alike) that one goes on.

    Raises:
        InputError: there are more processes than GPUs on this machine.
    """
    device = _device()
    if distributed.is_available() and distributed.is_initialized():
        yield Processes(distributed.get_rank(), distributed.get_world_size(), device)
        return
    if "WORLD_SIZE" not in os.environ:
        yield Processes(device=device)
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    _end_with_parent()
    _meet("nccl" if device.type == "cuda" else "gloo")
    _groups.append(distributed.group.WORLD)
    try:
        yield Processes(distributed.get_rank(), distributed.get_world_size(), device)
    finally:
        distributed.destroy_process_group()


@atexit.register
def _forget_groups() -> None:
    gc.collect()  # reducers first
    _groups.clear()


def is_restarted_by_itself() -> bool:
    """Return whether torchrun started this process anew after one had died."""
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0


def parallelize(
    network: nn.Module, processes: Processes, *, synchronize: bool
) -> nn.Module | DistributedDataParallel:
    """Let the processes average their gradients and, if wanted, share their batch statistics.

    Without ``synchronize`` each normalises by its own part of the batch, and the moving statistics
    are the main process'.
    """
    if processes.world_size == 1:
        return network
    if synchronize:
        synchronize_batch_norms(network)
    on_gpu = processes.device.type == "cuda"
    buffers: dict[str, Any] = {_SYNC_BUFFERS: not synchronize}
    return DistributedDataParallel(
        network,
        device_ids=[processes.device.index] if on_gpu else None,
        gradient_as_bucket_view=True,
        **buffers,
    )


def _meet(backend: str) -> None:
    """Join the others; after a restart not at the addresses of those that have died.

    In torch 2.13 torchrun keeps one store for all its starts, and that tells old addresses. On one
    machine the number of the start keeps them apart. Several machines may count differently:
    several_machines.sh gives each start a store of its own.
    """
    if os.environ.get("GROUP_WORLD_SIZE") != "1":
        distributed.init_process_group(backend)
        return
    store, rank, count = next(distributed.rendezvous("env://"))
    start = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = distributed.PrefixStore(f"start {start}", store)
    distributed.init_process_group(backend, store=store, rank=rank, world_size=count)


def _end_with_parent() -> None:
    """Stop as by SIGTERM when torchrun itself is killed: nobody else would end this process."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        signal.alarm(_PATIENCE)  # the kernel's, for a process that waits for others that are gone
        os.kill(os.getpid(), signal.SIGTERM)  # the loop saves and ends

    threading.Thread(target=watch, daemon=True).start()


def _device() -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    local, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if local >= gpus:
        raise InputError(
            f"This is process {local + 1} of this machine, which has {gpus} GPUs. Start one "
            "process per GPU (torchrun --nproc-per-node)."
        )
    return torch.device("cuda", local)
