"""Lesson 10, exercise 10.2, the mean over all processes: what must hold, mistakes, hints."""

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from axialkit.course.kinds import kind
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.ring import Mailbox, all_reduce_mean
from axialkit.course.thread_peers import numbers, play


def in_a_ring(answer: Function) -> Function:
    """Let as many processes as there are tensors call an answer, each played by a thread.

    What comes back: the result of every process, who sent how many numbers to whom (rows send),
    and how many messages nobody received.
    """

    @functools.wraps(answer)
    def ring(xs: list[Tensor]) -> tuple[Any, ...]:
        played = play(len(xs), lambda peers: answer(xs[peers.rank], peers))
        sent = torch.zeros(len(xs), len(xs), dtype=torch.int64)
        for (source, to), count in played.sent.items():
            sent[source, to] = count
        return (*played.results, sent, played.lost)

    return ring


def _shapes_stay(ring: Function) -> None:
    for count, size in ((2, (6,)), (3, (2, 3)), (1, (4,))):
        for rank, got in enumerate(ring(numbers(count, size))[:count]):
            given = "nothing (is there a return?)" if got is None else kind(got)
            assert isinstance(got, Tensor), (
                f"process {rank} of {count} returns {given}, expected a tensor"
            )
            assert got.shape == size, (
                f"a tensor {list(size)} goes in, {list(got.shape)} comes out of process {rank} of "
                f"{count}"
            )


def _all_have_the_mean(ring: Function, sizes: tuple[tuple[int, ...], ...]) -> None:
    for count in (1, 2, 3, 4):
        for size in sizes:
            for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 1e-5)):
                xs = numbers(count, size, dtype)
                mean = torch.stack(xs).mean(dim=0)
                for rank, got in enumerate(ring(xs)[:count]):
                    assert got.dtype == dtype, f"{dtype} goes in, {got.dtype} comes out"
                    if not torch.allclose(got, mean, rtol=tolerance, atol=tolerance):
                        raise AssertionError(_far_off(got, mean, rank, count))


def _any_layout(ring: Function) -> None:
    """Gradients of convolutions lie in memory in another order than that of their axes."""
    for count in (1, 2, 3):
        xs = [x.mT for x in numbers(count, (2, 5))]
        mean = torch.stack(xs).mean(dim=0)
        for rank, got in enumerate(ring(xs)[:count]):
            if not torch.allclose(got, mean, rtol=1e-12, atol=1e-12):
                raise AssertionError(_far_off(got, mean, rank, count))


def _far_off(got: Tensor, mean: Tensor, rank: int, count: int) -> str:
    got, mean = got.flatten(), mean.flatten()
    place = int((got - mean).abs().argmax())
    return (
        f"process {rank} of {count} gets {float(got[place]):.4g} at place {place} of {len(got)}, "
        f"the mean over all is {float(mean[place]):.4g}"
    )


def _only_neighbors(ring: Function) -> None:
    for count in (2, 3, 4):
        *_, sent, lost = ring(numbers(count, (3 * count,)))
        for source, to in sent.nonzero().tolist():
            assert to == (source + 1) % count, (
                f"in a ring of {count}, process {source} sends to {to}; its right neighbor is "
                f"{(source + 1) % count}"
            )
        assert lost == 0, f"with {count} processes, {lost} messages are sent and never received"


def _little_is_sent(ring: Function) -> None:
    for count in (2, 3, 4, 5):
        size = 6 * count
        *_, sent, _ = ring(numbers(count, (size,)))
        most, fair = int(sent.sum(dim=1).max()), 2 * (count - 1) * 6
        assert most <= fair, (
            f"{count} processes with {size} numbers each: chunk by chunk, {fair} have to be sent "
            f"by each, here one sends {most}"
        )


def _whole_tensors(x: Tensor, peers: Mailbox) -> Tensor:
    total, passing = x.clone(), x
    for _ in range(peers.count - 1):
        peers.send(passing, (peers.rank + 1) % peers.count)
        passing = peers.receive((peers.rank - 1) % peers.count)
        total = total + passing
    return total / peers.count


def _one_neighbor(x: Tensor, peers: Mailbox) -> Tensor:
    if peers.count == 1:
        return x.clone()
    peers.send(x, (peers.rank + 1) % peers.count)
    return (x + peers.receive((peers.rank - 1) % peers.count)) / 2


