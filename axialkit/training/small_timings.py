"""What it costs the small task to be shared: spans of a step, gradients in buckets, images/s."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from axialkit.structures import Sample
from axialkit.training import small_task
from axialkit.training.distributed import Processes
from axialkit.training.timeline import Timeline

PER_PROCESS = 4  # images
_BUCKET_MEGABYTES = 0.1  # the network has 0.4; by default a bucket holds 25
_WARM_UP, _MEASURED = 2, 3  # steps; DistributedDataParallel arranges its buckets after the first
_MeanOver = Callable[[Tensor], Tensor]


def recorded_steps(processes: Processes, mean_over: _MeanOver) -> dict[str, Any]:
    """Take some steps in two ways; return the spans of the fastest step of each, and the buckets.

    "one by one": every gradient alone, after all have been computed. "in buckets": as
    DistributedDataParallel does, while the others are still being computed.
    """
    timeline, batch = Timeline(), _part(processes)
    net = small_task.network(device=processes.device)

    def one_by_one() -> None:
        _record(net, batch, timeline)
        for weight in net.parameters():
            if weight.grad is not None:
                with timeline.span("gradient"):
                    weight.grad = mean_over(weight.grad)

    spans = {"one by one": _fastest(one_by_one, timeline, processes)}
    parallel = DistributedDataParallel(
        small_task.network(device=processes.device),
        bucket_cap_mb=_BUCKET_MEGABYTES,
        gradient_as_bucket_view=True,
    )
    timeline.watch(parallel)
    spans["in buckets"] = _fastest(lambda: _record(parallel, batch, timeline), timeline, processes)
    buckets = [tuple(timeline.buckets[number]) for number in sorted(timeline.buckets)]
    return {**spans, "buckets": buckets}


def _fastest(
    step: Callable[[], None], timeline: Timeline, processes: Processes
) -> list[tuple[str, float, float]]:
    """Repeat a step; return the spans of the one that took all processes together the least."""
    best: list[tuple[str, float, float]] = []
    shortest = float("inf")
    for number in range(_WARM_UP + _MEASURED):
        timeline.forget()
        processes.wait()
        step()
        spans = list(timeline.spans)
        (took,) = processes.total([max(s.end for s in spans) - min(s.start for s in spans)])
        if number >= _WARM_UP and took < shortest:
            best, shortest = [(s.what, s.start, s.end) for s in spans], took
    return best


def _record(net: nn.Module, batch: Sample, timeline: Timeline) -> None:
    """Compute the gradients of a fresh step, and record when."""
    net.zero_grad()
    with timeline.span("forward"):
        value = small_task.loss(net, batch)
    with timeline.span("backward"):
        value.backward()
    if value.device.type == "cuda":
        torch.cuda.synchronize()


def seconds_per_step(processes: Processes) -> dict[str, float]:
    """Return the shortest time of a step: one process alone with a part and with all, then all."""
    count, results = processes.world_size, {}
    for images in (PER_PROCESS, PER_PROCESS * count):
        if processes.is_main:  # the others wait, and leave their cores idle
            batch = small_task.streets(range(images), processes.device, small_task.LARGER)
            net = small_task.network(device=processes.device)
            results[f"1 x {images}"] = _shortest(net, batch, Processes(device=processes.device))
        processes.wait()
    parallel = DistributedDataParallel(
        small_task.network(device=processes.device), gradient_as_bucket_view=True
    )
    results[f"{count} x {PER_PROCESS}"] = _shortest(parallel, _part(processes), processes)
    return results


def _part(processes: Processes) -> Sample:
    """Return this process' images of a common batch."""
    count = processes.world_size
    indices = range(processes.rank, PER_PROCESS * count, count)
    return small_task.streets(indices, processes.device, small_task.LARGER)


def _shortest(net: nn.Module, batch: Sample, processes: Processes) -> float:
    times = []
    for _ in range(_WARM_UP + _MEASURED):
        processes.wait()
        start = time.perf_counter()
        _record(net, batch, Timeline())
        processes.wait()  # a step has ended when the slowest has
        times.append(time.perf_counter() - start)
    return min(times[_WARM_UP:])
