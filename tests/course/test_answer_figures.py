"""Pictures of answers show what the answers are, and what is wrong with them."""

import numpy as np
import pytest

import axialkit
from axialkit.config import PRESETS
from axialkit.course import answer_figures, ceiling
from axialkit.course.things_figures import COLORS, dim, instance_numbers, paint
from axialkit.data import minicity
from axialkit.data.cityscapes import panoptic_label

CONFIG = PRESETS["tiny"]


@pytest.fixture(scope="module")
def street():
    return minicity.scene(96)


@pytest.fixture(scope="module")
def heads(street):
    return ceiling.perfect_heads(street, CONFIG)


def test_a_true_answer_has_full_quality(street, heads):
    figure = answer_figures.draw_corrupted(street, heads, CONFIG)
    said = answer_figures.describe_corrupted(street, heads, CONFIG)
    assert "8 things from 8 centers" in said and "PQ of the things: 100.0" in said
    assert figure.axes[0].get_title() == "8 centers, 8 things, PQ of things 100.0"


def test_faults_are_drawn_and_described(street, heads):
    figure = answer_figures.draw_faults(street, heads, CONFIG)
    said = answer_figures.describe_faults(street, heads, CONFIG)
    for axes, (name, *_) in zip(figure.axes, answer_figures.FAULTS, strict=True):
        assert axes.get_title().startswith(f"{name}\n")
        assert f"{name}: " in said
    assert answer_figures.answer(street, heads, CONFIG, noise=10.0).quality < 1


def test_the_truth_keeps_its_colors(street):
    truth = panoptic_label(street.instance_ids)
    painted = answer_figures.paint_answer(street, truth)
    assert np.array_equal(painted, paint(street.image, instance_numbers(street), COLORS))


def test_a_piece_too_many_is_pale(street):
    """The larger part of a split thing keeps its color."""
    ids, halves = instance_numbers(street), panoptic_label(street.instance_ids)
    car = ids == 7
    left = car & (np.arange(ids.shape[1]) < 60)
    halves[left] = 13009
    assert 0 < left.sum() < (car & ~left).sum()
    before = paint(street.image, ids, COLORS)
    after = answer_figures.paint_answer(street, halves)
    assert np.array_equal(after[80, 80], before[80, 80])
    assert (after[80, 50].astype(int) > before[80, 50]).all()
    assert np.array_equal(after[2, 2], dim(street.image)[2, 2])


def test_failures_are_what_their_names_say():
    model = axialkit.load_model("tiny")
    said = answer_figures.describe_failures(model, CONFIG)
    assert "a split bus: in truth 1 x person, 2 x car, 1 x bus; in the answer" in said
    assert "2 x car, 2 x bus." in said
    assert "a merged crowd: in truth 4 x person; in the answer 3 x person." in said
    assert "1 x train, 1 x bicycle; in the answer 1 x car, 1 x bus" in said
    figure = answer_figures.draw_failures(model, CONFIG)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles[0] == "a split bus, truth:\n1 x person, 2 x car, 1 x bus"
    assert [text.get_text() for text in figure.axes[5].texts].count("bus") == 1


def test_scores_are_written_beside_the_bars():
    figure = answer_figures.draw_ladder({"the network": (0.5, 0.25), "all heads true": (1.0, 0.75)})
    assert [text.get_text() for text in figure.axes[0].texts] == ["50.0", "100.0", "25.0", "75.0"]
    assert [text.get_text() for text in figure.legends[0].texts] == ["all classes", "things only"]


def test_the_line_divides_stuff_from_things():
    table = {"as shipped": [1.0] * 19, "coarse": [0.5] * 11 + [0.25] * 8}
    axes = answer_figures.draw_ceiling(table).axes[0]
    assert axes.lines[0].get_xdata()[0] == 10.5
    assert axes.get_xticklabels()[11].get_text() == "person"
    assert [text.get_text() for text in axes.texts][18:20] == ["100", "50"]
