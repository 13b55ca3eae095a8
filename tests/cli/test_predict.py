import json
import re

import numpy as np
import pytest
from PIL import Image

from axialkit.cli.prediction import keep_classes, note_on_size, train_ids_of
from axialkit.config import PRESETS
from axialkit.data.cityscapes import list_samples
from axialkit.data.minicity import scene
from axialkit.structures import VOID, PanopticResult
from axialkit.visualize.palettes import COLORBLIND


@pytest.fixture
def street(tmp_path):
    """A drawn street as a file."""
    path = tmp_path / "street.png"
    Image.fromarray(scene(3).image).save(path)
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def official_ids_of(path):
    red, green, blue = np.moveaxis(np.array(Image.open(path)).astype(int), -1, 0)
    return red + 256 * green + 65536 * blue


# --- one image -----------------------------------------------------------------------------------


def test_it_writes_overlay_labels_and_table(axk, trained, city, tmp_path):
    image = list_samples(city, "val")[0].image
    outcome = axk(
        "predict", trained, image, "--out", tmp_path / "seen", "--json", tmp_path / "t.json"
    )
    assert outcome.code == 0, outcome.err
    name = image.stem
    assert names(tmp_path / "seen") == [
        f"{name}_{ending}" for ending in ("overlay.png", "panoptic.json", "panoptic.png")
    ]
    (table,) = json.loads((tmp_path / "t.json").read_text())
    for segment in table["segments"]:
        assert re.search(rf"^{segment['name']} +{100 * segment['area']:.1f} ", outcome.out, re.M)
    assert (table["height"], table["width"], table["note"]) == (64, 128, "")


def test_the_label_files_are_in_the_official_form(axk, tmp_path, street):
    """Read back as the official tools do: id = R + 256 G + 65536 B, described in the JSON."""
    from cityscapesscripts.helpers.labels import id2label

    assert axk("predict", "tiny", street, "--out", tmp_path, "--json", tmp_path / "t").code == 0
    ids = official_ids_of(tmp_path / "street_panoptic.png")
    assert ids.shape == (128, 256)
    content = json.loads((tmp_path / "street_panoptic.json").read_text())
    (annotation,) = content["annotations"]
    assert (annotation["image_id"], annotation["file_name"]) == ("street", "street_panoptic.png")
    rows = annotation["segments_info"]
    assert [row["id"] for row in rows] == sorted(set(np.unique(ids)) - {0})
    (table,) = json.loads((tmp_path / "t").read_text())
    scores = {round(each["area"] * ids.size): each["score"] for each in table["segments"]}
    for row in rows:
        ys, xs = zip(*np.argwhere(ids == row["id"]).tolist(), strict=True)
        assert row["area"] == len(ys)
        width, height = max(xs) + 1 - min(xs), max(ys) + 1 - min(ys)
        assert row["bbox"] == [min(xs), min(ys), width, height]
        label = id2label[row["category_id"]]
        assert not label.ignoreInEval and label.hasInstances == (row["id"] >= 1000)
        assert row["iscrowd"] == 0 and 0 < row["score"] <= 1
        assert row["score"] == scores[row["area"]]


@pytest.mark.parametrize(
    ("kinds", "endings"),
    [
        (["overlay"], ["overlay.png"]),
        (["json", "panoptic"], ["panoptic.json", "panoptic.png"]),
        (["json"], ["panoptic.json"]),
    ],
)
def test_only_the_files_asked_for_are_written(axk, street, tmp_path, kinds, endings):
    out = tmp_path / "seen"
    outcome = axk("predict", "tiny_avenue", street, "--out", out, "--write", *kinds)
    assert outcome.code == 0, outcome.err
    assert names(out) == [f"street_{ending}" for ending in endings]


def test_only_some_classes():
    result = PanopticResult(*[np.zeros((1, 3), np.int32)] * len(PanopticResult._fields))
    result = result._replace(panoptic=np.array([[0, 13001, 11002]], np.int32))
    assert keep_classes(result, train_ids_of(("car", "road"))).panoptic.tolist() == [
        [0, 13001, VOID]
    ]
    assert keep_classes(result, []).panoptic.tolist() == [[0, 13001, 11002]]


def test_the_palette_is_that_of_the_overlay(axk, tmp_path, street):
    road = tuple(COLORBLIND.colors[0].tolist())
    for palette, expected in (("cityscapes", (128, 64, 128)), ("colorblind", road)):
        out = tmp_path / palette
        flags = ("--out", out, "--palette", palette, "--write", "overlay")
        assert axk("predict", "tiny", street, *flags).code == 0
        colors = Image.open(out / "street_overlay.png").getcolors(1 << 20)
        assert expected in {color for _, color in colors}  # the legend's chip is unmixed


# --- any image -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (700, 90), (1, 1)], ids=str)
def test_any_shape_comes_back_in_its_size(axk, tmp_path, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "x.png")
    outcome = axk("predict", "tiny", tmp_path / "x.png", "--out", tmp_path)
    assert outcome.code == 0, outcome.err
    assert Image.open(tmp_path / "x_panoptic.png").size == size[::-1]
    overlay = Image.open(tmp_path / "x_overlay.png")
    assert overlay.width >= size[1] and overlay.height > size[0]


