"""The summary tells what the record shows, no more."""

import pytest

from axialkit.course.session import Session, setup
from axialkit.course.summary import summary
from axialkit.course.wrapping import WIDTH


def test_an_empty_record(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    summary()
    said = capsys.readouterr().out
    assert "A  say what a pixel can reach:  · 1.2 reachable  · 1.3 corner" in said
    assert "░░░░ 0 of 4\n" in said
    assert "none made and revealed" in said
    assert "✓" not in said


def test_long_lines_are_broken_between_exercises(
    learner: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    setup("11", "learn")
    summary()
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert any(line.startswith("  · 11.") or "  · 11." in line for line in lines)
    assert not any(line.endswith(("·", "✓", "11.4")) for line in lines)


def test_a_full_record(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    put = learner.progress.put
    put("01", "checks", "1.2", "passed")
    put("01", "checks", "1.4", "passed")
    put("01", "hints", "1.2", 2)
    put("01", "solutions", "1.4", True)
    put("01", "predictions", "p", {"answer": "x", "confidence": "certain", "right": True})
    put("01", "quiz", "1", True)
    put("01", "quiz", "2", False)
    put("02", "checks", "1.1", "passed")  # another lesson's
    summary()
    said = capsys.readouterr().out
    assert "✓ 1.2 reachable  · 1.3 corner" in said
    assert "✓ 1.4 attention_cost" in said
    assert "· 1.1 count_segments" in said
    assert "██████████░░░░░░░░░░ 2 of 4 (hints: 2, solutions seen: 1)" in said
    assert "1 of 1 right when certain" in said
    assert "1 right of 2 answered (5 questions)" in said
