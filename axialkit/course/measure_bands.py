"""Measures what ``bands`` stores: ``python -m axialkit.course.measure_bands [NAME ...]``.

Runs the ablations of all lessons, or those named, over their seeds.
"""

import datetime
import platform
import sys
import time
from pathlib import Path
from typing import Any

from axialkit.course.bands import STORE
from axialkit.course.lesson import Ablation
from axialkit.course.lessons import LESSONS
from axialkit.files import read_json, write_json


def measure(ablation: Ablation) -> dict[str, Any]:
    """Run an ablation over its seeds; return what is stored of it."""
    import torch

    torch.set_num_threads(1)
    start = time.process_time()
    outcomes = [ablation.run(seed) for seed in ablation.seeds]
    return {
        "seeds": list(ablation.seeds),
        "values": {variant: [each[variant] for each in outcomes] for variant in outcomes[0]},
        "cpu_seconds": round(time.process_time() - start, 1),
        "date": datetime.date.today().isoformat(),
        "machine": _machine(),
        "torch": torch.__version__.split("+")[0],
        "command": "make bands",
    }


def all_ablations() -> dict[str, Ablation]:
    """Return the ablations of all lessons by name."""
    return {each.name: each for lesson in LESSONS.values() for each in lesson.ablations}


def _machine() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"one thread of {model}"


def main(names: list[str]) -> None:
    """Measure the named ablations, or all, and store each as soon as it is done."""
    known = all_ablations()
    for name in names or known:
        if name not in known:
            raise SystemExit(f'There is no ablation "{name}". Known: {", ".join(known)}.')
        entry = measure(known[name])
        stored = read_json(STORE) if STORE.exists() else {}
        write_json(STORE, {**stored, name: entry})
        print(f"{name}: {entry['values']} ({entry['cpu_seconds']} CPU-seconds)")


if __name__ == "__main__":
    main(sys.argv[1:])
