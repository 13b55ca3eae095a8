"""Whatever is wrong with the input: one sentence, exit code 2, and nothing half-written."""

import errno
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data.cityscapes import list_samples

# short training on any folder; what is wrong must be found before or while it runs
TRAIN = ("--train.steps", 2, "--train.batch-size", 2, "--train.workers", 0)


@pytest.fixture
def broken(city, tmp_path):
    """A copy of the data set, to be damaged."""
    return shutil.copytree(city, tmp_path / "city")


@pytest.fixture(params=["evaluate", "train"])
def use(request, axk, trained, tmp_path):
    """Evaluate or train on a folder; both read the same files."""

    def on(root):
        out = tmp_path / "out"
        if request.param == "evaluate":
            outcome = axk("evaluate", trained, "--data", root, "--split", "train", "--out", out)
        else:
            outcome = axk("train", "tiny_avenue", "--data", root, "--out", out, *TRAIN)
        assert outcome.code == 2, outcome.err
        assert_no_result(out)
        return outcome.sentence

    return on


def assert_no_result(out: Path) -> None:
    """No weights, scores or prediction files, and no piece of one."""
    files = [path for path in out.rglob("*") if path.is_file()]
    assert [path for path in files if ".tmp" in path.name] == []
    results = {"weights.safetensors", "evaluation.json", "cityscapes_panoptic_train.json"}
    assert [path for path in files if path.name in results] == []
    for path in files:
        if path.suffix == ".png":
            Image.open(path).load()  # those that were written are whole


def test_a_wrong_folder(use, tmp_path):
    sentence = use(tmp_path / "nowhere")
    assert f"There is no folder {tmp_path / 'nowhere'}." in sentence
    assert "axialkit data minicity" in sentence


def test_an_empty_folder(use, tmp_path):
    (tmp_path / "empty").mkdir()
    sentence = use(tmp_path / "empty")
    assert f"{tmp_path / 'empty'} is not a Cityscapes root" in sentence
    assert "leftImg8bit" in sentence


def test_a_folder_without_images(use, broken):
    shutil.rmtree(broken / "leftImg8bit" / "train")
    (broken / "leftImg8bit" / "train" / "oak").mkdir(parents=True)
    assert "holds no *_leftImg8bit.png" in use(broken)


def test_half_a_data_set(use, broken):
    lost = list_samples(broken, "train")[3].instance_ids
    lost.unlink()
    for folder in broken.glob("gtFine/cityscapes_panoptic_train*/"):  # they would do as well
        shutil.rmtree(folder)
    sentence = use(broken)
    assert "1 of 8 images" in sentence
    assert str(lost) in sentence
    assert "Unpack gtFine" in sentence


def test_a_truncated_image(use, broken):
    for sample in list_samples(broken, "train"):
        sample.image.write_bytes(sample.image.read_bytes()[:900])
    sentence = use(broken)
    assert sentence.startswith("Cannot read the image ")
    assert "_leftImg8bit.png" in sentence
    assert "truncated" in sentence


def test_an_unreadable_image(use, broken):
    for sample in list_samples(broken, "train"):
        sample.image.write_text("this is no picture")
    sentence = use(broken)
    assert "_leftImg8bit.png is not an image" in sentence
    assert "Export it as PNG or JPEG." in sentence


def test_labels_of_a_wrong_mode(use, broken):
    for sample in list_samples(broken, "train"):
        Image.new("RGB", (128, 64)).save(sample.instance_ids)
    sentence = use(broken)
    assert "_instanceIds.png has image mode RGB" in sentence
    assert "Is it the color picture instead of the ids?" in sentence


def test_ids_outside_the_table(use, broken):
    for sample in list_samples(broken, "train"):
        ids = np.array(Image.open(sample.instance_ids))
        ids[5, 7] = 77
        Image.fromarray(ids).save(sample.instance_ids)
    sentence = use(broken)
    assert "holds the id 77 at (y=5, x=7)" in sentence
    assert "Cityscapes table" in sentence


def test_sizes_that_differ(use, broken):
    for sample in list_samples(broken, "train"):
        Image.fromarray(np.full((32, 64), 7, np.uint16)).save(sample.instance_ids)
    sentence = use(broken)
    assert "32x64" in sentence
    assert "64x128" in sentence


def test_an_error_in_a_loading_process_is_the_same_sentence(axk, broken, tmp_path):
    for sample in list_samples(broken, "train"):
        sample.image.write_text("this is no picture")
    outcome = axk(
        "train", "tiny_avenue", "--data", broken, "--out", tmp_path / "out",
        *TRAIN, "--train.workers", 1,
    )  # fmt: skip
    assert outcome.code == 2
    assert "_leftImg8bit.png is not an image" in outcome.sentence
    assert_no_result(tmp_path / "out")


