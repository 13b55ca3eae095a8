"""Runs the lessons from top to bottom and says what is wrong with them: `make notebooks`.

Papermill executes each notebook in a kernel of its own. A lesson reports its numbers in its last
cell (``nb.metrics``); in the profile "ci" they are compared with a baseline that holds, for each
number, its value and how far it may be off. ``--update`` stores new values and keeps the bands.
"""

import html
import json
import math
import os
import re
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import nbformat

from axialkit.course.meter import BUDGET_MIME, METRICS_MIME
from axialkit.course.page import WIDGET_MIME
from axialkit.errors import InputError
from axialkit.files import atomic_path, read_json, write_json

RTOL = 1e-3  # of numbers that have no band of their own in the baseline
OVER_BUDGET = 3  # a cell may cost this many times what its budget says
SECONDS = 900  # for one cell, on a machine that does ten other things
PER_LESSON = 35  # CPU-seconds: what the lessons may take on average in the profile "ci"
SHORTEST_ALT = 30  # characters
UNSOLVED = "the cells below use the kit's own"  # said by `use` where a stub is untouched

Numbers = dict[str, float]
Baseline = dict[str, dict[str, float]]


class Run(NamedTuple):
    """One executed notebook, or as much of it as ran."""

    name: str
    cells: list[nbformat.NotebookNode]
    failure: str = ""  # what stopped it

    def bundles(self) -> list[dict[str, Any]]:
        """Return what its cells displayed."""
        return [output.get("data", {}) for cell in self.cells for output in cell.get("outputs", [])]

    def collect(self, mime: str) -> dict[str, Any]:
        """Merge what was displayed under a MIME type of ours."""
        return {key: value for data in self.bundles() for key, value in data.get(mime, {}).items()}

    @property
    def numbers(self) -> Numbers:
        """What the lesson reported with ``nb.metrics``."""
        return self.collect(METRICS_MIME)

    @property
    def seconds(self) -> float:
        """CPU-seconds of its cells, without the start of the kernel and the first imports."""
        return self.collect(BUDGET_MIME).get("lesson", {}).get("seconds", 0.0)


def execute(notebook: Path, out: Path, parameters: dict[str, Any]) -> Run:
    """Run a notebook; write it with its outputs into the folder ``out``.

    A learner's record that it may write goes to ``out/home``.
    """
    import papermill

    os.environ |= {"AXIALKIT_HOME": str(out / "home"), "OMP_NUM_THREADS": "1"}
    written = out / notebook.name
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


def problems(run: Run, profile: str, baseline: Baseline | None = None) -> list[str]:
    """Return everything that is wrong with a run, in sentences; empty if all is well."""
    if run.failure:
        return [f"stopped: {run.failure}"]
    found = [
        *_undescribed(run),
        *_widgets_alone(run),
        *_said_on_stderr(run),
        *_too_dear(run, profile),
    ]
    if profile == "ci":
        return [*found, *_unproved_checks(run), *drift(run.numbers, baseline)]
    return [*found, *_blocked(run)]


def drift(numbers: Numbers, baseline: Baseline | None) -> list[str]:
    """Compare a lesson's numbers with its baseline."""
    if not numbers:
        return ["reports no numbers: its last cell should be nb.metrics(...)"]
    if baseline is None:
        return ["has no baseline: run with --update, then look at what it stored"]
    names = [
        f"{name} is {'no longer' if name in baseline else 'not yet'} among its numbers and in the "
        "baseline: run with --update"
        for name in sorted(numbers.keys() ^ baseline.keys())
    ]
    drifted = [
        f"{name} drifted from the baseline: got {numbers[name]:.6g}, stored {entry['value']:.6g} "
        f"({_allowed(entry)})"
        for name, entry in baseline.items()
        if name in numbers and not _is_within(numbers[name], entry)
    ]
    return [*names, *drifted]


def updated(baseline: Baseline, numbers: Numbers) -> Baseline:
    """Return the baseline with new values; bands that were chosen before stay."""
    return {
        name: {"rtol": RTOL, **baseline.get(name, {}), "value": numbers[name]}
        for name in sorted(numbers)
    }


