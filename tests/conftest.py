"""Golden data: the full set through AXIALKIT_GOLDEN, else the small copy in tests/golden."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

# They begin first: with files of half a minute to two, most of them waiting for other processes.
LONGEST = (
    "tests/training",
    *("tests/course/test_checks", "tests/course/test_lab", "tests/course/test_regression"),
    *("tests/attention/test_tiles", "tests/weights/test_export"),
    *("tests/model/test_build", "tests/model/test_prepare", "tests/demo", "tests/cli"),
)
SMALL = Path(__file__).parent / "golden"
GOLDEN = Path(os.environ.get("AXIALKIT_GOLDEN") or SMALL)

os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and tables would be as narrow as that


def golden_cases(pattern: str) -> list[Path]:
    """Golden files matching ``pattern`` (for parametrize); at least one, or the suite stops."""
    found = sorted(GOLDEN.glob(pattern))
    if not found:
        raise pytest.UsageError(f"no golden file matches {GOLDEN / pattern}")
    return found


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_works() -> None:
    """Background jobs of a shell start with Ctrl-C ignored, and so would their children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def load_golden(request: pytest.FixtureRequest) -> Callable[[Path | str], dict[str, np.ndarray]]:
    """Read one golden file (a path, or a name below the golden folder) and count it."""

    def load(path: Path | str) -> dict[str, np.ndarray]:
        path = GOLDEN / path
        request.node.user_properties.append(("golden", str(path)))
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    return load


@pytest.fixture
def announce(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print a line at the end of the run: a figure that a test has measured."""
    return lambda line: request.node.user_properties.append(("announce", line))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, so that several processes end together."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was used and measured; the tests may have run in several processes."""
    said = _said(terminalreporter)
    kind = "small copy in tests/golden" if GOLDEN == SMALL else "full set (AXIALKIT_GOLDEN)"
    files = {value for name, value in said if name == "golden"}
    terminalreporter.write_line(f"golden data: {kind}, {len(files)} files used")
    run = _count_browser_tests(terminalreporter, "passed", "failed")
    skipped = _count_browser_tests(terminalreporter, "skipped")
    terminalreporter.write_line(f"browser tests: {run} run, {skipped} skipped")
    for line in dict.fromkeys(value for name, value in said if name == "announce"):
        terminalreporter.write_line(line)


def _said(terminalreporter: pytest.TerminalReporter) -> list[tuple[str, str]]:
    reports = [one for group in terminalreporter.stats.values() for one in group]
    return [said for report in reports for said in getattr(report, "user_properties", ())]


def _count_browser_tests(terminalreporter: pytest.TerminalReporter, *outcomes: str) -> int:
    reports = [report for outcome in outcomes for report in terminalreporter.getreports(outcome)]
    return sum("browser" in getattr(report, "keywords", ()) for report in reports)
