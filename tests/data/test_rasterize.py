import json

import numpy as np
import pytest
from PIL import Image

from axialkit.data import rasterize
from axialkit.data.cityscapes import CLASSES
from axialkit.data.scene import Polygon
from axialkit.errors import InputError

SIZE = (40, 60)


def box(label: str, x0: int, y0: int, x1: int, y1: int) -> Polygon:
    return Polygon(label, ((x0, y0), (x1, y0), (x1, y1), (x0, y1)))


def random_polygons(seed: int) -> tuple[Polygon, ...]:
    """Polygons of every class and some groups, with corners inside and outside the picture."""
    rng = np.random.RandomState(seed)
    names = [c.name for c in CLASSES] + ["cargroup", "persongroup", "bicyclegroup"]
    return tuple(
        Polygon(
            names[rng.randint(len(names))],
            tuple((int(x), int(y)) for x, y in rng.randint(-8, 68, (rng.randint(3, 9), 2))),
        )
        for _ in range(40)
    )


def annotation(tmp_path, polygons):
    from cityscapesscripts.helpers.annotation import Annotation

    path = tmp_path / "a_gtFine_polygons.json"
    rasterize.write_polygons(path, polygons, SIZE)
    loaded = Annotation()
    loaded.fromJsonFile(str(path))
    return loaded


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_official_painter_on_random_polygons(tmp_path, seed):
    from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
    from cityscapesscripts.preparation.json2labelImg import createLabelImage

    polygons = random_polygons(seed)
    official = annotation(tmp_path, polygons)
    instances = rasterize.instance_ids(polygons, SIZE)
    labels = rasterize.label_ids(instances)

    np.testing.assert_array_equal(instances, np.array(createInstanceImage(official, "ids")))
    np.testing.assert_array_equal(labels, np.array(createLabelImage(official, "ids")))
    colors = np.array(createLabelImage(official, "color"))
    np.testing.assert_array_equal(rasterize.label_colors(labels), colors)


def test_later_polygons_cover_earlier_ones_and_borders_are_painted():
    instances = rasterize.instance_ids([box("road", 0, 0, 9, 9), box("car", 5, 5, 12, 7)], SIZE)
    assert (instances[0:5, 0:10] == 7).all()
    assert (instances[5:8, 5:13] == 26000).all()
    assert (instances[8, 5:10] == 7).all()
    assert instances[8, 12] == 0


def test_instances_are_counted_per_class_and_groups_are_not():
    labels = ["car", "person", "car", "cargroup", "road", "car", "license plate"]
    values = rasterize.instance_values([box(label, 0, 0, 3, 3) for label in labels])
    assert values == [26000, 24000, 26001, 26, 7, 26002, None]


def test_owners_names_the_polygon_seen_at_each_pixel():
    polygons = [
        box("road", 0, 0, 9, 9),
        box("license plate", 0, 0, 9, 9),
        box("road", 4, 0, 9, 9),
    ]
    owners = rasterize.owners(polygons, SIZE)
    assert (owners[:10, :4] == 0).all()
    assert (owners[:10, 4:10] == 2).all()
    assert (owners[10:] == -1).all()


def test_unknown_label_is_named_with_a_suggestion():
    with pytest.raises(InputError, match='"buss" is not a Cityscapes class.*"bus"'):
        rasterize.instance_ids([box("buss", 0, 0, 3, 3)], SIZE)


def test_group_of_an_unknown_class_is_refused():
    with pytest.raises(InputError, match="dragongroup"):
        rasterize.instance_ids([box("dragongroup", 0, 0, 3, 3)], SIZE)


def test_polygons_survive_the_file(tmp_path):
    polygons = random_polygons(9)
    rasterize.write_polygons(tmp_path / "p.json", polygons, SIZE)
    assert rasterize.read_polygons(tmp_path / "p.json") == (polygons, SIZE)


def test_deleted_polygons_are_skipped_as_officially(tmp_path):
    square = [[0, 0], [5, 0], [5, 5], [0, 5]]
    objects = [
        {"label": "car", "polygon": square, "deleted": 1},
        {"label": "bus", "polygon": square, "deleted": 0},
    ]
    content = {"imgHeight": 8, "imgWidth": 9, "objects": objects}
    (tmp_path / "p.json").write_text(json.dumps(content))
    polygons, size = rasterize.read_polygons(tmp_path / "p.json")
    assert [p.label for p in polygons] == ["bus"]
    assert size == (8, 9)


def test_other_json_is_refused(tmp_path):
    (tmp_path / "p.json").write_text('{"objects": [{"label": "car"}], "imgHeight": 3}')
    with pytest.raises(InputError, match="p.json is no Cityscapes annotation"):
        rasterize.read_polygons(tmp_path / "p.json")


def test_colors_are_opaque_like_the_official_ones():
    colors = rasterize.label_colors(np.array([[0, 7, 26]], np.uint8))
    assert colors.tolist() == [[[0, 0, 0, 255], [128, 64, 128, 255], [0, 0, 142, 255]]]
    assert Image.fromarray(colors).mode == "RGBA"
