import json
import re

import numpy as np
import pytest
from PIL import Image

from axialkit.cli.predict import find_images, unique_names
from axialkit.cli.prediction import keep_classes, note_on_size, train_ids_of
from axialkit.config import PRESETS
from axialkit.data.cityscapes import list_samples
from axialkit.errors import InputError
from axialkit.structures import VOID, PanopticResult


def test_it_writes_overlay_labels_and_table(axk, trained, city, tmp_path):
    image = list_samples(city, "val")[0].image
    outcome = axk(
        "predict", trained, image, "--out", tmp_path / "seen", "--json", tmp_path / "t.json"
    )
    assert outcome.code == 0, outcome.err
    name = image.stem
    assert {path.name for path in (tmp_path / "seen").iterdir()} == {
        f"{name}_overlay.png", f"{name}_panoptic.png", f"{name}_panoptic.json",
    }  # fmt: skip
    (table,) = json.loads((tmp_path / "t.json").read_text())
    for segment in table["segments"]:
        assert re.search(rf"^{segment['name']} +{100 * segment['area']:.1f} ", outcome.out, re.M)
    assert (table["height"], table["width"], table["note"]) == (64, 128, "")


def test_the_label_file_is_in_the_official_form(axk, trained, city, tmp_path):
    """Read back as the official tools do: id = R + 256 G + 65536 B, described in the JSON."""
    from cityscapesscripts.helpers.labels import id2label

    image = list_samples(city, "val")[1].image
    assert axk("predict", trained, image, "--out", tmp_path).code == 0
    red, green, blue = np.moveaxis(
        np.array(Image.open(tmp_path / f"{image.stem}_panoptic.png")).astype(int), -1, 0
    )
    ids = red + 256 * green + 65536 * blue
    assert ids.shape == (64, 128)
    (annotation,) = json.loads((tmp_path / f"{image.stem}_panoptic.json").read_text())[
        "annotations"
    ]
    segments = {row["id"]: row["category_id"] for row in annotation["segments_info"]}
    assert set(segments) == set(np.unique(ids)) - {0}
    for identity, category in segments.items():
        label = id2label[category]
        assert not label.ignoreInEval
        assert label.hasInstances == (identity >= 1000)


def test_only_some_classes():
    result = PanopticResult(*[np.zeros((1, 3), np.int32)] * 6)
    result = result._replace(panoptic=np.array([[0, 13001, 11002]], np.int32))
    assert keep_classes(result, train_ids_of(("car", "road"))).panoptic.tolist() == [
        [0, 13001, VOID]
    ]
    assert keep_classes(result, []).panoptic.tolist() == [[0, 13001, 11002]]


def test_a_folder_stands_for_its_images_and_shared_names_stay_apart(tmp_path):
    for path in ("a/x.png", "a/y.JPG", "a/notes.txt", "b/x.png"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(b"")
    images = find_images((tmp_path / "a", tmp_path / "b", tmp_path / "a" / "x.png"))
    assert [str(path.relative_to(tmp_path)) for path in images] == ["a/x.png", "a/y.JPG", "b/x.png"]
    assert unique_names(images) == ["a_x_png", "a_y_JPG", "b_x_png"]
    assert unique_names(images[:2]) == ["x", "y"]


def test_no_images_are_refused(axk, tmp_path):
    assert "Name at least one image" in axk("predict", "tiny").sentence
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty holds no images"):
        find_images((tmp_path / "empty",))
    with pytest.raises(InputError, match=r"There is no image .*nothing\.png"):
        find_images((tmp_path / "nothing.png",))


def test_photographs_are_said_to_be_out_of_this_world(axk, trained, tmp_path):
    photo = Image.fromarray(np.full((600, 900, 3), 120, np.uint8))
    photo.save(tmp_path / "photo.jpg")
    outcome = axk("predict", trained, tmp_path / "photo.jpg", "--out", tmp_path)
    assert outcome.code == 0
    assert "a picture of 600x900 is out of this tiny network's world" in outcome.out
    assert "drawn streets of 64x128 pixels only, never a whole street photo" in outcome.out
    assert Image.open(tmp_path / "photo_panoptic.png").size == (900, 600)


def test_only_small_networks_and_large_pictures_get_the_note():
    assert note_on_size(PRESETS["tiny"], (128, 256)) == ""
    assert "out of this tiny network's world" in note_on_size(PRESETS["tiny"], (480, 640))
    assert note_on_size(PRESETS["axial_swidernet_1_1_1"], (3000, 4000)) == ""


def test_other_image_modes_are_converted_with_one_line(axk, trained, tmp_path, caplog):
    Image.fromarray(np.full((64, 128), 90, np.uint8)).save(tmp_path / "grey.png")
    outcome = axk("predict", trained, tmp_path / "grey.png", "--out", tmp_path)
    assert outcome.code == 0
    assert caplog.messages == [f"{tmp_path / 'grey.png'}: converted from grey to RGB."]


def test_an_unknown_name_gets_a_suggestion(axk, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png")
    outcome = axk("predict", "tinny", tmp_path / "x.png")
    assert outcome.code == 2
    assert '"tinny" is neither a preset nor a run folder. Did you mean "tiny"?' in outcome.sentence
