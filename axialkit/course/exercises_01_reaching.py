"""Lesson 01, exercises 1.2 and 1.3, reach: what must hold, typical mistakes, hints."""

from typing import Any

import numpy as np

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.reach import Mask, corner, reachable, spread


def _single(h: int, w: int, y: int, x: int) -> Mask:
    mask = np.zeros((h, w), dtype=bool)
    mask[y, x] = True
    return mask


# ---- 1.2 reachable


def _no_hop(reach: Function) -> None:
    mask = _single(3, 5, 1, 4)
    assert np.array_equal(reach(mask, ""), mask), 'reachable(mask, "") must be the mask itself'


def _one_hop(reach: Function) -> None:
    mask = _single(4, 7, 1, 5)
    column, row = np.zeros((4, 7), bool), np.zeros((4, 7), bool)
    column[:, 5], row[1] = True, True
    assert np.array_equal(reach(mask, "H"), column), "one H hop from one pixel fills its column"
    assert np.array_equal(reach(mask, "W"), row), "one W hop from one pixel fills its row"


def _same_axis(reach: Function) -> None:
    for hop in "HW":
        once, twice = (reach(_single(4, 7, 2, 3), hop * n) for n in (1, 2))
        message = f"{hop} reaches {np.sum(once)} cells, {hop}{hop} should too, not {np.sum(twice)}"
        assert np.array_equal(once, twice), message


def _both_axes(reach: Function) -> None:
    for hops in ("HW", "WH"):
        got = np.asarray(reach(_single(5, 3, 4, 0), hops))
        assert got.all(), (
            f"{hops} must reach all 15 cells of a 5 x 3 map, yours reaches {got.sum()}"
        )


def _leaves_input(reach: Function) -> None:
    mask = _single(3, 4, 0, 2)
    reach(mask, "HW")
    assert mask.sum() == 1, f"the mask handed in had 1 cell set, after the call {mask.sum()}"


def _in_place(mask: Mask, hops: str) -> Mask:
    for hop in hops:
        mask |= spread(mask, hop)
    return mask


def _needs_all(mask: Mask, hops: str) -> Mask:
    for hop in hops:
        axis = "HW".index(hop)
        mask = np.broadcast_to(mask.all(axis=axis, keepdims=True), mask.shape).copy()
    return mask


def _unchained(mask: Mask, hops: str) -> Mask:
    return np.any([mask, *(spread(mask, hop) for hop in hops)], axis=0)


def _returns_early(mask: Mask, hops: str) -> Mask | None:
    for hop in hops:
        return spread(mask, hop)
    return None


REACHABLE = Exercise(
    key="1.2",
    name="reachable",
    goal="A",
    solution=reachable,
    shown=(reachable, spread),
    properties=(
        Property("no hop, no change", _no_hop),
        Property("your input is left as it was", _leaves_input),
        Property("H fills the column, W fills the row", _one_hop),
        Property("a second hop along the same axis adds nothing", _same_axis),
        Property("two hops along different axes reach everything", _both_axes),
    ),
    probes=(
        (_single(3, 5, 1, 4), ""),
        (_single(3, 5, 1, 4), "H"),
        (_single(3, 5, 1, 4), "W"),
        (_single(4, 2, 0, 1), "HW"),
        (_single(4, 3, 3, 0), "HH"),
        (np.eye(3, 5, dtype=bool), "W"),
        (np.eye(4, 2, dtype=bool), "WWH"),
        (np.zeros((2, 3), dtype=bool), "HW"),
    ),
    mutants=(
        Mutant(
            "axes swapped",
            lambda mask, hops: reachable(mask, hops.translate(str.maketrans("HW", "WH"))),
            "H and W are swapped. H runs along the height, so it fills a column: the line of "
            "numpy's axis 0.",
        ),
        Mutant(
            "hops not chained",
            _unchained,
            "every hop starts from the first mask. The second hop has to start from what the first "
            "one reached.",
        ),
        Mutant(
            "last hop only",
            lambda mask, hops: reachable(mask, hops[-1:]),
            "only the last hop counts: the result of the earlier ones is overwritten.",
        ),
        Mutant(
            "returns early",
            _returns_early,
            "only the first hop runs: the return stands inside the loop.",
        ),
        Mutant(
            "all instead of any",
            _needs_all,
            "a line hears the message only if all of its pixels know it. One is enough: any.",
        ),
        Mutant(
            "writes into the input",
            _in_place,
            "the result is right, but the mask handed in has changed. Make a new array.",
        ),
    ),
    hints=(
        "in: True/False [height, width] and a string; out: a new mask of the same shape.",
        "one hop: a line (a column for H, a row for W) is filled if any of its pixels is set. "
        "Then the next hop starts from the new mask.",
        "column = mask.any(axis=0, keepdims=True); "
        "np.broadcast_to(column, mask.shape).copy() fills it.",
    ),
)


