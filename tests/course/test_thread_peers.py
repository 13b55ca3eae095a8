"""Threads that play processes: messages in order, deadlocks noticed, traffic counted."""

import pytest
import torch

from axialkit.course.thread_peers import MessageError, numbers, play


def test_messages_arrive_in_order_and_are_copies() -> None:
    def talk(peers):
        if peers.rank == 0:
            x = torch.zeros(2)
            for value in (1.0, 2.0):
                peers.send(x.fill_(value), 1)
            return None
        return [peers.receive(0).tolist() for _ in range(2)]

    played = play(2, talk)
    assert played.results == [None, [[1.0, 1.0], [2.0, 2.0]]]
    assert played.sent == {(0, 1): 4}
    assert played.lost == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_waiting_for_nothing_is_told(count: int) -> None:
    with pytest.raises(MessageError, match="that is never sent|itself"):
        play(count, lambda peers: peers.receive((peers.rank + 1) % count))


def test_waiting_for_one_that_has_ended_is_told() -> None:
    with pytest.raises(MessageError, match="process 1 of 2 waits for a message of process 0"):
        play(2, lambda peers: peers.receive(0) if peers.rank else None)


def test_the_guilty_error_comes_first() -> None:
    def talk(peers):
        if peers.rank:
            raise KeyError("mine")
        return peers.receive(1)

    with pytest.raises(KeyError, match="mine"):
        play(2, talk)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda peers: peers.send(3.0, 1 - peers.rank), "only tensors can be sent, not a number"),
        (lambda peers: peers.send(torch.ones(1), 7), "of 2 processes none has the number 7"),
        (lambda peers: peers.send(torch.ones(1), peers.rank), "sends to, or receives from, itself"),
    ],
)
def test_impossible_messages_are_refused(act, words: str) -> None:
    with pytest.raises(MessageError, match=words):
        play(2, act)


def test_lost_messages_are_counted() -> None:
    assert play(2, lambda peers: peers.send(torch.ones(3), 1 - peers.rank)).lost == 2


def test_numbers_repeat() -> None:
    for one, other in zip(numbers(3, (2, 2)), numbers(3, (2, 2)), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(*numbers(2, (4,)))
