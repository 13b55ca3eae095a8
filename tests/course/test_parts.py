"""Lesson 10's functions against the package's own, and training in pieces."""

import functools

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from axialkit.config import get_preset
from axialkit.course import drift
from axialkit.course.checks import judge
from axialkit.course.exercises_10_pieces import ACCUMULATE_GRADIENTS
from axialkit.course.exercises_10_ring import ALL_REDUCE_MEAN
from axialkit.course.exercises_10_scores import MERGE_PQ_STATS
from axialkit.course.exercises_10_step import SHARED_STEP
from axialkit.course.parts import lr_for, merge_pq_stats, shard_indices, shared_step
from axialkit.course.ring import all_reduce_mean
from axialkit.course.thread_peers import numbers, play
from axialkit.evaluation.panoptic_quality import NUM_CLASSES, PanopticQuality
from axialkit.training import small_task
from axialkit.training.schedule import peak_rate


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("size", [(10,), (3, 4), (1,), (), (0,)])
def test_the_ring_averages(count: int, size: tuple[int, ...]) -> None:
    xs = numbers(count, size)
    for got in play(count, lambda peers: all_reduce_mean(xs[peers.rank], peers)).results:
        torch.testing.assert_close(got, sum(xs) / count)


def test_counts_merge_as_the_package_merges_them() -> None:
    counts = np.zeros((3, NUM_CLASSES, 4))
    counts[:, [0, 5, 13]] = np.random.default_rng(0).uniform(1, 5, (3, 3, 4))
    quality = PanopticQuality()
    for part in counts:
        other = PanopticQuality()
        other.counts = part
        quality.merge(other)
    assert merge_pq_stats(counts) == pytest.approx(quality.scores().all.pq)


def test_the_mutants_of_scores_are_wrong_on_lopsided_counts() -> None:
    lopsided = np.array([[[0.9, 1, 0, 0]], [[6.0, 10, 10, 10]]])
    (by_mean,) = (m.function(lopsided) for m in MERGE_PQ_STATS.mutants if m.name == "mean of PQs")
    assert by_mean > merge_pq_stats(lopsided) + 0.2


def test_a_class_that_only_false_segments_have_counts() -> None:
    def true_ones_only(counts: np.ndarray) -> float:
        total = counts.sum(axis=0)
        iou, tp, fp, fn = total[total[:, 1] + total[:, 3] > 0].T
        return float(np.mean(iou / (tp + fp / 2 + fn / 2)))

    assert "one only falsely: PQ is" in judge(MERGE_PQ_STATS, true_ones_only).problem


def test_a_ring_has_to_take_any_layout() -> None:
    verdict = judge(
        ALL_REDUCE_MEAN, lambda x, peers: all_reduce_mean(x.view(-1), peers).view(x.shape)
    )
    assert "another order" in verdict.problem and "view size is not compatible" in verdict.problem


def test_backward_through_messages_is_explained() -> None:
    def step(net, optimizer, part_loss, mean_over):
        optimizer.zero_grad()
        loss = mean_over(part_loss())
        loss.backward()

    verdict = judge(SHARED_STEP, step)
    assert "shared_step(2 processes, 2 steps of sgd) stops" in verdict.problem
    assert "backward does not find its way through messages" in verdict.problem


def test_a_mean_of_a_loss_with_its_graph_is_right() -> None:
    def step(net, optimizer, part_loss, mean_over):
        optimizer.zero_grad()
        loss = part_loss()
        loss.backward()
        for weight in net.parameters():
            weight.grad = mean_over(weight.grad)
        optimizer.step()
        return mean_over(loss)

    assert judge(SHARED_STEP, step).passed


def _in_pieces(net, x, y, pieces, *, keep=False, looks=False):
    net.zero_grad()
    losses = []
    for part, truth in zip(x.chunk(pieces), y.chunk(pieces), strict=True):
        answer = net(part)
        if looks:
            assert net(part).shape == answer.shape
        losses.append(F.cross_entropy(answer, truth) * len(part) / len(x))
        losses[-1].backward(retain_graph=keep)
    return [weight.grad for weight in net.parameters()]


@pytest.mark.parametrize(("keep", "looks"), [(False, False), (False, True), (True, False)])
def test_pieces_must_leave_memory(keep: bool, looks: bool) -> None:
    answer = functools.partial(_in_pieces, keep=keep, looks=looks)
    verdict = judge(ACCUMULATE_GRADIENTS, answer)
    assert verdict.passed is not keep
    assert not keep or (verdict.mutant is not None and verdict.mutant.name == "one backward")


def test_the_rate_is_the_packages() -> None:
    settings = get_preset("tiny").train
    scaled = type(settings)(learning_rate=0.01, batch_size=24, rate_for_batch=32)
    assert lr_for(3, 4, 2, 0.01, 32) == pytest.approx(peak_rate(scaled))


def test_a_frozen_weight_is_left_alone() -> None:
    net = nn.Linear(2, 1)
    net.bias.requires_grad_(False)
    optimizer = torch.optim.SGD([net.weight], 0.1)
    shared_step(net, optimizer, lambda: net(torch.ones(1, 2)).sum(), lambda x: x)
    assert net.bias.grad is None


def test_every_step_deals_all_images() -> None:
    for step in range(3):
        order = drift.order_of(step)
        parts = [shard_indices(order, rank, 3) for rank in range(3)]
        assert sorted(sum(parts, [])) == list(range(drift.IMAGES))
    assert drift.order_of(0) != drift.order_of(1)


def test_weights_stray_with_the_size_of_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift, "STEPS", 2)
    measured = drift.drift(0)
    assert 0.3 < measured["2 x 4"] < measured["4 x 2"] < measured["8 x 1"] < 1.3
    whole = drift.train_in_pieces(1)[-1]
    assert drift.strayed(whole, whole) == 0
    assert torch.get_default_dtype() == torch.float32


def test_the_small_task_is_the_same_everywhere() -> None:
    one, other = small_task.network(), small_task.network()
    assert torch.equal(small_task.flat(one), small_task.flat(other))
    batch = small_task.streets([3, 1])
    assert batch.image.shape == (2, 3, *small_task.SMALL)
    separate = [small_task.loss(one.eval(), small_task.streets([index])) for index in (3, 1)]
    torch.testing.assert_close(small_task.loss(one, batch), sum(separate) / 2)


def test_crops_lie_within_the_streets() -> None:
    assert small_task.streets([0], size=small_task.LARGER).image.shape == (1, 3, 57, 113)
