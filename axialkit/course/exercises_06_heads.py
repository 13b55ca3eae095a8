"""Lesson 06, exercises 6.3 and 6.5, heads: what must hold, typical mistakes, hints."""

import torch
from einops import einsum
from torch import Tensor

from axialkit.attention import mean_distance
from axialkit.course.composed import head_pairs, two_hop
from axialkit.course.exercises_06_hops import ROUNDING, random_maps
from axialkit.course.lesson import Exercise, Function, Mutant, Property

# ---- 6.3 head_pairs


def _heads_of(h: int, w: int, a: int, b: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    return random_maps(50 + 2 * seed, w, a, h, h), random_maps(51 + 2 * seed, h, b, w, w)


def _pairs_have_a_shape(pairs: Function) -> None:
    for h, w, a, b in ((3, 5, 2, 3), (4, 2, 3, 1), (1, 3, 1, 2)):
        got = list(pairs(*_heads_of(h, w, a, b), 0, w - 1).shape)
        assert got == [a, b, h, w], (
            f"{a} heads of the height hop and {b} of the width hop on {h} x {w} pixels make "
            f"{[a, b, h, w]}, not {got}"
        )


def _each_pair_sums_to_one(pairs: Function) -> None:
    total = pairs(*_heads_of(3, 5, 2, 3), 1, 4).sum(dim=(2, 3))
    assert torch.allclose(total, torch.ones_like(total), atol=1e-9), (
        f"every pair's map must sum to 1; yours sum to {float(total.min()):.3f} up to "
        f"{float(total.max()):.3f}"
    )


def _each_pair_is_two_hops(pairs: Function) -> None:
    height, width = _heads_of(3, 5, 2, 3)
    got = pairs(height, width, 2, 1)
    for a in range(2):
        for b in range(3):
            error = float((got[a, b] - two_hop(height[:, a], width[:, b], 2, 1)).abs().max())
            assert error < ROUNDING, (
                f"pair ({a}, {b}) must be two_hop of height head {a} and width head {b}; it is off "
                f"by up to {error:.2g}"
            )


def _mean_first(height: Tensor, width: Tensor, i: int, j: int) -> Tensor:
    one = two_hop(height.mean(dim=1), width.mean(dim=1), i, j)
    return one.expand(height.shape[1], width.shape[1], *one.shape)


HEAD_PAIRS = Exercise(
    key="6.3",
    name="head_pairs",
    goal="B",
    solution=head_pairs,
    properties=(
        Property("a map for every pair of heads", _pairs_have_a_shape),
        Property("each map sums to 1", _each_pair_sums_to_one),
        Property("each map is two_hop of its two heads", _each_pair_is_two_hops),
    ),
    probes=(
        (*_heads_of(3, 5, 2, 3, 5), 2, 1),
        (*_heads_of(4, 4, 3, 3, 6), 1, 3),
        (*_heads_of(2, 3, 2, 2, 7), 0, 0),
    ),
    mutants=(
        Mutant(
            "equal heads only",
            lambda height, width, i, j: einsum(
                height[:, : min(height.shape[1], width.shape[1]), i],
                width[i, : min(height.shape[1], width.shape[1]), j],
                "w a h, a w -> a h w",
            ),
            "head 0 meets head 0, head 1 meets head 1. But between the hops the channels are mixed "
            "again, so every head of the first hop reaches every head of the second.",
        ),
        Mutant(
            "pairs turned",
            lambda height, width, i, j: head_pairs(height, width, i, j).transpose(0, 1),
            "the pairs are [b, a]: the head of the height hop comes first.",
        ),
        Mutant(
            "mean of the heads",
            _mean_first,
            "all pairs are alike: this is the mean of all heads, repeated.",
        ),
        Mutant(
            "shared out among pairs",
            lambda height, width, i, j: (
                head_pairs(height, width, i, j) / (height.shape[1] * width.shape[1])
            ),
            "divided by the number of pairs: all maps together sum to 1. Each must do so alone.",
        ),
        Mutant(
            "maps on their side",
            lambda height, width, i, j: head_pairs(height, width, i, j).transpose(2, 3),
            "every map lies on its side: [a, b, h, w].",
        ),
        Mutant(
            "the other order",
            lambda height, width, i, j: einsum(
                height[j, :, i], width[:, :, j], "a h, h b w -> a b h w"
            ),
            "these are the maps of a layer that runs W first. Here H runs first, as in 6.1.",
        ),
        Mutant(
            "own column only",
            lambda height, width, i, j: einsum(
                height[j, :, i], width[i, :, j], "a h, b w -> a b h w"
            ),
            "every column is weighted like the query's own. As in 6.1: column w has looked by "
            "itself, height[w, a, i].",
        ),
    ),
    hints=(
        "in: height [w, a, i, h], width [i, b, j, w]; out: [a, b, h, w].",
        "as two_hop, with one more letter on each side: nothing is summed, every a meets every b.",
        'einsum(height[:, :, i], width[i, :, j], "w a h, b w -> a b h w")',
    ),
)


# ---- 6.5 mean_distance


def _one_number_per_head(distance: Function) -> None:
    for n, heads, length in ((2, 3, 5), (1, 1, 4), (3, 2, 1)):
        got = list(distance(random_maps(0, n, heads, length, length)).shape)
        assert got == [heads], f"{heads} heads make {[heads]}, not {got}"


def _self_is_near(distance: Function) -> None:
    got = distance(torch.eye(6, dtype=torch.float64).expand(2, 3, 6, 6).clone())
    assert float(got.abs().max()) < ROUNDING, (
        f"a head whose queries look at themselves alone looks 0 cells far, not {float(got[0]):.3f}"
    )


def _left_counts_like_right(distance: Function) -> None:
    weights = torch.eye(5, dtype=torch.float64).roll(-2, dims=1)
    weights[3:] = torch.eye(5, dtype=torch.float64)[:2].roll(1, dims=1)
    keys = weights.argmax(dim=1)
    expected = float((keys - torch.arange(5)).abs().double().mean())
    got = float(distance(weights.expand(1, 1, 5, 5).clone())[0])
    assert abs(got - expected) < ROUNDING, (
        f"five queries look at the keys {keys.tolist()}: on average {expected:.3f} cells away, "
        f"whether left or right; you say {got:.3f}"
    )


def _even_look(distance: Function) -> None:
    for length in (1, 4, 7):
        got = distance(torch.full((2, 2, length, length), 1 / length, dtype=torch.float64))
        expected = (length - 1 / length) / 3
        assert abs(float(got[0]) - expected) < ROUNDING, (
            f"an even look over {length} cells is {expected:.4f} cells far, you say "
            f"{float(got[0]):.4f}"
        )


def _heads_apart(distance: Function) -> None:
    weights = random_maps(7, 3, 2, 5, 5)
    weights[:, 1] = torch.eye(5, dtype=torch.float64)
    got, alone = distance(weights), distance(weights[:, :1].clone())
    assert abs(float(got[1])) < ROUNDING and abs(float(got[0] - alone[0])) < ROUNDING, (
        "head 1 looks at itself, head 0 does not: each head has a number of its own; yours are "
        f"{float(got[0]):.3f} and {float(got[1]):.3f}, and head 0 alone gives {float(alone[0]):.3f}"
    )


def _apart(length: int) -> Tensor:
    place = torch.arange(length, dtype=torch.float64)
    return (place[None, :] - place[:, None]).abs()


MEAN_DISTANCE = Exercise(
    key="6.5",
    name="mean_distance",
    goal="D",
    solution=mean_distance,
    properties=(
        Property("one number per head", _one_number_per_head),
        Property("a look at oneself is no distance", _self_is_near),
        Property("left counts like right", _left_counts_like_right),
        Property("an even look has the distance that it should", _even_look),
        Property("heads do not mix", _heads_apart),
    ),
    probes=(
        (random_maps(200, 2, 3, 5, 5),),
        (random_maps(201, 3, 1, 4, 4),),
        (random_maps(202, 1, 2, 7, 7),),
    ),
    mutants=(
        Mutant(
            "left minus right",
            lambda weights: (
                einsum(
                    weights,
                    torch.arange(weights.shape[-1], dtype=torch.float64)[None, :]
                    - torch.arange(weights.shape[-1], dtype=torch.float64)[:, None],
                    "n head i j, i j -> head",
                )
                / (weights.shape[0] * weights.shape[2])
            ),
            "left and right cancel: key - query is negative on the left. Take its size: .abs().",
        ),
        Mutant(
            "sum over the queries",
            lambda weights: einsum(weights, _apart(weights.shape[-1]), "n head i j, i j -> head"),
            "this is a sum over the queries: over queries and sequences a mean is asked.",
        ),
        Mutant(
            "squares",
            lambda weights: (
                einsum(weights, _apart(weights.shape[-1]) ** 2, "n head i j, i j -> n head i")
                .mean(dim=(0, 2))
                .sqrt()
            ),
            "the distances are squared, and the root is drawn in the end: far keys count for more. "
            "The mean distance is without squares.",
        ),
        Mutant(
            "the strongest key only",
            lambda weights: (
                (weights.argmax(dim=-1) - torch.arange(weights.shape[-1]))
                .abs()
                .double()
                .mean(dim=(0, 2))
            ),
            "only the strongest key of each query counts. All keys do, by their weights.",
        ),
        Mutant(
            "weights forgotten",
            lambda weights: _apart(weights.shape[-1]).mean().expand(weights.shape[1]).clone(),
            "this is the mean of all distances, whatever the weights are.",
        ),
        Mutant(
            "divided by the keys, too",
            lambda weights: (weights * _apart(weights.shape[-1])).mean(dim=(0, 2, 3)),
            "divided by the number of keys once too often: the weights of a query sum to 1, so sum "
            "over the keys; a mean is for queries and sequences. Cells are asked for, not a share "
            "of the line.",
        ),
    ),
    hints=(
        "in: weights [n, head, i, j]; out: [head].",
        "for every query, a mean of |j - i| under its weights: weigh and sum over the keys. Then "
        "the plain mean over queries and sequences, for each head by itself.",
        "place = torch.arange(weights.shape[-1], dtype=weights.dtype); "
        "distance = (place[None, :] - place[:, None]).abs(); "
        "(weights * distance).sum(dim=-1).mean(dim=(0, 2))",
    ),
)
