import hashlib

import numpy as np
import pytest

from axialkit.data import long_vehicles
from axialkit.data.avenue import draw_avenue
from axialkit.data.long_vehicles import END_WIDTH, LONG_CLASSES
from axialkit.data.rasterize import owners
from axialkit.data.scene import Polygon, Scene
from axialkit.errors import InputError

SIZE = (64, 128)
NINE = {"road", "building", "vegetation", "sky", "person", "car", "truck", "bus", "train"}


def draw(seed: int, size=SIZE, ambiguity: float = 1.0) -> Scene:
    return draw_avenue(size, np.random.RandomState(seed), ambiguity=ambiguity)


@pytest.fixture(scope="module")
def many() -> list[Scene]:
    return [draw(seed) for seed in range(60)]


def test_the_nine_classes_cover_every_pixel(many):
    assert {p.label for scene in many for p in scene.polygons} == NINE
    for scene in many:
        assert scene.image.shape == (*SIZE, 3)
        assert (owners(scene.polygons, SIZE) >= 0).all()


def test_one_or_two_long_vehicles_and_each_is_special(many):
    for scene in many:
        indices = [i for i, p in enumerate(scene.polygons) if p.label in LONG_CLASSES]
        assert len(indices) in (1, 2)
        assert [special.polygon for special in scene.specials] == indices
    assert {len(scene.specials) for scene in many} == {1, 2}
    assert {scene.polygons[s.polygon].label for scene in many for s in scene.specials} == {
        *LONG_CLASSES
    }


def test_cue_box_is_an_end_of_the_vehicle_and_nothing_hides_it(many):
    for scene in many:
        seen = owners(scene.polygons, SIZE)
        for special in scene.specials:
            alone = owners([scene.polygons[special.polygon]], SIZE) == 0
            xs = np.flatnonzero(alone.any(axis=0))
            y0, x0, y1, x1 = special.cue
            assert x1 - x0 + 1 == END_WIDTH
            assert x0 == xs[0] or x1 == xs[-1]
            assert 60 <= xs[-1] - xs[0] + 1 + 4 <= 104  # up to 4 pixels of the rear are cut off
            cue = np.zeros(SIZE, bool)
            cue[y0 : y1 + 1, x0 : x1 + 1] = True
            assert (seen[cue & alone] == special.polygon).all()
            assert (seen[alone] == special.polygon).mean() > 0.5


def test_people_and_cars_show_at_least_ten_pixels(many):
    for scene in many:
        seen = owners(scene.polygons, SIZE)
        for index, polygon in enumerate(scene.polygons):
            if polygon.label in ("person", "car"):
                assert (seen == index).sum() >= 10


def test_classes_differ_only_in_the_cue_box(monkeypatch):
    """The same random numbers with another class give the same picture elsewhere."""
    for seed in range(8):
        pictures = []
        for klass in LONG_CLASSES:
            monkeypatch.setattr(long_vehicles, "LONG_CLASSES", (klass,) * 3)
            pictures.append(draw(seed))
        cue = np.zeros(SIZE, bool)
        for special in pictures[0].specials:
            y0, x0, y1, x1 = special.cue
            cue[y0 : y1 + 1, x0 : x1 + 1] = True
        for other in pictures[1:]:
            differs = (pictures[0].image != other.image).any(axis=2)
            assert differs.any()
            assert not differs[~cue].any()


def test_without_ambiguity_the_side_tells_the_class(monkeypatch):
    pictures = []
    for klass in LONG_CLASSES:
        monkeypatch.setattr(long_vehicles, "LONG_CLASSES", (klass,) * 3)
        pictures.append(draw(3, ambiguity=0.0))
    assert not any(special.ambiguous for special in pictures[0].specials)
    for special in pictures[0].specials:
        body = owners(pictures[0].polygons, SIZE) == special.polygon
        y0, x0, y1, x1 = special.cue
        body[y0 : y1 + 1, x0 : x1 + 1] = False
        for other in pictures[1:]:
            differs = (pictures[0].image.astype(int) - other.image).any(axis=2)
            assert differs[body].mean() > 0.1


def test_ambiguity_is_the_share_of_plain_sides():
    plain = [s.ambiguous for seed in range(60) for s in draw(seed, ambiguity=0.3).specials]
    assert 0.15 < np.mean(plain) < 0.45


def test_larger_pictures_show_the_same_scene():
    small, large = draw(5), draw(5, (128, 256))
    assert [p.label for p in small.polygons] == [p.label for p in large.polygons]
    halved = owners(large.polygons, (128, 256))[::2, ::2]
    assert (halved == owners(small.polygons, SIZE)).mean() > 0.97


@pytest.mark.parametrize("size", [(32, 64), (64, 120), (128, 128)])
def test_sizes_that_cannot_hold_an_avenue_are_refused(size):
    with pytest.raises(InputError, match=f"{size[0]}x{size[1]}"):
        draw(0, size)


def test_drawing_is_frozen():
    """Networks are trained on these scenes: a change of the polygons needs a new VERSION."""
    digest = hashlib.sha256()
    for seed in range(10):
        polygons: tuple[Polygon, ...] = draw(seed).polygons
        digest.update(repr([(p.label, p.points) for p in polygons]).encode())
    assert digest.hexdigest()[:16] == "09045a9529650858"
