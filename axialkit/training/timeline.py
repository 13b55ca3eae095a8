"""When a process computes and when it communicates, recorded while it trains."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, distributed
from torch.nn.parallel import DistributedDataParallel


class Span(NamedTuple):
    """What was done from when to when, in seconds on a clock common to this machine."""

    what: str
    start: float
    end: float


class Bucket(NamedTuple):
    """Gradients that travel together."""

    names: list[str]
    sizes: list[int]  # numbers per gradient


class Timeline:
    """Spans of one process.

    Example::

        timeline = Timeline()
        timeline.watch(network)  # DistributedDataParallel, before its first step
        with timeline.span("backward"):
            loss.backward()
        timeline.spans  # backward, and a span per bucket
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.buckets: dict[int, Bucket] = {}

    @contextmanager
    def span(self, what: str) -> Iterator[None]:
        """Record how long the body takes."""
        start = time.perf_counter()
        yield
        self.spans.append(Span(what, start, time.perf_counter()))

    def watch(self, network: DistributedDataParallel) -> None:
        """Record every bucket of gradients from when it is full to when its mean is there."""
        names = {id(weight): name for name, weight in network.module.named_parameters()}
        count = distributed.get_world_size()

        def average(_: Any, bucket: distributed.GradBucket) -> torch.futures.Future[Tensor]:  # noqa: ANN401
            start, number = time.perf_counter(), bucket.index()
            weights = bucket.parameters()
            self.buckets[number] = Bucket(
                [names[id(weight)] for weight in weights], [weight.numel() for weight in weights]
            )
            work = distributed.all_reduce(bucket.buffer().div_(count), async_op=True)
            assert work is not None  # async_op

            def arrived(future: torch.futures.Future[list[Tensor]]) -> Tensor:
                self.spans.append(Span(f"bucket {number}", start, time.perf_counter()))
                return future.value()[0]

            return work.get_future().then(arrived)

        network.register_comm_hook(None, average)

    def forget(self) -> None:
        """Begin anew: the first steps are slower than the rest."""
        self.spans.clear()
        self.buckets.clear()
