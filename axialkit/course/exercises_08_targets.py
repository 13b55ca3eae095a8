"""Lesson 08, exercises 8.1 and 8.2, targets: what must hold, typical mistakes, hints."""

import torch
from torch import Tensor

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.recorded import recorded
from axialkit.course.things import center_heatmap, center_offsets


def _picture(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (20, 33)) -> Tensor:
    """Number boxes (top, left, bottom, right) 1, 2, 3 ...; later ones cover earlier ones."""
    ids = torch.zeros(size, dtype=torch.int64)
    for number, (top, left, bottom, right) in enumerate(boxes, start=1):
        ids[top:bottom, left:right] = number
    return ids


def _grid(ids: Tensor) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in ids.shape), indexing="ij")
    return y, x


def _means(ids: Tensor) -> list[tuple[float, float]]:
    numbers = [n for n in ids.unique().tolist() if n > 0]
    return [tuple((ids == n).nonzero().double().mean(0).tolist()) for n in numbers]


_TWO = _picture((2, 3, 9, 8), (6, 9, 15, 20))
_THREE = _picture((0, 0, 3, 3), (10, 4, 20, 21), (11, 24, 14, 30), (4, 24, 8, 28))
_EVEN = _picture((3, 4, 7, 10), (10, 14, 12, 18), size=(21, 30))  # means end in one half
_EDGE = _picture((0, 30, 5, 33), size=(9, 33))
_IDS = (_TWO, _THREE, _EVEN, _EDGE, _picture(size=(4, 7)), _picture((0, 0, 1, 1), size=(1, 5)))


# ---- 8.1 center_heatmap


def _one_at_centers(heatmap: Function) -> None:
    ids = _picture((4, 20, 9, 27))
    got = heatmap(ids, 2)
    assert list(got.shape) == [20, 33], f"ids of 20 x 33 gave {list(got.shape)}"
    peak = divmod(int(got.argmax()), 33)
    assert peak == (6, 23), f"the mean of this box is (6, 23); your peak is at {peak}"
    assert abs(float(got.max()) - 1) < 1e-5, f"the peak must be 1, yours is {float(got.max()):.4g}"


def _falls_off(heatmap: Function) -> None:
    got, expected = heatmap(_picture((4, 20, 9, 27)), 2)[6, 25], 0.60653
    assert abs(float(got) - expected) < 1e-4, (
        f"sigma = 2 pixels away from the center, the heat is exp(-1/2) = {expected:.4f}, not "
        f"{float(got):.4f}"
    )


def _never_above_one(heatmap: Function) -> None:
    got = float(heatmap(_TWO, 4).max())
    assert got < 1 + 1e-5, f"two neighbours together must not exceed 1; yours reach {got:.3f}"


def _empty(heatmap: Function) -> None:
    assert not heatmap(_picture(size=(4, 7)), 3).any(), "without instances there is no heat at all"


def _cut_off(heatmap: Function) -> None:
    got = heatmap(_picture((4, 15, 9, 18)), 1) > 0
    rows = got.any(1).nonzero().flatten().tolist()
    assert got.any() and rows == list(range(2, 11)), (
        f"center in row 6, sigma 1: heat reaches 3 * sigma + 1 = 4 rows, 2 to 10; yours {rows}"
    )


def _heat_as_recorded(heatmap: Function) -> None:
    for name in ("sigma4", "exact"):
        got = heatmap(recorded(f"{name}_ids"), int(recorded(f"{name}_sigma")))
        worst = float((got - recorded(f"{name}_heat")).abs().max())
        assert worst < 1e-4, f"the largest difference to the authors' heat map is {worst:.4f}"


def _heat(ids: Tensor, sigma: int, kind: str = "") -> Tensor:
    """Draw the heat map with one mistake."""
    y, x = _grid(ids)
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
        Property("no instances, no heat", _empty),
        Property("it is cut off at 3 * sigma + 1", _cut_off),
        Property("it equals the authors' recorded heat maps", _heat_as_recorded),
    ),
    probes=tuple((ids, sigma) for ids in _IDS for sigma in (1, 3)),
    mutants=(
        Mutant(
            "summed",
            lambda ids, sigma: _heat(ids, sigma, "sum"),
            "the Gaussians are added. Two neighbours then make a peak between them, where nobody "
            "is: take the larger value (torch.maximum).",
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
            "normalised",
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
            "0 is an instance",
            lambda ids, sigma: _heat(ids, sigma, "background"),
            "id 0 got a center, too. 0 means: no instance here.",
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


# ---- 8.2 center_offsets


def _ends_at_the_center(offsets: Function) -> None:
    ids = _picture((4, 20, 9, 27))
    got = offsets(ids)
    assert list(got.shape) == [2, 20, 33], f"ids of 20 x 33 gave {list(got.shape)}"
    first = got[:, 4, 20].tolist()
    assert first == [2.0, 3.0], (
        f"from pixel (4, 20) to the center (6, 23) it is 2 down and 3 right: (2, 3), not {first}"
    )


def _zero_elsewhere(offsets: Function) -> None:
    assert not offsets(_THREE)[:, _THREE == 0].any(), "where no instance is, both offsets are 0"


def _offsets_as_recorded(offsets: Function) -> None:
    for name in ("sigma4", "exact"):
        wrong = (offsets(recorded(f"{name}_ids")) - recorded(f"{name}_offset")).abs() > 1e-4
        assert not wrong.any(), f"{int(wrong.sum())} numbers differ from the authors'"


def _off(ids: Tensor, kind: str = "") -> Tensor:
    """Compute the offsets with one mistake."""
    y, x = _grid(ids)
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
        Property("no instance, no arrow", _zero_elsewhere),
        Property("they equal the authors' recorded offsets", _offsets_as_recorded),
    ),
    probes=tuple((ids,) for ids in _IDS),
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
            "the arrows end in the middle of the box around the instance. The center is the mean "
            "of its pixels.",
        ),
        Mutant(
            "background has arrows",
            lambda ids: _off(ids, "background"),
            "id 0 got arrows, too. 0 means: no instance here.",
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
