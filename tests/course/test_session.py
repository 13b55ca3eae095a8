"""Setting up a lesson: one line, reproducible numbers, plain refusals."""

import random
from pathlib import Path

import pytest
import torch

from axialkit.course import session as module
from axialkit.course.session import current, setup
from axialkit.errors import InputError


def test_one_ready_line(capsys: pytest.CaptureFixture[str]) -> None:
    session = setup("01", "learn", seed=3)
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert said.startswith("ready in ")
    assert "profile=learn · seed=3 · torch 2" in said
    assert current() is session


def test_seeds() -> None:
    drawn = []
    for _ in range(2):
        setup("01", "ci", seed=7)
        drawn.append((random.random(), torch.rand(1).item()))
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(
    ("profile", "expected"), [("ci", 1), ("short", 1), ("learn", 2), ("colab", 2), ("full", 9)]
)
def test_pick_takes_the_nearest_smaller_profile(profile: str, expected: int) -> None:
    assert setup("01", profile).pick(ci=1, learn=2, full=9) == expected


def test_pick_needs_a_value() -> None:
    with pytest.raises(InputError, match='needs a value for "ci"'):
        setup("01", "ci").pick(learn=2)


def test_ci_keeps_no_record(home: Path) -> None:
    session = setup("01", "ci")
    session.progress.put("01", "checks", "1.1", "passed")
    assert not home.exists()
    session = setup("01", "learn")
    session.progress.put("01", "checks", "1.1", "passed")
    assert (home / "progress.json").exists()


def test_short_is_small_and_for_learners(home: Path) -> None:
    session = setup("01", "short")
    assert session.checks == "learner"
    assert session.device == "cpu"
    session.progress.put("01", "checks", "1.1", "passed")
    assert (home / "progress.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lesson": "99"}, r'no lesson "99", or not yet. Lessons: 00, 01'),
        ({"lesson": "01", "profile": "lern"}, 'PROFILE is "lern". Did you mean "learn"?'),
        ({"lesson": "01", "checks": "none"}, 'CHECKS is "none".'),
        ({"lesson": "01", "data_root": "/no/such/folder"}, "DATA_ROOT is /no/such/folder, which"),
    ],
)
def test_refusals(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        setup(**arguments)


def test_nothing_works_before_setup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_current", [])
    with pytest.raises(InputError, match=r"Run the cell with nb.setup\(...\) first"):
        current()
