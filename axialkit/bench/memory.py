"""The peak memory of one run, in a process of its own: nothing that ran before can hide it."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

MEGABYTE = 1e6
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Peak(NamedTuple):
    """Memory in MB: of the process (of the GPU, where one computes), at its highest."""

    whole_mb: float
    extra_mb: float  # above what there was before the run


def measure_peak(run: Callable[[], object], device: torch.device) -> Peak:
    """Run once and watch this process's memory, or the GPU's.

    On Linux the kernel's own high-water mark is used, so not even a short peak is missed. Elsewhere
    the mark cannot be set back: memory that was freed before the run counts as if it were used.
    """
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        torch.cuda.synchronize()
        whole = torch.cuda.max_memory_allocated()
    else:
        before = _start_watching()
        run()
        whole = _highest()
    return Peak(whole / MEGABYTE, (whole - before) / MEGABYTE)


def peak_in_fresh_process(module: str, arguments: dict[str, Any]) -> Peak:
    """Call ``module.measure(**arguments)``, which returns a ``Peak``, in a new interpreter.

    Raises:
        RuntimeError: it failed; with its last words.
    """
    words = [sys.executable, "-m", "axialkit.bench.memory", module, json.dumps(arguments)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise RuntimeError(f"measuring the memory of {arguments} failed: {last}")
    return Peak(*json.loads(done.stdout.splitlines()[-1]))


def _start_watching() -> int:
    """Set the mark back to what is used now, which is returned, in bytes."""
    try:
        _CLEAR.write_text("5")
    except OSError:
        return _highest()
    return _status("VmRSS")


def _highest() -> int:
    if _STATUS.exists():
        return _status("VmHWM")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used if sys.platform == "darwin" else used * 1024


def _status(name: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    from importlib import import_module

    print(json.dumps(import_module(sys.argv[1]).measure(**json.loads(sys.argv[2]))))
