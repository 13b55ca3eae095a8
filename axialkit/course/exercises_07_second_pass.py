"""Lesson 07, exercise 7.4, weights that were never stored: what must hold, mistakes, hints."""

from collections.abc import Callable

import torch
from einops import einsum
from torch import Tensor

from axialkit.course.exercises_07_moments import Largest
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.roofline import value_rel_from_lse
from axialkit.course.samples import draw


class LogitsOf:
    """Computes the logits of some keys, as often as it is asked; notes how many at a time."""

    def __init__(self, logits: Tensor) -> None:
        self.logits, self.asked = logits, 0

    def __call__(self, keys: slice) -> Tensor:
        part = self.logits[..., keys]
        self.asked = max(self.asked, part.shape[-1])
        return part.clone()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogitsOf) and torch.equal(self.logits, other.logits)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "logits_of"


Second = tuple[Callable[[slice], Tensor], Tensor, Tensor, int]


def _second(seed: int, shape: tuple[int, int, int], e: int, block: int) -> Second:
    b, heads, length = shape
    logits = 2 * draw(seed, b, heads, length, length)
    return LogitsOf(logits), logits.logsumexp(-1), draw(seed + 1, length, length, e), block


def _expected(case: Second) -> Tensor:
    logits_of, _, r_v, _ = case
    return einsum(logits_of(slice(None)).softmax(-1), r_v, "b head i j, i j e -> b head i e")


def _a_vector_per_query(value: Function) -> None:
    for case in (_second(0, (2, 3, 5), 4, 2), _second(2, (1, 1, 6), 3, 6)):
        got, expected = list(value(*case).shape), list(_expected(case).shape)
        assert got == expected, f"expected {expected}: a vector for every query, got {got}"


def _any_block(value: Function) -> None:
    for block in (7, 1, 3, 4, 10):
        case = _second(4, (1, 2, 7), 3, block)
        off = float((value(*case) - _expected(case)).abs().max())
        assert off < 1e-5, (
            f"7 keys in blocks of {block}: off from the sum under the whole softmax by {off:.3g}"
        )


def _few_at_a_time(value: Function) -> None:
    """A closure, so that the copy that the check hands over notes it here."""
    case = _second(6, (1, 2, 8), 3, 3)
    most: list[int] = []

    def logits_of(keys: slice) -> Tensor:
        part = case[0](keys)
        most.append(part.shape[-1])
        return part

    value(logits_of, *case[1:])
    assert most, "logits_of is never called: where do the weights come from?"
    assert max(most) <= 3, (
        f"with block 3 you ask for {max(most)} of the 8 keys at a time: that would be the whole "
        "map again"
    )


def _no_map(value: Function) -> None:
    """Vectors are few and small here, so that nothing but a map, or more, holds as much."""
    logits = 2 * draw(12, 4, 4, 16, 16)
    lse, r_v = logits.logsumexp(-1), draw(13, 16, 16, 2)
    with Largest() as largest:
        value(lambda keys: logits[..., keys].clone(), lse, r_v, 2)
    assert largest.numbers < logits.numel(), (
        f"one of your tensors holds {largest.numbers} numbers, and the whole map has "
        f"{logits.numel()}. Use the weights of a block and forget them: add up what each block "
        "retrieves"
    )


def _large_logits(value: Function) -> None:
    logits = 3 * draw(8, 1, 1, 5, 5) + 200
    r_v = draw(9, 5, 5, 2)
    got = value(LogitsOf(logits), logits.logsumexp(-1), r_v, 2)
    expected = einsum(logits.softmax(-1), r_v, "b head i j, i j e -> b head i e")
    off = float((got - expected).abs().max())
    assert off < 1e-3, (
        f"logits of about 200: e to the power of 200 is too large for a float32, and you get "
        f"{float(got.flatten()[0]):.3g}. Subtract lse first, then take the exponential."
    )


def _has_gradients(value: Function) -> None:
    logits = draw(10, 1, 1, 4, 4).double().requires_grad_()
    r_v = draw(11, 4, 4, 2).double().requires_grad_()

    def whole(x: Tensor, r: Tensor) -> Tensor:
        return value(lambda keys: x[..., keys].clone(), x.logsumexp(-1), r, 3)

    got = whole(logits.detach(), r_v.detach()).dtype
    assert got == torch.float64, (
        f"logits, lse and r_v are {torch.float64} here, your answer is {got}. torch.zeros makes "
        "float32 unless told otherwise; lse.new_zeros(...) makes what lse is"
    )
    try:
        right = torch.autograd.gradcheck(whole, (logits, r_v), raise_exception=False)
    except RuntimeError:
        right = False
    assert right, (
        "torch.autograd.gradcheck finds other slopes than autograd, or none. Is something "
        "detached, under no_grad, or turned into a NumPy array on the way?"
    )


