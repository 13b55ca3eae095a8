"""Lesson 03, exercise 3.4, a table of another size: what must hold, typical mistakes, hints."""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from axialkit.course.distances import resize_table
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import draw
from axialkit.course.tiny_positions import repeat_ends

_PAIRS = ((5, 9), (9, 5), (4, 6), (3, 8), (2, 2), (7, 1), (1, 4), (1, 1))


def _rows_for_the_new_length(resized: Function) -> None:
    for old, new in _PAIRS:
        got = list(resized(draw(0, 2 * old - 1, 3), new).shape)
        assert got == [2 * new - 1, 3], (
            f"a line of {new} has {2 * new - 1} distance(s): a table {[2 * old - 1, 3]} must "
            f"become {[2 * new - 1, 3]}, not {got}"
        )


def _short(row: Tensor) -> list[float]:
    return [round(value, 3) for value in row.tolist()]


def _center_stays(resized: Function) -> None:
    for old, new in _PAIRS:
        table = draw(1, 2 * old - 1, 2)
        got, center = resized(table, new)[new - 1], table[old - 1]
        assert torch.allclose(got, center, atol=1e-5), (
            f"from {old} to {new} places: row {new - 1} is distance 0 and must equal row {old - 1} "
            f"of the old table, {_short(center)}; yours is {_short(got)}"
        )


def _same_size_same_table(resized: Function) -> None:
    table = draw(2, 9, 2)
    assert torch.allclose(resized(table, 5), table, atol=1e-5), (
        "from 5 to 5 places nothing must change"
    )


def _ends_stay(resized: Function) -> None:
    for old, new in ((5, 9), (9, 5), (4, 6)):
        table = draw(3, 2 * old - 1, 2)
        got = resized(table, new)
        for end, side in ((0, "left"), (-1, "right")):
            assert torch.allclose(got[end], table[end], atol=1e-5), (
                f"from {old} to {new} places: the farthest key to the {side} must have the vector "
                "that the farthest one had"
            )


def _stretches(resized: Function) -> None:
    """A table that holds its own distances must hold stretched ones afterwards."""
    for old, new in ((5, 9), (65, 97), (9, 4)):
        table = torch.arange(1.0 - old, old)[:, None]
        got = resized(table, new)[:, 0]
        expected = torch.arange(1.0 - new, new) * (old - 1) / (new - 1)
        worst = int((got - expected).abs().argmax())
        assert torch.allclose(got, expected, atol=1e-4), (
            f"from {old} to {new} places, distance {worst - new + 1} must become what distance "
            f"{float(expected[worst]):.3g} was; yours is what {float(got[worst]):.3g} was"
        )


def _between_two(resized: Function) -> None:
    table = torch.tensor([[0.0], [0.0], [1.0], [0.0], [0.0]])
    got, expected = resized(table, 5)[:, 0].tolist(), [0, 0, 0, 0.5, 1, 0.5, 0, 0, 0]
    assert torch.allclose(torch.tensor(got), torch.tensor(expected), atol=1e-5), (
        f"rows 0, 0, 1, 0, 0 for 3 places become {expected} for 5: half way between two rows "
        f"stands their mean. Yours: {_short(torch.tensor(got))}"
    )


def _interpolated(table: Tensor, size: int, mode: str = "linear", *, ends: bool = True) -> Tensor:
    align = {"align_corners": ends} if mode == "linear" else {}
    rows = rearrange(table, "r d -> 1 d r")
    return rearrange(F.interpolate(rows, size=size, mode=mode, **align), "1 d r -> r d")


def _from_the_left(table: Tensor, new_len: int) -> Tensor:
    """Row 0 stays row 0 and the step is L / new_len: the center moves."""
    place = torch.arange(2.0 * new_len - 1) * ((len(table) + 1) / 2) / new_len
    low = place.floor().long().clamp(max=len(table) - 1)
    high = (low + 1).clamp(max=len(table) - 1)
    share = (place - low)[:, None].to(table.dtype)
    return table[low] * (1 - share) + table[high] * share


RESIZE_TABLE = Exercise(
    key="3.4",
    name="resize_table",
    goal="D",
    solution=resize_table,
    properties=(
        Property("a row for every distance of the new length", _rows_for_the_new_length),
        Property("where nothing is resized, nothing changes", _same_size_same_table),
        Property("the center stays the center", _center_stays),
        Property("the farthest distances stay the farthest", _ends_stay),
        Property("distances are stretched by (new - 1) / (old - 1)", _stretches),
        Property("half way between two rows stands their mean", _between_two),
    ),
    probes=(
        (draw(5, 9, 3), 9),
        (draw(6, 17, 2), 5),
        (draw(7, 7, 1).double(), 6),
        (draw(8, 5, 4), 3),
        (draw(9, 5, 2), 1),
        (draw(10, 1, 3), 4),
        (torch.arange(9.0)[:, None], 7),
    ),
    mutants=(
        Mutant(
            "resized from the left",
            _from_the_left,
            "row 0 stays where it is, and the step is old / new: the center does not land on the "
            "center. Measure distances from the middle row.",
        ),
        Mutant(
            "corners not aligned",
            lambda table, new_len: _interpolated(table, 2 * new_len - 1, ends=False),
            "F.interpolate takes rows as little areas and aligns the borders of these: the ends "
            "wander. align_corners=True puts the first row on the first, the last on the last.",
        ),
        Mutant(
            "nearest row",
            lambda table, new_len: _interpolated(table, 2 * new_len - 1, "nearest"),
            'each new row copies one old row: that is mode="nearest", the default. Between two '
            'rows belongs a mix: mode="linear".',
        ),
        Mutant(
            "step kept, ends repeated",
            repeat_ends,
            "the step from row to row stays one place, the ends are cut or repeated. That is the "
            "other way to change the size; here the distances are to be stretched.",
        ),
        Mutant(
            "new_len rows",
            lambda table, new_len: _interpolated(table, new_len),
            "the table has new_len rows. A line of new_len places has 2 new_len - 1 distances.",
        ),
        Mutant(
            "one row too many",
            lambda table, new_len: _interpolated(table, 2 * new_len),
            "2 new_len rows have no middle one. There are 2 new_len - 1 distances.",
        ),
        Mutant(
            "channels resized",
            lambda table, new_len: F.interpolate(
                table[None], size=2 * new_len - 1, mode="linear", align_corners=True
            )[0],
            "the channels were resized, not the rows: F.interpolate works along the last axis. "
            "Turn the table before and after.",
        ),
        Mutant(
            "a single place",
            lambda table, new_len: _interpolated(table, 2 * new_len - 1),
            "right but for new_len = 1: F.interpolate to size 1 takes the first row. The only "
            "distance of a single place is 0: the center.",
        ),
    ),
    hints=(
        "in: [2L - 1, d] and new_len; out: [2 new_len - 1, d].",
        "F.interpolate resizes the last axis of [batch, channels, length], so turn the table. "
        'mode="linear" mixes neighbours; align_corners=True keeps both ends, and so the center.',
        'F.interpolate(table.T[None], size=2 * new_len - 1, mode="linear", '
        "align_corners=True)[0].T is right for new_len > 1; a single place gets the center row.",
    ),
)
