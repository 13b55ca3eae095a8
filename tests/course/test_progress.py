"""The learner's record: kept, shared by two notebooks, and never in the way."""

import json
import os
import sys
from pathlib import Path

import pytest

from axialkit.course.progress import Progress, home


def test_home_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path / "mine"))
    assert home() == tmp_path / "mine"
    monkeypatch.delenv("AXIALKIT_HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home() == tmp_path / "axialkit"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert home() == tmp_path / "local" / "axialkit"


def test_two_notebooks_keep_each_others_entries(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "progress.json"
    one, other = Progress(path), Progress(path)
    one.put("01", "checks", "1.1", "passed")
    other.put("01", "hints", "1.2", 2)
    one.put("02", "checks", "2.1", "passed")
    assert json.loads(path.read_text()) == {
        "01": {"checks": {"1.1": "passed"}, "hints": {"1.2": 2}},
        "02": {"checks": {"2.1": "passed"}},
    }
    assert other.section("01", "checks") == {"1.1": "passed"}
    assert other.section("03", "checks") == {}


@pytest.mark.parametrize("content", ["{", "[]", '{"01": 3}', '{"01": {"checks": []}}', "\x00"])
def test_a_broken_file_is_set_aside(
    content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "progress.json"
    path.write_text(content)
    progress = Progress(path)
    progress.put("01", "checks", "1.1", "passed")
    assert "moved to progress.broken.json" in capsys.readouterr().out
    assert (tmp_path / "progress.broken.json").read_text() == content
    assert progress.section("01", "checks") == {"1.1": "passed"}
    assert json.loads(path.read_text()) == {"01": {"checks": {"1.1": "passed"}}}


def test_without_a_place_to_write_the_session_remembers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("not a folder")
    progress = Progress(tmp_path / "file" / "progress.json")
    progress.put("01", "hints", "1.1", 1)
    progress.put("01", "hints", "1.2", 3)
    assert progress.section("01", "hints") == {"1.1": 1, "1.2": 3}
    said = capsys.readouterr().out
    assert said.count("Progress is kept in memory only") == 1
    assert "Set AXIALKIT_HOME" in said


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    progress = Progress(tmp_path / "progress.json")
    progress.put("01", "hints", "1.1", 1)
    assert progress.section("01", "hints") == {"1.1": 1}


def test_memory_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    progress = Progress(None)
    progress.put("01", "checks", "1.1", "passed")
    assert progress.section("01", "checks") == {"1.1": "passed"}
    assert list(tmp_path.rglob("*.json")) == []
