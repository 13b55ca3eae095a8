"""From pixels to cells and back, borders included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from axialkit.data.augment import fit_size
from axialkit.demo.placement import Placement
from axialkit.errors import InputError

CROPS = st.sampled_from([(129, 257), (65, 129), (1025, 2049)])
SIZES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@given(SIZES, CROPS)
def test_corners_stay_corners(size, crop):
    placement = Placement.of(size, crop)
    height, width = size
    fitted = fit_size(size, crop)
    assert placement.enter((0, 0)) == (0, 0)
    last = placement.enter((height - 1, width - 1))
    expected = tuple(min(side, pixels) - 1 for side, pixels in zip(fitted, size, strict=True))
    assert last == expected
    for corner, at in ((last, (height - 1, width - 1)), ((0, 0), (0, 0))):
        back = placement.leave(corner)
        for there, here, pixels, side in zip(back, at, size, fitted, strict=True):
            assert there == (here if side > 1 else pixels // 2)


@given(SIZES, CROPS, st.data())
def test_there_and_back_is_less_than_a_pixel_of_the_crop_away(size, crop, data):
    placement = Placement.of(size, crop)
    pixel = tuple(data.draw(st.integers(0, side - 1)) for side in size)
    back = placement.leave(placement.enter(pixel))
    for there, here, pixels, fitted in zip(back, pixel, size, placement.fitted, strict=True):
        pitch = (pixels - 1) / (fitted - 1) if fitted > 1 else pixels
        assert abs(there - here) <= pitch / 2 + 0.5
    if placement.fitted == size:
        assert back == pixel


@given(SIZES, CROPS, st.sampled_from([4, 8, 16]), st.data())
def test_the_center_of_a_cell_asks_from_that_cell(size, crop, stride, data):
    placement = Placement.of(size, crop)
    cells = tuple((side - 1) // stride + 1 for side in crop)
    inside = tuple((side - 1) // stride for side in placement.fitted)  # cells on the picture
    cell = tuple(data.draw(st.integers(0, last)) for last in inside)
    assert placement.cell(placement.center(cell, cells), cells) == cell


@given(SIZES, CROPS, st.integers(-3, 3100), st.integers(-3, 3100))
def test_outside_is_outside(size, crop, y, x):
    placement = Placement.of(size, crop)
    if 0 <= y < size[0] and 0 <= x < size[1]:
        at = placement.enter((y, x))
        assert all(0 <= p < side for p, side in zip(at, placement.fitted, strict=True))
    else:
        with pytest.raises(InputError, match="lies outside the picture"):
            placement.enter((y, x))


def test_padding_is_void_and_the_picture_is_not():
    placed = Placement.of((60, 30), (129, 257)).place(np.zeros((60, 30), np.int32))
    assert (placed[:60, :30] == 0).all()
    assert (placed[60:] == 255000).all()
    assert (placed[:, 30:] == 255000).all()


def test_cells_half_on_the_picture_take_its_border():
    # streets have one pixel less than the crop: the last cells have their centers beside them
    placed = Placement.of((128, 256), (129, 257)).place(np.full((128, 256), 7, np.int32), (9, 17))
    assert (placed == 7).all()
    tall = Placement.of((129, 100), (129, 257)).place(np.full((129, 100), 7, np.int32), (9, 17))
    assert (tall[:, :108] == 7).all()
    assert (tall[:, 108:] == 255000).all()


def test_answers_to_large_pictures_are_smaller_than_they():
    placement = Placement.of((4000, 6000), (129, 257))
    assert placement.answer_size == (1366, 2049)
    assert placement.in_answer((3999, 5999)) == (1365, 2048)
    assert Placement.of((128, 256), (129, 257)).answer_size == (128, 256)
