"""The gates of the capstone: a good submission passes each, and bad ones are told why."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from axialkit.course import capstone
from axialkit.course.capstone_gates import diagonal_hop, foreign_checkpoint, port_checkpoint
from axialkit.course.session import Session
from axialkit.errors import InputError


def problems(findings: Iterator[tuple[str, str]]) -> str:
    """Join what does not hold; empty if a gate is passed."""
    return "; ".join(f"{claim}: {problem}" for claim, problem in findings if problem)


# ---- gate and menu


def test_a_gate_is_recorded_when_it_is_passed(
    learner: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    capstone.gate("diagonal hop", lambda x: x)
    said = capsys.readouterr().out
    assert "✗" in said and "Not through yet: 2 of 3" in said
    assert not learner.progress.section("12", "capstone")
    capstone.gate("diagonal hop", by_mask)
    said = capsys.readouterr().out
    assert "✗" not in said and "★ diagonal hop: passed." in said
    assert learner.progress.section("12", "capstone") == {"diagonal hop": "passed"}


def test_what_a_gate_cannot_take(learner: Session, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match='no project "diagonal"'):
        capstone.gate("diagonal", by_mask)
    capstone.gate("diagonal hop")
    assert 'this gate takes one: gate("diagonal hop", hop)' in capsys.readouterr().out
    capstone.gate("diagonal hop", lambda x: x / 0 + {})
    assert "it stops with TypeError" in capsys.readouterr().out
    assert not learner.progress.section("12", "capstone")


def test_the_menu_shows_what_is_passed(learner: Session, displayed: list[dict[str, Any]]) -> None:
    capstone.gate("diagonal hop", by_mask)
    capstone.menu()
    (bundle,) = displayed
    assert bundle["text/html"].count("★ passed") == 1
    for name, project in capstone.PROJECTS.items():
        assert name in bundle["text/html"] and project.task in bundle["text/plain"]
        assert project.hand_over.startswith(f'gate("{name}", ')


# ---- diagonal hop


def by_mask(x: Tensor, *, scale: bool = True, steps: tuple[int, ...] = ()) -> Tensor:
    """Attend along diagonals, as attention between all pixels with a mask."""
    batch, channels, height, width = x.shape
    y, at = (grid.flatten() for grid in torch.meshgrid(
        torch.arange(height), torch.arange(width), indexing="ij"
    ))  # fmt: skip
    allowed = (y - at)[:, None] == (y - at)[None]
    if steps:
        allowed &= torch.isin(y[:, None] - y[None], torch.tensor(steps))
    pixels = x.flatten(2).transpose(1, 2)
    scores = pixels @ pixels.transpose(1, 2) / (channels**0.5 if scale else 1)
    weights = scores.masked_fill(~allowed, -torch.inf).softmax(dim=2)
    return (weights @ pixels).transpose(1, 2).reshape(batch, channels, height, width)


def _rows(x: Tensor) -> Tensor:
    pixels = x.permute(0, 2, 3, 1)
    weights = (pixels @ pixels.transpose(2, 3) / x.shape[1] ** 0.5).softmax(dim=3)
    return (weights @ pixels).permute(0, 3, 1, 2)


def _other_diagonal(x: Tensor) -> Tensor:
    return by_mask(x.flip(3)).flip(3)


def _wrapped(x: Tensor) -> Tensor:
    """Attend along a diagonal that goes on at the other side, as torch.roll makes it."""
    height, width = x.shape[2:]
    line = torch.stack([x.roll((-t, -t), (2, 3)) for t in range(min(height, width))])
    weights = ((line * x).sum(dim=2, keepdim=True) / x.shape[1] ** 0.5).softmax(dim=0)
    return (weights * line).sum(dim=0)


def _mixed_batch(x: Tensor) -> Tensor:
    return by_mask(x) + 1e-3 * x.mean()


def test_a_diagonal_hop_passes() -> None:
    assert problems(diagonal_hop(by_mask)) == ""


@pytest.mark.parametrize(
    ("hop", "message"),
    [
        (lambda x: x.flatten(2), "the same out: got [2, 3, 24]"),
        (lambda x: None, "the same out: got NoneType"),
        (lambda x: x, "1 of 4 pixels hear (2, 3)"),
        (_rows, "hears pixel (2, 3) of image 0"),
        (_other_diagonal, "hears pixel (2, 3) of image 0: of its other diagonal"),
        (_wrapped, "hears pixel (2, 3) of image 0"),
        (_mixed_batch, "hears pixel (2, 3) of image 0"),
        (lambda x: by_mask(x, steps=(-1, 0, 1)), "3 of 4 pixels hear (2, 3)"),
        (lambda x: by_mask(x, scale=False), "softmax of q k / sqrt(c)"),
        (lambda x: by_mask(x) * torch.nan, "0 of 4 pixels hear"),
        (lambda x: by_mask(x) * 2, "softmax of q k / sqrt(c)"),
    ],
)
def test_other_hops_do_not(hop: Callable[[Tensor], Any], message: str) -> None:
    assert message in problems(diagonal_hop(hop))


# ---- port a checkpoint

LAST = {
    "kernel": "weight", "gamma": "weight", "beta": "bias",
    "moving_mean": "running_mean", "moving_variance": "running_var",
}  # fmt: skip


def port(foreign: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Translate names and layouts, by the name of each entry alone."""
    ported = {}
    for name, array in foreign.items():
        *path, last = name.split("/")
        if last == "save_counter":
            continue
        tensor = torch.from_numpy(array)
        if last == "kernel":  # [rows, columns, in, out], [length, in, out] or [in, out]
            tensor = tensor.movedim((-1, -2), (0, 1))
        ported[".".join([*path, LAST.get(last, last)])] = tensor
    return ported