# ---- 1.3 corner


def _pair(value: Any) -> tuple[int, int]:  # noqa: ANN401  (whatever the learner returns)
    assert np.shape(value) == (2,), f"the corner is a pair (y, x), got {value!r}"
    y, x = value
    return y, x


def _told_by_h(find: Function) -> None:
    asks, knows = (5, 1), (2, 7)
    point = _pair(find(*asks, *knows))
    heard = reachable(_single(8, 16, *knows), "H")
    assert point[0] in range(8), f"row {point[0]} is outside the 8 x 16 map"
    assert point[1] in range(16), f"column {point[1]} is outside the 8 x 16 map"
    assert heard[point], f"from (2, 7) one H hop reaches column 7, not {point}"


def _tells_by_w(find: Function) -> None:
    asks, knows = (5, 1), (2, 7)
    point = _pair(find(*asks, *knows))
    assert point[0] == 5, f"one W hop stays in its row: {point} cannot tell (5, 1)"


def _straight(find: Function) -> None:
    got = _pair(find(3, 4, 3, 9))
    assert got == (3, 9), f"in one row the message waits where it started, (3, 9); you say {got}"


CORNER = Exercise(
    key="1.3",
    name="corner",
    goal="A",
    solution=corner,
    properties=(
        Property("the H hop brings the message to the corner", _told_by_h),
        Property("the W hop brings it on to the pixel that asks", _tells_by_w),
        Property("in a row of its own there is no detour", _straight),
    ),
    probes=((5, 1, 2, 7), (0, 15, 7, 0), (3, 4, 3, 9), (2, 6, 5, 6), (1, 1, 1, 1), (6, 2, 4, 3)),
    mutants=(
        Mutant(
            "the other order",
            lambda i, j, h, w: (h, j),
            "this is the corner of W, then H. Here the H hop runs first: it moves the message "
            "within its own column.",
        ),
        Mutant(
            "(x, y)",
            lambda i, j, h, w: (w, i),
            "the right pixel, written as (x, y). Points are (y, x) here: row first.",
        ),
        Mutant(
            "the pixel that asks",
            lambda i, j, h, w: (i, j),
            "this is the pixel that asks: no single hop gets there from another row and column.",
        ),
        Mutant(
            "the pixel that knows",
            lambda i, j, h, w: (h, w),
            "this is where the message starts. Where does it stand after the H hop?",
        ),
        Mutant(
            "halfway",
            lambda i, j, h, w: ((i + h) // 2, (j + w) // 2),
            "this lies halfway on the straight line. Hops run along rows and columns only.",
        ),
    ),
    hints=(
        "in: four whole numbers; out: a pair (y, x).",
        "the H hop changes the row and keeps the column; the W hop keeps the row. Which column "
        "does the message come from, and in which row must it arrive?",
        "the row of the one that asks, the column of the one that knows.",
    ),
)
