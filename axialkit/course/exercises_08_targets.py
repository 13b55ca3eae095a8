"""Lesson 08, exercise 8.1, the heat map: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import center_heatmap


def draw_boxes(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (20, 33)) -> Tensor:
    """Number boxes (top, left, bottom, right) 1, 2, 3 ...; later ones cover earlier ones."""
    ids = torch.zeros(size, dtype=torch.int64)
    for number, (top, left, bottom, right) in enumerate(boxes, start=1):
        ids[top:bottom, left:right] = number
    return ids


def grid_of(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Return the row and the column of every pixel."""
    y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in ids.shape), indexing="ij")
    return y, x


def _means(ids: Tensor) -> list[tuple[float, float]]:
    numbers = [n for n in ids.unique().tolist() if n > 0]
    return [tuple((ids == n).nonzero().double().mean(0).tolist()) for n in numbers]


_TWO = draw_boxes((2, 3, 9, 8), (6, 9, 15, 20))
THREE = draw_boxes((0, 0, 3, 3), (10, 4, 20, 21), (11, 24, 14, 30), (4, 24, 8, 28))
EVEN = draw_boxes((3, 4, 7, 10), (10, 14, 12, 18), size=(21, 30))  # means end in one half
_EDGE = draw_boxes((0, 30, 5, 33), size=(9, 33))
FULL = torch.where(draw_boxes((6, 0, 9, 11), size=(9, 15)) == 1, 3, 7)  # no 0, numbers with a gap
PICTURES = (
    _TWO,
    THREE,
    EVEN,
    _EDGE,
    FULL,
    draw_boxes(size=(4, 7)),
    draw_boxes((0, 0, 1, 1), size=(1, 5)),
)


# ---- 8.1 center_heatmap


def _one_at_centers(heatmap: Function) -> None:
    ids = draw_boxes((4, 20, 9, 27))
    got = heatmap(ids, 2)
    assert list(got.shape) == [20, 33], f"ids of 20 x 33 gave {list(got.shape)}"
    peak = divmod(int(got.argmax()), 33)
    assert peak == (6, 23), f"the mean of this box is (6, 23); your peak is at {peak}"
    assert abs(float(got.max()) - 1) < 1e-5, f"the peak must be 1, yours is {float(got.max()):.4g}"


def _falls_off(heatmap: Function) -> None:
    got, expected = heatmap(draw_boxes((4, 20, 9, 27)), 2)[6, 25], 0.60653
    assert abs(float(got) - expected) < 1e-4, (
        f"sigma is 2; at a distance of 2 pixels the heat is exp(-1/2) = {expected:.4f}, not "
        f"{float(got):.4f}"
    )


def _never_above_one(heatmap: Function) -> None:
    got = float(heatmap(_TWO, 4).max())
    assert got < 1 + 1e-5, f"two neighbors together must not exceed 1; yours reach {got:.3f}"


def _empty(heatmap: Function) -> None:
    assert not heatmap(draw_boxes(size=(4, 7)), 3).any(), "without things there is no heat at all"


def _every_number(heatmap: Function) -> None:
    got = heatmap(FULL, 1)
    heats = [round(float(got[place]), 3) for place in ((3, 8), (7, 5))]
    assert heats == [1, 1], (
        "a picture that holds the numbers 7 and 3, and no 0, has two centers, at (3, 8) and "
        f"(7, 5): heat 1 at both. Yours has {heats}"
    )


def _halves(heatmap: Function) -> None:
    heats = [round(float(heatmap(EVEN, 1)[place]), 3) for place in ((4, 6), (10, 16))]
    assert heats == [1, 1], (
        "the means (4.5, 6.5) and (10.5, 15.5) are rounded to the centers (4, 6) and (10, 16), "
        f"halves to the even number. There your heat is {heats[0]} and {heats[1]}, not 1"
    )


def _cut_off(heatmap: Function) -> None:
    got = heatmap(draw_boxes((4, 15, 9, 18)), 1) > 0
    rows = got.any(1).nonzero().flatten().tolist()
    assert got.any() and rows == list(range(2, 11)), (
        f"center in row 6, sigma 1: heat reaches 3 * sigma + 1 = 4 rows, 2 to 10; yours {rows}"
    )


