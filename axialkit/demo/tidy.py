"""Giving memory back to the system, which malloc of glibc does not do by itself."""

import ctypes
import gc
import itertools
import sys

_EVERY = 16  # events

_events = itertools.count(1)


def tidy() -> None:
    """Now and then, after an event, return what is free to the system; elsewhere than Linux not."""
    if next(_events) % _EVERY or not sys.platform.startswith("linux"):
        return
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
    if trim is not None:
        trim(0)
