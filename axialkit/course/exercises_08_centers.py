"""Lesson 08, exercise 8.4, finding centers: what must hold, typical mistakes, hints."""

from functools import partial

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import find_centers


def list_points(*points: tuple[int, int]) -> Tensor:
    """Return points (y, x) as a tensor [n, 2]."""
    return torch.tensor(points, dtype=torch.int64).reshape(-1, 2)


# ---- 8.4 find_centers


def _heat(size: tuple[int, int], **peaks: tuple[int, int, float]) -> Tensor:
    heat = torch.zeros(size)
    for y, x, value in peaks.values():
        heat[y, x] = value
    return heat


def _rough(seed: int, *size: int) -> Tensor:
    """Random heat without equals: it is clear which are the hottest."""
    return torch.rand(size, generator=torch.Generator().manual_seed(seed))


def _bumpy(seed: int, *size: int) -> Tensor:
    """Random heat in steps of 1/16, so that equal values and the threshold itself occur."""
    return torch.randint(-2, 16, size, generator=torch.Generator().manual_seed(seed)) / 16


def _lists_points(find: Function) -> None:
    got = find(_heat((5, 9), a=(3, 2, 0.9), b=(1, 7, 0.5)), 0.25, 3, 10)
    assert got.tolist() == [[1, 7], [3, 2]], (
        f"peaks at (1, 7) and (3, 2) must give [[1, 7], [3, 2]], row by row, not {got.tolist()}"
    )


def _finds_nothing(find: Function) -> None:
    got = list(find(torch.zeros(4, 6), 0.25, 3, 10).shape)
    assert got == [0, 2], f"a cold map has no centers: a tensor [0, 2], not {got}"


def _strictly_above(find: Function) -> None:
    got = find(_heat((5, 9), a=(3, 7, 0.25), b=(1, 2, 0.3125)), 0.25, 3, 10).tolist()
    assert got == [[1, 2]], f"0.25 is not above the threshold 0.25; yours gives {got}"


def _one_per_window(find: Function) -> None:
    near, row = _heat((5, 15), a=(2, 3, 0.9), b=(2, 6, 0.6)), [[2, 3], [2, 6]]
    for y, x in ((2, 5), (4, 3), (0, 3), (0, 1), (4, 5)):
        heat = near.clone()
        heat[y, x] = 0.5
        got = find(heat, 0.25, 5, 10).tolist()
        assert got == row, (
            f"a window of 5 reaches 2 pixels in every direction: ({y}, {x}) is too near to the "
            f"hotter (2, 3), (2, 6) is not. Expected {row}, got {got}"
        )


def _equals_stay(find: Function) -> None:
    got = find(_heat((5, 9), a=(2, 3, 0.5), b=(2, 4, 0.5)), 0.25, 5, 10).tolist()
    assert got == [[2, 3], [2, 4]], (
        f"(2, 3) and (2, 4) are equally hot, and nothing is hotter: both stay; got {got}"
    )


def _all_have_a_window(find: Function) -> None:
    heat = _heat((5, 15), a=(2, 3, 0.9), b=(2, 5, 0.8), c=(2, 7, 0.7))
    got = find(heat, 0.25, 5, 10).tolist()
    assert got == [[2, 3]], (
        "(2, 7) is no center: (2, 5) is hotter and in its window, though no center itself. "
        f"Expected [[2, 3]], got {got}"
    )


def _keeps_the_highest(find: Function) -> None:
    heat = _heat((5, 20), a=(2, 3, 0.5), b=(2, 9, 0.9), c=(2, 15, 0.7))
    got = find(heat, 0.25, 3, 2).tolist()
    assert got == [[2, 9], [2, 15]], (
        f"the 2 hottest of 0.5, 0.9, 0.7 lie in columns 9 and 15; got {got}"
    )


def _centers_as_recorded(find: Function) -> None:
    for name in ("scene", "heatmap"):
        got, expected = find(recorded(f"{name}_heat"), 0.1, 13, 400), recorded(f"{name}_centers")
        ours, theirs = set(map(tuple, got.tolist())), set(map(tuple, expected.tolist()))
        assert torch.equal(got, expected), (
            f"the authors' code finds {len(expected)} centers in this heat map, yours {len(got)}. "
            f"Only theirs: {sorted(theirs - ours)[:2]}; only yours: {sorted(ours - theirs)[:2]}"
        )


def _greedy(heat: Tensor, threshold: float, kernel: int, keep: int) -> Tensor:
    """Take the hottest, erase its window, and so on."""
    heat, reach = heat.clone(), kernel // 2
    points: list[tuple[int, int]] = []
    while len(points) < keep and heat.max() > threshold:
        y, x = divmod(int(heat.argmax()), heat.shape[1])
        points.append((y, x))
        heat[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1] = 0
    return list_points(*sorted(points))


def _find(heat: Tensor, threshold: float, kernel: int, keep: int, kind: str = "") -> Tensor:
    """Find centers with one mistake."""
    reach = kernel if kind == "wide" else kernel // 2
    hot = torch.where(heat >= threshold if kind == "equal" else heat > threshold, heat, 0.0)
    peak = torch.nn.functional.max_pool2d(hot[None, None], 2 * reach + 1, 1, reach)[0, 0]
    is_peak = (hot > 0) & (hot == (hot if kind == "no nms" else peak))
    points = is_peak.nonzero()
    order = (-heat[is_peak]).argsort(stable=True)
    if kind == "by heat":
        return points[order[:keep]]
    return points if kind == "all" else points[order[:keep].sort().values]


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
        Property("two equals both stay", _equals_stay),
        Property(
            "a pixel that is no center still counts in the windows of others", _all_have_a_window
        ),
        Property("at most so many stay, the hottest", _keeps_the_highest),
        Property("they are the authors' recorded centers", _centers_as_recorded),
    ),
    probes=(
        (_bumpy(0, 12, 17), 0.25, 3, 100),
        (_rough(1, 9, 30), 0.5, 5, 4),
        (_rough(2, 20, 11), 0.75, 3, 3),
        (_bumpy(4, 8, 14), 0.5, 5, 100),
        (_bumpy(3, 1, 40), 0.25, 7, 100),
        (torch.zeros(3, 4), 0.25, 3, 5),
        (_heat((6, 9), a=(1, 2, 0.125), b=(4, 6, 0.25), c=(1, 7, 0.5)), 0.25, 3, 5),
    ),
    mutants=(
        Mutant(
            "(x, y)",
            lambda heat, threshold, kernel, keep: find_centers(heat, threshold, kernel, keep).flip(
                1
            ),
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
            lambda heat, threshold, kernel, keep: _find(heat, 0.0, kernel, keep),
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
            "keep not used",
            partial(_find, kind="all"),
            "all peaks are returned. At most keep of them may stay, the hottest.",
        ),
        Mutant(
            "one after the other",
            _greedy,
            "the hottest pixel is taken, its window erased, and so on. What is erased then no "
            "longer holds its neighbors back. Compare every pixel with its window in the map as "
            "it was.",
        ),
    ),
    hints=(
        "in: heat [h, w], and three numbers; out: int64 [n, 2], n at most keep.",
        "set what is not above the threshold to 0; a peak is > 0 and equals the maximum of its "
        "window; of the peaks keep the hottest, then put them back in reading order.",
        "torch.nn.functional.max_pool2d(hot[None, None], kernel, stride=1, padding=kernel // 2)"
        "[0, 0] is the maximum of every window; nonzero() lists points in reading order.",
    ),
)
