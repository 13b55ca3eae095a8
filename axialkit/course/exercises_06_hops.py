"""Lesson 06, exercises 6.1 and 6.2, two hops: what must hold, typical mistakes, hints."""

import torch
from einops import einsum
from torch import Tensor

from axialkit.course.composed import two_hop, two_hop_wh
from axialkit.course.lesson import Exercise, Function, Mutant, Property

SIZES = ((3, 5), (5, 2), (1, 4), (4, 1), (3, 3))  # (height, width)
ROUNDING = 1e-12  # float64


def random_maps(seed: int, *shape: int) -> Tensor:
    """Return weights over the last axis in float64, sharp enough to tell keys apart."""
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (1.5 * numbers).softmax(dim=-1)


def maps_of(h: int, w: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return ``height[w, i, h]`` and ``width[i, j, w]`` of one head."""
    return random_maps(2 * seed, w, h, h), random_maps(2 * seed + 1, h, w, w)


def truth(height: Tensor, width: Tensor, i: int, j: int, order: str) -> Tensor:
    """Run both hops on one channel with these weights, and differentiate the answer of (i, j)."""
    pixels = torch.zeros(height.shape[1], width.shape[1], dtype=torch.float64, requires_grad=True)
    x: Tensor = pixels
    for hop in order:
        pattern = "w i h, h w -> i w" if hop == "h" else "i j w, i w -> i j"
        x = einsum(height if hop == "h" else width, x, pattern)
    (gradient,) = torch.autograd.grad(x[i, j], pixels)
    return gradient


def check_shape(function: Function) -> None:
    """Try maps of all sizes."""
    for h, w in SIZES:
        got = list(function(*maps_of(h, w), h - 1, w // 2).shape)
        assert got == [h, w], (
            f"on a picture of {h} x {w} pixels the map must be {[h, w]}, not {got}"
        )


def check_sum(function: Function) -> None:
    """A look is shared out: not less than all of it, and nothing negative."""
    for number, (h, w) in enumerate(SIZES):
        got = function(*maps_of(h, w, number), h // 2, w - 1)
        assert float(got.min()) >= 0, f"a weight is negative: {float(got.min()):.3g}"
        total = float(got.sum())
        close = "; compute in float64 from the start" if abs(total - 1) < 1e-5 else ""
        assert abs(total - 1) < 1e-9, (
            f"on {h} x {w} pixels all weights sum to {total:.10g}, not to 1{close}"
        )


def _one_column(function: Function) -> None:
    height, width = maps_of(3, 5)
    width = width.clone()
    width[1, 2] = torch.tensor([0, 0, 0, 1.0, 0])
    got, expected = function(height, width, 1, 2), torch.zeros(3, 5, dtype=torch.float64)
    expected[:, 3] = height[3, 1]
    assert torch.allclose(got, expected, atol=ROUNDING), (
        "pixel (1, 2) looks along its row at column 3 alone. All its weight must lie in column 3, "
        f"spread as height[3, 1] has it; column 3 has {float(got[:, 3].sum()):.3f}, and the "
        f"weights there are off by up to {float((got - expected)[:, 3].abs().max()):.3f}"
    )


def _one_row(function: Function) -> None:
    height, width = maps_of(4, 3)
    height = height.clone()
    height[2, 1] = torch.tensor([0, 0, 0, 1.0])
    got, expected = function(height, width, 1, 2), torch.zeros(4, 3, dtype=torch.float64)
    expected[3] = width[3, 2]
    assert torch.allclose(got, expected, atol=ROUNDING), (
        "pixel (1, 2) looks along its column at row 3 alone. All its weight must lie in row 3, "
        f"spread as width[3, 2] has it; row 3 has {float(got[3].sum()):.3f}, and the weights there "
        f"are off by up to {float((got - expected)[3].abs().max()):.3f}"
    )


def _exact(order: str) -> Function:
    def test(function: Function) -> None:
        for number, (h, w) in enumerate(SIZES):
            maps = maps_of(h, w, number + 5)
            for i, j in {(0, 0), (h - 1, 0), (h // 2, w - 1)}:
                error = float((function(*maps, i, j) - truth(*maps, i, j, order)).abs().max())
                assert error < ROUNDING, (
                    f"for query ({i}, {j}) on {h} x {w} pixels your map differs from the "
                    f"derivative of the two hops by up to {error:.2g}; rounding is below 1e-15"
                )

    return test


# ---- 6.1 two_hop


def _cross(height: Tensor, width: Tensor, i: int, j: int) -> Tensor:
    found = height.new_zeros(height.shape[1], width.shape[1])
    found[:, j] += height[j, i] / 2
    found[i] += width[i, j] / 2
    return found


TWO_HOP = Exercise(
    key="6.1",
    name="two_hop",
    goal="A",
    solution=two_hop,
    properties=(
        Property("one weight per pixel", check_shape),
        Property("the weights are positive and sum to 1", check_sum),
        Property("a column that gets all of p(w) gets all of the map", _one_column),
        Property("it is the derivative of the two hops, to rounding", _exact("hw")),
    ),
    probes=(
        (*maps_of(3, 5, 20), 2, 1),
        (*maps_of(4, 4, 21), 1, 3),
        (*maps_of(5, 2, 22), 0, 1),
    ),
    mutants=(
        Mutant(
            "own column only",
            lambda height, width, i, j: einsum(height[j, i], width[i, j], "h, w -> h w"),
            "every column is weighted like the query's own: height[j, i]. But the row hop leads to "
            "other columns first; there, column w has looked by itself: height[w, i].",
        ),
        Mutant(
            "height turned",
            lambda height, width, i, j: einsum(height[:, :, i], width[i, j], "w h, w -> h w"),
            "query and key of the height hop have changed places: height[w, h, i] is how row h "
            "looks at row i. Row i asks: height[w, i, h].",
        ),
        Mutant(
            "width turned",
            lambda height, width, i, j: einsum(height[:, i], width[i, :, j], "w h, w -> h w"),
            "query and key of the width hop have changed places: width[i, w, j] is how column w "
            "looks at column j. Column j asks: width[i, j, w].",
        ),
        Mutant(
            "map on its side",
            lambda height, width, i, j: two_hop(height, width, i, j).T,
            "the map is right, but lies on its side: rows first, [h, w].",
        ),
        Mutant(
            "the other order",
            lambda height, width, i, j: two_hop_wh(height, width, i, j),
            "this is the map of a layer that runs along the rows first. Here the columns come "
            "first, so the last hop, the first you follow back, is the one along the row.",
        ),
        Mutant(
            "cross of one hop",
            _cross,
            "these are the two strips, laid over each other: one hop. In two hops, the weights "
            "along the way are multiplied.",
        ),
        Mutant(
            "row and column exchanged",
            lambda height, width, i, j: two_hop(height, width, j, i),
            "i and j have changed places: i is the row (0 to h - 1), j the column (0 to w - 1).",
        ),
        Mutant(
            "row forgotten",
            lambda height, width, i, j: height[:, i].T,
            "this is p(h | w) alone: every column sums to 1. How much the row looks at each "
            "column, width[i, j], has to be multiplied in.",
        ),
    ),
    hints=(
        "in: height [w, i, h], width [i, j, w] and two whole numbers; out: [h, w].",
        "from (i, j) the row leads to (i, w) with weight width[i, j, w]; from there the column "
        "leads to (h, w) with weight height[w, i, h]. Weights along a way are multiplied.",
        'einsum(width[i, j], height[:, i], "w, w h -> h w")',
    ),
)


# ---- 6.2 two_hop_wh

TWO_HOP_WH = Exercise(
    key="6.2",
    name="two_hop_wh",
    goal="A",
    solution=two_hop_wh,
    properties=(
        Property("one weight per pixel", check_shape),
        Property("the weights are positive and sum to 1", check_sum),
        Property("a row that gets all of p(h) gets all of the map", _one_row),
        Property("it is the derivative of the two hops, to rounding", _exact("wh")),
    ),
    probes=(
        (*maps_of(3, 5, 30), 2, 1),
        (*maps_of(4, 4, 31), 1, 3),
        (*maps_of(5, 2, 32), 0, 1),
    ),
    mutants=(
        Mutant(
            "the same order",
            lambda height, width, i, j: two_hop(height, width, i, j),
            "this is the map of height first, then width: the order of exercise 6.1.",
        ),
        Mutant(
            "own row only",
            lambda height, width, i, j: einsum(height[j, i], width[i, j], "h, w -> h w"),
            "every row is weighted like the query's own: width[i, j]. But the column leads to "
            "other rows first; there, row h has looked by itself: width[h, j].",
        ),
        Mutant(
            "map on its side",
            lambda height, width, i, j: two_hop_wh(height, width, i, j).T,
            "the map is right, but lies on its side: rows first, [h, w].",
        ),
        Mutant(
            "height turned",
            lambda height, width, i, j: einsum(height[j, :, i], width[:, j], "h, h w -> h w"),
            "query and key of the height hop have changed places: row i asks, height[j, i, h].",
        ),
        Mutant(
            "width turned",
            lambda height, width, i, j: einsum(height[j, i], width[:, :, j], "h, h w -> h w"),
            "query and key of the width hop have changed places: column j asks, width[h, j, w].",
        ),
        Mutant(
            "column forgotten",
            lambda height, width, i, j: width[:, j],
            "this is p(w | h) alone: every row sums to 1. How much the column looks at each row, "
            "height[j, i], has to be multiplied in.",
        ),
    ),
    hints=(
        "in and out as in 6.1: height [w, i, h], width [i, j, w]; out [h, w].",
        "now the column hop is the last, so follow it first: (i, j) leads to (h, j) with weight "
        "height[j, i, h], and from there row h leads to (h, w) with weight width[h, j, w].",
        'einsum(height[j, i], width[:, j], "h, h w -> h w")',
    ),
)
