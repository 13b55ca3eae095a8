"""Processes, played by threads of one process: the same messages, and no start that takes seconds.

For the checks: whatever waits for a message that nobody will send is told so at once.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from axialkit.course.kinds import kind


class MessageError(RuntimeError):
    """A message that cannot be sent, or one that never comes."""


class Played(NamedTuple):
    """What came out of it."""

    results: list[Any]  # by rank
    sent: dict[tuple[int, int], int]  # (from, to) -> numbers
    lost: int  # messages that nobody has received


class _Post:
    """Letter boxes between all pairs, and who waits at which."""

    def __init__(self, count: int) -> None:
        self.count, self.running = count, count
        self.boxes: dict[tuple[int, int], deque[Tensor]] = defaultdict(deque)
        self.sent: dict[tuple[int, int], int] = defaultdict(int)
        self.waiting: dict[int, int] = {}  # rank -> the one it waits for
        self.changed = threading.Condition()
        self.broken = False

    def is_stuck(self) -> bool:
        """Whether all that still run wait for empty boxes."""
        empty = (not self.boxes[source, rank] for rank, source in self.waiting.items())
        return len(self.waiting) == self.running and all(empty)


class ThreadPeers:
    """One of the processes, with the functions of ``axialkit.training.peers.Peers``."""

    def __init__(self, post: _Post, rank: int) -> None:
        self._post, self.rank, self.count = post, rank, post.count

    def send(self, tensor: Any, to: int) -> None:  # noqa: ANN401  (whatever a learner sends)
        """Send a copy of a tensor; go on at once."""
        if not isinstance(tensor, Tensor):
            raise MessageError(f"only tensors can be sent, not {kind(tensor)}")
        self._check(to)
        with self._post.changed:
            self._post.boxes[self.rank, to].append(tensor.detach().clone())
            self._post.sent[self.rank, to] += tensor.numel()
            self._post.changed.notify_all()

    def receive(self, source: int) -> Tensor:
        """Wait for the next tensor of another process."""
        self._check(source)
        post = self._post
        with post.changed:
            post.waiting[self.rank] = source
            while not post.boxes[source, self.rank]:
                if post.broken or post.is_stuck():
                    post.broken = True
                    post.changed.notify_all()
                    raise MessageError(
                        f"process {self.rank} of {self.count} waits for a message of process "
                        f"{source} that is never sent"
                    )
                post.changed.wait()
            del post.waiting[self.rank]
            return post.boxes[source, self.rank].popleft()

    def finish(self) -> None:
        """Nothing to wait for."""

    def _check(self, other: int) -> None:
        if other == self.rank:
            raise MessageError(f"process {other} sends to, or receives from, itself")
        if other not in range(self.count):
            raise MessageError(f"of {self.count} processes none has the number {other}")


def play(count: int, function: Callable[[ThreadPeers], Any]) -> Played:
    """Run ``function`` in ``count`` threads that are each other's peers.

    Raises:
        Exception: the first that a thread has raised; what others say of messages comes last.
    """
    post = _Post(count)
    results: list[Any] = [None] * count
    errors: list[Exception] = []

    def run(rank: int) -> None:
        try:
            results[rank] = function(ThreadPeers(post, rank))
        except Exception as error:  # noqa: BLE001  (raised again below)
            errors.append(error)
        with post.changed:
            post.running -= 1
            post.waiting.pop(rank, None)
            post.changed.notify_all()

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise min(errors, key=lambda error: isinstance(error, MessageError))
    return Played(results, dict(post.sent), sum(map(len, post.boxes.values())))


def numbers(count: int, size: Sequence[int], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    """Return a random tensor for each process, the same every time."""
    generator = torch.Generator().manual_seed(count * 1000 + sum(size))
    return [torch.randn(tuple(size), generator=generator, dtype=dtype) for _ in range(count)]
