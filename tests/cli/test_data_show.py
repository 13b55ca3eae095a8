from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from axialkit.cli.data_show import training_draws
from axialkit.config import get_preset
from axialkit.data.augment import apply
from axialkit.data.cityscapes import list_samples
from axialkit.data.dataset import PanopticDataset, read_pair


@pytest.fixture
def show(axk, monkeypatch, tmp_path):
    """Run ``axialkit data show ARGUMENTS`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: axk("data", "show", *arguments)


def test_the_first_sample_with_what_fits_its_size(show, city, tmp_path):
    outcome = show(city)
    assert outcome.code == 0
    name = list_samples(city, "train")[0].name
    assert f"{name} (64x128), number 0 of train" in outcome.out
    assert "less than 64 pixels, weight 3" in outcome.out  # the constants of "tiny"
    assert "scale" not in outcome.out
    assert Image.open(tmp_path / "sample.png").width == 1800
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["sample.png"]


def test_by_name_or_by_number(show, city, tmp_path):
    sample = list_samples(city, "val")[2]
    for words in (["--index", 2], ["--name", sample.name], ["--name", sample.image.name]):
        outcome = show(city, "--split", "val", *words, "--out", "a/b.png")
        assert f"{sample.name} (64x128), number 2 of val" in outcome.out
        assert (tmp_path / "a" / "b.png").is_file()


def test_the_augmentation_is_told(show, city):
    outcome = show(city, "--augment", "--epoch", 4, "--seed", 3, "--preset", "tiny", "--index", 1)
    assert outcome.code == 0
    dataset = PanopticDataset(city, "train", get_preset("tiny").data, training=True, seed=3)
    draws = training_draws(dataset, (64, 128), 4, 1)
    assert f"pad         {draws.pad[0]} rows above, {draws.pad[1]} columns left" in outcome.out
    assert "scale       1.000: the image becomes 64x128" in outcome.out
    assert "colors      unchanged" in outcome.out
    assert f"flip        {'mirrored' if draws.flip else 'no'}" in outcome.out


def test_the_draws_are_those_of_training(city):
    data = replace(
        get_preset("tiny_avenue").data, scale_range=(0.5, 2.0), autoaugment="reference"
    )  # fmt: skip
    dataset = PanopticDataset(city, "train", data, training=True, seed=5)
    seen = set()
    for epoch in range(6):
        image, label = read_pair(dataset.samples[3])
        draws = training_draws(dataset, (64, 128), epoch, 3)
        pixels, _ = apply(image, label, draws, data)
        trained = dataset[epoch, 3].image.permute(1, 2, 0).numpy()
        np.testing.assert_array_equal(trained, pixels)
        seen.add(draws)
    assert len(seen) == 6


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--index", "8"], "There is no image 8 in train; there are 0..7."),
        (["--name", "aldermor"], 'There is no image "aldermor" in'),
        (["--name", "a", "--index", "1"], "Give one of the two."),
        (["--preset", "tyni"], 'Did you mean "tiny'),
        (["--epoch", "2"], "Add --augment."),
        (["--augment", "--seed", "-1"], "--seed must be 0 or larger, got -1."),
        (["--split", "vall"], 'Did you mean "val"?'),
    ],
)
def test_wrong_words_are_one_sentence_and_write_nothing(show, city, tmp_path, words, sentence):
    outcome = show(city, *words)
    assert outcome.code == 2
    assert sentence in outcome.sentence
    assert not (tmp_path / "sample.png").exists()
