"""Palettes through other eyes, and the difference of two pictures, as figures and in words."""

import numpy as np

from axialkit.course import eye_figures
from axialkit.course.eyes import EYES, overlay, seen_by
from axialkit.visualize.palettes import PALETTES

IMAGE = np.random.default_rng(0).integers(0, 256, (8, 16, 3), np.uint8)
LABELS = np.repeat(np.array([[0, 2000, 13001, 13002]], np.int32), 4, axis=1).repeat(8, axis=0)


def test_a_panel_for_each_palette_and_eye() -> None:
    panels = eye_figures.draw_eyes(IMAGE, LABELS).axes
    large, labels = IMAGE.repeat(3, 0).repeat(3, 1), LABELS.repeat(3, 0).repeat(3, 1)
    wanted = [(name, eye) for name in PALETTES for eye in EYES[:2]]
    for axes, (name, eye) in zip(panels, wanted, strict=True):
        expected = seen_by(overlay(large, labels, PALETTES[name].colors), eye)
        assert np.array_equal(axes.images[0].get_array(), expected)
        first, second = axes.get_title(loc="left").splitlines()
        assert first == f"{name} palette · {eye}"
        pair = second.removeprefix("most alike: ")
        said = eye_figures.describe_eyes(IMAGE, LABELS)
        assert f"{name} palette, {eye}: nearest are {pair}" in said
    assert "A street as colored segments, 4 times." in said


def test_one_kind_of_eyes() -> None:
    panels = eye_figures.draw_one_eye(IMAGE, LABELS, EYES[3]).axes
    assert [axes.get_title(loc="left").splitlines()[0] for axes in panels] == [
        f"{name} palette · {EYES[3]}" for name in PALETTES
    ]
    assert eye_figures.describe_one_eye(IMAGE, LABELS, EYES[3]).count(EYES[3]) == len(PALETTES)


def test_black_where_pictures_differ() -> None:
    changed = IMAGE.copy()
    changed[2, 3, 0] ^= 1
    changed[5, 1] ^= 1
    panels = eye_figures.draw_difference(IMAGE, changed, ("before", "after")).axes
    assert [axes.get_title() for axes in panels] == [
        "before", "after", "1.6 % of the pixels differ"
    ]  # fmt: skip
    assert np.argwhere(panels[2].images[0].get_array()).tolist() == [[2, 3], [5, 1]]
    said = eye_figures.describe_difference(IMAGE, changed)
    assert said.endswith("they differ: 2 of 128, between rows 2 and 5.")
    assert eye_figures.describe_difference(IMAGE, IMAGE).endswith("they differ: 0 of 128.")
