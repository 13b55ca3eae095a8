"""Trainings described in a JSON file, for tests that start several processes.

    torchrun ... -m tests.training.job JOBS.json

A job is ``{"config": ..., "root": ..., "out": ..., "resume": false}``.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch

from axialkit.config import ExperimentConfig, from_dict, to_dict
from axialkit.training.distributed import process_group
from axialkit.training.loop import train

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 300  # seconds


def write_jobs(path: Path, root: Path, runs: dict[Path, ExperimentConfig], *, resume=False) -> Path:
    jobs = [
        {"config": to_dict(config), "root": str(root), "out": str(out), "resume": resume}
        for out, config in runs.items()
    ]
    path.write_text(json.dumps(jobs))
    return path


def command(jobs: Path, processes: int, *options: str) -> list[str]:
    torchrun = [sys.executable, "-m", "torch.distributed.run"]
    if not any(option.startswith("--rdzv") for option in options):
        torchrun.append("--standalone")
    torchrun += ["--nproc-per-node", str(processes), *options]
    return [*torchrun, "-m", "tests.training.job", str(jobs)]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY)}


def run(jobs: Path, processes: int, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(jobs, processes, *options),
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=600,
    )


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what} never came"
        time.sleep(0.05)


def main(path: str) -> None:
    torch.set_num_threads(1)
    with process_group():
        for job in json.loads(Path(path).read_text()):
            config, options = from_dict(job["config"]), {"evaluate_on": None, "progress": False}
            train(config, job["root"], job["out"], resume=job["resume"], **options)


if __name__ == "__main__":
    main(sys.argv[1])
