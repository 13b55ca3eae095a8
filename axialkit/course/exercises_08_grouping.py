"""Lesson 08, exercises 8.4 and 8.5, centers and groups: what must hold, mistakes, hints."""

from functools import partial

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import find_centers, group_pixels

# ---- 8.4 find_centers


def _heat(size: tuple[int, int], **peaks: tuple[int, int, float]) -> Tensor:
    heat = torch.zeros(size)
    for y, x, value in peaks.values():
        heat[y, x] = value
    return heat


def _bumpy(seed: int, *size: int) -> Tensor:
    """Random heat in steps of 1/16, so that equal values and the threshold itself occur."""
    return torch.randint(-2, 16, size, generator=torch.Generator().manual_seed(seed)) / 16


def _lists_points(find: Function) -> None:
    got = find(_heat((5, 9), a=(3, 7, 0.5), b=(1, 2, 0.9)), 0.25, 3, 10)
    assert got.tolist() == [[1, 2], [3, 7]], (
        f"peaks at (1, 2) and (3, 7) must give [[1, 2], [3, 7]], row by row, not {got.tolist()}"
    )


def _finds_nothing(find: Function) -> None:
    got = list(find(torch.zeros(4, 6), 0.25, 3, 10).shape)
    assert got == [0, 2], f"a cold map has no centers: a tensor [0, 2], not {got}"


def _strictly_above(find: Function) -> None:
    got = find(_heat((5, 9), a=(3, 7, 0.25), b=(1, 2, 0.3125)), 0.25, 3, 10).tolist()
    assert got == [[1, 2]], f"0.25 is not above the threshold 0.25; yours gives {got}"


def _one_per_window(find: Function) -> None:
    got = find(_heat((5, 15), a=(2, 3, 0.9), b=(2, 5, 0.5), c=(2, 6, 0.6)), 0.25, 5, 10).tolist()
    assert got == [[2, 3], [2, 6]], (
        f"a window of 5 reaches 2 pixels: (2, 5) is too near to (2, 3), (2, 6) is not; got {got}"
    )


def _keeps_the_highest(find: Function) -> None:
    heat = _heat((5, 20), a=(2, 3, 0.5), b=(2, 9, 0.9), c=(2, 15, 0.7))
    got = find(heat, 0.25, 3, 2).tolist()
    assert got == [[2, 9], [2, 15]], f"the 2 highest of 0.5, 0.9, 0.7 lie at 9 and 15; got {got}"


def _centers_as_recorded(find: Function) -> None:
    for name in ("scene", "heatmap"):
        got, expected = find(recorded(f"{name}_heat"), 0.1, 13, 400), recorded(f"{name}_centers")
        assert torch.equal(got, expected), (
            f"the authors' code finds {len(expected)} centers here, yours {len(got)}, or others"
        )


def _find(heat: Tensor, threshold: float, kernel: int, top_k: int, kind: str = "") -> Tensor:
    """Find centers with one mistake."""
    reach = kernel if kind == "wide" else kernel // 2
    hot = torch.where(heat >= threshold if kind == "equal" else heat > threshold, heat, 0.0)
    peak = torch.nn.functional.max_pool2d(hot[None, None], 2 * reach + 1, 1, reach)[0, 0]
    is_peak = (hot > 0) & (hot == (hot if kind == "no nms" else peak))
    points = is_peak.nonzero()
    order = (-heat[is_peak]).argsort(stable=True)
    if kind == "by heat":
        return points[order[:top_k]]
    return points if kind == "all" else points[order[:top_k].sort().values]