def _is_within(number: float, entry: dict[str, float]) -> bool:
    return math.isclose(
        number, entry["value"], rel_tol=entry["rtol"], abs_tol=entry.get("atol", 0.0)
    )


def _allowed(entry: dict[str, float]) -> str:
    return " or ".join(f"{name} {entry[name]:g}" for name in ("rtol", "atol") if name in entry)


def _undescribed(run: Run) -> Iterable[str]:
    """Every picture has a description, and none comes without ``nb.show``."""
    page = "".join(str(data.get("text/html", "")) for data in run.bundles())
    tags = re.findall(r'<img [^>]*>|<figure [^>]*role="img"[^>]*>', page)
    if not tags:
        yield "has no picture"
    for tag in tags:
        described = re.search(r'(?:alt|aria-label)="([^"]*)"', tag)
        if described is None or len(html.unescape(described[1])) < SHORTEST_ALT:
            yield f"has a picture without a description: {tag[:80]}"
    if any("image/png" in data for data in run.bundles()):
        yield "shows a bare picture: figures need nb.show(figure, alt=...)"


def _widgets_alone(run: Run) -> Iterable[str]:
    """Where nothing can run, a widget leaves a hole, unless it has a static form."""
    for cell in run.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if WIDGET_MIME in data and not str(data.get("text/html", "")).strip():
                yield f"cell {cell.id} shows a widget without a static form: nb.show_widget"


def _said_on_stderr(run: Run) -> Iterable[str]:
    """A warning in a lesson teaches learners to ignore warnings."""
    for cell in run.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                yield f"cell {cell.id} writes to stderr: {output.text[:200]}"


def _too_dear(run: Run, profile: str) -> Iterable[str]:
    costs = run.collect(BUDGET_MIME)
    if "lesson" not in costs:
        yield "reports no cost: its last cell should be nb.metrics(...)"
    for name, cost in costs.items():
        if cost["seconds"] > OVER_BUDGET * cost["budget"]:
            yield (
                f"{name} took {cost['seconds']:.1f} CPU-seconds, more than {OVER_BUDGET} times its "
                f"budget of {cost['budget']:g} in the profile {profile}"
            )


def _unproved_checks(run: Run) -> Iterable[str]:
    checks = sum("nb.check(" in cell.source for cell in run.cells)
    proved = json.dumps([cell.get("outputs", []) for cell in run.cells]).count("solution passes,")
    if checks == 0 or proved != checks:
        yield f"has {checks} checks, of which {proved} proved themselves"


def _blocked(run: Run) -> Iterable[str]:
    """With untouched stubs, every use of an exercise must have fallen back, and said so."""
    uses = sum("nb.use(" in cell.source for cell in run.cells)
    said = json.dumps([cell.get("outputs", []) for cell in run.cells]).count(UNSOLVED)
    if uses == 0 or said != uses:
        yield f"uses {uses} exercises, but fell back {said} times"


def _first_lines(error: Exception) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    lines = text.splitlines()
    return "\n    ".join(lines if len(lines) < 12 else [*lines[:4], "...", *lines[-6:]])


def run_all(
    notebooks: Sequence[Path], out: Path, profile: str, processes: int = 2
) -> Iterable[Run]:
    """Run notebooks, two at a time, and yield them in their order."""
    out.mkdir(parents=True, exist_ok=True)
    jobs = [(notebook, out, {"PROFILE": profile}) for notebook in notebooks]
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
    limit = PER_LESSON * len(notebooks) if profile == "ci" and len(notebooks) > 1 else math.inf
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
    parser.add_argument("--profile", default="ci", choices=("ci", "learn"))
    parser.add_argument("--only", default="", help="only notebooks whose name begins so")
    parser.add_argument("--update", action="store_true", help="store the numbers as the new ones")
    given = parser.parse_args(words)
    notebooks = sorted(given.folder.glob(f"{given.only}*.ipynb"))
    if not notebooks:
        raise InputError(f"There is no notebook {given.folder}/{given.only}*.ipynb.")
    bad = regress(notebooks, given.out, given.baseline, profile=given.profile, update=given.update)
    for notebook in notebooks:
        if (executed := given.out / notebook.name).exists():
            write_page(executed, executed.with_suffix(".html"))
    print(f"Executed lessons and their pages are in {given.out}")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
