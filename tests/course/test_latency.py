"""Where the milliseconds go: every stage runs, and the frontier holds what nothing beats."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from axialkit.course import latency
from axialkit.course.latency import Point
from axialkit.data import minicity
from axialkit.weights import load_config, load_model


def test_all_take_turns_after_one_round_to_warm_up() -> None:
    calls: list[str] = []

    def busy() -> None:
        calls.append("busy")
        sum(range(100_000))

    found = latency.cpu_milliseconds({"busy": busy, "idle": lambda: calls.append("idle")}, 3)
    assert calls == ["busy", "idle"] * 4
    assert list(found) == ["busy", "idle"]
    assert found["busy"] > found["idle"] >= 0


def test_every_stage_runs_alone(tmp_path: Path) -> None:
    Image.fromarray(minicity.scene(3).image).save(tmp_path / "street.png")
    model, config = load_model("tiny_avenue"), load_config("tiny_avenue")
    runs = latency.stages(tmp_path / "street.png", model, config, plain=True)
    assert tuple(runs) == latency.STAGES
    assert np.array_equal(runs["decode"](), minicity.scene(3).image)
    assert runs["resize"]().shape == (3, *config.data.crop_size)
    runs["network"](), runs["post-process"]()
    assert runs["draw"]().shape == (128, 256, 3)


def test_the_frontier_against_all_pairs() -> None:
    random = np.random.default_rng(0)
    points = [Point(str(n), *random.integers(0, 6, 2).astype(float)) for n in range(30)]
    points += points[:3]

    def beats(one: Point, other: Point) -> bool:
        no_worse = one.milliseconds <= other.milliseconds and one.pq >= other.pq
        return no_worse and one[1:] != other[1:]

    best = {p[1:] for p in points if not any(beats(other, p) for other in points)}
    kept = latency.best_points(points)
    assert {p[1:] for p in kept} == best
    assert len(kept) == len(best)
    for one, other in itertools.pairwise(kept):
        assert one.milliseconds < other.milliseconds and one.pq < other.pq
    assert latency.best_points([]) == []


def test_a_network_at_every_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "SIZES", ((65, 129), (129, 257)))
    model, config = load_model("tiny_avenue"), load_config("tiny_avenue")
    points = latency.frontier({"small": model}, config, [minicity.scene(1)], 1)
    assert [point.name for point in points] == ["small, 65 × 129", "small, 129 × 257"]
    assert all(point.milliseconds > 0 and 0 <= point.pq <= 1 for point in points)


def test_the_largest_difference_is_a_share_of_each_head() -> None:
    one = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([100.0, -400.0])}
    other = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([100.0, -404.0])}
    assert latency.largest_difference(one, other) == pytest.approx(4 / 404)
    assert latency.largest_difference(one, one) == 0
