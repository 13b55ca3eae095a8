"""Lesson 10, exercise 10.4, a batch in pieces: what must hold, typical mistakes, hints."""

import copy
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from axialkit.course.kinds import kind
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.parts import accumulate_gradients


class _Used(nn.Sequential):
    """A network in whose gradients something is left of an earlier step."""

    def __deepcopy__(self, memo: Any) -> "_Used":  # noqa: ANN401  (copying forgets gradients)
        new = _Used(*(copy.deepcopy(layer) for layer in self))
        for weight in new.parameters():
            weight.grad = torch.ones_like(weight)
        return new


def _classifier(dtype: torch.dtype = torch.float64, made: type = nn.Sequential) -> nn.Module:
    generator = torch.Generator().manual_seed(4)
    net = made(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).to(dtype)
    for weight in net.parameters():
        weight.data = torch.randn(weight.shape, generator=generator, dtype=dtype)
    return net


def _batch(size: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(size)
    x = torch.randn(size, 5, generator=generator, dtype=dtype)
    return x, torch.randint(3, (size,), generator=generator)


def _at_once(net: nn.Module, x: Tensor, y: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(F.cross_entropy(net(x), y), list(net.parameters())))


def _one_per_weight(accumulate: Function) -> None:
    net, (x, y) = _classifier(), _batch(6)
    got = accumulate(net, x, y, 2)
    assert isinstance(got, list | tuple), f"it returns {kind(got)}, expected a list of tensors"
    shapes = [list(getattr(each, "shape", ())) for each in got]
    expected = [list(weight.shape) for weight in net.parameters()]
    assert shapes == expected, f"the gradients have the shapes {shapes}, the weights {expected}"


def _as_at_once(accumulate: Function, sizes: tuple[tuple[int, int], ...]) -> None:
    for dtype, tolerance in ((torch.float64, 1e-9), (torch.float32, 1e-5)):
        for size, pieces in sizes:
            net, (x, y) = _classifier(dtype), _batch(size, dtype)
            pairs = zip(accumulate(net, x, y, pieces), _at_once(net, x, y), strict=True)
            for number, (got, expected) in enumerate(pairs):
                apart = float((got - expected).abs().max())
                assert apart < tolerance, (
                    f"{size} images in {pieces} pieces: the gradient of weight {number} differs by "
                    f"up to {apart:.3g} from that of the batch at once, whose largest number is "
                    f"{float(expected.abs().max()):.3g}"
                )


def _equal_pieces(accumulate: Function) -> None:
    _as_at_once(accumulate, ((6, 1), (6, 2), (6, 3), (4, 4)))


def _other_pieces(accumulate: Function) -> None:
    _as_at_once(accumulate, ((7, 2), (8, 3), (5, 4)))


def _one_at_a_time(accumulate: Function) -> None:
    for size, pieces in ((8, 4), (8, 3), (6, 6)):
        net = _classifier()
        seen: list[int] = []
        net.register_forward_pre_hook(lambda _, given, seen=seen: seen.append(len(given[0])))
        accumulate(net, *_batch(size), pieces)
        most, allowed = max(seen, default=0), -(-size // pieces)
        assert most <= allowed, (
            f"{size} images in {pieces} pieces: {most} go through the network at once, {allowed} "
            "would fit"
        )


def _nothing_old(accumulate: Function) -> None:
    net, (x, y) = _classifier(made=_Used), _batch(6)
    for got, expected in zip(accumulate(net, x, y, 3), _at_once(net, x, y), strict=True):
        assert torch.allclose(got, expected, atol=1e-9), (
            "the network came with gradients of an earlier step, and they are still in the result"
        )


def _accumulated(
    net: nn.Module, parts: list[tuple[Tensor, Tensor, float]], *, zero: str = "once"
) -> list[Tensor]:
    """Add up the gradients of pieces, each with its factor."""
    if zero == "once":
        net.zero_grad()
    for x, y, factor in parts:
        if zero == "each":
            net.zero_grad()
        (F.cross_entropy(net(x), y) * factor).backward()
    return [weight.grad for weight in net.parameters() if weight.grad is not None]


def _cut(
    x: Tensor, y: Tensor, pieces: int, factor: float = 1.0
) -> list[tuple[Tensor, Tensor, Any]]:
    return [(*pair, factor) for pair in zip(x.chunk(pieces), y.chunk(pieces), strict=True)]


def _shares(x: Tensor, y: Tensor, pieces: int) -> list[tuple[Tensor, Tensor, Any]]:
    return [(a, b, len(a) / len(x)) for a, b, _ in _cut(x, y, pieces)]


def _whole_pieces_only(net: nn.Module, x: Tensor, y: Tensor, pieces: int) -> list[Tensor]:
    size = len(x) // pieces
    x, y = x[: size * pieces], y[: size * pieces]
    return _accumulated(net, _shares(x, y, pieces))


ACCUMULATE_GRADIENTS = Exercise(
    key="10.4",
    name="accumulate_gradients",
    goal="D",
    solution=accumulate_gradients,
    properties=(
        Property("one gradient per weight, of its shape", _one_per_weight),
        Property("equal pieces: as the batch at once", _equal_pieces),
        Property("pieces of several sizes, too", _other_pieces),
        Property("no more than one piece goes through the network at a time", _one_at_a_time),
        Property("what was in the gradients before does not count", _nothing_old),
    ),
    probes=(
        (_classifier(), *_batch(6), 3),
        (_classifier(), *_batch(8), 3),
        (_classifier(made=_Used), *_batch(7), 2),
    ),
    mutants=(
        Mutant(
            "sum instead of mean",
            lambda net, x, y, pieces: _accumulated(net, _cut(x, y, pieces)),
            "the gradients of the pieces are added up as they are: the result grows with the "
            "number of pieces, like a learning rate. Every piece counts by its share of the batch.",
        ),
        Mutant(
            "mean of the pieces",
            lambda net, x, y, pieces: _accumulated(net, _cut(x, y, pieces, 1 / pieces)),
            "each piece counts alike, whatever its size, so images of a small piece count more. "
            "The factor is len(piece) / len(x).",
        ),
        Mutant(
            "the last piece only",
            lambda net, x, y, pieces: _accumulated(net, _shares(x, y, pieces), zero="each"),
            "zero_grad stands within the loop: every piece forgets those before it.",
        ),
        Mutant(
            "the rest dropped",
            _whole_pieces_only,
            "images that do not fill a piece are left out.",
        ),
        Mutant(
            "all at once",
            lambda net, x, y, pieces: _accumulated(net, [(x, y, 1.0)]),
            "the gradients are right, but more than a piece goes through the network at once, and "
            "memory was the reason for pieces.",
        ),
        Mutant(
            "old gradients",
            lambda net, x, y, pieces: _accumulated(net, _shares(x, y, pieces), zero="never"),
            "what an earlier step has left in the gradients is added, too: net.zero_grad() first.",
        ),
    ),
    hints=(
        "out: [weight.grad for weight in net.parameters()]. x.chunk(pieces) cuts x along its first "
        "axis; y is cut likewise.",
        "backward adds to what is in .grad already: once zero_grad, then loss and backward for "
        "each piece. The mean over the batch is a sum of the pieces' means, each times its share.",
        "(torch.nn.functional.cross_entropy(net(part), truth) * len(part) / len(x)).backward()",
    ),
)
