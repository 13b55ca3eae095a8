"""Lesson 06, exercise 6.4, many layers: what must hold, typical mistakes, hints."""

import torch
from einops import einsum, rearrange
from torch import Tensor

from axialkit.course.composed import rollout, two_hop
from axialkit.course.exercises_06_hops import SIZES, random_maps
from axialkit.course.lesson import Exercise, Function, Mutant, Property

_ROUNDING = 1e-9


def _layers(count: int, h: int, w: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    return random_maps(100 + 2 * seed, count, w, h, h), random_maps(101 + 2 * seed, count, h, w, w)


def _matrices(heights: Tensor, widths: Tensor) -> Tensor:
    """Return both hops of every layer as a matrix, query pixels by key pixels."""
    both = einsum(heights, widths, "layer w i h, layer i j w -> layer i j h w")
    return rearrange(both, "layer i j h w -> layer (i j) (h w)")


def _dense(heights: Tensor, widths: Tensor, i: int, j: int, stay: float = 0.5) -> Tensor:
    """Multiply the matrices of all layers, last layer first."""
    h, w = heights.shape[2], widths.shape[2]
    row = torch.zeros(h * w, dtype=heights.dtype)
    row[i * w + j] = 1
    for matrix in _matrices(heights, widths).flip(0):
        row = stay * row + (1 - stay) * row @ matrix
    return row.reshape(h, w)


# ---- 6.4 rollout


def _has_the_shape(roll: Function) -> None:
    for h, w in SIZES:
        got = list(roll(*_layers(2, h, w), h - 1, 0).shape)
        assert got == [h, w], f"on {h} x {w} pixels the map must be {[h, w]}, not {got}"


def _sums_to_one(roll: Function) -> None:
    for count in (1, 2, 4):
        total = float(roll(*_layers(count, 3, 4), 1, 2).sum())
        assert abs(total - 1) < _ROUNDING, (
            f"through {count} layer(s) the weights sum to {total:.4f}, not to 1: each layer hands "
            "on one half and one half, no more"
        )


def _one_layer(roll: Function) -> None:
    heights, widths = _layers(1, 3, 5)
    expected = two_hop(heights[0], widths[0], 1, 2) / 2
    expected[1, 2] += 0.5
    error = float((roll(heights, widths, 1, 2) - expected).abs().max())
    assert error < _ROUNDING, (
        "through one layer, half must stay on the query itself and half must be its two-hop map; "
        f"yours is off by up to {error:.2g}"
    )


def _last_layer_first(roll: Function) -> None:
    """Layer 1 sends everyone to the first column, layer 2 (the last) to the last row."""
    heights = torch.eye(3, dtype=torch.float64).expand(2, 4, 3, 3).clone()
    widths = torch.eye(4, dtype=torch.float64).expand(2, 3, 4, 4).clone()
    widths[0] = torch.eye(4, dtype=torch.float64)[0]
    widths[0, 2] = torch.eye(4, dtype=torch.float64)[3]  # but in the last row to the last column
    heights[1] = torch.eye(3, dtype=torch.float64)[2]
    got = roll(heights, widths, 0, 1)
    expected = torch.zeros(3, 4, dtype=torch.float64)
    for cell in ((0, 1), (0, 0), (2, 1), (2, 3)):
        expected[cell] = 0.25
    assert torch.allclose(got, expected, atol=_ROUNDING), (
        "of two layers the last leads down to row 2, where the first leads right to column 3. "
        f"Cell (2, 3) must get a quarter of the weight; it gets {float(got[2, 3]):.3f}"
    )


def _is_the_product(roll: Function) -> None:
    for number, (h, w) in enumerate(SIZES):
        layers = _layers(3, h, w, number)
        error = float((roll(*layers, h // 2, w - 1) - _dense(*layers, h // 2, w - 1)).abs().max())
        assert error < _ROUNDING, (
            f"on {h} x {w} pixels your map differs from the product of the three layers' matrices "
            f"(1 + A) / 2 by up to {error:.2g}"
        )


def _mean_of_layers(heights: Tensor, widths: Tensor, i: int, j: int) -> Tensor:
    maps = [two_hop(h, w, i, j) for h, w in zip(heights, widths, strict=True)]
    return torch.stack(maps).mean(dim=0)


def _times_each_other(heights: Tensor, widths: Tensor, i: int, j: int) -> Tensor:
    maps = [rollout(h[None], w[None], i, j) for h, w in zip(heights, widths, strict=True)]
    product = torch.stack(maps).prod(dim=0)
    return product / product.sum()


def _forwards(heights: Tensor, widths: Tensor, i: int, j: int) -> Tensor:
    h, w = heights.shape[2], widths.shape[2]
    row = torch.zeros(h * w, dtype=heights.dtype)
    row[i * w + j] = 1
    for matrix in _matrices(heights, widths):
        row = 0.5 * row + 0.5 * matrix @ row
    return row.reshape(h, w)


def _column_first(heights: Tensor, widths: Tensor, i: int, j: int) -> Tensor:
    weight = heights.new_zeros(heights.shape[2], widths.shape[2])
    weight[i, j] = 1
    for height, width in zip(reversed(heights), reversed(widths), strict=True):
        down = einsum(weight, height, "i j, j i h -> h j")
        weight = (weight + einsum(down, width, "h j, h j w -> h w")) / 2
    return weight


ROLLOUT = Exercise(
    key="6.4",
    name="rollout",
    goal="C",
    solution=rollout,
    properties=(
        Property("one weight per pixel", _has_the_shape),
        Property("the weights sum to 1, through any number of layers", _sums_to_one),
        Property("one layer: half stays, half takes two hops", _one_layer),
        Property("the last layer is followed first", _last_layer_first),
        Property("it is the product of the layers' matrices", _is_the_product),
    ),
    probes=(
        (*_layers(3, 3, 4, 10), 1, 2),
        (*_layers(2, 4, 2, 11), 3, 0),
        (*_layers(1, 2, 3, 12), 0, 2),
        (*_layers(4, 3, 3, 13), 2, 2),
    ),
    mutants=(
        Mutant(
            "layers in reading order",
            lambda heights, widths, i, j: rollout(heights.flip(0), widths.flip(0), i, j),
            "the first layer is followed first. The question is asked behind the last layer, so "
            "that one comes first, and the first layer last.",
        ),
        Mutant(
            "nothing stays",
            lambda heights, widths, i, j: _dense(heights, widths, i, j, stay=0.0),
            "all weight takes the hops. A layer adds its answer to its input, so half of the "
            "weight stays where it is.",
        ),
        Mutant(
            "not halved",
            lambda heights, widths, i, j: rollout(heights, widths, i, j) * 2.0 ** len(heights),
            "input and answer are added, but not halved: the weights double with every layer.",
        ),
        Mutant(
            "mean of the layers",
            _mean_of_layers,
            "this is the mean of the layers' two-hop maps, all asked from the same pixel. The "
            "layers come one after the other: what one looks at, the next asks from.",
        ),
        Mutant(
            "maps times each other",
            _times_each_other,
            "the layers' maps are multiplied pixel by pixel. Every pixel that has weight must ask "
            "on by itself: that is a product of matrices.",
        ),
        Mutant(
            "told forwards",
            _forwards,
            "this answers another question: who listens to pixel (i, j)? Asked is whom (i, j) "
            "listens to: a row of the product, not a column.",
        ),
        Mutant(
            "the column first",
            _column_first,
            "going back, the H hop is followed first. A layer runs H first, so the last hop, the "
            "first that you meet on the way back, is W, along the row.",
        ),
        Mutant(
            "the last layer alone",
            lambda heights, widths, i, j: rollout(heights[-1:], widths[-1:], i, j),
            "only the last layer is followed.",
        ),
    ),
    hints=(
        "in: heights [layer, w, i, h], widths [layer, i, j, w] and two whole numbers; out: [h, w].",
        "keep a map of weights, at first all of it on (i, j). Go through the layers from the last "
        "to the first: new map = half of the old one + half of what the hops make of it. The hops "
        "make of a map: along the rows (its weight at (i, j) goes to (i, w)), then along the "
        "columns.",
        'for each layer: moved = einsum(weight, width, "i j, i j w -> i w"); moved = einsum(moved, '
        'height, "i w, w i h -> h w"); weight = (weight + moved) / 2.',
    ),
)
