import numpy as np
import pytest

from axialkit.structures import VOID
from axialkit.visualize import answer_picture as module
from axialkit.visualize.answer_picture import all_classes, answer_picture
from axialkit.visualize.colors import panoptic_colors
from axialkit.visualize.name_spots import name_spots
from axialkit.visualize.palettes import CITYSCAPES, COLORBLIND, PALETTES
from axialkit.visualize.panoptic import legend_entries

NAMES = [name for _, name in all_classes()]


def street(height, width):
    """A road, a car in its middle, a sky above."""
    panoptic = np.zeros((height, width), np.int32)
    panoptic[: height // 3] = 10000
    panoptic[height // 2 : height * 3 // 4, width // 3 : width // 2] = 13001
    return np.full((height, width, 3), 100, np.uint8), panoptic


def has_color(picture, color):
    return bool((picture == np.array(color, np.uint8)).all(axis=-1).any())


@pytest.mark.parametrize(
    ("size", "shown"),
    [((128, 256), (512, 1024)), ((1100, 2000), (1100, 2000)), ((600, 300), (1024, 512))],
)
def test_no_pixel_of_the_image_is_lost_and_small_ones_grow(size, shown):
    image, panoptic = street(*size)
    picture = answer_picture(image, panoptic)
    assert picture.shape[1] == shown[1] and picture.shape[0] > shown[0]
    # grey under the class color, at 40 to 60, away from names and borders
    expected = np.round(0.4 * 100 + 0.6 * CITYSCAPES.colors[10]).astype(int)
    corner = picture[: shown[0] // 40, : shown[1] // 40].astype(int)
    assert np.abs(corner - expected).max() <= 1
    assert (picture[-1] == 255).all()  # the end of the legend


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_the_legend_shows_each_class_in_its_pure_color(palette):
    image, panoptic = street(128, 256)
    picture = answer_picture(image, panoptic, palette)
    below = picture[512:]
    assert all(has_color(below, palette.colors[klass]) for klass in (0, 10, 13))
    absent = [palette.colors[klass] for klass in range(19) if klass not in (0, 10, 13)]
    colorful = [color for color in absent if np.ptp(color) > 30]  # letters have greys, too
    assert len(colorful) >= 12 and not any(has_color(below, color) for color in colorful)


def test_a_given_legend_takes_the_place_of_what_was_found():
    image, panoptic = street(128, 256)
    sizes = set()
    for shown in (panoptic, np.full_like(panoptic, VOID), panoptic * 0 + 11000):
        picture = answer_picture(image, shown, COLORBLIND, all_classes(COLORBLIND))
        assert all(has_color(picture[512:], color) for color in COLORBLIND.colors[:19])
        sizes.add(picture.shape)
    assert len(sizes) == 1  # so that it can be a frame of a video


@pytest.fixture
def written(monkeypatch):
    """Every text that is drawn, with its box and its letters' height."""
    texts = []
    draw_class = type(module.ImageDraw.Draw(module.Image.new("RGB", (1, 1))))
    original = draw_class.text

    def spy(self, xy, text, fill=None, font=None, anchor=None, **more):
        texts.append((text, self.textbbox(xy, text, font, anchor), font.size))
        return original(self, xy, text, fill, font, anchor, **more)

    monkeypatch.setattr(draw_class, "text", spy)
    return texts


def test_names_and_counts_are_written(written):
    image, panoptic = street(128, 256)
    answer_picture(image, panoptic)
    texts = [text for text, _, _ in written]
    assert texts[:3] == ["road", "sky", "car 1"]  # the thickest first
    assert texts[-3:] == [text for _, text in legend_entries(panoptic)]
    assert "1 car, 4 %" in texts and module.HEADING in texts


@pytest.mark.parametrize(("size", "least"), [((128, 256), 14), ((1024, 2048), 30)])
def test_letters_grow_with_the_picture(written, size, least):
    answer_picture(*street(*size))
    assert min(height for _, _, height in written) >= least


def test_names_stay_inside_the_picture_and_apart(written):
    random = np.random.default_rng(1)
    panoptic = random.integers(0, 11, (8, 8), np.int32).repeat(60, 0).repeat(60, 1) * 1000
    panoptic[:60, :60] = VOID
    image = np.zeros((480, 480, 3), np.uint8)
    answer_picture(image, panoptic)
    names = [(text, box) for text, box, _ in written if "%" not in text and text in NAMES]
    assert len(names) >= 6
    for number, (text, (left, top, right, bottom)) in enumerate(names):
        assert 0 <= left < right <= 1024 and 0 <= top < bottom <= 1024, text
        for _, other in names[:number]:
            assert left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom


def test_a_name_at_the_border_is_moved_inside(written):
    panoptic = np.zeros((128, 256), np.int32)
    panoptic[20:60, :6], panoptic[70:110, -6:] = 13001, 8000
    answer_picture(np.zeros((128, 256, 3), np.uint8), panoptic)
    boxes = {text: box for text, box, _ in written}
    assert 0 <= boxes["car 1"][0] < 5
    assert 1019 < boxes["vegetation"][2] <= 1024


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (1, 1), (3000, 40)])
def test_any_shape_of_picture_gets_a_readable_legend(written, size):
    image, panoptic = np.zeros((*size, 3), np.uint8), np.zeros(size, np.int32)
    picture = answer_picture(image, panoptic)
    assert picture.shape[0] > max(1024 * (size[0] == 1 == size[1]), size[0])
    assert written[-1][0] == "road, 100 %"
    (left, _, right, _) = written[-1][1]
    assert left >= 0 and right <= picture.shape[1]


def test_spots_lie_at_the_middle_of_the_thickest_part():
    panoptic = np.full((60, 100), VOID, np.int32)
    panoptic[10:31, 20:41] = 13001  # a square, with a long thin arm
    panoptic[19:22, 41:90] = 13001
    panoptic[50:53, 10:90] = 5000  # thin
    (spot,) = name_spots(panoptic, thinnest=8.0)
    assert spot.label == 13001
    assert (spot.y, spot.x) == pytest.approx((20, 30), abs=1)
    assert 18 <= spot.thickness <= 22
    assert [each.label for each in name_spots(panoptic, thinnest=2.0)] == [13001, 5000]


def test_things_keep_their_own_shades():
    panoptic = np.zeros((64, 128), np.int32)
    panoptic[10:30, 10:50], panoptic[10:30, 60:100] = 13001, 13002
    for palette in PALETTES.values():
        shades = panoptic_colors(panoptic, palette)
        assert tuple(shades[20, 20]) != tuple(shades[20, 70])
        wrong = np.abs(shades[20, [20, 70]].astype(int) - palette.colors[13])
        assert wrong.max() <= palette.variation
