"""Lesson 10, exercise 10.4, a batch in pieces: what must hold, typical mistakes, hints."""

import copy
import weakref
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


class _Kept:
    """A tensor that a forward pass keeps for backward; gone when nobody needs it any more."""

    def __init__(self, tensor: Tensor, piece: float) -> None:
        self.tensor, self.piece = tensor.detach(), piece  # with its graph it would never go


class _Watchful(nn.Module):
    """A layer that sees, and whose answer tells, how much is in memory at once."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: weakref.WeakSet[_Kept] = weakref.WeakSet()
        self.seen: list[tuple[int, int]] = []  # of every pass: images, and what others still keep

    def __deepcopy__(self, memo: Any) -> "_Watchful":  # noqa: ANN401  (checks work on copies)
        new = _Watchful()
        new.seen = self.seen
        return new

    def forward(self, x: Tensor) -> Tensor:
        piece = float(x.detach().sum())
        images, kept = len(x), sum(each.piece != piece for each in self.kept)
        self.seen.append((images, kept))

        def keep(tensor: Tensor) -> _Kept:
            new = _Kept(tensor, piece)
            self.kept.add(new)
            return new

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda each: each.tensor):
            return torch.tanh(x) * images * (1 + kept)


def _classifier(dtype: torch.dtype = torch.float64, made: type = nn.Sequential) -> nn.Sequential:
    generator = torch.Generator().manual_seed(4)
    net: nn.Sequential = made(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 3)).to(dtype)
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


def _seen(accumulate: Function, size: int, pieces: int) -> list[tuple[int, int]]:
    """Return of every pass through the network the images, and what earlier ones still keep."""
    net, watch = _classifier(), _Watchful()
    net.insert(1, watch)
    accumulate(net, *_batch(size), pieces)
    return watch.seen


def _one_at_a_time(accumulate: Function) -> None:
    for size, pieces in ((8, 4), (8, 3), (6, 6)):
        most = max((images for images, _ in _seen(accumulate, size, pieces)), default=0)
        allowed = -(-size // pieces)
        assert most <= allowed, (
            f"{size} images in {pieces} pieces: {most} go through the network at once, {allowed} "
            "would fit"
        )
        assert most == allowed, (
            f"{size} images in {pieces} pieces: {allowed} may go through the network at once, here "
            f"it is {most} at most"
        )


def _memory_is_free(accumulate: Function) -> None:
    for size, pieces in ((8, 4), (7, 2)):
        held = sum(kept > 0 for _, kept in _seen(accumulate, size, pieces))
        assert held == 0, (
            f"{size} images in {pieces} pieces: {held} times a piece begins while memory still "
            "holds what an earlier one keeps for its backward"
        )


def _nothing_old(accumulate: Function) -> None:
    net, (x, y) = _classifier(made=_Used), _batch(6)
    for got, expected in zip(accumulate(net, x, y, 3), _at_once(net, x, y), strict=True):
        assert torch.allclose(got, expected, atol=1e-9), (
            "the network came with gradients of an earlier step, and they are still in the result"
        )


def _accumulated(
    net: nn.Module, parts: list[tuple[Tensor, Tensor, Any]], *, zero: str = "once"
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


def _one_backward(net: nn.Module, x: Tensor, y: Tensor, pieces: int) -> list[Tensor]:
    net.zero_grad()
    total = torch.zeros((), dtype=x.dtype)
    for part, truth, share in _shares(x, y, pieces):
        total = total + share * F.cross_entropy(net(part), truth)
    total.backward()
    return [weight.grad for weight in net.parameters() if weight.grad is not None]


def _one_by_one(net: nn.Module, x: Tensor, y: Tensor, pieces: int) -> list[Tensor]:
    return _accumulated(net, _shares(x, y, len(x)))


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
        Property("its memory is free before the next one begins", _memory_is_free),
        Property("what was in the gradients before does not count", _nothing_old),
    ),
    probes=(
        (_classifier(), *_batch(6), 3),
        (_classifier(), *_batch(8), 3),
        (_classifier(made=_Used), *_batch(7), 2),
        (_classifier().insert(1, _Watchful()), *_batch(8), 4),
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
            "one backward",
            _one_backward,
            "the gradients are right, but backward comes once, after all pieces: until then all of "
            "them stay in memory. Call it for each piece; it adds to what is in .grad.",
        ),
        Mutant(
            "image by image",
            _one_by_one,
            "the gradients are right, but single images go through the network, whatever `pieces` "
            "says. Larger pieces, as large as memory allows, take less time.",
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
