"""Lesson 04's figures: what they show is what the layer does."""

import re

import numpy as np
import pytest
import torch

from axialkit.attention import GlobalAttention2d
from axialkit.attention.reference import Terms
from axialkit.course import figure_two
from axialkit.course.bands import Band
from axialkit.course.exercises_04_layer import make_layer
from axialkit.course.sensitive import attend_with
from axialkit.course.sensitive_figures import (
    Look,
    describe_switches,
    draw_games,
    draw_halves,
    draw_switches,
)
from axialkit.course.term_tasks import GAMES, VARIANTS


@pytest.fixture
def look() -> Look:
    rows = torch.randn(8, 12, 6, generator=torch.Generator().manual_seed(0))
    return Look(make_layer(1, 6, 4, 8, 2), rows, row=2, head=1)


def test_figure_two_has_the_shapes_of_the_run(look: Look) -> None:
    shapes = figure_two.live_shapes(look.layer, look.rows)
    assert shapes["q"] == shapes["k"] == (8, 2, 12, 2)
    assert shapes["r_v"] == (12, 12, 4) and shapes["weights"] == (8, 2, 12, 12)
    assert shapes["y"] == tuple(look.layer(look.rows).shape)
    svg = figure_two.draw_figure_two(shapes)
    assert svg.count("<rect") == 15 and svg.count("<title>") == 15
    assert "the query meets the key: [8, 2, 12, 12]" in svg
    assert "softmax from sum, [8, 2, 12, 12]" in figure_two.describe_figure_two(shapes)


def test_figure_two_leaves_out_what_the_rival_has_not(look: Look) -> None:
    rival = GlobalAttention2d(6, key_channels=4, value_channels=8, heads=2).eval().first
    shapes = figure_two.live_shapes(rival, look.rows.flatten(0, 1)[None])
    svg = figure_two.draw_figure_two(shapes, rival.terms)
    assert svg.count("stroke-dasharray") == 6 and svg.count("<title>") == 9
    assert shapes["weights"] == (1, 2, 96, 96)
    assert not re.search(r"r_q|r_k", figure_two.describe_figure_two(shapes))


def test_switches_show_the_change(look: Look) -> None:
    left, right = draw_switches(look, query_position=False, span=3).axes[:2]
    weights, answer = attend_with(look.layer, look.rows, Terms(query_position=False), 3)
    np.testing.assert_allclose(left.images[0].get_array(), weights[2, 1], atol=1e-6)
    whole = look.layer(look.rows)[2]
    expected = 100 * (answer[2] - whole).norm(dim=-1) / whole.norm(dim=-1)
    assert [bar.get_height() for bar in right.patches] == pytest.approx(expected.tolist(), abs=1e-2)
    text = describe_switches(look, query_position=False, span=3)
    assert "with q·r off and a span of 3" in text
    assert "with nothing off and a span of 11, the row's answers change by 0%" in (
        describe_switches(look)
    )


def test_halves_show_a_bag_and_a_convolution(look: Look) -> None:
    bag, shuffled, kernel, replaced = draw_halves(look, query=4).axes
    before = [bar.get_height() for bar in bag.patches]
    order = [int(label.get_text()) for label in shuffled.get_xticklabels()]
    assert [bar.get_height() for bar in shuffled.patches] == pytest.approx(
        [before[i] for i in order], abs=1e-3
    )
    one, other = ([bar.get_height() for bar in axes.patches] for axes in (kernel, replaced))
    assert one == pytest.approx(other, abs=1e-4)
    assert max(one) - min(one) > 1


def test_games_name_band_and_own_run() -> None:
    values = {f"{game}, {variant}": [0.5, 0.75, 1.0] for game in GAMES for variant in VARIANTS}
    figure = draw_games({"there": {"no q·r": 0.625}}, Band(values, [0, 1, 2], ""))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert len(texts) == 20 and texts.count("50 % to 100 %") == 19
    assert "50 % to 100 %\nyours: 62 %" in texts
