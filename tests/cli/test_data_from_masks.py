import json

import numpy as np
import pytest
from PIL import Image

from axialkit.cli.data_from_masks import command
from axialkit.data.cityscapes import list_samples, read_instance_ids
from axialkit.errors import InputError


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Five images of 4x6 with masks, a table, and this as the current folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for folder in ("photos", "masks", "numbers"):
        (tmp_path / folder).mkdir()
    for name in "abcde":
        picture = rng.integers(0, 256, (4, 6), dtype=np.uint8)
        Image.fromarray(picture).save(tmp_path / "photos" / f"{name}.jpg")
        Image.fromarray(picture % 3).save(tmp_path / "masks" / f"{name}_mask.png")
        Image.fromarray(picture // 99).save(tmp_path / "numbers" / f"{name}.png")
    table = {"0": "unlabeled", "1": "road", "2": "car"}
    (tmp_path / "classes.json").write_text(json.dumps(table))
    return tmp_path


FLAGS = ["photos", "masks", "--mask-suffix", "_mask", "--classes", "classes.json", "--out", "made"]


def test_it_converts_and_says_what_is_next(own, capfd):
    assert command(FLAGS) == 0
    out, err = capfd.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("Images brought to 8-bit RGB: 5, such as photos/a.jpg: converted")
    assert lines[1:] == [
        "The data set is complete in made: 4 train, 1 val (5 new)",
        "Next: axialkit data check made",
    ]
    assert "converted from" not in err
    assert [s.name for s in list_samples(own / "made", "val")] == ["ownval_000000_000000"]
    assert command([*FLAGS, "--workers", "1"]) == 0
    assert "4 train, 1 val (0 new)" in capfd.readouterr().out


def test_the_flags_reach_the_conversion(own):
    flags = ["--split", "test", "--city", "home", "--instances", "numbers", "--workers", "1"]
    assert command([*FLAGS, *flags]) == 0
    samples = list_samples(own / "made", "test")
    assert samples[4].name == "hometest_000004_000000"
    picture = np.array(Image.open("masks/a_mask.png"))
    number = np.array(Image.open("numbers/a.png"))
    ids = read_instance_ids(samples[0].instance_ids)
    np.testing.assert_array_equal(ids == 26, (picture == 2) & (number == 0))
    np.testing.assert_array_equal(ids >= 26000, (picture == 2) & (number > 0))


def test_crowd_and_share(own, capfd):
    assert command([*FLAGS, "--instances", "crowd", "--val", "0.4"]) == 0
    assert "3 train, 2 val" in capfd.readouterr().out
    ids = [read_instance_ids(s.instance_ids) for s in list_samples(own / "made", "train")]
    assert set(np.unique(ids)) == {0, 7, 26}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--val", "1.5"], "--val is the share"),
        (["--split", "tset"], 'Did you mean "test"?'),
        (["--val", "0.1", "--split", "val"], "--val has no meaning"),
        (["--mask-suffix", ""], "Do the masks need --mask-suffix=_mask?"),
        (["--instances", "crowds"], 'Did you mean "crowd"?'),
        (["--classes", "none.json"], "There is no file none.json"),
    ],
)
def test_wrong_settings_are_refused_before_anything_is_written(own, flags, words):
    with pytest.raises(InputError) as caught:
        command([*FLAGS, *flags])
    assert words in str(caught.value)
    assert not (own / "made").exists()


def test_classes_that_nobody_learns_are_named(own, capfd):
    table = {"0": "parking", "1": "road", "2": "trailer"}
    (own / "classes.json").write_text(json.dumps(table))
    assert command([*FLAGS, "--workers", "1"]) == 0
    assert "do not learn these classes, so they count as void: parking, trailer" in (
        capfd.readouterr().out
    )


def test_the_folder_of_the_masks_is_not_the_data_set(own):
    with pytest.raises(InputError, match="--out masks is the folder of your own files"):
        command([*FLAGS[:-1], "masks"])
    assert not (own / "masks" / "gtFine").exists()


def test_a_file_that_was_cut_short_is_written_again(own, capfd):
    assert command([*FLAGS, "--workers", "1"]) == 0
    path = list_samples(own / "made", "train")[0].image
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    capfd.readouterr()
    assert command([*FLAGS, "--workers", "1"]) == 0
    assert "(1 new)" in capfd.readouterr().out
    assert path.read_bytes() == whole


def test_what_must_be_given(own, capfd):
    with pytest.raises(SystemExit) as stop:
        command(["photos", "masks"])
    assert stop.value.code == 2
    assert "--classes" in capfd.readouterr().err


def test_help_explains_the_table(capfd):
    with pytest.raises(SystemExit) as stop:
        command(["--help"])
    assert stop.value.code == 0
    out = capfd.readouterr().out
    assert '{"0": "unlabeled", "1": "road", "2": "car"}' in out
    assert "--instances" in out and "Next:" in out
