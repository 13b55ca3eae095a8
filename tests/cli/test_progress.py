"""``axialkit progress`` shows the record and never changes it."""

import json
from pathlib import Path

import pytest

from axialkit.cli import main


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path))
    path = tmp_path / "progress.json"
    path.write_text(json.dumps({"01": {"checks": {"1.1": "passed"}, "quiz": {"1": True}}}))
    return path


def test_the_whole_course(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = record.read_bytes()
    assert main(["progress"]) == 0
    said = capsys.readouterr().out
    (line,) = [line for line in said.splitlines() if line.startswith("01 ")]
    assert line.split("  ")[0] == "01 Why look along a cross?"
    assert "45 min" in line and "1 of 4" in line and line.endswith("begun")
    assert f"The record is {record}" in said
    assert record.read_bytes() == before


def test_one_lesson(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["progress", "01"]) == 0
    said = capsys.readouterr().out
    assert "✓ 1.1 count_segments" in said and "1 right of 1 answered" in said
    assert main(["progress", "99"]) == 2
    assert 'There is no lesson "99", or not yet' in capsys.readouterr().err


def test_a_copy_and_an_empty_record(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.json"
    assert main(["progress", "--json", str(copy)]) == 0
    assert json.loads(copy.read_text()) == json.loads(record.read_text())
    assert main(["progress", "--json", str(record)]) == 2
    assert "is the record itself" in capsys.readouterr().err
    record.unlink()
    assert main(["progress"]) == 0
    assert "Nothing is recorded yet." in capsys.readouterr().out