def _block_by_block(weigh: Callable[[Tensor, Tensor], Tensor]) -> Function:
    def value(logits_of: Callable[[slice], Tensor], lse: Tensor, r_v: Tensor, block: int) -> Tensor:
        total = torch.zeros(*lse.shape, r_v.shape[-1], dtype=lse.dtype)
        for start in range(0, r_v.shape[1], block):
            keys = slice(start, start + block)
            weights = weigh(logits_of(keys), lse)
            total = total + einsum(weights, r_v[:, keys], "b head i j, i j e -> b head i e")
        return total

    return value


def _last_block_only(
    logits_of: Callable[[slice], Tensor], lse: Tensor, r_v: Tensor, block: int
) -> Tensor:
    start = (r_v.shape[1] - 1) // block * block
    keys = slice(start, start + block)
    weights = (logits_of(keys) - lse[..., None]).exp()
    return einsum(weights, r_v[:, keys], "b head i j, i j e -> b head i e")


def _whole_blocks_only(
    logits_of: Callable[[slice], Tensor], lse: Tensor, r_v: Tensor, block: int
) -> Tensor:
    total = torch.zeros(*lse.shape, r_v.shape[-1], dtype=lse.dtype)
    for start in range(0, r_v.shape[1] - block + 1, block):
        keys = slice(start, start + block)
        weights = (logits_of(keys) - lse[..., None]).exp()
        total = total + einsum(weights, r_v[:, keys], "b head i j, i j e -> b head i e")
    return total


def _first_vectors(
    logits_of: Callable[[slice], Tensor], lse: Tensor, r_v: Tensor, block: int
) -> Tensor:
    total = torch.zeros(*lse.shape, r_v.shape[-1], dtype=lse.dtype)
    for start in range(0, r_v.shape[1], block):
        weights = (logits_of(slice(start, start + block)) - lse[..., None]).exp()
        vectors = r_v[:, : weights.shape[-1]]
        total = total + einsum(weights, vectors, "b head i j, i j e -> b head i e")
    return total


VALUE_REL_FROM_LSE = Exercise(
    key="7.4",
    name="value_rel_from_lse",
    goal="D",
    solution=value_rel_from_lse,
    properties=(
        Property("a vector for every query", _a_vector_per_query),
        Property("blocks of any size give the same", _any_block),
        Property("never more than a block of keys at a time", _few_at_a_time),
        Property("no map is put together", _no_map),
        Property("large logits do no harm", _large_logits),
        Property("gradients flow, in float64 (gradcheck)", _has_gradients),
    ),
    probes=(
        _second(20, (2, 3, 5), 4, 2),
        _second(22, (1, 2, 7), 3, 3),
        _second(24, (1, 1, 1), 2, 4),
        _second(26, (2, 1, 6), 2, 6),
    ),
    mutants=(
        Mutant(
            "softmax of the block",
            _block_by_block(lambda logits, lse: logits.softmax(-1)),
            "each block has a softmax of its own, so every block's weights sum to 1. All blocks "
            "together must: that is what lse is for.",
        ),
        Mutant(
            "exponential alone",
            _block_by_block(lambda logits, lse: logits.exp()),
            "these are exponentials of the logits, not yet divided by their sum over all keys. "
            "exp(logit - lse) divides.",
        ),
        Mutant(
            "divided by lse",
            _block_by_block(lambda logits, lse: logits.exp() / lse[..., None]),
            "lse is the LOGARITHM of the sum: divide by exp(lse), or better, subtract lse before "
            "the exponential.",
        ),
        Mutant(
            "lse of the keys",
            _block_by_block(
                lambda logits, lse: (
                    logits - lse[:, :, None, : logits.shape[-1]].expand_as(logits)
                ).exp()
            ),
            "lse is subtracted along the keys. There is one lse per QUERY: lse[..., None].",
        ),
        Mutant(
            "last block only",
            _last_block_only,
            "only the last block is left. Add up what all blocks retrieve.",
        ),
        Mutant(
            "rest left out",
            _whole_blocks_only,
            "keys at the end are left out where the length is no multiple of the block.",
        ),
        Mutant(
            "always the first vectors",
            _first_vectors,
            "every block is multiplied with the first columns of r_v. A block of keys needs their "
            "own: r_v[:, keys].",
        ),
    ),
    hints=(
        "in: a function, lse [b, head, i], r_v [i, j, e], a whole number; out: [b, head, i, e].",
        "go over the keys, a block at a time; the weights of a block are exp(logits - lse), with "
        "one lse per query; add up weights times r_v of these keys.",
        "keys = slice(start, start + block); weights = (logits_of(keys) - lse[..., None]).exp(); "
        'then einsum(weights, r_v[:, keys], "b head i j, i j e -> b head i e")',
    ),
)