def test_a_photo_is_turned_upright_before_it_is_segmented(axk, tmp_path, street):
    """EXIF 6: the stored picture is turned by a quarter; the answer is that of the upright one."""
    upright = Image.open(street)
    exif = upright.getexif()
    exif[0x0112] = 6
    upright.rotate(90, expand=True).save(tmp_path / "turned.png", exif=exif)
    assert axk("predict", "tiny", tmp_path / "turned.png", street, "--out", tmp_path).code == 0
    turned = official_ids_of(tmp_path / "turned_panoptic.png")
    np.testing.assert_array_equal(turned, official_ids_of(tmp_path / "street_panoptic.png"))
    assert turned.shape == (128, 256)


def test_photographs_are_said_to_be_out_of_this_world(axk, tmp_path):
    photo = Image.fromarray(np.full((600, 900, 3), 120, np.uint8))
    photo.save(tmp_path / "photo.jpg")
    outcome = axk("predict", "tiny_avenue", tmp_path / "photo.jpg", "--out", tmp_path)
    assert outcome.code == 0
    assert "a picture of 600x900 is out of this tiny network's world" in outcome.out
    assert "drawn streets of 64x128 pixels only, never a whole street photo" in outcome.out
    assert Image.open(tmp_path / "photo_panoptic.png").size == (900, 600)


def test_only_small_networks_and_large_pictures_get_the_note():
    assert note_on_size(PRESETS["tiny"], (128, 256)) == ""
    assert "out of this tiny network's world" in note_on_size(PRESETS["tiny"], (480, 640))
    assert note_on_size(PRESETS["axial_swidernet_1_1_1"], (3000, 4000)) == ""


def test_other_image_modes_are_converted_with_one_line(axk, tmp_path, caplog):
    Image.fromarray(np.full((64, 128), 90, np.uint8)).save(tmp_path / "grey.png")
    outcome = axk("predict", "tiny_avenue", tmp_path / "grey.png", "--out", tmp_path)
    assert outcome.code == 0
    assert caplog.messages == [f"{tmp_path / 'grey.png'}: converted from grey to RGB."]


# --- several files -------------------------------------------------------------------------------


def test_several_files_get_one_line_each_and_no_tables(axk, city, tmp_path):
    pattern = city / "leftImg8bit" / "val" / "*" / "*.png"
    count = len(list_samples(city, "val"))
    outcome = axk("predict", "tiny_avenue", pattern, "--out", tmp_path, "--json", tmp_path / "t")
    assert outcome.code == 0, outcome.err
    lines = re.findall(r"^.*_leftImg8bit\.png \(64x128\): \d+ segments?.*$", outcome.out, re.M)
    assert len(lines) == count > 1
    assert "score" not in outcome.out and "area %" not in outcome.out
    tables = json.loads((tmp_path / "t").read_text())
    for line, table in zip(lines, tables, strict=True):
        assert line.startswith(f"{table['image']} (64x128): {len(table['segments'])} segment")
        cars = sum(segment["klass"] == "car" for segment in table["segments"])
        assert (f", {cars} × car" in line) == (cars > 0)


def test_a_broken_file_among_several_does_not_stop_the_others(axk, street, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(street.read_bytes()[:2000])
    no_video = tmp_path / "no.mp4"
    no_video.write_text("not a video")
    out = tmp_path / "seen"
    outcome = axk(
        "predict", "tiny_avenue", broken, no_video, street, "--out", out, "--write", "overlay"
    )
    assert outcome.code == 1
    first, second, last = [line for line in outcome.err.splitlines() if "axialkit: " in line]
    assert first.startswith(f"axialkit: Cannot read the image {broken}")
    assert second.startswith(f"axialkit: {no_video} is not a video")
    assert last == f"axialkit: 2 of 3 files could not be read: {broken}, {no_video}."
    assert names(out) == ["street_overlay.png"]


def test_a_broken_file_alone_is_an_error(axk, street, tmp_path):
    street.write_bytes(street.read_bytes()[:2000])
    outcome = axk("predict", "tiny_avenue", street, "--out", tmp_path)
    assert outcome.code == 2
    assert outcome.sentence.startswith(f"Cannot read the image {street}")


def test_what_cannot_be_written_stops_at_once(axk, street, tmp_path):
    Image.open(street).save(tmp_path / "second.png")
    (tmp_path / "file").write_text("")
    outcome = axk(
        "predict", "tiny_avenue", street, tmp_path / "second.png", "--out", tmp_path / "file"
    )
    assert outcome.code == 2
    assert "a part of this path is a file" in outcome.sentence


# --- names ---------------------------------------------------------------------------------------


def test_an_unknown_name_gets_a_suggestion(axk, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "x.png")
    outcome = axk("predict", "tinny", tmp_path / "x.png")
    assert outcome.code == 2
    assert '"tinny" is neither a preset nor a run folder. Did you mean "tiny"?' in outcome.sentence
