"""Real runs of the official pixel-level script, against its stored results."""

import json

import numpy as np
import pytest
from PIL import Image

from axialkit.errors import InputError
from axialkit.evaluation.official_pixels import run_official_pixel_script, write_label_ids
from tests.conftest import GOLDEN


def write(folder, arrays, count=None):
    for name, semantic in list(zip(arrays["ids"], arrays["pred_semantic"], strict=True))[:count]:
        write_label_ids(folder, str(name), semantic)


def test_the_real_script_gives_the_stored_mean(load_golden, tmp_path):
    folder = GOLDEN / "eval/edge"
    write(tmp_path, load_golden("eval/edge/arrays.npz"))
    stored = json.loads((folder / "expected/official_pixel.json").read_text())
    miou = run_official_pixel_script(folder / "cityscapes", tmp_path)
    assert miou == pytest.approx(stored["averageScoreClasses"], abs=1e-12)


def test_written_files_equal_the_golden_ones(load_golden, tmp_path):
    arrays = load_golden("eval/random_b/arrays.npz")
    write(tmp_path, arrays)
    for name in arrays["ids"]:
        golden = GOLDEN / f"eval/random_b/results/semantic/{name}_pred.png"
        ours = Image.open(tmp_path / f"{name}.png")
        assert ours.mode == "L"
        np.testing.assert_array_equal(np.array(ours), np.array(Image.open(golden)))


def test_a_missing_prediction_stops_with_the_scripts_words(load_golden, tmp_path):
    write(tmp_path, load_golden("eval/edge/arrays.npz"), count=2)
    with pytest.raises(InputError, match="official pixel-level script stopped with: .*"):
        run_official_pixel_script(GOLDEN / "eval/edge/cityscapes", tmp_path)
