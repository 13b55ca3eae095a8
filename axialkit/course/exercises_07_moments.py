"""Lesson 07, exercise 7.5, statistics of logits that are never formed: what must hold, mistakes."""

from collections.abc import Callable

import torch
from einops import einsum
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.roofline import logits_moments
from axialkit.course.samples import draw

Moments = tuple[Tensor, Tensor]


def _logits(q: Tensor, k: Tensor) -> Tensor:
    return einsum(q, k, "b head i d, b head j d -> b head i j")


def _materialized(q: Tensor, k: Tensor) -> Moments:
    logits = _logits(q, k)
    return logits.mean((0, 2, 3)), logits.var((0, 2, 3), correction=0)


def _pair(seed: int, *shape: int, shift: float = 0.5) -> tuple[Tensor, Tensor]:
    return draw(seed, *shape).double() + shift, draw(seed + 1, *shape).double() - 0.3


def _parts(moments: Function, q: Tensor, k: Tensor) -> Moments:
    got = moments(q, k)
    assert isinstance(got, tuple | list) and len(got) == 2, "return two tensors: mean, variance"
    for name, part in zip(("mean", "variance"), got, strict=True):
        assert isinstance(part, Tensor), f"{name}: expected a tensor, got {type(part).__name__}"
        assert list(part.shape) == [q.shape[1]], (
            f"{name}: expected one number per head, [{q.shape[1]}], got {list(part.shape)}"
        )
        assert part.dtype == q.dtype, (
            f"{name}: q and k are {q.dtype}, yours is {part.dtype}. torch.zeros and torch.tensor "
            "make float32 unless told otherwise: dtype=q.dtype"
        )
    return got[0], got[1]


def _one_per_head(moments: Function) -> None:
    for shape in ((2, 3, 5, 4), (1, 1, 1, 2), (3, 2, 7, 1)):
        _parts(moments, *_pair(0, *shape))


def _by_hand(moments: Function) -> None:
    """Depth 1: the logits are 1 * 3, 1 * 5, 2 * 3, 2 * 5."""
    q = torch.tensor([1.0, 2.0]).view(1, 1, 2, 1).double()
    k = torch.tensor([3.0, 5.0]).view(1, 1, 2, 1).double()
    mean, variance = (float(part) for part in _parts(moments, q, k))
    assert abs(mean - 6) < 1e-6 and abs(variance - 6.5) < 1e-6, (
        "queries 1, 2 and keys 3, 5 of depth 1 have the logits 3, 5, 6, 10: mean 6, variance "
        f"(9 + 1 + 0 + 16) / 4 = 6.5. You say {mean:.4g} and {variance:.4g}"
    )


def _are_the_real_ones(moments: Function) -> None:
    for seed, shape in enumerate(((3, 2, 6, 4), (1, 3, 9, 2), (2, 1, 1, 5))):
        q, k = _pair(10 * seed, *shape)
        lines, _, length, _ = shape
        pairs = f"{lines} x {length} x {length} logits in a head"
        found, expected = _parts(moments, q, k), _materialized(q, k)
        for name, got, want in zip(("mean", "variance"), found, expected, strict=True):
            assert torch.allclose(got.double(), want, rtol=1e-6, atol=1e-9), (
                f"{list(shape)}, {pairs}: the {name} of the logits themselves is "
                f"{float(want[0]):.6g} for head 0, yours is {float(got[0]):.6g}. Queries meet the "
                "keys of their own line only"
            )


