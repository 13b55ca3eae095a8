import pytest

from axialkit.data.canvas import SCENERY, Cue, Light, Sketch, View
from axialkit.data.street_visibility import cue_box, prune

SIZE = (64, 128)
VIEW = View(height=64, width=128, focal=120.0, center_x=64.0, horizon=26.0)
LIGHT = Light(
    gain=1.0, tint=(1.0, 1.0, 1.0), haze=(200.0, 200.0, 200.0), reach=100.0, sun=1, sunny=0.5
)


def box(label, x, y, wide, high, z=10.0):
    """Return a sketch that covers exactly wide x high pixels from (x, y)."""
    sketch = Sketch(VIEW, LIGHT, z)
    right, bottom = x + wide - 0.5, y + high - 0.5
    sketch.label(label, [(x + 0.5, y + 0.5), (right, y + 0.5), (right, bottom), (x + 0.5, bottom)])
    return sketch


def special(x=20, y=10, wide=60, high=20, cue_wide=10):
    sketch = box("bus", x, y, wide, high)
    corners = ((x + wide - cue_wide, y), (x + wide, y + high))
    sketch.cue = Cue("side", True, ("bus", "truck"), corners)
    return sketch


def test_ten_pixels_of_a_thing_are_enough_nine_are_not():
    kept, dropped = box("car", 10, 10, 5, 2), box("car", 40, 10, 3, 3)
    assert prune([kept, dropped], SIZE) == [kept]


def test_stuff_may_be_as_small_as_it_likes():
    sign = box("traffic sign", 10, 10, 2, 2)
    assert prune([sign], SIZE) == [sign]


def test_hidden_things_go_until_all_that_stay_are_seen():
    behind, front = box("car", 10, 10, 4, 4), box("person", 10, 10, 4, 5)
    cover = box("building", 10, 10, 30, 30)
    assert prune([behind, front], SIZE) == [front]
    assert prune([behind, front, cover], SIZE) == [cover]


def test_a_small_thing_goes_and_what_it_hid_stays():
    car, person = box("car", 10, 10, 5, 4), box("person", 10, 10, 4, 2)
    assert prune([car, person], SIZE) == [car]


def test_plates_hide_nothing():
    car, plate = box("car", 10, 10, 5, 2), box("license plate", 10, 10, 5, 2)
    assert prune([car, plate], SIZE) == [car, plate]


def test_a_crowd_counts_as_things():
    assert prune([box("persongroup", 10, 10, 3, 3)], SIZE) == []


def test_cue_box_is_inclusive():
    assert cue_box(special(x=20, y=10, wide=60, high=20, cue_wide=10)) == (10, 70, 29, 79)


@pytest.mark.parametrize(("rows", "stays"), [(5, True), (8, False)])
def test_a_cue_may_be_covered_by_three_tenths(rows, stays):
    bus, wall = special(), box("wall", 70, 10, 10, rows)
    wall.layer = SCENERY
    assert (bus in prune([bus, wall], SIZE)) is stays


def test_a_cue_outside_the_picture_tells_nothing():
    assert prune([special(x=70, wide=60)], SIZE) == []


def test_nothing_free_stands_on_a_cues_columns():
    bus = special()
    below, beside = box("person", 72, 40, 4, 10, z=5.0), box("person", 40, 40, 4, 10, z=5.0)
    behind = box("person", 72, 0, 4, 9, z=30.0)
    assert prune([behind, bus, below, beside], SIZE) == [behind, bus, beside]
