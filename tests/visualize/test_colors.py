import numpy as np
import pytest
from PIL import Image

from axialkit.visualize import colors
from axialkit.visualize.palettes import COLORBLIND
from tests.conftest import GOLDEN


@pytest.mark.parametrize("kind", ["semantic", "instance", "panoptic"])
def test_colors_are_the_references(kind, load_golden):
    maps = load_golden("vis/vis_inputs.npz")
    with Image.open(GOLDEN / "vis" / f"{kind}_color.png") as picture:
        expected = np.asarray(picture.convert("RGB"))
    painted = getattr(colors, f"{kind}_colors")(maps[kind])
    np.testing.assert_array_equal(painted, expected)


def test_offsets_are_painted_as_by_the_reference(load_golden):
    offset = np.moveaxis(load_golden("vis/vis_inputs.npz")["offset"], -1, 0)
    expected = np.array(Image.open(GOLDEN / "vis/offset_color.png"))
    np.testing.assert_array_equal(colors.offset_colors(offset), expected)
    assert (colors.offset_colors(np.zeros((2, 2, 3))) == 255).all()


def test_forty_cars_get_forty_colors_near_the_class_color():
    found = colors.segment_colors([13000 + number for number in range(1, 41)])
    assert len(set(found.values())) == 40
    distance = np.abs(np.array(list(found.values())) - colors.PALETTE[13].astype(int))
    assert distance.max() <= 60


def test_boundaries_lie_on_the_upper_or_left_side_of_a_change():
    panoptic = np.zeros((3, 4), np.int32)
    panoptic[1:, 2:] = 1000
    expected = np.zeros((3, 4), bool)
    expected[0, 2:] = expected[1:, 1] = True
    np.testing.assert_array_equal(colors.boundaries(panoptic), expected)


def test_a_line_may_be_wider():
    panoptic = np.zeros((6, 20), np.int32)
    panoptic[:, 10:] = 1000
    image = np.zeros((6, 20, 3), np.uint8)
    for width in (1, 3):
        white = (colors.overlay(image, panoptic, line=width) == 255).all(axis=-1)
        assert white.sum(axis=1).tolist() == [width] * 6
        assert white[:, 9].all()


def test_another_palette_paints_everything():
    classes = np.array([[0, 10, 255]], np.uint8)
    np.testing.assert_array_equal(
        colors.semantic_colors(classes, COLORBLIND), [[(131, 67, 132), (92, 156, 205), (0, 0, 0)]]
    )
    panoptic = classes.astype(np.int32) * 1000
    np.testing.assert_array_equal(
        colors.panoptic_colors(panoptic, COLORBLIND), colors.semantic_colors(classes, COLORBLIND)
    )
    image = np.zeros((1, 3, 3), np.uint8)
    painted = colors.overlay(image, panoptic, alpha=1.0, palette=COLORBLIND)
    np.testing.assert_array_equal(painted, [[(255,) * 3, (255,) * 3, (0, 0, 0)]])


def test_overlay_blends_inside_and_draws_white_between():
    panoptic = np.zeros((2, 4), np.int32)
    panoptic[:, 2:] = 10000  # sky
    image = np.full((2, 4, 3), 100, np.uint8)
    painted = colors.overlay(image, panoptic, alpha=0.25)
    np.testing.assert_array_equal(painted[:, 1], 255)
    np.testing.assert_array_equal(painted[0, 0], [107, 91, 107])  # 75 + road (128, 64, 128) / 4
    np.testing.assert_array_equal(painted[0, 3], [92, 108, 120])  # 75 + sky (70, 130, 180) / 4
