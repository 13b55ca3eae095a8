import hashlib
from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw

from axialkit.data.cities import CITY_NAMES, city_style
from axialkit.data.cityscapes import BY_NAME, CLASSES
from axialkit.data.street import draw_street

THINGS = {"person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"}


def street(index, *, size=(128, 256), ambiguity=0.6, split="val"):
    rng = np.random.RandomState([0, list(CITY_NAMES).index(split), index])
    return draw_street(size, rng, city_style(split, index, 0), ambiguity)


def owners(scene):
    """Return for each pixel the index of the polygon that it shows, by drawing them all."""
    height, width = scene.image.shape[:2]
    shown = np.full((height, width), -1)
    for index, polygon in enumerate(scene.polygons):
        if polygon.label == "license plate":
            continue
        mask = Image.new("1", (width, height))
        ImageDraw.Draw(mask).polygon(list(polygon.points), fill=1)
        shown[np.asarray(mask)] = index
    return shown


@pytest.fixture(scope="module")
def scenes():
    return [street(index) for index in range(48)]


def test_scenes_do_not_change():
    text = repr([(scene.polygons, scene.specials) for scene in map(street, range(4))])
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "5edb915eac57fcf9"


def test_same_lots_same_pixels(scenes):
    again = street(7)
    assert again.polygons == scenes[7].polygons
    assert (again.image == scenes[7].image).all()


def test_every_class_appears(scenes):
    found = Counter(polygon.label for scene in scenes for polygon in scene.polygons)
    assert set(found) >= {klass.name for klass in CLASSES if klass.train_id < 19}
    assert all(found[name] >= 8 for name in THINGS)
    assert {"license plate", "static", "out of roi", "ego vehicle", "trailer"} <= set(found)
    assert any(name.endswith("group") for name in found)


def test_polygons_are_integers_with_known_names(scenes):
    for scene in scenes:
        for label, points in scene.polygons:
            assert label in BY_NAME or label.removesuffix("group") in BY_NAME
            assert len(points) >= 3
            assert all(type(value) is int for point in points for value in point)


def test_every_pixel_is_labelled_and_the_rim_is_void(scenes):
    for scene in scenes[:10]:
        shown = owners(scene)
        assert shown.min() >= 0
        rim = np.concatenate([shown[0], shown[-1], shown[:, 0], shown[:, -1]])
        assert {scene.polygons[i].label for i in rim} == {"out of roi"}


def test_things_show_ten_pixels_at_least(scenes):
    for scene in scenes:
        shown = owners(scene)
        for index, polygon in enumerate(scene.polygons):
            if BY_NAME[polygon.label.removesuffix("group")].has_instances:
                assert (shown == index).sum() >= 10, polygon


def test_cues_can_be_seen(scenes):
    specials = [(scene, special) for scene in scenes for special in scene.specials]
    assert Counter(s.kind for _, s in specials).keys() == {"side", "roof", "boards", "gable"}
    for scene, special in specials:
        top, left, bottom, right = special.cue
        assert 1 <= top <= bottom < 127
        assert 1 <= left <= right < 255
        box = owners(scene)[top : bottom + 1, left : right + 1]
        same = [scene.polygons[i].label in special.alternatives for i in box.ravel()]
        if special.kind in ("side", "boards"):  # the cue lies on the object itself
            assert (box == special.polygon).mean() >= 0.7
        else:
            assert any(same) or special.kind == "roof"
        assert scene.polygons[special.polygon].label in special.alternatives


def test_people_and_cars_keep_off_the_cues_columns(scenes):
    for scene in scenes:
        shown = owners(scene)
        apart = {special.polygon for special in scene.specials}
        for special in scene.specials:
            _, left, _, right = special.cue
            columns = shown[:, left : right + 1]
            nearer = set(columns[columns > special.polygon].tolist()) - apart
            assert {scene.polygons[i].label for i in nearer}.isdisjoint(THINGS), special


def test_ambiguity_is_the_share_of_plain_objects():
    for ambiguity in (0.0, 1.0):
        found = [s for i in range(15) for s in street(i, ambiguity=ambiguity).specials]
        assert len(found) > 5
        assert {special.ambiguous for special in found} == {ambiguity == 1.0}


def test_poles_are_two_pixels_wide_up_to_twenty_metres(scenes):
    widths = Counter()
    for scene in scenes:
        for label, points in scene.polygons:
            if label == "pole" and len({x for x, _ in points}) == 2:  # the upright ones
                widths[np.ptp([x for x, _ in points]) + 1] += 1
    assert widths[2] + widths[3] > 3 * widths[1]


@pytest.mark.parametrize("size", [(256, 512), (64, 128), (100, 333)])
def test_any_size_holds_the_same_things(size):
    for index in range(3):
        scene = street(index, size=size)
        assert scene.image.shape == (*size, 3)
        shown = owners(scene)
        assert shown.min() >= 0
        labels = {scene.polygons[i].label for i in np.unique(shown)}
        assert {"sky", "road", "building", "sidewalk"} <= labels


def test_images_are_bright_and_varied(scenes):
    means = [scene.image.mean() for scene in scenes]
    assert 85 < np.mean(means) < 150
    assert np.std(means) > 4
    assert min(scene.image.std() for scene in scenes) > 25
