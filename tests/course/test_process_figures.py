"""The pictures of lesson 10 show what they are given, and say so."""

import pytest
import torch
from matplotlib.patches import FancyArrowPatch

from axialkit.course import drift_figures, process_figures, ring_figures


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_drawn_ring_ends_with_all_sums(count: int) -> None:
    states = ring_figures.ring_states(count)
    assert len(states) == 2 * count - 1
    assert all(cell == set(range(count)) for row in states[-1][0] for cell in row)
    middle, _ = states[count - 1]
    assert sum(len(cell) == count for row in middle for cell in row) == count
    assert all(len(set(sent.values())) == count for _, sent in states[:-1])  # all chunks move


def test_steps_beyond_the_last_are_the_last() -> None:
    assert ring_figures.describe_ring(3, 99) == ring_figures.describe_ring(3, 4)
    assert "9 of 9 chunks are finished sums. All have everything." in (
        ring_figures.describe_ring(3, 4)
    )
    figure = ring_figures.draw_ring(4, 1)
    arrows = [p for p in figure.axes[0].patches if isinstance(p, FancyArrowPatch)]
    assert len(arrows) == 4
    assert len(ring_figures.draw_ring_steps(3).axes) == 5


def test_shares_that_are_wrong_are_marked() -> None:
    ways = {"right": [[0, 2], [1]], "wrong": [[0, 1], [1]]}
    right, wrong = process_figures.draw_shards([0, 1, 2], ways).axes
    marks = [[t.get_text() for t in axes.texts if "×" in t.get_text()] for axes in (right, wrong)]
    assert marks == [[], ["2×", "0×"]]


RANK = {
    "one by one": [("forward", 1.0, 1.1), ("backward", 1.1, 1.2), ("gradient", 1.2, 1.5)],
    "in buckets": [("forward", 2.0, 2.1), ("bucket 0", 2.15, 2.2), ("backward", 2.1, 2.2)],
}


def test_the_timeline_tells_what_comes_after_the_computing() -> None:
    said = process_figures.describe_timeline([RANK, RANK])
    assert "one by one, 1 messages, 500 ms, of which 300 ms after" in said
    assert "in buckets, 1 messages, 200 ms, of which 0 ms after" in said
    titles = [
        axes.get_title(loc="left") for axes in process_figures.draw_timeline([RANK, RANK]).axes
    ]
    assert [title.rpartition(": ")[2] for title in titles] == ["500 ms", "200 ms"]


def test_buckets_are_told_by_part() -> None:
    buckets = [
        (["decoder.x", "backbone.stages.stage3.y"], [5, 7]),
        (["backbone.stem.0"], [2]),
    ]
    said = process_figures.describe_buckets(buckets)
    assert "bucket 0: 2 gradients, 12 numbers (heads and decoder, stage 3)" in said
    (legend,) = process_figures.draw_buckets(buckets).legends
    assert [t.get_text() for t in legend.get_texts()] == ["heads and decoder", "stage 3", "stem"]


def test_efficiency_is_what_was_reached_of_the_ideal() -> None:
    seconds = {"1 x 4": 0.1, "1 x 8": 0.16, "2 x 4": 0.125}
    weak, strong = process_figures.draw_scaling(seconds).axes
    assert "efficiency 80%" in weak.get_title(loc="left")
    assert "efficiency 64%" in strong.get_title(loc="left")
    assert "1 x 8: 50, 2 x 4: 64" in process_figures.describe_scaling(seconds)


def test_statistics_and_drift() -> None:
    values = torch.tensor([0.0, 1.0, 2.0, 3.0])
    assert "mean 1.000, those of process 1 2.000, all together 1.500" in (
        drift_figures.describe_statistics(values)
    )
    assert drift_figures.draw_statistics(values).axes
    ways = {"a": [0.5, 0.6], "b": [0.0, 1e-16], "c": [1e-16, 0.0]}
    labels = [t.get_text() for t in drift_figures.draw_drift(ways).axes[0].texts]
    assert labels == ["a", "b", "c"]
    assert drift_figures.first_maps(4).shape[0] == 4
