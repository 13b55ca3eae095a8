"""From clicks to cells: as the demo does it, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axialkit.course.clicks import click_to_feature, feature_to_click
from axialkit.data.augment import fit_size
from axialkit.demo.placement import Placement

CROP, CELLS = (129, 257), (9, 17)


@pytest.mark.parametrize("size", [(128, 256), (300, 400), (1000, 301), (129, 257), (1, 9)])
def test_a_click_finds_the_cell_that_the_demo_asks(size: tuple[int, int]) -> None:
    placement = Placement.of(size, CROP)
    fitted = fit_size(size, CROP)
    random = np.random.default_rng(0)
    for y, x in zip(random.integers(0, size[0], 60), random.integers(0, size[1], 60), strict=True):
        expected = placement.cell((int(y), int(x)), CELLS)
        assert click_to_feature([int(x), int(y)], size, fitted, 16) == expected


@given(
    st.tuples(st.integers(1, 600), st.integers(1, 600)),
    st.sampled_from([2, 4, 8, 16]),
    st.data(),
)
def test_from_a_cell_and_back(size: tuple[int, int], stride: int, data: st.DataObject) -> None:
    fitted = fit_size(size, CROP)
    cell = tuple(data.draw(st.integers(0, (side - 1) // stride)) for side in fitted)
    click = feature_to_click(cell, size, fitted, stride)
    assert click_to_feature(click, size, fitted, stride) == cell


@given(st.integers(-5, 300), st.integers(-5, 300), st.integers(1, 200), st.integers(1, 200))
def test_a_cell_exactly_for_clicks_on_the_picture(x: int, y: int, height: int, width: int) -> None:
    size = (height, width)
    cell = click_to_feature([x, y], size, fit_size(size, CROP), 16)
    assert (cell is not None) == (0 <= x < width and 0 <= y < height)
