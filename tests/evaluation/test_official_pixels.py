import json
import shutil

import numpy as np
import pytest
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS, train_ids
from axialkit.errors import InputError
from axialkit.evaluation.official_pixels import run_official_pixel_script, write_label_ids
from tests.conftest import GOLDEN, golden_cases

SETS = [path.parents[1].name for path in golden_cases("eval/*/expected/official_pixel.json")]


@pytest.mark.parametrize("name", SETS)
def test_the_script_gives_the_stored_score(name):
    folder = GOLDEN / "eval" / name
    score = run_official_pixel_script(folder / "cityscapes", folder / "results/semantic")
    stored = json.loads((folder / "expected/official_pixel.json").read_text())
    assert score == pytest.approx(stored["averageScoreClasses"], abs=1e-12)


def test_our_pictures_are_the_ones_it_reads(tmp_path):
    source = next((GOLDEN / "eval" / SETS[0] / "results/semantic").rglob("*.png"))
    label_ids = np.array(Image.open(source))
    semantic = train_ids(label_ids)
    semantic[~np.isin(label_ids, LABEL_IDS)] = 0
    write_label_ids(tmp_path, "image", semantic)
    with Image.open(tmp_path / "image.png") as written:
        assert written.mode == "L"
        assert np.array_equal(written, LABEL_IDS[semantic])


def test_a_missing_prediction_is_told(tmp_path):
    folder = GOLDEN / "eval" / SETS[0]
    shutil.copytree(folder / "results/semantic", tmp_path / "semantic")
    next((tmp_path / "semantic").rglob("*.png")).unlink()
    with pytest.raises(InputError, match="official pixel-level script stopped"):
        run_official_pixel_script(folder / "cityscapes", tmp_path / "semantic")