class Largest(TorchDispatchMode):
    """Notes the largest result of any operation."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., object],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> object:
        result = func(*args, **(kwargs or {}))
        sizes = [leaf.numel() for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        self.numbers = max([self.numbers, *sizes])
        return result


def _no_map(moments: Function) -> None:
    q, k = _pair(30, 1, 2, 64, 3)
    with Largest() as largest:
        moments(q, k)
    pairs = 64 * 64
    assert largest.numbers < pairs, (
        f"one of your tensors holds {largest.numbers} numbers. With 64 queries, 64 keys and depth "
        f"3 no head needs more than 64 x 3; {pairs} per head would be the logits themselves"
    )


def _with(
    q: Tensor, k: Tensor, *, unbiased: bool = False, mixed: bool = False, centered: bool = True
) -> Moments:
    """Compute the moments with one thing wrong."""
    numbers = q.shape[0] * q.shape[2] * k.shape[2]
    mean, _ = logits_moments(q, k)
    keep = "head" if mixed else "b head"
    gram_q, gram_k = (einsum(x, x, f"b head i d, b head i c -> {keep} d c") for x in (q, k))
    squares = einsum(gram_q, gram_k, f"{keep} d c, {keep} d c -> head")
    variance = squares / numbers - (mean**2 if centered else 0)
    return mean, variance * (numbers / max(1, numbers - 1) if unbiased else 1)


def _mean_of_mixed(q: Tensor, k: Tensor) -> Moments:
    mean = (q.mean((0, 2)) * k.mean((0, 2))).sum(-1)
    square_mean = logits_moments(q, k)[1] + logits_moments(q, k)[0] ** 2
    return mean, square_mean - mean**2


def _scaled(q: Tensor, k: Tensor) -> Moments:
    root = q.shape[-1] ** 0.5
    mean, variance = logits_moments(q, k)
    return mean / root, variance / root**2


def _diagonal(q: Tensor, k: Tensor) -> Moments:
    mean, _ = logits_moments(q, k)
    numbers = q.shape[0] * q.shape[2] * k.shape[2]
    squares = einsum(q**2, "b head i d -> b head d") * einsum(k**2, "b head j d -> b head d")
    return mean, squares.sum((0, 2)) / numbers - mean**2


LOGITS_MOMENTS = Exercise(
    key="7.5",
    name="logits_moments",
    goal="E",
    solution=logits_moments,
    properties=(
        Property("a mean and a variance per head", _one_per_head),
        Property("two queries and two keys, by hand", _by_hand),
        Property("they are those of the logits themselves", _are_the_real_ones),
        Property("no map of length x length is formed", _no_map),
    ),
    probes=(_pair(40, 2, 3, 5, 4), _pair(42, 3, 2, 8, 3), _pair(44, 2, 1, 3, 2, shift=1.5)),
    mutants=(
        Mutant(
            "mean of the squares",
            lambda q, k: _with(q, k, centered=False),
            "the second number is the mean of the squares. The variance is that minus the square "
            "of the mean.",
        ),
        Mutant(
            "one less",
            lambda q, k: _with(q, k, unbiased=True),
            "the variance is divided by one less than the number of logits. Batch norm divides by "
            "their number.",
        ),
        Mutant(
            "standard deviation",
            lambda q, k: (logits_moments(q, k)[0], logits_moments(q, k)[1].sqrt()),
            "the second number is the standard deviation. Leave the root out.",
        ),
        Mutant(
            "lines mixed",
            lambda q, k: _with(q, k, mixed=True),
            "the Gram matrices are summed over the lines (b) before they are multiplied: queries "
            "meet the keys of other lines. Multiply line by line, then sum.",
        ),
        Mutant(
            "mean over mixed lines",
            _mean_of_mixed,
            "the mean lets queries meet the keys of other lines: sum the queries of EACH line and "
            "its keys, multiply, and only then sum over the lines.",
        ),
        Mutant(
            "diagonal only",
            _diagonal,
            "only the squares q_d q_d and k_d k_d are there: the diagonals of the Gram matrices. "
            "Mixed products of channels d and c belong to the square of a sum.",
        ),
        Mutant(
            "divided by the root",
            _scaled,
            "the logits are divided by the root of the depth. Not in this attention: the batch "
            "norm sees to their size.",
        ),
        Mutant(
            "all heads together",
            lambda q, k: _together(q, k),
            "all heads share one mean and one variance. Batch norm keeps them for each head.",
        ),
    ),
    hints=(
        "in: q, k [b, head, length, d]; out: two tensors [head].",
        "the sum of all q_i · k_j of a line is (sum of its q_i) · (sum of its k_j). The sum of "
        "their squares is the sum over all entries of Gram(q) times Gram(k), entry by entry, where "
        "Gram(x) = sum over i of x_i x_i^T, [d, d].",
        'gram_q = einsum(q, q, "b head i d, b head i c -> b head d c"), likewise gram_k; '
        "(gram_q * gram_k).sum((0, 2, 3)) is the sum of squares of each head.",
    ),
)


def _together(q: Tensor, k: Tensor) -> Moments:
    mean, variance = logits_moments(q, k)
    square = (variance + mean**2).mean()
    one = mean.mean()
    return one.expand_as(mean), (square - one**2).expand_as(mean)
