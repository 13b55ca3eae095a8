"""Lesson 08, exercise 8.2, the offsets: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor

from axialkit.course.exercises_08_targets import EVEN, FULL, PICTURES, THREE, draw_boxes, grid_of
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import center_offsets

# ---- 8.2 center_offsets


def _ends_at_the_center(offsets: Function) -> None:
    ids = draw_boxes((4, 20, 9, 27))
    got = offsets(ids)
    assert list(got.shape) == [2, 20, 33], f"ids of 20 x 33 gave {list(got.shape)}"
    first = got[:, 4, 20].tolist()
    assert first == [2.0, 3.0], (
        f"from pixel (4, 20) to the center (6, 23) it is 2 down and 3 right: (2, 3), not {first}"
    )


def _ends_on_a_pixel(offsets: Function) -> None:
    first = offsets(EVEN)[:, 3, 4].tolist()
    assert first == [1.0, 2.0], (
        "the mean (4.5, 6.5) is rounded to the center (4, 6), halves to the even number: from "
        f"pixel (3, 4) it is (1, 2), not {first}"
    )


def _zero_elsewhere(offsets: Function) -> None:
    assert not offsets(THREE)[:, THREE == 0].any(), "where no thing is, both offsets are 0"


def _for_every_number(offsets: Function) -> None:
    got = offsets(FULL)
    corners = [got[:, 0, 0].tolist(), got[:, 8, 0].tolist()]
    assert corners == [[3, 8], [-1, 5]], (
        "a picture that holds the numbers 7 (centered at (3, 8)) and 3 (at (7, 5)), and no 0: "
        f"its corners (0, 0) and (8, 0) have the offsets (3, 8) and (-1, 5), not {corners}"
    )


def _offsets_as_recorded(offsets: Function) -> None:
    for name in ("sigma4", "exact"):
        got, expected = offsets(recorded(f"{name}_ids")), recorded(f"{name}_offset")
        wrong = ((got - expected).abs() > 1e-4).any(0)
        y, x = divmod(int(wrong.int().argmax()), wrong.shape[1])
        assert not wrong.any(), (
            f"{int(wrong.sum())} pixels point elsewhere than the authors'. Pixel ({y}, {x}): "
            f"theirs {expected[:, y, x].tolist()}, yours {got[:, y, x].tolist()}"
        )


def _off(ids: Tensor, kind: str = "") -> Tensor:
    """Compute the offsets with one mistake."""
    y, x = grid_of(ids)
    out = torch.zeros(2, *ids.shape)
    for n in ids.unique().tolist():
        if n == 0 and kind != "background":
            continue
        at = ids == n
        points = at.nonzero().double()
        middle = (points.amin(0) + points.amax(0)) / 2 if kind == "box" else points.mean(0)
        cy, cx = (v if kind == "exact" else round(v) for v in middle.tolist())
        out[0][at], out[1][at] = (cy - y)[at], (cx - x)[at]
    return out


CENTER_OFFSETS = Exercise(
    key="8.2",
    name="center_offsets",
    goal="A",
    solution=center_offsets,
    properties=(
        Property("an arrow ends at the center, (dy, dx)", _ends_at_the_center),
        Property("the center is a whole pixel", _ends_on_a_pixel),
        Property("no thing, no arrow", _zero_elsewhere),
        Property("every number but 0 is a thing", _for_every_number),
        Property("they equal the authors' recorded offsets", _offsets_as_recorded),
    ),
    probes=tuple((ids,) for ids in PICTURES),
    mutants=(
        Mutant(
            "(dx, dy)",
            lambda ids: center_offsets(ids).flip(0),
            "the channels are swapped: (dx, dy). Everywhere in this kit y comes first.",
        ),
        Mutant(
            "turned around",
            lambda ids: 0 - center_offsets(ids),
            "the arrows point from the center to the pixel. It is center minus pixel.",
        ),
        Mutant(
            "not rounded",
            lambda ids: _off(ids, "exact"),
            "the arrows end at the exact mean. The peak of the heat map is on a pixel, so the mean "
            "is rounded here, too.",
        ),
        Mutant(
            "middle of the box",
            lambda ids: _off(ids, "box"),
            "the arrows end in the middle of the box around the thing. The center is the mean "
            "of its pixels.",
        ),
        Mutant(
            "background has arrows",
            lambda ids: _off(ids, "background"),
            "number 0 got arrows, too. 0 means: no thing here.",
        ),
        Mutant(
            "channels last",
            lambda ids: center_offsets(ids).permute(1, 2, 0),
            "the two numbers are the last axis: [h, w, 2]. Images in PyTorch have channels first.",
        ),
    ),
    hints=(
        "in: ids [h, w]; out: float32 [2, h, w], (dy, dx).",
        "for every number but 0: its rounded mean minus the place of each of its pixels.",
        "with y, x from meshgrid and at = ids == n: out[0][at] = (cy - y)[at].float(), and the "
        "same for x in out[1].",
    ),
)
