"""Lesson 06's figures and variations say what the maps hold."""

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.text import Text

import axialkit
from axialkit.attention import mean_distance
from axialkit.course import look_figures, reason_figures, share_figures, variations
from axialkit.data import minicity
from axialkit.errors import InputError
from axialkit.visualize.looks import Looks

LAYER, CELL = "stage4.block2", (3, 5)


@pytest.fixture(scope="module")
def looks() -> Looks:
    street = minicity.scene(10).image
    return Looks.record(axialkit.load_model("tiny"), street, axialkit.load_config("tiny"))


def texts(figure: Figure) -> list[str]:
    figure.canvas.draw()  # nothing fails when it is rendered
    return [text.get_text() for text in figure.findobj(Text)]


def test_strips_have_their_bars(looks: Looks) -> None:
    look = looks.ask(CELL, LAYER, (0, 1))
    figure = look_figures.draw_strips(looks.image, look)
    _, top, side = figure.axes
    np.testing.assert_allclose([bar.get_height() for bar in top.patches], look.row)
    np.testing.assert_allclose([bar.get_width() for bar in side.patches], look.column)
    assert {"96 %", " 70 %"} <= set(texts(figure))


def test_columns_of_a_row_are_shared(looks: Looks) -> None:
    shares = look_figures.column_shares(looks, 3, LAYER, (0, 1))
    np.testing.assert_allclose(shares.sum(axis=0), 1, atol=1e-6)
    for column in (0, 5, 16):
        look = looks.ask((3, column), LAYER, (0, 1))
        np.testing.assert_allclose(look.two_hop, shares * look.row, atol=1e-12)


def test_every_figure_can_be_drawn(looks: Looks) -> None:
    assert "=" in texts(look_figures.draw_product(looks, CELL, LAYER, (0, 1)))
    assert texts(look_figures.draw_street(looks.image, (9, 17), CELL))
    pairs = texts(look_figures.draw_pairs(looks, CELL, LAYER))
    assert {"W head 3", "H head 3", "96 %"} <= set(pairs)
    assert "H head 2, W head 0" in texts(
        look_figures.draw_film(looks, CELL, [(0, 1), (2, 0), (3, 1)])
    )
    assert "two hops: the whole picture" in texts(look_figures.draw_look(looks, CELL, LAYER))
    shared = texts(share_figures.draw_shared(looks, 3, (5, 7), LAYER, (0, 1)))
    assert {"A", "B", "where A looks"} <= set(shared)
    assert texts(share_figures.draw_wanted()).count("exactly what it wants") == 2
    sure = [1.0] * 9 + [0.05] + [1.0] * 7
    assert "5 %" in texts(share_figures.draw_hidden(looks, looks.ask(CELL, LAYER), sure, "train"))
    assert "train 1" in texts(reason_figures.draw_answers(looks, looks, [9]))


def test_a_segments_map_is_the_mean_of_its_cells(looks: Looks) -> None:
    train = 16001
    cells = reason_figures.segment_cells(looks, LAYER, train)
    assert cells[3, 5] and not cells[8, 0]
    mean = reason_figures.segment_map(looks, LAYER, train, (0, 1))
    looked = [looks.ask((int(y), int(x)), LAYER, (0, 1)).two_hop for y, x in np.argwhere(cells)]
    np.testing.assert_allclose(mean, np.mean(looked, axis=0))
    said = reason_figures.describe_segment(looks, LAYER, train, (0, 1))
    share = mean[looks.labels(LAYER) == train].sum()
    assert f"train {share:.0%}".replace("%", " %") in said
    assert "train" in texts(reason_figures.draw_segment(looks, LAYER, train, (0, 1)))


def test_distances_of_trained_and_untrained(looks: Looks) -> None:
    street = minicity.scene(10).image
    model = variations.fresh_network("tiny", street, 0)
    assert not model.training
    fresh = Looks.record(model, street, axialkit.load_config("tiny"))
    far, far_fresh = (
        {name: mean_distance(weights) for name, weights in each.maps.items()}
        for each in (looks, fresh)
    )
    even = reason_figures.even_distance(looks)
    uniform = torch.full((1, 1, 9, 9), 1 / 9)
    assert even["height"] == pytest.approx(float(mean_distance(uniform)))
    for name, values in far_fresh.items():  # an untrained head is nearly even
        assert values.numpy() == pytest.approx(even[name.rpartition(".")[2]], rel=0.15)
    figure = reason_figures.draw_reach(far, far_fresh, even, "cells")
    assert {"trained", "untrained", "an even look", "block4"} <= set(texts(figure))
    said = reason_figures.describe_reach(far, far_fresh, "cells")
    lowest = min(float(v) for name in far if name.endswith("width") for v in far[name])
    assert f"W hops: trained {lowest:.1f} to" in said


def test_bars_of_the_ablation() -> None:
    values = {"nothing hidden": 0.98, "front hidden": 0.2, "as much elsewhere hidden": 0.97}
    figure = reason_figures.draw_blind({**values, "front hidden, called a bus": 0.8})
    assert [bar.get_width() for bar in figure.axes[0].patches] == list(values.values())
    assert {"98 %", "20 %", "97 %"} <= set(texts(figure))


def test_terms_and_all_at_once(looks: Looks) -> None:
    model, config = axialkit.load_model("tiny"), axialkit.load_config("tiny")
    seen = variations.see_input(model, minicity.scene(10).image, config, LAYER)
    found = variations.two_hop_by_terms(seen, CELL, (0, 1))
    expected = looks.ask(CELL, LAYER, (0, 1)).two_hop
    np.testing.assert_allclose(found["all terms in both hops"], expected, atol=1e-5)
    for weights in found.values():
        assert weights.sum() == pytest.approx(1, abs=1e-5)
    at_once = variations.all_at_once(seen, CELL, 1)
    assert at_once.shape == (9, 17)
    assert at_once.sum() == pytest.approx(1)
    # within the query's own row it is the row hop by content alone
    row = at_once[CELL[0]] / at_once[CELL[0]].sum()
    by_content = found["content alone in both"].sum(axis=0)
    np.testing.assert_allclose(row, by_content, atol=1e-4)
    assert "content" in "".join(texts(reason_figures.draw_maps(looks, CELL, found)))
    with pytest.raises(InputError, match='no axial layer in a block "stage4.block1"'):
        variations.see_input(model, minicity.scene(10).image, config, "stage4.block1")
