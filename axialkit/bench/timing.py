"""Times that can be compared: interleaved runs, their medians, and the machine's own speed."""

import platform
import time
from collections.abc import Callable, Mapping
from statistics import median

import numpy
import torch

MATMUL_SIDE = 2048


def medians(
    runs: Mapping[str, Callable[[], object]],
    repeats: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return the median seconds of each run, in the order given.

    All run in turn, ``repeats`` times after one round to warm up: what else the machine does in
    the meantime meets them all alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(repeats + 1):
        for name, run in runs.items():
            _finish()
            begin = clock()
            run()
            _finish()
            if round_:
                seconds[name].append(clock() - begin)
    return {name: median(values) for name, values in seconds.items()}


def matmul(device: torch.device) -> Callable[[], object]:
    """Return the product that tells the machine's speed: float32, 2048 x 2048 x 2048."""
    a, b = (torch.randn(MATMUL_SIDE, MATMUL_SIDE, device=device) for _ in "ab")
    return lambda: torch.mm(a, b)


def matmul_gflops(seconds: float) -> float:
    """Return the speed of ``matmul`` in 1e9 operations per second."""
    return 2 * MATMUL_SIDE**3 / seconds / 1e9


def default_device() -> torch.device:
    """Return the GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_machine(device: torch.device) -> dict[str, str | int]:
    """Return versions, threads and device, for the record."""
    on_gpu = device.type == "cuda"
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name(device) if on_gpu else f"cpu ({_processor()})",
    }


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123  (not a real file)
            names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _finish() -> None:
    """Wait for the GPU, which works on its own."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
