"""The same work on many items, spread over processes, with one progress bar."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process
from typing import Any, TypeVar

from tqdm import tqdm

from axialkit.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

_function: Callable[[Any], Any]  # of this process, if it is a worker
_WORTH_A_POOL = 16  # with fewer items, starting processes takes longer than the work


def map_parallel(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    workers: int | None = None,
    description: str = "",
    progress: bool = False,
    least: int = _WORTH_A_POOL,
) -> list[Result]:
    """Return ``[function(item) for item in items]``, computed in ``workers`` processes.

    ``workers`` None = one per core. ``function`` must be importable or picklable (it may reach
    processes that share no memory). When it fails, or on Ctrl-C, items being worked on are
    finished, the rest is dropped and the exception goes on to the caller. Fewer items than
    ``least`` are done in this process.

    Raises:
        InputError: a process was killed from outside.
    """
    workers = (os.cpu_count() or 1) if workers is None else workers
    bar = tqdm(total=len(items), desc=description, unit="image", disable=not progress)
    with bar:
        if workers <= 1 or len(items) < least:
            return list(_counted(map(function, items), bar))
        return _in_pool(function, items, workers, bar)


def _counted(results: Iterable[Result], bar: tqdm) -> Iterator[Result]:
    for result in results:
        bar.update()
        yield result


def _in_pool(
    function: Callable[[Item], Result], items: Sequence[Item], workers: int, bar: tqdm
) -> list[Result]:
    executor = ProcessPoolExecutor(workers, initializer=_prepare_worker, initargs=(function,))
    # small enough for all to end together, large enough not to wait for each other
    chunk = max(1, min(4, len(items) // (4 * workers)))
    try:
        return list(_counted(executor.map(_call, items, chunksize=chunk), bar))
    except BrokenProcessPool as error:
        raise InputError(
            "A working process was killed, perhaps because memory ran out. Run it again to go on "
            "where it stopped, with fewer workers."
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _call(item: Any) -> Any:  # noqa: ANN401
    return _function(item)


def _prepare_worker(function: Callable[[Any], Any]) -> None:
    """Keep what to do, leave Ctrl-C to the parent, do not outlive it, take one core."""
    global _function
    _function = function
    if "torch" in sys.modules:  # a forked process cannot use the threads of its parent
        sys.modules["torch"].set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    # a killed parent cannot stop its workers, and they would wait for items forever
    parent = parent_process()
    if parent is not None:
        parent.join()
        sys.stderr.flush()
        os._exit(1)
