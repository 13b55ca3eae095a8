"""Files for the official script against golden files, and real runs of the script."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from axialkit.errors import InputError
from axialkit.evaluation import official
from axialkit.evaluation.official import (
    PanopticWriter,
    official_ids,
    run_official_script,
    scores_from_official,
)
from axialkit.structures import VOID
from tests.conftest import GOLDEN, golden_cases

SETS = golden_cases("eval/*/arrays.npz")


@pytest.fixture
def golden_set(load_golden):
    folder = GOLDEN / "eval/edge"
    return folder, load_golden("eval/edge/arrays.npz")


def write(folder, arrays, count=None):
    writer = PanopticWriter(folder, "val")
    for name, panoptic in list(zip(arrays["ids"], arrays["pred_panoptic"], strict=True))[:count]:
        writer.add(str(name), panoptic)
    return writer.finish()


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.parent.name)
def test_written_files_equal_the_golden_ones(path, load_golden, tmp_path):
    written = write(tmp_path, load_golden(path))
    golden = path.parent / "results/panoptic" / written.name
    ours, theirs = (json.loads(p.read_text())["annotations"] for p in (written, golden))
    assert ours == theirs
    for annotation in theirs:
        images = (p.with_suffix("") / annotation["file_name"] for p in (written, golden))
        np.testing.assert_array_equal(*(np.array(Image.open(image)) for image in images))


def test_the_real_script_gives_the_stored_scores(golden_set, tmp_path):
    folder, arrays = golden_set
    truth = folder / "cityscapes/gtFine/cityscapes_panoptic_val.json"
    results = tmp_path / "results.json"
    scores = run_official_script(truth, write(tmp_path / "out", arrays), results)
    stored = json.loads((folder / "expected/official_panoptic.json").read_text())
    assert scores == scores_from_official(stored)
    assert json.loads(results.read_text()) == stored


def test_a_missing_prediction_stops_with_the_scripts_words(golden_set, tmp_path):
    folder, arrays = golden_set
    truth = folder / "cityscapes/gtFine/cityscapes_panoptic_val.json"
    with pytest.raises(InputError, match="no prediction for the image with id"):
        run_official_script(truth, write(tmp_path, arrays, count=3))


def test_a_set_without_things_is_explained(golden_set, tmp_path):
    folder, arrays = golden_set
    source = folder / "cityscapes/gtFine/cityscapes_panoptic_val"
    content = json.loads(source.with_suffix(".json").read_text())
    void_only = [a for a in content["annotations"] if not a["segments_info"]]
    assert void_only
    truth = tmp_path / "cityscapes_panoptic_val.json"
    truth.write_text(json.dumps({**content, "annotations": void_only}))
    shutil.copytree(source, truth.with_suffix(""))
    writer = PanopticWriter(tmp_path / "out", "val")
    writer.add(void_only[0]["image_id"], np.full(arrays["pred_panoptic"].shape[1:], VOID))
    with pytest.raises(InputError, match="Evaluate more images"):
        run_official_script(truth, writer.finish())


def test_missing_package_names_the_remedy(monkeypatch, tmp_path):
    monkeypatch.setattr(official.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install -e .\.\[data\]"):
        run_official_script(tmp_path / "a.json", tmp_path / "b.json")


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"no file .*truth\.json"):
        run_official_script(tmp_path / "truth.json", tmp_path / "prediction.json")


def test_ids_are_label_ids():
    panoptic = np.array([[0, 7000, VOID], [11001, 13012, 18001]])
    assert official_ids(panoptic).tolist() == [[7, 20, 0], [24001, 26012, 33001]]


def test_an_unfinished_run_leaves_no_valid_result(golden_set, tmp_path):
    _, arrays = golden_set
    finished = write(tmp_path, arrays)
    writer = PanopticWriter(tmp_path, "val")
    writer.add("aalen_000000_000019", arrays["pred_panoptic"][0])
    assert not finished.exists()
