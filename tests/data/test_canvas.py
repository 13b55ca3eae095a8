import numpy as np
import pytest
from PIL import Image, ImageDraw

from axialkit.data.canvas import Board, Light, Sketch, View, bar, hull, paint

VIEW = View(height=128, width=256, focal=243.2, center_x=120.0, horizon=50.0)
LIGHT = Light(
    gain=1.0, tint=(1.0, 1.0, 1.0), haze=(200.0, 210.0, 220.0), reach=100.0, sun=1, sunny=1.0
)


def label_mask(points, size=(128, 256)):
    mask = Image.new("L", (size[1], size[0]))
    ImageDraw.Draw(mask).polygon(list(points), fill=1)
    return np.asarray(mask)


def painted_mask(sketch, size=(128, 256)):
    image, _ = paint(sketch.strokes, np.zeros((*size, 3), np.uint8))
    return image[..., 0] > 127


def test_projection_is_that_of_a_camera_matrix():
    matrix = np.array([[243.2, 0, 120.0], [0, -243.2, 50.0], [0, 0, 1]])
    for world in ((0.0, 1.35, 10.0), (-3.0, 0.0, 5.5), (7.5, 12.0, 40.0)):
        x, y, scale = matrix @ (np.array(world) - (0, 1.35, 0))
        assert VIEW.at(*world) == pytest.approx((x / scale, y / scale))


def test_rectangles_stand_where_they_say():
    assert VIEW.side(2.0, 0.0, 3.0, 5.0, 9.0)[2] == VIEW.at(2.0, 3.0, 9.0)
    assert VIEW.front(-1.0, 1.0, 0.0, 2.0, 6.0)[0] == VIEW.at(-1.0, 0.0, 6.0)
    assert VIEW.floor(-1.0, 1.0, 5.0, 9.0)[3] == VIEW.at(-1.0, 0.0, 9.0)


def test_board_mirrors_about_its_foot():
    plain, mirrored = Board(VIEW, 1.0, 8.0), Board(VIEW, 1.0, 8.0, mirror=True)
    assert plain.at(0.5, 1.0) == pytest.approx(VIEW.at(1.5, 1.0, 8.0))
    assert mirrored.at(0.5, 1.0) == pytest.approx(VIEW.at(0.5, 1.0, 8.0))


def test_distance_fades_into_haze():
    assert LIGHT.shade((100, 50, 0), 0.0) == (100, 50, 0)
    far = LIGHT.shade((100, 50, 0), 10_000.0)
    assert np.abs(np.array(far) - LIGHT.haze).max() <= 1


def test_walls_facing_the_sun_are_brighter():
    assert LIGHT.facing(-1) > 1 > LIGHT.facing(1)  # the sun stands right: left walls look at it


@pytest.mark.parametrize("width", [1, 2, 3, 5])
@pytest.mark.parametrize("x", [30.0, 30.3, 30.5, 30.99])
def test_bar_covers_whole_columns_in_image_and_label(x, width):
    sketch = Sketch(VIEW, LIGHT, 1.0)
    sketch.both("pole", bar(x, width, 20, 90), (255, 255, 255))
    labelled = label_mask(sketch.polygons[0].points)
    assert set(labelled.sum(1)) == {0, width}
    assert (painted_mask(sketch)[40] == labelled[40]).all()
    middle = np.flatnonzero(labelled[40]).mean() + 0.5
    assert abs(middle - x) <= 0.5


def test_image_and_label_agree():
    rng = np.random.RandomState(0)
    for _ in range(40):
        sketch = Sketch(VIEW, LIGHT, 1.0)
        triangle = [tuple(p) for p in (rng.random_sample((3, 2)) * (240, 110) + 8).tolist()]
        sketch.both("car", triangle, (255, 255, 255))
        labelled = label_mask(sketch.polygons[0].points).astype(bool)
        edge = np.hypot(*np.diff([*triangle, triangle[0]], axis=0).T).sum()
        assert (painted_mask(sketch) ^ labelled).sum() <= edge  # under a pixel along the outline


def test_labels_are_integers_near_the_picture_and_keep_their_region():
    rng = np.random.RandomState(1)
    for _ in range(40):
        points = [tuple(p) for p in (rng.random_sample((5, 2)) * 900 - 300).tolist()]
        points = hull(points)
        sketch = Sketch(VIEW, LIGHT, 1.0)
        sketch.label("car", points)
        whole = label_mask([(round(x - 0.5), round(y - 0.5)) for x, y in points])
        if not sketch.polygons:
            assert whole.sum() == 0
            continue
        cut = sketch.polygons[0].points
        assert all(type(v) is int for p in cut for v in p)
        assert all(-10 <= x <= 266 and -10 <= y <= 138 for x, y in cut)
        assert (label_mask(cut) ^ whole).mean() < 0.01


def test_hull_is_the_smallest_convex_outline():
    rng = np.random.RandomState(2)
    points = [tuple(p) for p in rng.random_sample((60, 2)).tolist()]
    outline = np.array(hull(points))
    a, b = outline, np.roll(outline, -1, 0)
    for point in points:  # every point lies on the inner side of every edge
        cross = (b - a)[:, 0] * (point - a)[:, 1] - (b - a)[:, 1] * (point - a)[:, 0]
        assert cross.min() > -1e-12
    assert {tuple(p) for p in outline.tolist()} <= set(points)


def test_paint_goes_in_order_and_records_materials():
    sketch = Sketch(VIEW, LIGHT, 1.0)
    sketch.fill([(10, 10), (60, 10), (60, 60), (10, 60)], (200, 0, 0), "leaf")
    sketch.disc((35, 35), (10, 10), (0, 200, 0), "cloth")
    sketch.line([(10, 100), (60, 100)], (0, 0, 200), 4)
    image, materials = paint(sketch.strokes, np.full((128, 256, 3), 90, np.uint8))
    assert image[20, 20].tolist() == [200, 0, 0]
    assert image[35, 35].tolist() == [0, 200, 0]
    assert image[100, 30].tolist() == [0, 0, 200]
    assert image[5, 5].tolist() == [90, 90, 90]
    assert len({materials[20, 20], materials[35, 35], materials[5, 5]}) == 3


def test_strokes_beside_the_picture_are_not_kept():
    sketch = Sketch(VIEW, LIGHT, 1.0)
    sketch.fill([(300, 10), (360, 10), (360, 60)], (200, 0, 0))
    sketch.disc((20, 20), (0.1, 5), (200, 0, 0))
    assert sketch.strokes == []
