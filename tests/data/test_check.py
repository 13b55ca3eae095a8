import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data.check import check_dataset, find_splits
from axialkit.data.check_counts import count_labels, segment_areas
from axialkit.data.check_sample import (
    CITIES,
    EMPTY,
    NO_IMAGE,
    NO_LABELS,
    PREPARED,
    SIZES,
    UNREADABLE,
    WRONG_IDS,
)
from axialkit.data.cityscapes import BY_NAME, SPLITS, TRAIN_CLASSES, list_samples
from axialkit.data.minicity import generate
from axialkit.data.panoptic_files import panoptic_json, panoptic_segments, write_png
from axialkit.errors import InputError


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("check") / "clean"
    return generate(
        root, scenes="avenue", train=3, val=2, test=1, workers=1, progress=False
    )  # fmt: skip


@pytest.fixture
def root(clean, tmp_path) -> Path:
    """A copy to be broken."""
    return shutil.copytree(clean, tmp_path / "broken")


def the_finding(root: Path, **settings):
    (finding,) = check_dataset(root, **settings).findings
    return finding


def change_json(path: Path, change) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


# --- sound data sets -----------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [False, True])
def test_a_clean_data_set_has_no_findings_and_its_counts(clean, quick):
    report = check_dataset(clean, quick=quick)
    assert report.findings == ()
    assert [(s.name, s.images, s.labels) for s in report.splits] == [
        ("train", 3, 3), ("val", 2, 2), ("test", 1, 1)
    ]  # fmt: skip
    assert [split.sizes for split in report.splits] == [{"64x128": n} for n in (3, 2, 1)]
    assert all((split.statistics is None) == quick for split in report.splits)
    assert len(report.samples) == 6


