import numpy as np
import pytest

from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES
from axialkit.visualize.colors import segment_colors
from axialkit.visualize.palettes import CITYSCAPES, COLORBLIND, PALETTES

# Machado, Oliveira and Fernandes (2009), table 1, severity 1: for linear RGB.
EYES = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = XYZ.sum(axis=1)
BLACK_AND_WHITE = [[0, 0, 0], [255, 255, 255]]  # void, and the borders between segments


def lab(rgb, eyes):
    """CIELAB of what these eyes see of sRGB colors, [n, 3]."""
    share = np.asarray(rgb) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(EYES[eyes]).T, 0, 1) @ XYZ.T / WHITE
    x, y, z = np.where(seen > (6 / 29) ** 3, np.cbrt(seen), seen / (3 * (6 / 29) ** 2) + 4 / 29).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def distances(ones, others, eyes):
    return np.linalg.norm(lab(ones, eyes)[:, None] - lab(others, eyes), axis=-1)


def smallest_distance(colors, eyes):
    found = distances(colors, colors, eyes)
    return found[~np.eye(len(colors), dtype=bool)].min()


def classes(palette):
    return palette.colors[:19].astype(int).tolist()


def test_the_measure_knows_the_published_values_of_pure_colors():
    expected = [[53.24, 80.09, 67.20], [87.73, -86.18, 83.18], [32.30, 79.19, -107.86], [100, 0, 0]]
    pure = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]
    np.testing.assert_allclose(lab(pure, "normal"), expected, atol=0.02)


@pytest.mark.parametrize("eyes", EYES)
def test_colorblind_colors_keep_far_apart_for_all_eyes(eyes):
    """At least 23 everywhere, also from black and white: seven times the Cityscapes palette."""
    worst_of_cityscapes = min(smallest_distance(classes(CITYSCAPES), each) for each in EYES)
    ours = smallest_distance(classes(COLORBLIND) + BLACK_AND_WHITE, eyes)
    assert worst_of_cityscapes == pytest.approx(3.35, abs=0.01)
    assert ours > 23 > 6.8 * worst_of_cityscapes


@pytest.mark.parametrize("eyes", EYES)
def test_forty_things_of_a_class_stay_closest_to_its_color(eyes):
    labels = [1000 * train_id + number for train_id in THING_TRAIN_IDS for number in range(1, 41)]
    shades = segment_colors(labels, COLORBLIND)
    assert len(set(shades.values())) == len(labels)
    known = classes(COLORBLIND) + BLACK_AND_WHITE
    nearest = distances(list(shades.values()), known, eyes).argmin(axis=1)
    wrong = [label for label, klass in zip(shades, nearest, strict=True) if label // 1000 != klass]
    assert wrong == []


def test_the_default_palette_is_the_official_one_and_void_is_black_in_both():
    from cityscapesscripts.helpers.labels import trainId2label

    assert classes(CITYSCAPES) == [list(trainId2label[k].color) for k in range(19)]
    assert list(PALETTES) == ["cityscapes", "colorblind"]
    for palette in PALETTES.values():
        assert palette.colors.shape == (256, 3)
        assert not palette.colors[19:].any()


def test_what_has_a_natural_color_keeps_it():
    red, green, blue = np.array(classes(COLORBLIND)).T
    index = {klass.name: klass.train_id for klass in TRAIN_CLASSES}
    sky, leaves, person = index["sky"], index["vegetation"], index["person"]
    assert blue[sky] > green[sky] > red[sky]
    assert green[leaves] > max(red[leaves], blue[leaves])
    assert red[person] > 2 * max(green[person], blue[person])
