"""What the tests of the command line share: running it in this process, a small data set, a run."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from axialkit.cli import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line of an error; fails if there are more, or a traceback."""
        assert "Traceback" not in self.err, self.err
        lines = [line for line in self.err.splitlines() if line.startswith("axialkit: ")]
        assert len(lines) == 1, self.err
        return lines[0].removeprefix("axialkit: ")


Run = Callable[..., Outcome]


@pytest.fixture
def axk(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run ``axialkit ARGUMENTS`` in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        return Outcome(code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A MiniCity of few avenue scenes; tests that change it take a copy."""
    from axialkit.data.minicity import generate

    return generate(
        tmp_path_factory.mktemp("data") / "city", scenes="avenue", train=8, val=4, test=1,
        workers=1, progress=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, city: Path) -> Path:
    """A run of three steps on it."""
    from dataclasses import replace

    from axialkit.config import get_preset
    from axialkit.training.loop import train

    config = get_preset("tiny_avenue")
    config = replace(
        config, train=replace(config.train, steps=3, batch_size=2, workers=0, log_every=1)
    )
    out = tmp_path_factory.mktemp("runs") / "short"
    return train(config, city, out, evaluate_on=None, progress=False)


def leftovers(folder: Path) -> list[Path]:
    """Temporary and empty files below a folder: what an interrupted write would leave."""
    return [
        path
        for path in folder.rglob("*")
        if ".tmp" in path.name or (path.is_file() and path.stat().st_size == 0)
    ]
