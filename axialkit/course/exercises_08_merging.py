"""Lesson 08, exercise 8.6, merging: what must hold, typical mistakes, hints."""

from functools import partial

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import merge

_VOID = 255000

# ---- 8.6 merge


def _maps(*rows: str) -> Tensor:
    return torch.tensor([[int(value) for value in row.split()] for row in rows])


_CLASSES = _maps("0 0 0 13 13 11", "0 0 13 13 11 11", "2 14 13 0 0 11")
_NUMBERS = _maps("0 0 0 2 2 1", "0 0 2 2 1 1", "0 2 2 0 0 1")


def _keeps_stuff(join: Function) -> None:
    got = join(_CLASSES, _NUMBERS, 1)
    assert list(got.shape) == [3, 6], f"maps of 3 x 6 gave {list(got.shape)}"
    assert int(got[0, 0]) == 0 and int(got[2, 0]) == 2000, (
        "stuff has number 0: road (class 0) is 0, building (class 2) is 2000; got "
        f"{int(got[0, 0])} and {int(got[2, 0])}"
    )


def _small_stuff(join: Function) -> None:
    got = join(_CLASSES, _NUMBERS, 7)
    assert int(got[2, 0]) == _VOID, f"1 pixel of building, limit 7: void (255000), not {got[2, 0]}"
    assert int(got[0, 0]) == 0, "7 pixels of road, limit 7: that is enough, road stays"


def _votes(join: Function) -> None:
    got = int(join(_CLASSES, _NUMBERS, 1)[2, 1])
    assert got == 13001, (
        f"instance 2 has 5 pixels of class 13 and one of 14: all are 13001; that one is {got}"
    )


def _zero_is_none(join: Function) -> None:
    got = int(join(_CLASSES, torch.zeros_like(_NUMBERS), 1)[0, 3])
    assert got == _VOID, f"a thing pixel with instance 0 belongs to nobody: 255000, not {got}"


def _merged_as_recorded(join: Function) -> None:
    for name in ("majority", "scene", "heatmap", "area"):
        semantic, instance, expected = (
            recorded(f"{name}_{part}") for part in ("semantic", "instance", "panoptic")
        )
        wrong = join(semantic, instance, int(recorded(f"{name}_limit"))) != expected
        assert not wrong.any(), f"{int(wrong.sum())} labels differ from the authors'"


def _merge(semantic: Tensor, instance: Tensor, limit: int, kind: str = "") -> Tensor:  # noqa: C901
    """Merge with one mistake."""
    out = torch.full(semantic.shape, _VOID)
    for klass in semantic[semantic < 11].unique().tolist():
        at = semantic == klass
        if int(at.sum()) > limit - (kind != "above") or kind == "all stuff":
            out[at] = 1000 * klass
    if kind == "unowned":
        loose = (semantic >= 11) & (semantic < 19) & (instance == 0)
        out[loose] = 1000 * semantic[loose]
    numbers = list(dict.fromkeys(instance.flatten().tolist()))
    counts: dict[int, int] = {}
    for number in sorted(numbers) if kind == "by id" else numbers:
        if number == 0:
            continue
        at = instance == number
        votes = torch.bincount(semantic[at], minlength=19)
        winner = int(votes.argmax())
        if kind == "largest":
            winner = int((votes == votes.max()).nonzero().max())
        key = 0 if kind == "across" else winner
        counts[key] = counts.get(key, 0) + 1
        out[at] = 1000 * (semantic[at] if kind == "no vote" else winner) + counts[key]
    return out


def _random_maps(seed: int, *size: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    semantic = torch.randint(0, 19, size, generator=random)
    instance = torch.randint(0, 7, size, generator=random)
    return semantic, torch.where(semantic >= 11, instance, 0)


_TIE = (_maps("12 12 11 11 0 0", "13 13 0 0 5 255"), _maps("3 3 3 3 0 0", "1 1 0 0 0 0"))

MERGE = Exercise(
    key="8.6",
    name="merge",
    goal="C",
    solution=merge,
    properties=(
        Property("stuff is 1000 * class", _keeps_stuff),
        Property("stuff below the limit is void", _small_stuff),
        Property("an instance takes the class of most of its pixels", _votes),
        Property("0 is no instance", _zero_is_none),
        Property("the labels are the authors' recorded ones", _merged_as_recorded),
    ),
    probes=(
        (_CLASSES, _NUMBERS, 1),
        (_CLASSES, _NUMBERS, 7),
        (*_TIE, 2),
        (*_random_maps(0, 6, 9), 3),
        (*_random_maps(1, 12, 4), 4),
        (*_random_maps(2, 1, 30), 2),
    ),
    mutants=(
        Mutant(
            "numbered across classes",
            partial(_merge, kind="across"),
            "all things share one count. Every class counts its own: car 1, person 1.",
        ),
        Mutant(
            "no vote",
            partial(_merge, kind="no vote"),
            "every pixel keeps its own class, so that one instance falls into several segments. "
            "All its pixels take the class of the majority.",
        ),
        Mutant(
            "nobody's pixels labelled",
            partial(_merge, kind="unowned"),
            "thing pixels with instance 0 got 1000 * class. They belong to nobody: void.",
        ),
        Mutant(
            "limit not reached",
            partial(_merge, kind="above"),
            "stuff with exactly limit pixels became void. That many are enough.",
        ),
        Mutant(
            "small stuff stays",
            partial(_merge, kind="all stuff"),
            "small stuff stays. A class of fewer than limit pixels becomes void.",
        ),
        Mutant(
            "numbered by id",
            partial(_merge, kind="by id"),
            "instances are numbered in the order of their ids. It is the order in which one meets "
            "them reading the picture row by row.",
        ),
        Mutant(
            "the largest of equals",
            partial(_merge, kind="largest"),
            "where two classes have equally many pixels, the larger one wins. It is the smaller.",
        ),
    ),
    hints=(
        "in: classes [h, w], instance numbers [h, w], a limit; out: int64 [h, w].",
        "begin with 255000 everywhere. Fill in the stuff classes (below 11) that are large enough. "
        "Then the instances in reading order: count their classes, take the winner, and number "
        "them per class.",
        "dict.fromkeys(instance.flatten().tolist()) has the numbers in reading order; "
        "torch.bincount(semantic[instance == n]).argmax() is a vote.",
    ),
)