FIND_CENTERS = Exercise(
    key="8.4",
    name="find_centers",
    goal="C",
    solution=find_centers,
    properties=(
        Property("points are (y, x), in reading order", _lists_points),
        Property("a cold map has no centers", _finds_nothing),
        Property("a center is hotter than the threshold", _strictly_above),
        Property("it is the hottest of its window", _one_per_window),
        Property("the top_k hottest stay", _keeps_the_highest),
        Property("they are the authors' recorded centers", _centers_as_recorded),
    ),
    probes=(
        (_bumpy(0, 12, 17), 0.25, 3, 100),
        (_bumpy(1, 9, 30), 0.5, 5, 4),
        (_bumpy(2, 20, 11), 0.75, 3, 3),
        (_bumpy(3, 1, 40), 0.25, 7, 100),
        (torch.zeros(3, 4), 0.25, 3, 5),
        (_heat((6, 9), a=(1, 2, 0.125), b=(4, 6, 0.25), c=(1, 7, 0.5)), 0.25, 3, 5),
    ),
    mutants=(
        Mutant(
            "(x, y)",
            lambda heat, threshold, kernel, top_k: find_centers(
                heat, threshold, kernel, top_k
            ).flip(1),
            "the points are (x, y). Everywhere in this kit y comes first.",
        ),
        Mutant(
            "no window",
            partial(_find, kind="no nms"),
            "every hot pixel is a center. Only the hottest of its window is one.",
        ),
        Mutant(
            "threshold included",
            partial(_find, kind="equal"),
            "a pixel as hot as the threshold became a center. It has to be above: >.",
        ),
        Mutant(
            "no threshold",
            lambda heat, threshold, kernel, top_k: _find(heat, 0.0, kernel, top_k),
            "cold peaks are centers, too: the threshold is not used.",
        ),
        Mutant(
            "the kernel as reach",
            partial(_find, kind="wide"),
            "the window reaches kernel pixels to each side. Its whole width is kernel: it reaches "
            "kernel // 2.",
        ),
        Mutant(
            "sorted by heat",
            partial(_find, kind="by heat"),
            "the hottest comes first. Centers are numbered in reading order: top to bottom, left "
            "to right.",
        ),
        Mutant(
            "top_k not used",
            partial(_find, kind="all"),
            "all peaks are returned. At most top_k of them may stay, the hottest.",
        ),
    ),
    hints=(
        "in: heat [h, w], and three numbers; out: int64 [n, 2], n at most top_k.",
        "set what is not above the threshold to 0; a peak is > 0 and equals the maximum of its "
        "window; of the peaks keep the hottest, then put them back in reading order.",
        "torch.nn.functional.max_pool2d(hot[None, None], kernel, stride=1, padding=kernel // 2)"
        "[0, 0] is the maximum of every window; nonzero() lists points in reading order.",
    ),
)


# ---- 8.5 group_pixels


def _steps(seed: int, *size: int) -> Tensor:
    """Random offsets in steps of one half: distances are exact, and ties occur."""
    return torch.randint(-12, 13, (2, *size), generator=torch.Generator().manual_seed(seed)) / 2


def _points(*points: tuple[int, int]) -> Tensor:
    return torch.tensor(points, dtype=torch.int64).reshape(-1, 2)


def _nearest(group: Function) -> None:
    got = group(_points((1, 1), (1, 7)), torch.zeros(2, 3, 9))
    assert list(got.shape) == [3, 9], f"offsets [2, 3, 9] must give [3, 9], not {list(got.shape)}"
    ends = (int(got[1, 0]), int(got[1, 8]))
    assert ends == (1, 2), (
        f"without offsets the left end belongs to center number 1, the right end to 2; got {ends}"
    )


def _follows_offsets(group: Function) -> None:
    offsets = torch.zeros(2, 3, 9)
    offsets[1, 1, 0] = 6.0
    got = int(group(_points((1, 1), (1, 7)), offsets)[1, 0])
    assert got == 2, (
        f"pixel (1, 0) points 6 to the right, to (1, 6): center 2 is nearest; got {got}"
    )


def _first_of_equals(group: Function) -> None:
    got = int(group(_points((1, 2), (1, 6)), torch.zeros(2, 3, 9))[1, 4])
    assert got == 1, f"pixel (1, 4) is as near to both centers: the first one wins, not {got}"


def _no_centers(group: Function) -> None:
    got = group(_points(), torch.zeros(2, 3, 5))
    assert list(got.shape) == [3, 5] and not got.any(), "without centers every pixel gets 0"


def _groups_as_recorded(group: Function) -> None:
    for name in ("majority", "scene", "heatmap"):
        semantic = recorded(f"{name}_semantic")
        got = group(recorded(f"{name}_centers"), recorded(f"{name}_offset"))
        wrong = (got != recorded(f"{name}_instance")) & (semantic >= 11)
        assert not wrong.any(), f"{int(wrong.sum())} thing pixels differ from the authors'"


def _group(centers: Tensor, offsets: Tensor, kind: str = "") -> Tensor:
    """Group with one mistake."""
    if len(centers) == 0:
        return torch.zeros(offsets.shape[1:], dtype=torch.int64)
    y, x = torch.meshgrid(*(torch.arange(n) for n in offsets.shape[1:]), indexing="ij")
    place = torch.stack([y, x]).float()
    end = place - offsets if kind == "minus" else place + offsets
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
        Property("of equals, the first", _first_of_equals),
        Property("no centers, no instances", _no_centers),
        Property("thing pixels are grouped as the authors' code does", _groups_as_recorded),
    ),
    probes=(
        (_points((1, 2), (4, 9), (7, 3)), _steps(0, 9, 13)),
        (_points((0, 0), (2, 20)), _steps(1, 3, 21)),
        (_points((5, 5), (5, 6), (6, 5), (11, 2)), _steps(2, 14, 8)),
        (_points(), _steps(3, 2, 3)),
    ),
    mutants=(
        Mutant(
            "counted from 0",
            lambda centers, offsets: (_group(centers, offsets) - 1).clamp(min=0),
            "the first center has number 0, which means: no instance. Add 1.",
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
