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
        f"group 2 has 5 pixels of class 13 and one of 14: all are 13001; that one is {got}"
    )


def _zero_is_none(join: Function) -> None:
    for klass in range(11, 19):
        got = int(join(torch.full((2, 3), klass), torch.zeros(2, 3).long(), 1)[1, 2])
        assert got == _VOID, (
            f"a pixel of class {klass}, a thing, with group 0 belongs to nobody: 255000, not {got}"
        )
    got = int(join(torch.full((2, 3), 255), torch.zeros(2, 3).long(), 1)[1, 2])
    assert got == _VOID, f"a pixel of class 255 is void: 255000, not {got}"


def _first_met(join: Function) -> None:
    numbers = _maps("0 4 4 2", "0 4 2 2", "9 9 9 2")
    got = join(torch.where(numbers > 0, 13, 0), numbers, 1)
    seen = [int(got[0, 1]), int(got[0, 3]), int(got[2, 0])]
    assert seen == [13001, 13002, 13003], (
        "reading row by row one meets the groups 4, 2 and 9, all of class 13: they become 13001, "
        f"13002 and 13003, not {seen}"
    )


def _counts_by_class(join: Function) -> None:
    got = sorted({int(value) for value in join(_CLASSES, _NUMBERS, 1).unique()} - {0, 2000})
    assert got == [11001, 13001], (
        f"one group of class 13 and one of class 11: each is the first of its class, not {got}"
    )


def _merged_as_recorded(join: Function) -> None:
    for name in ("majority", "scene", "heatmap", "area"):
        semantic, instance, expected = (
            recorded(f"{name}_{part}") for part in ("semantic", "instance", "panoptic")
        )
        got = join(semantic, instance, int(recorded(f"{name}_limit")))
        wrong = got != expected
        y, x = divmod(int(wrong.int().argmax()), wrong.shape[1])
        assert not wrong.any(), (
            f"{int(wrong.sum())} labels differ from the authors'. Pixel ({y}, {x}), of class "
            f"{int(semantic[y, x])} and group {int(instance[y, x])}: theirs {int(expected[y, x])}, "
            f"yours {int(got[y, x])}"
        )


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
        winner = int(semantic[at][0] if kind == "first" else votes.argmax())
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
        Property("a group takes the class of most of its pixels", _votes),
        Property("group 0 is nobody, and class 255 is void", _zero_is_none),
        Property("every class counts its own things", _counts_by_class),
        Property("in the order in which one meets them", _first_met),
        Property("the labels are the authors' recorded ones", _merged_as_recorded),
    ),
    probes=(
        (_CLASSES, _NUMBERS, 1),
        (_CLASSES, _NUMBERS, 7),
        (*_TIE, 2),
        (*_random_maps(0, 6, 9), 3),
        (*_random_maps(1, 12, 4), 4),
        (*_random_maps(2, 1, 30), 2),
        (torch.full((7, 8), 13), _random_maps(3, 7, 8)[1] + 1, 2),
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
            "every pixel keeps its own class, so that one group falls into several segments. "
            "All its pixels take the class of the majority.",
        ),
        Mutant(
            "nobody's pixels labelled",
            partial(_merge, kind="unowned"),
            "thing pixels with group 0 got 1000 * class. They belong to nobody: void.",
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
            "things are numbered in the order of their groups. It is the order in which one meets "
            "them reading the picture row by row.",
        ),
        Mutant(
            "the largest of equals",
            partial(_merge, kind="largest"),
            "where two classes have equally many pixels, the larger one wins. It is the smaller.",
        ),
        Mutant(
            "class of the first pixel",
            partial(_merge, kind="first"),
            "the first pixel of a group decides its class. All of its pixels vote.",
        ),
    ),
    hints=(
        "in: classes [h, w], numbers of the groups [h, w], a limit; out: int64 [h, w].",
        "begin with 255000 everywhere. Fill in the stuff classes (below 11) that are large enough. "
        "Then the groups in reading order: count their classes, take the winner, and number "
        "them per class.",
        "dict.fromkeys(instance.flatten().tolist()) has the numbers in reading order; "
        "torch.bincount(semantic[instance == n]).argmax() is a vote.",
    ),
)
