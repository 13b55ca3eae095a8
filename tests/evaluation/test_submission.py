"""Archives for the test server, scored by the official scripts after unpacking."""

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from axialkit.config import get_preset
from axialkit.data.cityscapes import list_samples
from axialkit.data.panoptic_files import panoptic_json
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.evaluation.official import run_official_scripts
from axialkit.evaluation.official_files import OfficialFiles
from axialkit.evaluation.submission import write_submission
from tests.evaluation.conftest import oracle

CONFIG = get_preset("tiny")


def submit(model, config, root, out, split="test"):
    return write_submission(NetworkPredictions(model, config), root, out, split, progress=False)


def test_unpacked_archives_score_what_the_network_scores(streets, tmp_path):
    model, samples = oracle(streets, CONFIG), list_samples(streets, "val")
    archives = submit(model, CONFIG, streets, tmp_path / "out", "val")
    assert [archive.path.name for archive in archives] == [
        *("panoptic.zip", "pixel.zip", "instance.zip")
    ]
    for archive in archives:
        with zipfile.ZipFile(archive.path) as packed:
            assert packed.testzip() is None
            assert len(packed.namelist()) == archive.files
            packed.extractall(tmp_path / archive.path.stem)
    assert archives[0].files == len(samples) + 1
    assert archives[1].files == len(samples)
    files = OfficialFiles(
        tmp_path / "panoptic/cityscapes_panoptic_val.json",
        tmp_path / "pixel",
        tmp_path / "instance",
    )
    theirs = run_official_scripts(samples, panoptic_json(streets, "val"), files)
    options = EvaluationOptions(progress=False)
    report = evaluate(NetworkPredictions(model, CONFIG), streets, options=options)
    assert theirs.panoptic == report.official.panoptic
    assert theirs.iou == report.official.iou
    np.testing.assert_array_equal(theirs.ap.per_class, report.official.ap.per_class)
    with Image.open(tmp_path / f"pixel/{samples[0].name}.png") as picture:
        assert picture.size == (256, 128)


def test_an_interrupted_run_goes_on(streets, tmp_path, monkeypatch):
    model, samples = oracle(streets, CONFIG), list_samples(streets, "val")
    asked = []

    def segment(network, path):
        asked.append(path)
        if len(asked) == 4:
            raise KeyboardInterrupt
        return original(network, path)

    original = NetworkPredictions.segment
    monkeypatch.setattr(NetworkPredictions, "segment", segment)
    with pytest.raises(KeyboardInterrupt):
        submit(model, CONFIG, streets, tmp_path / "out", "val")
    assert not list((tmp_path / "out").glob("*.zip"))
    whole = submit(model, CONFIG, streets, tmp_path / "whole", "val")
    del asked[:]
    monkeypatch.undo()
    monkeypatch.setattr(NetworkPredictions, "segment", lambda *a: asked.append(0) or original(*a))
    again = submit(model, CONFIG, streets, tmp_path / "out", "val")
    assert len(asked) == len(samples) - 3
    for one, two in zip(again, whole, strict=True):
        with zipfile.ZipFile(one.path) as a, zipfile.ZipFile(two.path) as b:
            assert a.namelist() == b.namelist()
            assert all(a.read(name) == b.read(name) for name in a.namelist())


def test_results_of_another_network_are_not_mixed_in(streets, tmp_path):
    model = oracle(streets, CONFIG)
    submit(model, CONFIG, streets, tmp_path / "out", "val")
    other = replace(CONFIG, postprocess=replace(CONFIG.postprocess, keep_k=7))
    with pytest.raises(InputError, match="holds other results: they differ in postprocess"):
        submit(model, other, streets, tmp_path / "out", "val")
    with pytest.raises(InputError, match='no split "valley"'):
        submit(model, CONFIG, streets, tmp_path / "none", "valley")


def test_labels_are_not_needed_but_images_are(streets, tmp_path):
    folder = tmp_path / "blind/leftImg8bit/test/town"
    folder.mkdir(parents=True)
    model, sample = oracle(streets, CONFIG), list_samples(streets, "val")[0]
    (folder / "town_000000_000019_leftImg8bit.png").write_bytes(sample.image.read_bytes())
    out = tmp_path / "out"
    archives = submit(model, CONFIG, tmp_path / "blind", out)
    assert archives[1].files == 1
    assert (out / "cityscapes_panoptic_test/town_000000_000019.png").is_file()
    with pytest.raises(InputError, match="is not a Cityscapes root"):
        submit(model, CONFIG, tmp_path, tmp_path / "none")