def test_statistics_equal_a_loop_over_the_pixels(clean):
    statistics = check_dataset(clean, ["train"]).splits[0].statistics
    pixels, instances, images, void = np.zeros(19), np.zeros(19), np.zeros(19), 0
    by_id = {klass.id: klass for klass in BY_NAME.values()}
    small = total = 0
    for sample in list_samples(clean, "train"):
        ids = np.array(Image.open(sample.instance_ids))
        total += ids.size
        seen = set()
        for value in np.unique(ids).tolist():
            area = int((ids == value).sum())
            klass = by_id[value // 1000 if value >= 1000 else value]
            if klass.train_id == 255:
                void += area
                continue
            pixels[klass.train_id] += area
            seen.add(klass.train_id)
            if klass.has_instances and value >= 1000:
                instances[klass.train_id] += 1
                small += area < 4096 * ids.size / (1024 * 2048)
        for train_id in seen:
            images[train_id] += 1
    assert [c.pixels for c in statistics.classes] == pytest.approx(list(pixels / total))
    assert [c.images for c in statistics.classes] == list(images)
    assert [c.instances or 0 for c in statistics.classes] == list(instances)
    assert statistics.void == pytest.approx(void / total)
    assert (statistics.instances, statistics.small_instances) == (instances.sum(), small)


def test_counts_of_crowds_void_and_small_instances():
    ids = np.full((32, 64), 7, np.int32)
    ids[0, :10], ids[1, :5], ids[2:4, :30] = 26, 4, 24001  # a crowd of cars, void, a person
    ids[5, :3], ids[6, :4], ids[7, :2] = 26007, 26008, 29001  # 4096 of 1024x2048 are 4 pixels here
    counts = count_labels(ids)
    car, person = BY_NAME["car"].train_id, BY_NAME["person"].train_id
    assert (counts.crowd, counts.void, counts.small, counts.total) == (10, 7, 1, 2048)
    assert counts.pixels[[car, person]].tolist() == [17, 60]
    assert counts.instances[[car, person]].tolist() == [2, 1]
    assert counts.pixels.sum() + counts.void == counts.total


def test_segment_areas_are_those_of_the_json():
    rng = np.random.RandomState(0)
    ids = np.array([0, 4, 7, 26, 26001, 29003, 33000])[rng.randint(7, size=(9, 11))]
    ids = ids.astype(np.int32)
    assert segment_areas(ids) == {s["id"]: s["area"] for s in panoptic_segments(ids)}


def test_the_official_test_split_is_sound(root):
    """Its labels exist, but hide everything; the prepared JSON lists no segment."""
    (sample,) = list_samples(root, "test")
    write_png(sample.instance_ids, np.full((64, 128), 3, np.uint16))
    write_png(sample.label_ids, np.full((64, 128), 3, np.uint8))
    remove_prepared(root, "test")
    report = check_dataset(root)
    assert report.findings == ()
    assert not report.splits[2].statistics.is_annotated
    assert report.splits[0].statistics.is_annotated


def test_a_test_split_without_any_label_is_sound_but_train_is_not(root):
    for split in ("test", "train"):
        shutil.rmtree(root / "gtFine" / split)
        remove_prepared(root, split)
    assert check_dataset(root, ["test"]).findings == ()
    assert [f.kind for f in check_dataset(root).findings] == [NO_LABELS] * 3


def test_prepared_files_alone_are_labels_enough(root):
    shutil.rmtree(root / "gtFine" / "val")
    report = check_dataset(root)
    assert report.findings == ()
    assert report.splits[1].labels == 2


def test_without_prepared_files_nothing_is_missing(root):
    for split in SPLITS:
        remove_prepared(root, split)
    assert check_dataset(root).findings == ()


def remove_prepared(root: Path, split: str) -> None:
    for path in (root / "gtFine").glob(f"cityscapes_panoptic_{split}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


# --- broken ones ---------------------------------------------------------------------------------


def test_an_image_without_labels(root):
    sample = list_samples(root, "train")[1]
    remove_prepared(root, "train")
    sample.instance_ids.unlink()
    finding = the_finding(root)
    assert finding.kind == NO_LABELS
    assert finding.path == str(sample.image) and str(sample.instance_ids) in finding.what
    assert the_finding(root, quick=True) == finding


def test_labels_without_image(root):
    remove_prepared(root, "val")
    sample = list_samples(root, "val")[0]
    sample.image.unlink()
    finding = the_finding(root)
    assert finding.kind == NO_IMAGE
    assert finding.path == str(sample.instance_ids) and str(sample.image) in finding.what


def test_polygons_alone_without_image_are_named(root):
    folder = root / "gtFine" / "val" / "nowhere"
    folder.mkdir()
    (folder / "nowhere_000000_000001_gtFine_polygons.json").write_text("{}")
    finding = the_finding(root)
    assert finding.kind == NO_IMAGE
    assert "leftImg8bit/val/nowhere/nowhere_000000_000001_leftImg8bit.png" in finding.what


def test_prepared_labels_without_image(root):
    sample = list_samples(root, "val")[0]
    for path in sample.polygons.parent.glob(f"{sample.name}_*"):
        path.unlink()
    sample.image.unlink()
    finding = the_finding(root)
    assert finding.kind == NO_IMAGE
    assert finding.path.endswith(f"cityscapes_panoptic_val/{sample.name}_gtFine_panoptic.png")


def truncate(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])


@pytest.mark.parametrize("field", ["image", "instance_ids", "label_ids"])
def test_a_truncated_file_is_found_by_decoding_only(root, field):
    path = getattr(list_samples(root, "train")[2], field)
    truncate(path)
    finding = the_finding(root)
    assert (finding.kind, finding.path) == (UNREADABLE, str(path))
    assert finding.what.startswith("cannot read the") and "truncated" in finding.what
    assert finding.remedy
    assert check_dataset(root, quick=True).findings == ()


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_what_is_no_image(root, content, quick):
    path = list_samples(root, "val")[1].image
    path.write_bytes(content)
    finding = the_finding(root, quick=quick)
    assert (finding.kind, finding.path) == (UNREADABLE, str(path))


@pytest.mark.parametrize(
    ("value", "words"),
    [(99, "holds the id 99"), (40001, "holds the id 40001"), (34, "holds the id 34"),
     (7001, "number 1 of road, which is not counted")],
)  # fmt: skip
def test_ids_outside_the_table(root, value, words):
    remove_prepared(root, "val")
    sample = list_samples(root, "val")[0]
    ids = np.array(Image.open(sample.instance_ids)).astype(np.uint16)
    ids[5, 6] = value
    write_png(sample.instance_ids, ids)
    finding = the_finding(root)
    assert (finding.kind, finding.path) == (WRONG_IDS, str(sample.instance_ids))
    assert words in finding.what and finding.remedy


def test_a_color_picture_in_place_of_ids(root):
    remove_prepared(root, "val")
    sample = list_samples(root, "val")[0]
    shutil.copyfile(sample.image, sample.instance_ids)
    finding = the_finding(root)
    assert finding.kind == WRONG_IDS and "image mode RGB" in finding.what


@pytest.mark.parametrize("quick", [False, True])
def test_image_and_labels_of_different_sizes(root, quick):
    sample = list_samples(root, "train")[0]
    Image.open(sample.image).resize((64, 32)).save(sample.image)
    findings = check_dataset(root, quick=quick).findings
    assert {finding.kind for finding in findings} == {SIZES}
    assert str(sample.instance_ids) in [finding.path for finding in findings]
    assert "is 64x128 (height x width), but" in findings[0].what
    assert findings[0].what.endswith("_leftImg8bit.png is 32x64")


def test_a_city_in_two_splits(root):
    image = list_samples(root, "train")[0].image
    city = image.parent.name
    remove_prepared(root, "val")
    for kind in ("leftImg8bit", "gtFine"):
        shutil.copytree(root / kind / "train" / city, root / kind / "val" / city)
    finding = the_finding(root)
    assert (finding.kind, finding.path) == (CITIES, str(root / "leftImg8bit" / "val" / city))
    assert f"the city {city} is in train, too" in finding.what
    assert check_dataset(root, ["val"]).findings == ()


def test_an_empty_split(root):
    remove_prepared(root, "val")
    for kind in ("leftImg8bit", "gtFine"):
        shutil.rmtree(root / kind / "val")
    (root / "leftImg8bit" / "val").mkdir()
    finding = the_finding(root)
    assert (finding.kind, finding.path) == (EMPTY, str(root / "leftImg8bit" / "val"))


@pytest.mark.parametrize("use_train_id", [False, True])
def test_a_wrong_area_in_the_json(root, use_train_id):
    path = panoptic_json(root, "val", use_train_id=use_train_id)
    segment = json.loads(path.read_text())["annotations"][1]["segments_info"][2]

    def change(content):
        content["annotations"][1]["segments_info"][2]["area"] += 5

    change_json(path, change)
    finding = the_finding(root)
    assert finding.kind == PREPARED and finding.path.startswith(str(path.with_suffix("")))
    assert finding.what == (
        f"segment {segment['id']} has {segment['area']} pixels here, but {segment['area'] + 5} in "
        f"{path.name}"
    )
    assert "axialkit data prepare --force" in finding.remedy


def test_prepared_files_older_than_the_labels(root):
    sample = list_samples(root, "val")[0]
    ids = np.array(Image.open(sample.instance_ids))
    road = ids == 7
    ids[np.nonzero(road)[0][:9], np.nonzero(road)[1][:9]] = 8
    write_png(sample.instance_ids, ids)
    findings = check_dataset(root).findings
    assert [finding.kind for finding in findings] == [
        PREPARED,
        PREPARED,
    ]  # with and without _trainId
    assert f"{road.sum()} pixels here, but {road.sum() - 9} in {sample.instance_ids.name}" in (
        findings[0].what
    )


def remove_image(content):
    del content["images"][0], content["annotations"][0]


def rename_image(content):
    content["images"][0]["id"] = content["annotations"][0]["image_id"] = "other_0_0"


def repeat_image(content):
    content["images"].append(content["images"][0])


def remove_annotation(content):
    del content["annotations"][1]


def change_size(content):
    content["images"][0]["height"] = 99


def remove_key(content):
    del content["annotations"][0]["segments_info"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (remove_image, ["leaves out images of the split (it lists 1): "]),
        (rename_image, ["leaves out images", "without labels: other_0_0"]),
        (repeat_image, ["lists an image twice:"]),
        (remove_annotation, ['without entry under "annotations":']),
        (change_size, ["is 64x128, but cityscapes_panoptic_val.json says 99x128"]),
        (remove_key, ["not in the form of a panoptic JSON (KeyError: 'segments_info')"]),
    ],
)
def test_a_json_that_does_not_fit(root, change, words):
    change_json(panoptic_json(root, "val"), change)
    findings = check_dataset(root).findings
    assert [finding.kind for finding in findings] == [PREPARED] * len(words)
    for finding, part in zip(findings, words, strict=True):
        assert part in finding.what