@pytest.mark.parametrize("name", ["pages.tif", "large.png", "cut.png", "empty.png", "text.png"])
def test_images_that_cannot_be_segmented(axk, trained, tmp_path, monkeypatch, name):
    from axialkit.data import images

    monkeypatch.setattr(images, "MAX_PIXELS", 50_000)
    pages = [Image.new("RGB", (40, 20), color) for color in ("red", "blue")]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    Image.new("RGB", (300, 200)).save(tmp_path / "large.png")
    noise = np.random.RandomState(0).randint(0, 256, (64, 128, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "whole.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "whole.png").read_bytes()[:5000])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture")
    outcome = axk("predict", trained, tmp_path / name, "--out", tmp_path / "out")
    assert outcome.code == 2
    assert str(tmp_path / name) in outcome.sentence
    assert not (tmp_path / "out").exists()


def test_an_unknown_class(axk, trained, tmp_path):
    Image.new("RGB", (128, 64)).save(tmp_path / "x.png")
    outcome = axk("predict", trained, tmp_path / "x.png", "--out", tmp_path / "o", "--only", "carr")
    assert outcome.code == 2
    assert 'There is no class "carr". Did you mean "car"?' in outcome.sentence
    assert not (tmp_path / "o").exists()


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs Linux' /sys, which root cannot")
@pytest.mark.parametrize(
    "command",
    [
        ("data", "minicity", "--scenes", "avenue", "--train", "2", "--val", "1", "--out", "{}"),
        ("predict", "{run}", "{image}", "--out", "{}"),
        ("evaluate", "{run}", "--data", "{city}", "--limit", "2", "--out", "{}"),
        ("train", "tiny_avenue", "--data", "{city}", "--train.steps", "2", "--out", "{}"),
        ("zoo", "--json", "{}/zoo.json"),
        ("tour", "--data", "{city}", "--steps", "20", "--out", "{}"),
    ],
    ids=lambda command: command[0],
)
def test_no_permission_to_write(axk, trained, city, command):
    places = {"run": trained, "city": city, "image": list_samples(city, "val")[0].image}
    outcome = axk(*(word.format("/sys/kernel/axialkit", **places) for word in command))
    assert outcome.code == 2
    assert "/sys/kernel/axialkit" in outcome.sentence
    assert "permi" in outcome.sentence  # the system's "not permitted", or our "no permission"
    assert "Choose another" in outcome.sentence


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 60 kB, where this process may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=60k", "tmpfs", disk], capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode:
        pytest.skip("this user cannot mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


FILL_A_DISK = [
    ("data", "minicity", "--scenes", "avenue", "--train", "20", "--val", "1", "--out", "{}/city"),
    ("predict", "{run}", "{images}", "--out", "{}/seen"),
    ("train", "tiny_avenue", "--data", "{city}", *map(str, TRAIN), "--out", "{}/run"),
]


@pytest.mark.parametrize("command", FILL_A_DISK, ids=lambda command: command[0])
def test_a_full_disk(axk, trained, city, small_disk, command):
    places = {"run": trained, "city": city, "images": list_samples(city, "val")[0].image.parent}
    outcome = axk(*(word.format(small_disk, **places) for word in command))
    assert outcome.code == 2
    assert f"Cannot write {small_disk}" in outcome.sentence
    assert "No space left on device. Free some space" in outcome.sentence
    assert [path for path in small_disk.rglob("*") if ".tmp" in path.name] == []
    for picture in small_disk.rglob("*.png"):
        Image.open(picture).load()


def test_a_full_disk_without_mounting_one(axk, trained, city, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    image = list_samples(city, "val")[0].image
    outcome = axk("predict", trained, image, "--out", tmp_path / "seen")
    assert outcome.code == 2
    assert "No space left on device. Free some space" in outcome.sentence
    assert list((tmp_path / "seen").iterdir()) == []


def test_a_file_where_a_folder_should_be(axk, trained, city, tmp_path):
    (tmp_path / "file").write_text("in the way")
    image = list_samples(city, "val")[0].image
    outcome = axk("predict", trained, image, "--out", tmp_path / "file")
    assert outcome.code == 2
    assert "a part of this path is a file, not a folder" in outcome.sentence
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_config_with_a_misspelled_field(axk, trained, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    text = (run / "config.json").read_text()
    (run / "config.json").write_text(text.replace('"steps"', '"stepz"'))
    outcome = axk("evaluate", run)
    assert outcome.code == 2
    assert outcome.sentence == 'TrainConfig has no field "stepz". Did you mean "steps"?'


def test_damaged_weights(axk, trained, city, tmp_path):
    run = shutil.copytree(trained, tmp_path / "run")
    (run / "weights.safetensors").write_bytes((run / "weights.safetensors").read_bytes()[:5000])
    outcome = axk("evaluate", run, "--data", city)
    assert outcome.code == 2
    assert f"{run / 'weights.safetensors'} is not a whole safetensors file" in outcome.sentence