def _heat_as_recorded(heatmap: Function) -> None:
    for name in ("sigma4", "exact"):
        got = heatmap(recorded(f"{name}_ids"), int(recorded(f"{name}_sigma")))
        expected = recorded(f"{name}_heat")
        far = (got - expected).abs()
        y, x = divmod(int(far.argmax()), far.shape[1])
        assert float(far.max()) < 1e-4, (
            f"at ({y}, {x}) of a picture of {far.shape[0]} x {far.shape[1]} the authors have "
            f"{float(expected[y, x]):.4f}, you have {float(got[y, x]):.4f}"
        )


def _heat(ids: Tensor, sigma: int, kind: str = "") -> Tensor:
    """Draw the heat map with one mistake."""
    y, x = grid_of(ids)
    total = torch.zeros(ids.shape)
    means = _means(ids)
    if kind == "background" and bool((ids == 0).any()):
        means.append(tuple((ids == 0).nonzero().double().mean(0).tolist()))
    for mean in means:
        cy, cx = (int(v) if kind == "floor" else round(v) for v in mean)
        squared = (y - cy) ** 2 + (x - cx) ** 2
        scale = {"once": 2 * sigma, "no two": sigma**2}.get(kind, 2 * sigma**2)
        one = torch.exp(-squared / scale)
        if kind == "normal":
            one = one / (2 * torch.pi * sigma**2)
        if kind != "uncut":
            one[((y - cy).abs() > 3 * sigma + 1) | ((x - cx).abs() > 3 * sigma + 1)] = 0
        if kind == "last":
            total = torch.where(one > 0, one, total)
        else:
            total = total + one if kind == "sum" else torch.maximum(total, one)
    return total


CENTER_HEATMAP = Exercise(
    key="8.1",
    name="center_heatmap",
    goal="A",
    solution=center_heatmap,
    properties=(
        Property("the peak is 1, at the mean", _one_at_centers),
        Property("it falls off with sigma", _falls_off),
        Property("where two overlap, the larger stays", _never_above_one),
        Property("no things, no heat", _empty),
        Property("halves go to the even number", _halves),
        Property("every number but 0 is a thing", _every_number),
        Property("it is cut off at 3 * sigma + 1", _cut_off),
        Property("it equals the authors' recorded heat maps", _heat_as_recorded),
    ),
    probes=tuple((ids, sigma) for ids in PICTURES for sigma in (1, 3)),
    mutants=(
        Mutant(
            "summed",
            lambda ids, sigma: _heat(ids, sigma, "sum"),
            "the Gaussians are added. Two neighbors then make a peak between them, where nobody "
            "is: take the larger value (torch.maximum).",
        ),
        Mutant(
            "the last one wins",
            lambda ids, sigma: _heat(ids, sigma, "last"),
            "where spots overlap, the later one wins. The larger value does (torch.maximum).",
        ),
        Mutant(
            "sigma not squared",
            lambda ids, sigma: _heat(ids, sigma, "once"),
            "the distance is squared, sigma is not: exp(-d² / 2 sigma²).",
        ),
        Mutant(
            "the 2 is missing",
            lambda ids, sigma: _heat(ids, sigma, "no two"),
            "the exponent is -d² / sigma²; it is divided by 2 sigma².",
        ),
        Mutant(
            "volume 1",
            lambda ids, sigma: _heat(ids, sigma, "normal"),
            "this Gaussian has volume 1, as in statistics. Here its peak is 1.",
        ),
        Mutant(
            "not cut off",
            lambda ids, sigma: _heat(ids, sigma, "uncut"),
            "the Gaussian never ends. More than 3 sigma + 1 rows or columns away it is 0.",
        ),
        Mutant(
            "center rounded down",
            lambda ids, sigma: _heat(ids, sigma, "floor"),
            "the mean is cut down to a whole number. It is rounded: round(), which takes halves to "
            "the even number.",
        ),
        Mutant(
            "0 is a thing",
            lambda ids, sigma: _heat(ids, sigma, "background"),
            "number 0 got a center, too. 0 means: no thing here.",
        ),
    ),
    hints=(
        "in: ids [h, w], sigma a whole number; out: float32 [h, w].",
        "for every number but 0: the mean of its pixels (y, x), rounded; the squared distance of "
        "all pixels to it; exp; zero outside the square; torch.maximum with what was there.",
        "(ids == n).nonzero().double().mean(0).round() is a center, with y, x = "
        'torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij") the places.',
    ),
)