@pytest.mark.parametrize("text", ["{", "[]", '{"images": 3, "annotations": []}'])
def test_a_damaged_json(root, text):
    path = panoptic_json(root, "val")
    path.write_text(text)
    assert the_finding(root).path == str(path)


@pytest.mark.parametrize("quick", [False, True])
def test_a_missing_prepared_picture(root, quick):
    path = next(panoptic_json(root, "val").with_suffix("").iterdir())
    path.unlink()
    finding = the_finding(root, quick=quick)
    assert (finding.kind, finding.path) == (UNREADABLE, str(path))


def test_many_defects_are_all_found_with_processes_too(root):
    for number in range(3, 20):  # enough for a pool
        for path in [*root.glob("*/train/*/*_000000_*")]:
            shutil.copyfile(path, path.with_name(path.name.replace("_000000_", f"_{number:06d}_")))
    remove_prepared(root, "train")
    samples = list_samples(root, "train")
    truncate(samples[4].image)
    truncate(samples[9].instance_ids)
    one, two = (check_dataset(root, ["train"], workers=workers) for workers in (1, 2))
    assert one.findings == two.findings and one.splits == two.splits
    assert {f.path for f in one.findings} == {str(samples[4].image), str(samples[9].instance_ids)}
    assert one.splits[0].statistics.images == len(samples) - 1


# --- what is no data set -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("splits", "words"), [(["vall"], 'Did you mean "val"'), (["test"], "has no split test")]
)
def test_splits_that_are_not_there(root, splits, words):
    for kind in ("leftImg8bit", "gtFine"):
        shutil.rmtree(root / kind / "test")
    with pytest.raises(InputError, match=words):
        find_splits(root, splits)
    assert find_splits(root) == ["train", "val"]


def test_no_folder_and_no_data_set(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        check_dataset(tmp_path / "nowhere")
    with pytest.raises(InputError, match="is not a Cityscapes root"):
        check_dataset(tmp_path)


def test_the_report_is_json(root):
    truncate(list_samples(root, "train")[0].image)
    content = json.loads(json.dumps(check_dataset(root).to_dict()))
    assert content["splits"][0]["images"] == 3
    assert len(content["splits"][0]["statistics"]["classes"]) == len(TRAIN_CLASSES)
    assert set(content["problems"][0]) == {"kind", "path", "what", "remedy"}
