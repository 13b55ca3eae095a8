"""The pictures of targets show what the targets are."""

import numpy as np
import pytest
import torch

from axialkit.course import things, things_figures
from axialkit.data import minicity

SMALL_ONES = (5,)  # in street 96, a person nearly hidden by a car


@pytest.fixture(scope="module")
def street():
    return minicity.scene(96)


@pytest.fixture(scope="module")
def ids(street):
    return torch.from_numpy(things_figures.instance_numbers(street))


def test_every_thing_has_one_number(street, ids):
    assert ids.unique().tolist() == list(range(9))
    names = things_figures.name_things(street).split(", ")
    assert names[0] == "1 person" and names[7] == "8 bicycle" and len(names) == 8
    for number in range(1, 9):
        assert len(np.unique(street.instance_ids[ids == number])) == 1


def test_targets_name_the_small_things(street, ids):
    offsets = things.center_offsets(ids)
    figure = things_figures.draw_targets(street, things.center_heatmap(ids, 2), offsets)
    weights = figure.axes[3]
    shown = np.asarray(weights.images[0].get_array())
    assert np.array_equal(shown == 3, np.isin(ids, SMALL_ONES))
    assert [text.get_text() for text in weights.texts] == ["3", "1 everywhere else"]
    assert "pixels (5), 1 elsewhere" in things_figures.describe_targets(street)


def test_arrows_end_at_the_dots(street, ids):
    offsets = things.center_offsets(ids)
    figure = things_figures.draw_targets(street, things.center_heatmap(ids, 2), offsets)
    axes = figure.axes[2]
    dots = {(float(line.get_ydata()[0]), float(line.get_xdata()[0])) for line in axes.lines}
    assert len(dots) == 8
    for arrows in axes.collections:
        ends = arrows.XY + np.stack([arrows.U, arrows.V], axis=1)
        assert {(y, x) for x, y in ends.tolist()} <= dots


def test_all_pixels_arrive(street, ids):
    offsets = things.center_offsets(ids)
    figure = things_figures.draw_flight(street, offsets)
    homes, *_, last = (axes.collections[0].get_offsets() for axes in figure.axes)
    assert len(homes) == int((ids > 0).sum())
    assert len(np.unique(last, axis=0)) == 8
    said = things_figures.describe_flying(street, offsets, way=1.0)
    assert said.startswith("100 % of the way") and "cover 8 pixels" in said
    assert len(things_figures.draw_flying(street, offsets, way=0.5).axes) == 1


def test_colors_are_painted_only_on_things(street):
    image = street.image[:4, :6]
    numbers = np.zeros((4, 6), np.int64)
    numbers[1:3, 1:4] = 1
    picture = things_figures.paint(image, numbers, ["#FF0000"])
    assert picture[1, 1, 0] > 200 and picture[1, 1, 1] < 100
    assert np.array_equal(picture[0, 5], things_figures.dim(image)[0, 5])


def test_bars_show_what_mistakes_cost():
    figure = things_figures.draw_losses()
    bars = [round(bar.get_width(), 2) for bar in figure.axes[3].patches]
    assert bars[::-1] == [0.69, 2.0, 0.05]
