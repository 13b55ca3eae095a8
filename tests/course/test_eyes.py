"""Contrast, eyes and overlays, against numbers that can be found elsewhere."""

import numpy as np
import pytest

from axialkit.course import eyes
from axialkit.data import minicity
from axialkit.visualize.palettes import CITYSCAPES, COLORBLIND


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((0, 0, 0), (255, 255, 255), 21.0),
        ((255, 255, 255), (255, 255, 255), 1.0),
        ((0x76, 0x76, 0x76), (255, 255, 255), 4.54),  # the lightest grey for text on white
        ((255, 0, 0), (255, 255, 255), 4.0),
        ((0, 0, 255), (255, 255, 255), 8.59),
    ],
)
def test_contrast_as_the_guidelines_count_it(
    one: tuple[int, ...], other: tuple[int, ...], expected: float
) -> None:
    found = float(eyes.contrast(np.array(one, float), np.array(other, float)))
    assert found == pytest.approx(expected, abs=0.005)


def test_black_or_white_is_always_seen() -> None:
    shades = np.stack(np.meshgrid(*[np.arange(0, 256, 15.0)] * 3), axis=-1)
    best = np.maximum(eyes.contrast(shades, np.zeros(3)), eyes.contrast(shades, np.full(3, 255.0)))
    assert best.min() >= 4.58


def test_eyes_with_all_cones_see_all_and_grey_stays_grey() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 6, 3), np.uint8)
    np.testing.assert_array_equal(eyes.seen_by(picture, "all cones"), picture)
    grey = np.full((1, 1, 3), 120, np.uint8)
    for kind in eyes.EYES:
        assert np.abs(eyes.seen_by(grey, kind).astype(int) - 120).max() <= 1


def test_red_and_green_look_alike_without_long_wave_cones() -> None:
    colors = np.array([[200, 60, 0], [110, 110, 0], [0, 0, 255]], np.uint8)
    assert eyes.nearest_classes(colors, "no long-wave cones")[:2] == (0, 1)


@pytest.mark.parametrize("kind", eyes.EYES)
def test_the_second_palette_is_told_apart_by_all(kind: str) -> None:
    distance = eyes.nearest_classes(COLORBLIND.colors[:19], kind)[2]
    assert distance > 22  # as its source says; found there by other code
    assert eyes.nearest_classes(CITYSCAPES.colors[:19], kind)[2] < 16


def test_borders_of_a_street_are_seen() -> None:
    scene = minicity.scene(3)
    labels = (scene.instance_ids // 1000 % 19 * 1000 + scene.instance_ids % 7).astype(np.int32)
    for palette in (COLORBLIND, CITYSCAPES):
        picture = eyes.overlay(scene.image, labels, palette.colors)
        fills = (0.4 * scene.image + 0.6 * palette.colors[labels // 1000]).round()
        assert eyes.border_contrast(picture, labels, fills) >= eyes.ENOUGH
