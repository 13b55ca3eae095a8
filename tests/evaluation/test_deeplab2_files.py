"""The reference's own files, in its three forms, against the map that it wrote them from."""

import numpy as np
import pytest
from PIL import Image

from axialkit.errors import InputError
from axialkit.evaluation.deeplab2_files import read_raw
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.folder import FolderPredictions
from tests.conftest import GOLDEN

FOLDERS = {
    "two-channel": "raw_two_channel_png",
    "three-channel": "raw_three_channel_png",
    "numpy": "raw_two_channel_numpy_array",
}


@pytest.mark.parametrize("encoding", FOLDERS)
def test_the_map_comes_back(encoding, load_golden):
    expected = load_golden("vis/vis_inputs.npz")["panoptic"]
    [path] = (GOLDEN / "vis" / FOLDERS[encoding] / "raw_panoptic").iterdir()
    np.testing.assert_array_equal(read_raw(path, encoding), expected)


def test_a_wrong_form_is_told(tmp_path):
    [path] = (GOLDEN / "vis/raw_three_channel_png/raw_panoptic").iterdir()
    assert (read_raw(path, "two-channel") % 1000 == 0).all()  # all numbers 0: nothing is wrong
    pixels = np.zeros((4, 4, 3), np.uint8)
    for values, words in (((5, 0, 0), "the class 5"), ((26, 4, 0), "the number 1024")):
        pixels[0, 0] = values
        Image.fromarray(pixels).save(tmp_path / "map.png")
        with pytest.raises(InputError, match=words):
            read_raw(tmp_path / "map.png", "three-channel")
    np.save(tmp_path / "map.npy", np.zeros((4, 4), np.int32))
    with pytest.raises(InputError, match="needs two channels"):
        read_raw(tmp_path / "map.npy", "numpy")


@pytest.mark.parametrize("encoding", FOLDERS)
def test_a_folder_of_them_scores_like_the_official_files(encoding, golden_root, tmp_path):
    root, arrays = golden_root
    folder = tmp_path / "raw_panoptic"
    folder.mkdir()
    label_ids = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33]
    table = np.zeros(256, int)
    table[: len(label_ids)] = label_ids
    for name, panoptic in zip(arrays["ids"], arrays["pred_panoptic"], strict=True):
        klass, number = table[panoptic // 1000], panoptic % 1000
        channels = {
            "two-channel": (klass, number, 0 * klass),
            "three-channel": (klass, number // 256, number % 256),
            "numpy": (klass, number, 0 * klass),
        }[encoding]
        raw = np.stack(channels, -1)
        if encoding == "numpy":
            np.save(folder / f"{name}_leftImg8bit.npy", raw.astype(np.int32))
        else:
            Image.fromarray(raw.astype(np.uint8)).save(folder / f"{name}_leftImg8bit.png")
    predictions = FolderPredictions(folder, encoding=encoding)
    report = evaluate(predictions, root, options=EvaluationOptions(progress=False))
    official = FolderPredictions(GOLDEN / "eval/random_a/results/panoptic")
    expected = evaluate(official, root, options=EvaluationOptions(progress=False))
    np.testing.assert_allclose(report.quality.counts, expected.quality.counts)
    assert report.difference < 1e-9