def _one_does_it_all(x: Tensor, peers: Mailbox) -> Tensor:
    if peers.rank > 0:
        peers.send(x, 0)
        return peers.receive(0)
    total = x.clone()
    for other in range(1, peers.count):
        total = total + peers.receive(other)
    for other in range(1, peers.count):
        peers.send(total / peers.count, other)
    return total / peers.count


def _with(
    *, second: int = 1, shift: int = 0, start: int = 1, adds: bool = False
) -> Callable[[Tensor, Mailbox], Tensor]:
    """Return the ring with mistakes: steps left out, a chunk beside the right one, added twice."""

    def ring(x: Tensor, peers: Mailbox) -> Tensor:
        rank, count = peers.rank, peers.count
        right, left = (rank + 1) % count, (rank - 1) % count
        chunks = list(x.flatten().tensor_split(count))
        for step in range(count - 1):
            peers.send(chunks[(rank - step) % count], right)
            came, mine = peers.receive(left), (rank - step - 1 + shift) % count
            fits = chunks[mine].shape == came.shape
            chunks[mine] = chunks[mine] + came if fits else chunks[mine]
        for step in range(count - second):
            peers.send(chunks[(rank - step + start) % count], right)
            came, mine = peers.receive(left), (rank - step + start - 1) % count
            chunks[mine] = chunks[mine] + came if adds else came
        whole = torch.cat(chunks)
        return whole.reshape(x.shape) / count

    return ring


ALL_REDUCE_MEAN = Exercise(
    key="10.2",
    name="all_reduce_mean",
    goal="B",
    solution=all_reduce_mean,
    adapt=in_a_ring,
    properties=(
        Property("every process gets a tensor of the shape that it gave", _shapes_stay),
        Property(
            "all get the mean over all, with 1 to 4 processes",
            functools.partial(_all_have_the_mean, sizes=((12,), (2, 3, 4))),
        ),
        Property(
            "also of tensors that cannot be cut into equal chunks",
            functools.partial(_all_have_the_mean, sizes=((5,), (7, 1), (1,), ())),
        ),
        Property("and of tensors that lie in memory in another order", _any_layout),
        Property("messages go to the right neighbor only, and all are received", _only_neighbors),
        Property("chunk by chunk: no more is sent than has to be", _little_is_sent),
    ),
    probes=((numbers(2, (4,)),), (numbers(3, (6,)),), (numbers(4, (2, 4)),)),
    mutants=(
        Mutant(
            "the sum",
            lambda x, peers: all_reduce_mean(x, peers) * peers.count,
            "this is the sum over all processes. A mean needs a division by their number at last.",
        ),
        Mutant(
            "whole tensors",
            _whole_tensors,
            "the mean is right, but whole tensors travel around: each process sends count - 1 of "
            "them. Cut into chunks, less than two suffice, however many processes there are.",
        ),
        Mutant(
            "one neighbor",
            _one_neighbor,
            "each process knows itself and its left neighbor only. With two that is enough; with "
            "more, what was received has to travel on.",
        ),
        Mutant(
            "one does it all",
            _one_does_it_all,
            "process 0 collects, averages and sends back. The mean is right, but its line carries "
            "everything, and the others wait for it.",
        ),
        Mutant(
            "no second round",
            _with(second=10**6),
            "each process has the sum of one chunk only. A second round has to bring the finished "
            "sums to all.",
        ),
        Mutant(
            "added twice",
            _with(adds=True),
            "in the second round finished sums are added to what is there. There they take its "
            "place.",
        ),
        Mutant(
            "unfinished chunk sent",
            _with(start=0),
            "the second round begins with the chunk that began the first one: it holds the own "
            "numbers only. The finished one came last; its number is (rank + 1) % count.",
        ),
        Mutant(
            "the wrong chunk",
            _with(shift=1),
            "what arrives is added to the chunk that was sent, not to the chunk that it is. The "
            "left neighbor sends in step s its chunk (rank - 1 - s) % count.",
        ),
    ),
    hints=(
        "in: a tensor of any shape, and peers; out: a tensor of the same shape. x.flatten() "
        "and .reshape(x.shape) at the ends, .tensor_split(peers.count) between them.",
        "two loops of count - 1 steps. In each step: send one chunk to the right, receive one from "
        "the left. First loop: add it to your chunk of the same number. Second: put it in its "
        "place.",
        "first loop: peers.send(chunks[(rank - step) % count], right), then "
        "chunks[(rank - step - 1) % count] + peers.receive(left). Second loop: both numbers are "
        "larger by one.",
    ),
)
