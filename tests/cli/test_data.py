import json

import pytest

from axialkit.cli import data as data_command


@pytest.fixture
def asked(monkeypatch):
    """What the command hands to ``generate``, without drawing."""
    calls = []

    def generate(root, **settings):
        calls.append({"root": str(root), **settings})
        return root

    monkeypatch.setattr("axialkit.data.minicity.generate", generate)
    return calls


def test_the_flags_reach_the_generator(axk, asked):
    outcome = axk(
        "data", "minicity", "--scenes", "avenue", "--out", "x/y", "--train", 5, "--val", 2,
        "--seed", 7, "--size", "64x160", "--ambiguity", 0.25, "--workers", 1,
    )  # fmt: skip
    assert outcome.code == 0
    assert asked == [
        {
            "root": "x/y", "scenes": "avenue", "train": 5, "val": 2, "seed": 7,
            "size": (64, 160), "ambiguity": 0.25, "workers": 1,
        }
    ]  # fmt: skip
    assert "Next: axialkit train tiny_avenue --data x/y" in outcome.out


@pytest.mark.parametrize(
    ("flags", "root", "train", "val"),
    [
        ([], "data/minicity", None, None),
        (["--quick"], "data/minicity", 240, 60),
        (["--quick", "--val", "9"], "data/minicity", 240, 9),
        (["--scenes", "avenue"], "data/minicity_avenue", None, None),
    ],
)
def test_defaults(axk, asked, flags, root, train, val):
    assert axk("data", "minicity", *flags).code == 0
    assert (asked[0]["root"], asked[0]["train"], asked[0]["val"]) == (root, train, val)


def test_it_draws_and_is_fast_the_second_time(axk, tmp_path):
    flags = ["data", "minicity", "--scenes", "avenue", "--train", 3, "--val", 2, "--out"]
    assert axk(*flags, tmp_path / "city").code == 0
    images = sorted((tmp_path / "city" / "leftImg8bit").rglob("*.png"))
    assert len([path for path in images if "/train/" in str(path)]) == 3
    stamps = [path.stat().st_mtime_ns for path in images]
    assert axk(*flags, tmp_path / "city").code == 0
    assert [path.stat().st_mtime_ns for path in images] == stamps
    counts = json.loads((tmp_path / "city/minicity/config.json").read_text())["counts"]
    assert (counts["train"], counts["val"]) == (3, 2)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--scenes", "avenu"], 'no kind of scenes "avenu". Did you mean "avenue"?'),
        (["--size", "128"], 'like 128x256, got "128"'),
        (["--size", "32x64"], "128x256"),
        (["--ambiguity", "2"], "ambiguity must lie in 0..1, got 2.0."),
        (["--train", "-3"], "train -3"),
        (["--seed", "-1"], "seed must lie in"),
    ],
)
def test_wrong_settings_are_one_sentence_and_write_nothing(axk, tmp_path, flags, words):
    outcome = axk("data", "minicity", "--out", tmp_path / "city", *flags)
    assert outcome.code == 2
    assert words in outcome.sentence
    assert not (tmp_path / "city").exists()


def test_other_settings_do_not_mix_in_one_folder(axk, tmp_path, city):
    outcome = axk("data", "minicity", "--out", city, "--scenes", "avenue", "--seed", 5)
    assert outcome.code == 2
    assert "seed is 0, asked for 5" in outcome.sentence


def test_the_quick_set_is_smaller():
    assert data_command.QUICK == {"train": 240, "val": 60}
