"""A small memory of what was computed, bounded in bytes, entries and time; thread-safe."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")


class _Entry(NamedTuple, Generic[Value]):
    value: Value
    size: int  # bytes
    used: int | float  # seconds on the clock


class Recall(Generic[Value]):
    """Keep the last values that were made; forget the ones least recently used.

    At least the newest is kept, however large. What was not asked for in ``most_seconds`` is
    forgotten at the next call.
    """

    def __init__(
        self,
        size_of: Callable[[Value], int],
        *,
        most_bytes: int,
        most_entries: int,
        most_seconds: int | float,
        clock: Callable[[], int | float] = time.monotonic,
    ) -> None:
        self._size_of, self._clock = size_of, clock
        self._limits = most_bytes, most_entries, most_seconds
        self._entries: OrderedDict[Hashable, _Entry[Value]] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key; make it if it is not known. One is made at a time."""
        with self._lock:
            self._forget_old()
            entry = self._entries.pop(key, None)
            value = make() if entry is None else entry.value
            size = self._size_of(value) if entry is None else entry.size
            self._entries[key] = _Entry(value, size, self._clock())
            self._forget_much()
            return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def size(self) -> int:
        """Bytes of all values."""
        with self._lock:
            return sum(entry.size for entry in self._entries.values())

    def _forget_old(self) -> None:
        before = self._clock() - self._limits[2]
        for key in [key for key, entry in self._entries.items() if entry.used < before]:
            del self._entries[key]

    def _forget_much(self) -> None:
        most_bytes, most_entries, _ = self._limits
        while len(self._entries) > 1 and (
            len(self._entries) > most_entries or self.size > most_bytes
        ):
            self._entries.popitem(last=False)
