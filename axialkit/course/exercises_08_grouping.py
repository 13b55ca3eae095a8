"""Lesson 08, exercise 8.5, grouping pixels: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor

from axialkit.course.exercises_08_centers import list_points
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import group_pixels

# ---- 8.5 group_pixels


def _steps(seed: int, *size: int) -> Tensor:
    """Random offsets in steps of one half: distances are exact, and ties occur."""
    return torch.randint(-12, 13, (2, *size), generator=torch.Generator().manual_seed(seed)) / 2


def _nearest(group: Function) -> None:
    got = group(list_points((1, 1), (1, 7)), torch.zeros(2, 3, 9))
    assert list(got.shape) == [3, 9], f"offsets [2, 3, 9] must give [3, 9], not {list(got.shape)}"
    ends = (int(got[1, 0]), int(got[1, 8]))
    assert ends == (1, 2), (
        f"without offsets the left end belongs to center number 1, the right end to 2; got {ends}"
    )


def _follows_offsets(group: Function) -> None:
    offsets = torch.zeros(2, 3, 9)
    offsets[1, 1, 0] = 6.0
    got = int(group(list_points((1, 1), (1, 7)), offsets)[1, 0])
    assert got == 2, (
        f"pixel (1, 0) points 6 to the right, to (1, 6): center 2 is nearest; got {got}"
    )


def _ends_anywhere(group: Function) -> None:
    offsets = torch.zeros(2, 3, 9)
    offsets[1, 1, 4] = 0.4
    got = int(group(list_points((1, 2), (1, 6)), offsets)[1, 4])
    assert got == 2, (
        "pixel (1, 4) points to (1, 4.4), 1.6 from center 2 at (1, 6) and 2.4 from center 1 at "
        f"(1, 2). Yours takes {got}. Are the ends made whole numbers?"
    )
    offsets[:, 0, 4] = torch.tensor([-10.0, 2.0])
    got = int(group(list_points((0, 2), (2, 8)), offsets)[0, 4])
    assert got == 1, (
        "pixel (0, 4) points out of the picture, to (-10, 6). From there center 1 at (0, 2) is "
        f"nearer than center 2 at (2, 8); yours takes {got}"
    )


def _first_of_equals(group: Function) -> None:
    got = int(group(list_points((1, 2), (1, 6)), torch.zeros(2, 3, 9))[1, 4])
    assert got == 1, f"pixel (1, 4) is as near to both centers: the first one wins, not {got}"


def _no_centers(group: Function) -> None:
    got = group(list_points(), torch.zeros(2, 3, 5))
    assert list(got.shape) == [3, 5] and not got.any(), "without centers every pixel gets 0"


def _groups_as_recorded(group: Function) -> None:
    for name in ("majority", "scene", "heatmap"):
        semantic = recorded(f"{name}_semantic")
        got = group(recorded(f"{name}_centers"), recorded(f"{name}_offset"))
        expected = recorded(f"{name}_instance")
        wrong = (got != expected) & (semantic >= 11)
        y, x = divmod(int(wrong.int().argmax()), wrong.shape[1])
        assert not wrong.any(), (
            f"{int(wrong.sum())} thing pixels go to another center than the authors'. Pixel "
            f"({y}, {x}): theirs {int(expected[y, x])}, yours {int(got[y, x])}"
        )


def _group(centers: Tensor, offsets: Tensor, kind: str = "") -> Tensor:
    """Group with one mistake."""
    if len(centers) == 0:
        return torch.zeros(offsets.shape[1:], dtype=torch.int64)
    y, x = torch.meshgrid(*(torch.arange(n) for n in offsets.shape[1:]), indexing="ij")
    place = torch.stack([y, x]).float()
    end = place - offsets if kind == "minus" else place + offsets
    end = end.round() if kind == "round" else end
    difference = (end[None] - centers[:, :, None, None].float()).abs()
    distance = difference.sum(1) if kind == "l1" else (difference**2).sum(1)
    if kind == "last":
        return len(centers) - distance.flip(0).argmin(0)
    return distance.argmin(0) + 1


GROUP_PIXELS = Exercise(
    key="8.5",
    name="group_pixels",
    goal="C",
    solution=group_pixels,
    properties=(
        Property("the nearest center, counted from 1", _nearest),
        Property("nearest to where the arrow ends", _follows_offsets),
        Property("an arrow may end between pixels, and outside of the picture", _ends_anywhere),
        Property("of equals, the first", _first_of_equals),
        Property("no centers, no groups", _no_centers),
        Property("thing pixels are grouped as the authors' code does", _groups_as_recorded),
    ),
    probes=(
        (list_points((1, 2), (4, 9), (7, 3)), _steps(0, 9, 13)),
        (list_points((0, 0), (2, 20)), _steps(1, 3, 21)),
        (list_points((5, 5), (5, 6), (6, 5), (11, 2)), _steps(2, 14, 8)),
        (list_points(), _steps(3, 2, 3)),
    ),
    mutants=(
        Mutant(
            "counted from 0",
            lambda centers, offsets: (_group(centers, offsets) - 1).clamp(min=0),
            "the first center has number 0, which means: no thing. Add 1.",
        ),
        Mutant(
            "rounded ends",
            lambda centers, offsets: _group(centers, offsets, "round"),
            "the ends of the arrows are rounded to whole pixels. Measure from where they end.",
        ),
        Mutant(
            "subtracted",
            lambda centers, offsets: _group(centers, offsets, "minus"),
            "the arrows are followed backwards: it is pixel plus offset.",
        ),
        Mutant(
            "offsets as (dx, dy)",
            lambda centers, offsets: _group(centers, offsets.flip(0)),
            "channel 0 was taken as dx. It is dy: y comes first.",
        ),
        Mutant(
            "offsets not used",
            lambda centers, offsets: _group(centers, 0 * offsets),
            "every pixel takes the center nearest to itself. It has to be the one nearest to where "
            "its arrow ends.",
        ),
        Mutant(
            "city blocks",
            lambda centers, offsets: _group(centers, offsets, "l1"),
            "distances are |dy| + |dx|. Here it is the straight line: dy² + dx².",
        ),
        Mutant(
            "the last of equals",
            lambda centers, offsets: _group(centers, offsets, "last"),
            "where two centers are equally near, the later one wins. It is the first.",
        ),
        Mutant(
            "centers as (x, y)",
            lambda centers, offsets: _group(centers.flip(1), offsets),
            "centers are read as (x, y). They are (y, x).",
        ),
    ),
    hints=(
        "in: centers [n, 2] and offsets [2, h, w]; out: int64 [h, w], 0 to n.",
        "where does each arrow end? How far is that from every center, [n, h, w]? Which is "
        "smallest? And what if n is 0?",
        "ends = torch.stack([y, x]) + offsets; ((ends[None] - centers[:, :, None, None]) ** 2)"
        ".sum(1).argmin(0) + 1.",
    ),
)
