"""Lesson 01, exercises 1.1 and 1.4, counting: what must hold, typical mistakes, hints."""

import numpy as np

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.reach import attention_cost, count_segments

# ---- 1.1 count_segments: a label is train_id * 1000 + number

_STREET = np.array([[10000, 10000, 10000], [13001, 0, 13004], [13001, 0, 13004], [0, 0, 11001]])
_CROWDED = np.array([[13001, 13600, 13999], [13999, 14000, 0]])  # numbers beyond 500
_ONE_ROAD = np.zeros((2, 3), dtype=int)


def _counts_stuff(count: Function) -> None:
    got = count(_ONE_ROAD, 0)
    assert got == 1, f"a picture that is all road (label 0) has 1 road, you count {got}"
    got = count(_ONE_ROAD, 13)
    assert got == 0, f"a picture that is all road has no car, you count {got}"


def _ignores_size(count: Function) -> None:
    small, large = count(_STREET, 13), count(_STREET.repeat(3, axis=0), 13)
    assert small == large, f"the street has {small} cars, the same street enlarged has {large}"


def _adds_up(count: Function) -> None:
    total = sum(count(_STREET, train_id) for train_id in range(19))
    assert total == 5, f"the street has 5 segments, your counts over all classes sum to {total}"


COUNT_SEGMENTS = Exercise(
    key="1.1",
    name="count_segments",
    goal="C",
    solution=count_segments,
    properties=(
        Property("stuff counts too: its number is 0", _counts_stuff),
        Property("size does not matter", _ignores_size),
        Property("the classes add up to all segments", _adds_up),
    ),
    probes=(
        (_STREET, 13),
        (_STREET, 0),
        (_STREET, 11),
        (_STREET, 5),
        (_STREET, 1),
        (_ONE_ROAD, 0),
        (_CROWDED, 13),
    ),
    mutants=(
        Mutant(
            "pixels",
            lambda panoptic, train_id: int((panoptic // 1000 == train_id).sum()),
            "this is the number of pixels of the class. Pixels of one segment share one label: "
            "look at the distinct labels.",
        ),
        Mutant(
            "largest number",
            lambda panoptic, train_id: int(
                (np.where(panoptic // 1000 == train_id, panoptic, 0) % 1000).max()
            ),
            "this is the largest instance number. Numbers may have gaps, and stuff has number 0: "
            "count the labels instead.",
        ),
        Mutant(
            "all classes",
            lambda panoptic, train_id: len(np.unique(panoptic)),
            "this counts the segments of every class. Keep only those of train_id.",
        ),
        Mutant(
            "remainder",
            lambda panoptic, train_id: int((np.unique(panoptic) % 1000 == train_id).sum()),
            "the remainder of label / 1000 is the instance number; the class is the quotient.",
        ),
        Mutant(
            "things only",
            lambda panoptic, train_id: int(
                sum(v // 1000 == train_id and v % 1000 > 0 for v in np.unique(panoptic))
            ),
            "segments with number 0 are missing: these are the stuff classes, such as road.",
        ),
    ),
    hints=(
        "in: integers [height, width]; out: one whole number.",
        "all pixels of a segment have the same label, so count distinct labels; then ask of each "
        "label which class it belongs to.",
        "np.unique(panoptic) // 1000 gives the class of each segment.",
    ),
)


# ---- 1.4 attention_cost


def _counts_axial(cost: Function) -> None:
    h, w = 3, 5
    pairs = sum((y == v) + (x == u) for y, x, v, u in np.ndindex(h, w, h, w))
    got = cost(h, w, "axial")
    assert got == pairs, f"counting pairs one by one on 3 x 5 gives {pairs}, you say {got}"


def _counts_full(cost: Function) -> None:
    got = cost(3, 5, "full")
    assert got == 225, f"15 pixels, each meets all 15: 225 pairs on 3 x 5, you say {got}"


def _grows(cost: Function) -> None:
    for kind, factor in (("full", 16), ("axial", 8)):
        small, large = cost(6, 10, kind), cost(12, 20, kind)
        assert large == factor * small, f"{kind}: from {small} to {large}, expected x {factor}"


def _crossover(cost: Function) -> None:
    full, axial = cost(2, 2, "full"), cost(2, 2, "axial")
    assert full == axial == 16, f"on 2 x 2 both cost 16, you say full {full}, axial {axial}"
    full, axial = cost(1, 100, "full"), cost(1, 100, "axial")
    assert full < axial, f"on a single line axial is the dearer one ({full} against {axial})"


def _other(kind: str, wrong: Function) -> Function:
    """Make a mistake in one kind only."""
    return lambda h, w, asked: wrong(h, w) if asked == kind else attention_cost(h, w, asked)


ATTENTION_COST = Exercise(
    key="1.4",
    name="attention_cost",
    goal="B",
    solution=attention_cost,
    properties=(
        Property("full: every pixel meets every pixel", _counts_full),
        Property("axial: every pixel meets its column, then its row", _counts_axial),
        Property("twice the height and width: full x 16, axial x 8", _grows),
        Property("equal on 2 x 2; on a single line axial loses", _crossover),
    ),
    probes=tuple(
        (h, w, kind)
        for h, w in ((1, 1), (2, 2), (1, 9), (3, 5), (33, 65), (65, 129))
        for kind in ("full", "axial")
    ),
    mutants=(
        Mutant(
            "one hop only",
            _other("axial", lambda h, w: h * w * h),
            "only the H hop is counted: each pixel also meets the w pixels of its row.",
        ),
        Mutant(
            "the cross, once",
            _other("axial", lambda h, w: h * w * (h + w - 1)),
            "the pixel itself is counted once. There are two layers, and each contains it.",
        ),
        Mutant(
            "one row, one column",
            _other("axial", lambda h, w: h * h + w * w),
            "this is one column and one row. There are w columns and h rows.",
        ),
        Mutant(
            "lines swapped",
            _other("axial", lambda h, w: w**3 + h**3),
            "there are w columns of h pixels and h rows of w pixels; here it is the other way "
            "round, which shows as soon as the map is not square.",
        ),
        Mutant(
            "each pair once",
            _other("full", lambda h, w: h * w * (h * w - 1) // 2),
            "this counts each pair of pixels once. A asks B and B asks A are two, and every pixel "
            "also asks itself.",
        ),
        Mutant(
            "one query",
            _other("full", lambda h, w: h * w),
            "this is the cost of a single query. All h * w pixels ask.",
        ),
    ),
    hints=(
        "in: two whole numbers and a string; out: one whole number.",
        "how many pixels ask? How many does each of them meet: in full attention, in its column, "
        "in its row?",
        "full: (h * w) * (h * w). Axial: (h * w) * h for the columns, and the like for the rows.",
    ),
)
