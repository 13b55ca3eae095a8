import numpy as np
import pytest
from PIL import Image

from axialkit.demo.painting import COLORINGS, MARKS, Painting, paint
from axialkit.visualize.colors import panoptic_colors, semantic_colors
from axialkit.visualize.palettes import COLORBLIND
from axialkit.visualize.panoptic import enlarge

BARE = Painting(marks=())


@pytest.fixture(scope="module")
def seen(tiny, street):
    return tiny.see(street)


@pytest.fixture(scope="module")
def result(tiny, seen):
    return tiny.answer(seen)


def small(picture):
    """Every fourth pixel: the overlay is four times as large as the street."""
    return picture[::4, ::4]


def test_full_opacity_is_the_colors_alone(seen, result):
    painted = small(paint(seen, result, BARE._replace(opacity=1)))
    np.testing.assert_array_equal(painted, panoptic_colors(result.panoptic))
    painted = small(
        paint(seen, result, BARE._replace(coloring="classes", opacity=1.0, palette="colorblind"))
    )
    np.testing.assert_array_equal(painted, semantic_colors(result.semantic, COLORBLIND))


def test_no_color_is_the_picture_alone(seen, result, street):
    large, _ = enlarge(street)
    for painting in (
        BARE._replace(coloring="none"),
        BARE._replace(opacity=0),
        BARE._replace(shown=()),
    ):
        np.testing.assert_array_equal(paint(seen, result, painting), large)


def test_things_or_stuff_alone(seen, result, street):
    large, _ = enlarge(street)
    painted = paint(seen, result, BARE._replace(shown=("things",)))
    changed = small((painted != large).any(axis=2))
    things = result.panoptic // 1000 >= 11
    things &= result.panoptic != 255000
    assert not changed[~things].any()
    assert changed[things].mean() > 0.9


@pytest.mark.parametrize("coloring", COLORINGS)
@pytest.mark.parametrize("mark", MARKS)
def test_everything_can_be_painted(seen, result, coloring, mark):
    painted = paint(seen, result, Painting(coloring, (mark,)))
    assert painted.shape == (512, 1024, 3)
    if mark != "void":
        assert (painted != paint(seen, result, Painting(coloring, ()))).any()


def test_void_is_hatched_and_nothing_else(seen, result):
    holed = result._replace(panoptic=result.panoptic.copy())
    holed.panoptic[40:80, 100:150] = 255000
    plain, hatched = (paint(seen, holed, BARE._replace(marks=m)) for m in ((), ("void",)))
    changed = (plain != hatched).any(axis=2)
    assert changed[160:320, 400:600].mean() > 0.1
    changed[160:320, 400:600] = False
    other_void = np.kron(holed.panoptic == 255000, np.ones((4, 4), bool))
    assert not changed[~other_void].any()


def test_a_lit_segment_keeps_its_light_and_the_others_do_not(seen, result):
    label = int(result.panoptic[100, 128])
    lit = small(paint(seen, result, BARE._replace(segment=label))).astype(int)
    plain = small(paint(seen, result, BARE)).astype(int)
    inside = result.panoptic == label
    assert (lit[inside] == plain[inside]).all(axis=1).mean() > 0.9
    assert lit[~inside].mean() < 0.4 * plain[~inside].mean()


def test_borders_are_white_and_names_are_drawn(seen, result):
    painted = paint(seen, result, BARE._replace(marks=("borders",)))
    edge = result.panoptic[:, :-1] != result.panoptic[:, 1:]
    y, x = np.argwhere(edge)[0]
    assert (painted[4 * y + 1, 4 * x + 3] == 255).all()


def test_a_photo_of_another_shape_is_painted_in_its_shape(tiny, photo):
    seen = tiny.see(photo)
    painted = paint(seen, tiny.answer(seen), Painting("offsets", MARKS))
    assert Image.fromarray(painted).size == (1024, 768)
