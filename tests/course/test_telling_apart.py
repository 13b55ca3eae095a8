"""Sets of images, drawn and scored, against plain sums; the figure of the ablation."""

import numpy as np
import pytest
import torch

from axialkit.course.bands import band
from axialkit.course.measuring import pq
from axialkit.course.telling_apart import (
    SIZES,
    compare,
    draw_sets,
    drawn_pq,
    shipped_network,
    telling_apart,
    with_noise,
)
from axialkit.course.telling_apart_figures import describe_standings, draw_standings


@pytest.fixture
def counts() -> np.ndarray:
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 4, (10, 19, 4)).astype(float)
    counts[..., 0] = counts[..., 1] * rng.uniform(0.5, 1, (10, 19))
    return counts


def test_a_set_is_scored_like_its_images(counts: np.ndarray) -> None:
    weights = draw_sets(10, 6, seed=0)
    assert (weights.sum(axis=1) == 6).all()
    for row, score in zip(weights[:5], drawn_pq(counts, weights[:5]), strict=True):
        images = [image for image, times in enumerate(row) for _ in range(int(times))]
        assert score == pytest.approx(pq(counts[images].sum(axis=0))[0])


def test_a_clearly_better_network_always_wins(counts: np.ndarray) -> None:
    worse = counts.copy()
    worse[..., 2] += 30
    standing = compare(counts, worse, 8, seed=0)
    assert standing.same == standing.apart == 1
    assert standing.low < pq(counts.sum(axis=0))[0] < standing.high
    assert compare(counts, counts, 8, seed=0).same == 0


def test_noise_is_always_the_same_and_leaves_the_original_alone() -> None:
    network = shipped_network()
    before = [weight.clone() for weight in network.parameters()]
    one, two = with_noise(network), with_noise(network)
    for weight, kept, first, second in zip(
        network.parameters(), before, one.parameters(), two.parameters(), strict=True
    ):
        assert torch.equal(weight, kept) and torch.equal(first, second)
    assert any(not torch.equal(a, b) for a, b in zip(before, one.parameters(), strict=True))


def test_the_run_has_what_is_stored_and_drawn() -> None:
    run, stored = telling_apart(0, images=2), band("telling apart")
    assert run.keys() == stored.values.keys()
    figure = draw_standings(run, stored)
    assert len(figure.axes) == 2 and len(figure.axes[0].patches) == len(SIZES)
    assert "64 images: PQ" in describe_standings(run)


def test_stored_runs_show_what_the_lesson_says() -> None:
    values = band("telling apart").values
    for same, apart in zip(values["same 16"], values["apart 16"], strict=True):
        assert same > apart and 0.65 < apart < 0.95
    for low, high in zip(values["low 16"], values["high 16"], strict=True):
        assert 0.08 < high - low < 0.13
