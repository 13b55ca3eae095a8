"""Stopping between two steps instead of in the middle of one."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SAME = 1.0  # seconds within which two signals are one request


class StopRequest:
    """Whether somebody has asked the run to stop."""

    requested = False
    since = 0.0  # on the clock time.monotonic()


@contextmanager
def between_steps() -> Iterator[StopRequest]:
    """Turn Ctrl-C and SIGTERM into a request that the loop honours after the current step.

    A second Ctrl-C stops at once; a second SIGTERM does not, as SLURM and torchrun both send one.
    Outside the main thread signals cannot be caught: nothing changes.
    """
    stop = StopRequest()

    def request(number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not stop.requested:
            stop.requested, stop.since = True, now
        elif number == signal.SIGINT and now - stop.since > _SAME:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    earlier = [signal.signal(number, request) for number in signals]
    try:
        yield stop
    finally:
        for number, handler in zip(signals, earlier, strict=True):
            signal.signal(number, handler)


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM raise KeyboardInterrupt, as Ctrl-C does; in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)
