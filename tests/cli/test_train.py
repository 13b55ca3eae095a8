import json

import pytest

from axialkit.config import PRESETS


def test_without_a_preset_it_lists_them(axk):
    outcome = axk("train")
    assert outcome.code == 2
    for name in PRESETS:
        assert f"\n  {name} " in outcome.out


def test_help_of_a_preset_shows_every_field_with_its_default(axk):
    out = axk("train", "tiny_avenue", "--help").out
    assert "--data.crop-size INT INT" in out
    assert "(default: 65 129)" in out
    assert "--train.learning-rate FLOAT" in out
    assert "--data ROOT" in out


def test_an_unknown_preset_gets_a_suggestion(axk):
    outcome = axk("train", "tiny_avenu", "--train.steps", 3)
    assert outcome.code == 2
    assert 'There is no preset "tiny_avenu". Did you mean "tiny_avenue"?' in outcome.sentence


def test_a_misspelled_flag_gets_a_suggestion(axk):
    outcome = axk("train", "tiny", "--train.step", 5)
    assert outcome.code == 2
    assert "Perhaps you meant" in outcome.err
    assert "--train.steps" in outcome.err


def test_a_flag_before_the_preset(axk):
    outcome = axk("train", "--train.steps", 5, "nothing")
    assert outcome.code == 2
    assert "Name the preset first" in outcome.sentence


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ["--data.crop-size", 128, 257],
            "data.crop_size must be 16k+1 per side (output stride 16), got (128, 257); "
            "the next larger one is (129, 257).",
        ),
        (
            ["--processes", 0],
            "--processes must be at least 1 and --max-restarts 0 or more, got 0 and 0.",
        ),
        (["--train.steps", 0], "train.steps must be positive, got 0."),
        (["--train.batch-size", -1], "train.batch_size must be positive, got -1."),
    ],
)
def test_impossible_values_are_one_sentence(axk, tmp_path, flags, sentence):
    outcome = axk("train", "tiny", *flags, "--out", tmp_path / "run")
    assert outcome.code == 2
    assert outcome.sentence == sentence
    assert not (tmp_path / "run").exists()


def test_it_trains_with_the_changed_fields(axk, city, tmp_path):
    out = tmp_path / "run"
    outcome = axk(
        "train", "tiny_avenue", "--data", city, "--out", out,
        "--train.steps", 2, "--train.batch-size", 2, "--train.workers", 0, "--data.no-flip",
        "--json", tmp_path / "score.json",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    config = json.loads((out / "config.json").read_text())
    assert config["train"]["steps"] == 2
    assert config["data"]["flip"] is False
    assert config["backbone"]["kind"] == "tiny_avenue"
    assert (out / "weights.safetensors").stat().st_size > 100_000
    assert (tmp_path / "score.json").read_text() == (out / "evaluation.json").read_text()
    assert f"Next: axialkit evaluate {out} --data {city}" in outcome.out


def test_an_old_run_is_not_overwritten(axk, city, trained):
    outcome = axk("train", "tiny_avenue", "--data", city, "--out", trained)
    assert outcome.code == 2
    assert f"{trained} already holds a training run" in outcome.sentence
    assert "--resume" in outcome.sentence


SHORT = ["--no-evaluate", "--train.steps", 2, "--train.batch-size", 2, "--train.workers", 0]


def test_a_run_goes_on_by_its_folder_alone(axk, city, tmp_path, monkeypatch):
    """Its settings and its data are remembered; habits may change, what is learned may not."""
    out = tmp_path / "run"
    monkeypatch.chdir(city.parent)
    assert axk("train", "tiny_avenue", *SHORT, "--data", city.name, "--out", out).code == 0
    (out / "weights.safetensors").unlink()
    monkeypatch.chdir(tmp_path)
    outcome = axk("train", "--resume", "run", "--no-evaluate", "--train.log-every", 1)
    assert outcome.code == 0, outcome.err
    assert f"Training --resume run on {city}; the run will be kept in run" in outcome.out
    assert (out / "weights.safetensors").is_file()
    config = json.loads((out / "config.json").read_text())
    assert (config["train"]["steps"], config["train"]["log_every"]) == (2, 1)
    starts = json.loads((out / "starts.json").read_text())
    assert [start["data"] for start in starts] == [str(city)] * 2
    outcome = axk("train", f"--resume={out}", "--train.learning-rate", 1)
    assert outcome.code == 2
    assert "train.learning_rate was 0.007 and is now 1.0" in outcome.sentence


def test_what_is_no_run_cannot_go_on(axk, tmp_path):
    outcome = axk("train", "--resume", tmp_path)
    assert outcome.code == 2
    assert f"{tmp_path} is not the folder of a run: it has no config.json" in outcome.sentence
    assert axk("train", "--resume").sentence.startswith("Name the preset first, or the run")


@pytest.mark.parametrize("words", [["tiny"], ["--out", "other"], ["--out=other"]])
def test_a_run_goes_on_only_as_itself(axk, trained, words):
    outcome = axk("train", *words, "--resume", trained)
    assert outcome.code == 2
    assert f"leave out {words[0]}. To start another one" in outcome.sentence


def test_a_finished_run_says_so(axk, trained):
    outcome = axk("train", "--no-evaluate", "--resume", trained)  # wherever it stands
    assert outcome.code == 0
    assert f"{trained} is trained already." in outcome.out
    outcome = axk("train", "--resume", trained, "--image-size", "128x256")
    assert outcome.code == 2
    assert "was trained with other settings: data.crop_size was (65, 129)" in outcome.sentence


def test_several_processes_hear_of_bad_input_before_they_start(axk, city, tmp_path):
    words = ["train", "tiny_avenue", "--data", city, "--out", tmp_path / "run", "--processes", 3]
    outcome = axk(*words)
    assert outcome.code == 2
    assert outcome.sentence == (
        "A batch of 8 images cannot be shared by 3 processes: set train.batch-size to a multiple "
        "of 3."
    )
    assert outcome.out == ""


def test_resume_also_starts(axk, city, tmp_path):
    """For jobs that are started again and again by the same line."""
    words = ["train", "tiny_avenue", *SHORT, "--data", city, "--out", tmp_path / "run", "--resume"]
    assert axk(*words).code == 0
    assert axk(*words).code == 0


def test_a_dry_run_tells_and_writes_nothing(axk, city, tmp_path):
    out = tmp_path / "run"
    outcome = axk("train", "tiny_avenue", "--data", city, "--out", out, "--dry-run")
    assert outcome.code == 0, outcome.err
    for words in ("0.10 million", "training images       8", "memory, each process", "whole run"):
        assert words in outcome.out
    assert not out.exists()


def test_the_constants_can_follow_the_image_size(axk, city, tmp_path):
    out = tmp_path / "run"
    outcome = axk(
        "train", "tiny_avenue", *SHORT, "--data", city, "--out", out,
        "--image-size", "64x128", "--data.sigma", 1.5,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    config = json.loads((out / "config.json").read_text())
    assert config["data"]["crop_size"] == [65, 129]
    assert config["data"]["small_instance_area"] == 16
    assert config["data"]["sigma"] == 1.5  # a flag of its own has the last word
