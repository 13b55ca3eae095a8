"""Every lesson runs from top to bottom and its numbers stay where they were.

A notebook reports its numbers in its last cell (``nb.metrics``); they are compared with
``notebook_baseline.json``. ``AXIALKIT_UPDATE=1 pytest tests/test_notebooks.py`` stores new ones.
"""

import html
import json
import math
import os
import re
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest

from axialkit.course.meter import BUDGET_MIME, METRICS_MIME
from axialkit.files import read_json, write_json

papermill = pytest.importorskip("papermill", reason="papermill is in the extra notebooks")

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
BASELINE = Path(__file__).with_name("notebook_baseline.json")
RTOL = 1e-3  # for numbers that have no tolerance of their own in the baseline
OVER_BUDGET = 3  # a cell may cost this many times what its budget says
SECONDS = 900  # for one cell, on a machine that does ten other things


class Run(NamedTuple):
    """One executed notebook."""

    name: str
    cells: list[nbformat.NotebookNode]

    def bundles(self) -> list[dict]:
        return [output.get("data", {}) for cell in self.cells for output in cell.get("outputs", [])]

    def collect(self, mime: str) -> dict:
        return {key: value for data in self.bundles() for key, value in data.get(mime, {}).items()}


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AXIALKIT_HOME", str(folder / "home"))
        patch.setenv("OMP_NUM_THREADS", "1")
        executed = papermill.execute_notebook(
            request.param,
            folder / request.param.name,
            parameters={"PROFILE": "ci"},
            kernel_name="python3",
            cwd=request.param.parent,
            progress_bar=False,
            start_timeout=300,
            execution_timeout=SECONDS,
        )
    assert not (folder / "home").exists(), "the ci profile must not write a learner's record"
    return Run(request.param.stem, executed.cells)


def test_numbers_match_the_baseline(run: Run) -> None:
    got, stored = run.collect(METRICS_MIME), read_json(BASELINE)
    assert got, "the notebook reports no numbers: it needs a cell with nb.metrics(...)"
    if os.environ.get("AXIALKIT_UPDATE"):
        write_json(BASELINE, {**stored, run.name: _update(stored.get(run.name, {}), got)})
        return
    expected = stored[run.name]
    assert got.keys() == expected.keys()
    drifted = {
        name: (got[name], entry["value"])
        for name, entry in expected.items()
        if not math.isclose(
            got[name], entry["value"], rel_tol=entry["rtol"], abs_tol=entry.get("atol", 0.0)
        )
    }
    assert not drifted, f"drifted from the baseline (got, stored): {drifted}"


def _update(old: dict, got: dict) -> dict:
    """Keep the tolerances that were chosen before."""
    fresh = {"rtol": RTOL}
    return {name: {**fresh, **old.get(name, {}), "value": got[name]} for name in sorted(got)}


def test_nothing_is_written_to_stderr(run: Run) -> None:
    """A warning in a lesson teaches learners to ignore warnings."""
    said = [
        (cell.id, output.text)
        for cell in run.cells
        for output in cell.get("outputs", [])
        if output.output_type == "stream" and output.name == "stderr"
    ]
    assert said == []


def test_heavy_cells_keep_their_budget(run: Run) -> None:
    costs = run.collect(BUDGET_MIME)
    assert "lesson" in costs
    over = {
        name: cost for name, cost in costs.items() if cost["seconds"] > OVER_BUDGET * cost["budget"]
    }
    assert not over, f"CPU-seconds far above the printed budget: {over}"


def test_every_picture_has_a_description(run: Run) -> None:
    pages = [data["text/html"] for data in run.bundles() if "text/html" in data]
    pictures = [tag for page in pages for tag in re.findall(r"<img [^>]*>", page)]
    drawings = [tag for page in pages for tag in re.findall(r"<figure [^>]*role=[^>]*>", page)]
    assert pictures, "a lesson without a picture"
    for tag in drawings:
        description = re.search(r'aria-label="([^"]*)"', tag)
        assert description
        assert len(html.unescape(description[1])) >= 30
    for tag in pictures:
        description = re.search(r'alt="([^"]*)"', tag)
        assert description
        assert len(html.unescape(description[1])) >= 30
    assert not any("image/png" in data for data in run.bundles()), "show figures with nb.show"


def test_exercises_are_filled_from_the_solutions(run: Run) -> None:
    said = json.dumps([cell.get("outputs", []) for cell in run.cells])
    checks = [cell for cell in run.cells if "nb.check(" in cell.source]
    assert checks
    assert said.count("solution passes,") == len(checks)
