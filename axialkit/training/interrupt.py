"""Stopping between two steps instead of in the middle of one."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether somebody has asked the run to stop."""

    requested = False


@contextmanager
def between_steps() -> Iterator[StopRequest]:
    """Turn Ctrl-C and SIGTERM into a request that the loop honours after the current step.

    A second one stops at once. Outside the main thread signals cannot be caught: nothing changes.
    """
    stop = StopRequest()

    def request(_signal: int, _frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True

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