def _spoil(change: Callable[[dict[str, Tensor], str], None], ending: str) -> Callable[..., Any]:
    def spoilt(foreign: dict[str, np.ndarray]) -> dict[str, Tensor]:
        ported = port(foreign)
        for name in [name for name in ported if name.endswith(ending)]:
            change(ported, name)
        return ported

    return spoilt


def _turn(ported: dict[str, Tensor], name: str) -> None:
    if ported[name].ndim == 4 and ported[name].shape[2] == ported[name].shape[3]:
        ported[name] = ported[name].transpose(2, 3)


def _swap(ported: dict[str, Tensor], name: str) -> None:
    other = name.replace("running_mean", "running_var")
    ported[name], ported[other] = ported[other], ported[name]


def _lose(ported: dict[str, Tensor], name: str) -> None:
    del ported[name]


def _spoil_number(ported: dict[str, Tensor], name: str) -> None:
    ported[name] = ported[name] * torch.nan


def test_a_port_passes() -> None:
    assert problems(port_checkpoint(port)) == ""


def test_it_can_be_loaded() -> None:
    from axialkit.model import build_model

    missing, unexpected = build_model("tiny_avenue").load_state_dict(
        port(foreign_checkpoint()), strict=False
    )
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda foreign: None, "got a NoneType"),
        (lambda foreign: {}, "no weight is missing"),
        (lambda foreign: {}, "every number is in its place: there are none"),
        (
            lambda foreign: {name: t.numpy() for name, t in port(foreign).items()},
            "is a NumPy array: torch.from_numpy makes a tensor",
        ),
        (lambda foreign: dict(foreign), "nothing is left over"),
        (
            lambda foreign: {**port(foreign), "save_counter": 7},
            "left over: 1, such as save_counter",
        ),
        (lambda foreign: port(foreign_checkpoint(0)), "every number is in its place"),
        (_spoil(_turn, "weight"), "other numbers (turned?)"),
        (_spoil(_swap, "running_mean"), "other numbers (turned?)"),
        (_spoil(_lose, "bias"), "no weight is missing"),
        (_spoil(_spoil_number, "running_var"), "other numbers"),
    ],
)
def test_other_ports_do_not(bad: Callable[..., Any], message: str) -> None:
    assert message in problems(port_checkpoint(bad))


def test_the_names_are_those_of_another_program() -> None:
    """All that a norm holds has another name there."""
    from axialkit.model import build_model

    lasts = {name.rpartition("/")[2] for name in foreign_checkpoint()}
    assert lasts >= {*LAST, "save_counter"} and not lasts & {"weight", "running_mean"}
    ours = build_model("tiny_avenue").state_dict()
    assert not {name.replace("/", ".") for name in foreign_checkpoint() if "norm" in name} & {*ours}


# ---- every project


def test_every_project_names_lessons_that_are_there() -> None:
    root = Path(inspect.getfile(capstone)).parents[2]
    for project in capstone.PROJECTS.values():
        for key in project.lessons.split(", "):
            assert len(list((root / "notebooks").glob(f"{key}_*.ipynb"))) <= 1
            assert "01" <= key <= "12"
