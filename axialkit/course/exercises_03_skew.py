"""Lesson 03, exercise 3.3, the skew: what must hold, typical mistakes, hints."""

from collections.abc import Collection
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

from axialkit.course.distances import skew
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.samples import draw

_GATHERS = ("aten::gather", "aten::index", "aten::index_select", "aten::take", "aten::embedding")


class _Recorded(TorchDispatchMode):
    """Keeps the names of all operations, whatever way the learner calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Collection[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  (whatever the operation returns)
        self.names.add(func._schema.name)
        return func(*args, **(kwargs or {}))


def _scores_per_key(skewed: Function) -> None:
    for leading, length in (((), 4), ((2,), 3), ((2, 3), 5), ((1, 2, 2), 2), ((3,), 1)):
        shape = [*leading, length, length]
        got = list(skewed(draw(0, *leading, length, 2 * length - 1)).shape)
        assert got == shape, (
            f"{[*leading, length, 2 * length - 1]} must become {shape}, not {got}"
            + (" (a line of one place)" if length == 1 else "")
        )


def _each_in_its_place(skewed: Function) -> None:
    for seed, (leading, length) in enumerate((((), 4), ((2,), 3), ((2, 3), 5), ((3,), 1))):
        x = draw(seed, *leading, length, 2 * length - 1)
        got = skewed(x)
        for i in range(length):
            for j in range(length):
                row = j - i + length - 1
                assert torch.equal(got[..., i, j], x[..., i, row]), (
                    f"query {i} and key {j} are {j - i} apart: their score stands at place {row} "
                    f"of the query's {2 * length - 1} scores (L = {length})"
                )


def _any_memory(skewed: Function) -> None:
    x = draw(7, 7, 4).T
    assert torch.equal(skewed(x), skewed(x.contiguous())), (
        "the result depends on how the numbers lie in memory: x is a transposed tensor here"
    )


def _no_gather(skewed: Function) -> None:
    with _Recorded() as recorded:
        skewed(draw(8, 2, 4, 7))
    found = sorted(recorded.names.intersection(_GATHERS))
    assert not found, (
        f"right so far, but it picks every number by an index ({found[0]}). The point is to do "
        "without: padding, reshaping and slices are enough"
    )


def _skewed_from(x: Tensor, pad: tuple[int, int], start: int) -> Tensor:
    """Pad, lay flat, begin at ``start``, cut into rows of the old length, keep the first."""
    length, width = x.shape[-2:]
    flat = rearrange(F.pad(x, pad), "... i r -> ... (i r)")
    flat = F.pad(flat[..., start:], (0, start))[..., : length * width]
    return rearrange(flat, "... (i r) -> ... i r", i=length)[..., :length]


SKEW = Exercise(
    key="3.3",
    name="skew",
    goal="C",
    solution=skew,
    properties=(
        Property("a score per key, whatever axes come before", _scores_per_key),
        Property("the score of a pair is the one of its distance", _each_in_its_place),
        Property("however the numbers lie in memory", _any_memory),
        Property("no gather: nothing is picked by an index", _no_gather),
    ),
    probes=(
        (draw(1, 4, 7),),
        (draw(2, 2, 3, 5),),
        (draw(3, 2, 2, 5, 9).double(),),
        (draw(4, 3, 1, 1),),
    ),
    mutants=(
        Mutant(
            "first columns kept",
            lambda x: x[..., : x.shape[-2]],
            "every query keeps its first L scores, which are those of far left keys. The rows have "
            "to be moved first, each by another step.",
        ),
        Mutant(
            "nothing dropped",
            lambda x: _skewed_from(x, (0, 1), 0),
            "padded and cut anew, but nothing is dropped at the front: query 0 begins with its "
            "farthest left distance. Its first key is itself, L - 1 further.",
        ),
        Mutant(
            "L dropped",
            lambda x: _skewed_from(x, (0, 1), x.shape[-2]),
            "one number too many is dropped at the front: everything is one distance too far to "
            "the right. Distance 0 of query 0 stands at place L - 1.",
        ),
        Mutant(
            "padded in front",
            lambda x: _skewed_from(x, (1, 0), x.shape[-2] - 1),
            "every score is that of the next distance to the left: either the pad stands in front "
            "of the rows instead of behind them, or one number too few is dropped at the front.",
        ),
        Mutant(
            "not padded",
            lambda x: _skewed_from(x, (0, 0), x.shape[-2] - 1),
            "every query keeps its last L scores, as if it were query 0: without a pad, rows of "
            "2L - 1 are cut into rows of 2L - 1, and all begin alike. The pad makes each begin one "
            "place earlier than the one above.",
        ),
        Mutant(
            "keys backwards",
            lambda x: skew(x).flip(-1),
            "the right scores, but from the last key to the first.",
        ),
        Mutant(
            "left and right swapped",
            lambda x: skew(x.flip(-1)),
            "left and right are swapped: key j gets the score of distance i - j.",
        ),
    ),
    hints=(
        "in: [..., L, 2L - 1]; out: [..., L, L]. L is x.shape[-2].",
        "follow the film: a zero at the end of each row (F.pad), one long list, drop L - 1 in "
        "front and 1 behind, rows of 2L - 1 again, keep L.",
        'flat = rearrange(F.pad(x, (0, 1)), "... i r -> ... (i r)") makes the long list; cut it '
        'with flat[..., L - 1 : -1] and rearrange(..., "... (i r) -> ... i r", i=L).',
    ),
)
