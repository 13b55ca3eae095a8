"""Every test of the course keeps its record in a folder of its own."""

from pathlib import Path

import pytest

from axialkit.course.session import Session, setup


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def learner(home: Path) -> Session:
    """A lesson set up as a learner has it."""
    return setup("01", "learn")


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What a cell puts on the page, as MIME bundles."""
    bundles: list[dict] = []

    def keep(bundle: dict, raw: bool) -> None:
        assert raw
        bundles.append(bundle)

    for module in ("page", "meter"):
        monkeypatch.setattr(f"axialkit.course.{module}.display", keep)
    return bundles
