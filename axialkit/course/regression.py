"""Runs the lessons from top to bottom and says what is wrong with them: `make notebooks`.

Papermill executes each notebook in a kernel of its own. In the profiles "ci" and "short" the
numbers of the lessons are compared with a baseline: a learner who has solved nothing sees the same
numbers as one whose answers are the kit's. ``--update`` stores new values and keeps the bands.
"""

import math
import os
import re
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat

from axialkit.course.faults import Run, problems, updated
from axialkit.course.session import SMALL
from axialkit.errors import InputError
from axialkit.files import atomic_path, read_json, write_json

PER_LESSON = 35  # CPU-seconds: what the lessons may take on average in a small profile
SECONDS = 900  # for one cell, on a machine that does ten other things


def execute(notebook: Path, out: Path, parameters: dict[str, Any]) -> Run:
    """Run a notebook; write it with its outputs into the folder ``out``.

    A learner's record that it may write goes to ``out/home``.
    """
    import papermill

    os.environ |= {"AXIALKIT_HOME": str(out / "home"), "OMP_NUM_THREADS": "1"}
    written = out / notebook.name
    written.unlink(missing_ok=True)  # what an earlier run left is not this run's
    failure = ""
    try:
        papermill.execute_notebook(
            notebook,
            written,
            parameters=parameters,
            kernel_name="python3",
            cwd=notebook.parent,
            progress_bar=False,
            start_timeout=300,
            execution_timeout=SECONDS,
        )
    except Exception as error:  # noqa: BLE001  (whatever a cell may raise is a finding)
        failure = _first_lines(error)
    cells = nbformat.read(written, as_version=4).cells if written.exists() else []
    return Run(notebook.stem, cells, failure)


def _first_lines(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    lines = text.splitlines()
    return "\n    ".join(lines if len(lines) < 12 else [*lines[:4], "...", *lines[-6:]])


def run_all(
    notebooks: Sequence[Path], out: Path, profile: str, processes: int = 2
) -> Iterable[Run]:
    """Run notebooks, two at a time, and yield them from the last to the first.

    Later lessons take longer, so both processes end at about the same time.
    """
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(notebook, out, {"PROFILE": profile}) for notebook in reversed(notebooks)]
    # spawned: papermill runs an event loop, and its kernels inherit the environment
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_execute_job, jobs)


def _execute_job(job: tuple[Path, Path, dict[str, Any]]) -> Run:
    return execute(*job)


def regress(
    notebooks: Sequence[Path], out: Path, baseline: Path, *, profile: str, update: bool
) -> int:
    """Run notebooks, print what is wrong with each and with all; return how many things are."""
    stored = read_json(baseline) if baseline.exists() else {}
    bad, seconds = 0, 0.0
    for run in run_all(notebooks, out, profile):
        if update and run.numbers and not run.failure:
            stored[run.name] = updated(stored.get(run.name, {}), run.numbers)
        found = problems(run, profile, stored.get(run.name))
        bad += bool(found)
        seconds += run.seconds
        print(f"{'✗' if found else '✓'} {run.name}: {run.seconds:.1f} CPU-seconds", flush=True)
        for problem in found:
            print(f"  {problem}", flush=True)
    if update:
        write_json(baseline, stored)
    limit = PER_LESSON * len(notebooks) if profile in SMALL and len(notebooks) > 1 else math.inf
    print(f"{len(notebooks)} notebooks, profile {profile}: {seconds:.0f} CPU-seconds of cells")
    if seconds > limit:
        print(f"✗ too dear: together they may take {limit} CPU-seconds")
    return bad + (seconds > limit)


def write_page(notebook: Path, page: Path) -> None:
    """Write an executed notebook as a page that needs no other file."""
    from axialkit.course.paper import page_of

    with atomic_path(page) as temporary:
        temporary.write_text(page_of(notebook), encoding="utf-8")


def main(words: Sequence[str]) -> int:
    """Run ``FOLDER OUT BASELINE [--profile NAME] [--update] [--only PREFIX]``."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m axialkit.course.regression")
    parser.add_argument("folder", type=Path, help="the notebooks")
    parser.add_argument("out", type=Path, help="where the executed ones go, with their pages")
    parser.add_argument("baseline", type=Path, help="JSON with the numbers that they gave before")
    parser.add_argument("--profile", default="ci", choices=("ci", "short", "learn"))
    parser.add_argument("--only", default="", help="only notebooks whose name begins so")
    parser.add_argument("--update", action="store_true", help="store the numbers as the new ones")
    given = parser.parse_args(words)
    if given.update and given.profile != "ci":
        parser.error("--update stores the numbers of the profile ci; leave --profile out")
    notebooks = sorted(given.folder.glob(f"{given.only}*.ipynb"))
    if not notebooks:
        parser.error(f"there is no notebook {given.folder}/{given.only}*.ipynb")
    try:
        bad = regress(
            notebooks, given.out, given.baseline, profile=given.profile, update=given.update
        )
    except InputError as error:  # a baseline that is no JSON, a folder that cannot be written to
        parser.error(str(error))
    for notebook in notebooks:
        if (executed := given.out / notebook.name).exists():
            write_page(executed, executed.with_suffix(".html"))
    print(f"Executed lessons and their pages are in {given.out}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
