"""What is wrong with an executed lesson: numbers that drifted, cells that cost too much, holes.

A lesson reports its numbers in its last cell (``nb.metrics``); they are compared with a baseline
that holds, for each number, its value and how far it may be off.
"""

import html
import json
import math
import re
from collections.abc import Iterable
from typing import Any, NamedTuple

import nbformat

from axialkit.course.meter import BUDGET_MIME, METRICS_MIME
from axialkit.course.page import WIDGET_MIME
from axialkit.course.session import SMALL

RTOL = 1e-3  # of numbers that have no band of their own in the baseline
OVER_BUDGET = 3  # a cell may cost this many times what its budget says
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
    found += _unproved_checks(run) if profile == "ci" else _blocked(run)
    if profile in SMALL:
        found += drift(run.numbers, baseline)
    return found


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
