"""Golden data: the full set through AXIALKIT_GOLDEN, else the small copy in tests/golden."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

SMALL = Path(__file__).parent / "golden"
GOLDEN = Path(os.environ.get("AXIALKIT_GOLDEN") or SMALL)
_cases: set[Path] = set()


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
def load_golden() -> Callable[[Path | str], dict[str, np.ndarray]]:
    """Read one golden file (a path, or a name below the golden folder) and count it."""

    def load(path: Path | str) -> dict[str, np.ndarray]:
        path = GOLDEN / path
        _cases.add(path)
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    return load


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    kind = "small copy in tests/golden" if GOLDEN == SMALL else "full set (AXIALKIT_GOLDEN)"
    terminalreporter.write_line(f"golden data: {kind}, {len(_cases)} files used")
    run = _count_browser_tests(terminalreporter, "passed", "failed")
    skipped = _count_browser_tests(terminalreporter, "skipped")
    terminalreporter.write_line(f"browser tests: {run} run, {skipped} skipped")


def _count_browser_tests(terminalreporter: pytest.TerminalReporter, *outcomes: str) -> int:
    reports = [report for outcome in outcomes for report in terminalreporter.getreports(outcome)]
    return sum("browser" in getattr(report, "keywords", ()) for report in reports)
