"""What is absent is installed, what is there is left alone, what does not fit is named."""

import re
import sys
import types
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from axialkit import requirements
from axialkit.errors import InputError
from axialkit.requirements import check, install_absent, needed, prepare_colab, state

HERE = {"torch": "2.11.0+cu128", "numpy": "2.0.2", "einops": "0.8.2"}
WANTED = [Requirement(line) for line in ("torch>=2.5", "numpy>=1.26,<3", "tyro>=0.9,<2")]


@pytest.fixture
def colab(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A Python with a few packages, as a hosted notebook has them."""
    installed = dict(HERE)

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    def distributions() -> list[types.SimpleNamespace]:
        return [types.SimpleNamespace(name=n, version=v) for n, v in installed.items()]

    fake = types.SimpleNamespace(
        version=version,
        distributions=distributions,
        PackageNotFoundError=metadata.PackageNotFoundError,
    )
    monkeypatch.setattr(requirements, "metadata", fake)
    monkeypatch.setattr(requirements, "needed", lambda: WANTED)
    return installed


def test_this_python_has_what_the_kit_needs() -> None:
    assert {"torch", "numpy", "einops", "tyro"} <= {each.name for each in needed()}
    assert not any("extra" in str(each.marker) for each in needed())
    check()


def test_absent_and_unfit_are_told_apart(colab: dict[str, str]) -> None:
    colab["numpy"] = "1.20.0"
    found = state(WANTED)
    assert [each.name for each in found.absent] == ["tyro"]
    assert list(found.unfit) == ["numpy 1.20.0 (axialkit needs <3,>=1.26)"]
    with pytest.raises(
        InputError,
        match=r'numpy 1\.20\.0 .*; tyro is not installed.* "numpy<3,>=1.26" "tyro<2,>=0.9"',
    ):
        check()


def test_only_what_is_absent_is_installed_and_the_rest_is_held(colab: dict[str, str]) -> None:
    said = {}

    def run(command: Sequence[str]) -> int:
        said["command"] = list(command)
        said["held"] = Path(command[command.index("-c") + 1]).read_text(encoding="utf-8")
        return 0

    assert install_absent(run) == ["tyro"]
    assert said["command"][-1] == "tyro<2,>=0.9"
    assert not re.search("torch|numpy", " ".join(said["command"][-1:]))
    assert {"torch==2.11.0", "numpy==2.0.2", "einops==0.8.2"} == set(said["held"].split("\n"))

    colab["tyro"] = "1.0"
    assert install_absent(lambda command: pytest.fail("nothing is absent")) == []


def test_what_does_not_fit_is_not_replaced(colab: dict[str, str]) -> None:
    colab["torch"] = "2.1.0"
    with pytest.raises(InputError, match=r"torch 2\.1\.0 .*It replaces none of them"):
        install_absent(lambda command: pytest.fail("must not touch torch"))


def test_a_failure_of_pip_is_told(colab: dict[str, str]) -> None:
    with pytest.raises(InputError, match="pip could not install tyro"):
        install_absent(lambda command: 1)


def test_colab_gets_its_widgets(
    colab: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    colab["tyro"] = "1.0"
    switched = []
    output = types.SimpleNamespace(enable_custom_widget_manager=lambda: switched.append(True))
    monkeypatch.setitem(sys.modules, "google.colab", types.SimpleNamespace(output=output))
    prepare_colab()
    assert switched == [True]
    said = capsys.readouterr().out
    assert said == "installed: nothing; left as they were: torch 2.11.0+cu128, numpy 2.0.2\n"
