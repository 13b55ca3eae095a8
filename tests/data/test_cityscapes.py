import numpy as np
import pytest
from cityscapesscripts.helpers.labels import labels as official_labels
from PIL import Image

from axialkit.data.cityscapes import (
    BY_NAME,
    CLASSES,
    LABEL_IDS,
    STUFF_TRAIN_IDS,
    THING_TRAIN_IDS,
    TRAIN_CLASSES,
    list_samples,
    panoptic_label,
    read_instance_ids,
    read_label_ids,
    train_ids,
)
from axialkit.errors import InputError

ENCODING = "data/encoding.npz"


def test_class_table_equals_the_official_one():
    official = {label.name: (label.id, label.trainId) for label in official_labels}
    assert official["license plate"] == (-1, -1)  # never painted; its train id is 255 like others'
    official["license plate"] = (-1, 255)
    assert {klass.name: (klass.id, klass.train_id) for klass in CLASSES} == official
    for label in official_labels:
        klass = BY_NAME[label.name]
        assert klass.color == label.color
        assert klass.has_instances == label.hasInstances


def test_train_classes_follow_their_train_ids():
    assert [klass.train_id for klass in TRAIN_CLASSES] == list(range(19))
    assert list(STUFF_TRAIN_IDS) == list(range(11))
    assert list(THING_TRAIN_IDS) == list(range(11, 19))
    official = {label.trainId: label.id for label in official_labels if not label.ignoreInEval}
    assert LABEL_IDS.tolist() == [official[train_id] for train_id in range(19)]


@pytest.mark.parametrize("scene", range(4))
def test_encoding_equals_the_reference(scene, load_golden):
    arrays = load_golden(ENCODING)
    ids = arrays[f"{scene}_instanceIds"]
    np.testing.assert_array_equal(panoptic_label(ids), arrays[f"{scene}_label_crowd_ignored"])
    np.testing.assert_array_equal(
        panoptic_label(ids, keep_crowd=True), arrays[f"{scene}_label_crowd_kept"]
    )
    label_ids = np.where(ids >= 1000, ids // 1000, ids)
    np.testing.assert_array_equal(train_ids(label_ids), arrays[f"{scene}_labelTrainIds"])


def test_ignored_classes_with_instances_become_void():
    ids = np.array([[26_000, 29_000, 30_001, 26_003, 0, 4, 24]], np.int32)
    assert panoptic_label(ids).tolist() == [[13_001, *[255_000] * 2, 13_002, *[255_000] * 3]]


def test_stuff_with_an_instance_number_becomes_void():
    assert panoptic_label(np.array([[7, 7_003]], np.int32)).tolist() == [[0, 255_000]]


def make_root(folder, names=("a_000000_000019",), labels=True, split="train"):
    for name in names:
        city = name.split("_")[0]
        for kind, suffix in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_instanceIds")):
            path = folder / kind / split / city / f"{name}_{suffix}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "leftImg8bit" or labels:
                path.touch()
    return folder


def test_samples_are_sorted_and_name_all_their_files(tmp_path):
    root = make_root(tmp_path, ["b_000000_000019", "a_000001_000019", "a_000000_000019"])
    samples = list_samples(root, "train")
    assert [s.name for s in samples] == ["a_000000_000019", "a_000001_000019", "b_000000_000019"]
    truth = tmp_path / "gtFine" / "train" / "b"
    assert samples[2] == (
        "b_000000_000019",
        tmp_path / "leftImg8bit" / "train" / "b" / "b_000000_000019_leftImg8bit.png",
        truth / "b_000000_000019_gtFine_instanceIds.png",
        truth / "b_000000_000019_gtFine_labelIds.png",
        truth / "b_000000_000019_gtFine_polygons.json",
    )


def test_unknown_split_gets_a_suggestion(tmp_path):
    with pytest.raises(InputError, match='no split "trian". Did you mean "train"'):
        list_samples(make_root(tmp_path), "trian")


def test_missing_root_names_the_command_that_makes_one(tmp_path):
    with pytest.raises(InputError, match=f"no folder {tmp_path / 'x'}.*axialkit data minicity"):
        list_samples(tmp_path / "x", "train")


def test_empty_and_wrong_folders(tmp_path):
    with pytest.raises(InputError, match="not a Cityscapes root.*leftImg8bit/val"):
        list_samples(tmp_path, "val")
    with pytest.raises(InputError, match="has no split val: .*leftImg8bit/val. It has: train"):
        list_samples(make_root(tmp_path), "val")
    (tmp_path / "leftImg8bit" / "val").mkdir()
    with pytest.raises(InputError, match=r"holds no \*_leftImg8bit.png"):
        list_samples(tmp_path, "val")


def test_half_a_data_set_names_the_first_missing_file(tmp_path):
    make_root(tmp_path, ["a_000000_000019"])
    make_root(tmp_path, ["a_000001_000019", "b_000000_000019"], labels=False)
    with pytest.raises(InputError, match="2 of 3 images.*a_000001_000019_gtFine_instanceIds.png"):
        list_samples(tmp_path, "train")


def save(path, values):
    Image.fromarray(values).save(path)
    return path


def test_labels_are_read_as_they_were_written(tmp_path):
    ids = np.array([[0, 23, 24, 26_000, 33_999]], np.uint16)
    read = read_instance_ids(save(tmp_path / "ids.png", ids))
    assert read.dtype == np.int32
    np.testing.assert_array_equal(read, ids)
    labels = np.array([[0, 7, 33]], np.uint8)
    np.testing.assert_array_equal(read_label_ids(save(tmp_path / "labels.png", labels)), labels)


WRONG_MODES = {
    "color picture": (read_instance_ids, np.zeros((2, 3, 3), np.uint8), "RGB"),
    "labelIds as instanceIds": (read_instance_ids, np.zeros((2, 3), np.uint8), "L"),
    "instanceIds as labelIds": (read_label_ids, np.zeros((2, 3), np.uint16), "I;16"),
}


@pytest.mark.parametrize("case", WRONG_MODES)
def test_wrong_modes_are_named(tmp_path, case):
    reader, values, mode = WRONG_MODES[case]
    with pytest.raises(InputError, match=f"ids.png has image mode {mode}, but labels are"):
        reader(save(tmp_path / "ids.png", values))


@pytest.mark.parametrize(
    ("reader", "value", "kind"),
    [
        (read_instance_ids, 34_000, np.uint16),
        (read_instance_ids, 255, np.uint16),
        (read_instance_ids, 65_535, np.uint16),
        (read_label_ids, 34, np.uint8),
        (read_label_ids, 255, np.uint8),
    ],
)
def test_ids_outside_the_table_are_named_with_their_place(tmp_path, reader, value, kind):
    values = np.full((4, 5), 7, kind)
    values[2, 3] = value
    with pytest.raises(InputError, match=rf"holds the id {value} at \(y=2, x=3\)"):
        reader(save(tmp_path / "ids.png", values))


def test_unreadable_labels(tmp_path):
    path = tmp_path / "ids.png"
    with pytest.raises(InputError, match=f"no label file {path}"):
        read_instance_ids(path)
    path.touch()
    with pytest.raises(InputError, match=f"Cannot read the label file {path}"):
        read_instance_ids(path)
    save(path, np.random.default_rng(0).integers(0, 30, (60, 60)).astype(np.uint16))
    path.write_bytes(path.read_bytes()[:900])
    with pytest.raises(InputError, match=f"Cannot read the label file {path}"):
        read_instance_ids(path)
