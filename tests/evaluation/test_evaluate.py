"""The evaluation loop with networks whose scores are known, and the real official script."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from axialkit.config import get_preset
from axialkit.data.cityscapes import list_samples, panoptic_label, read_instance_ids
from axialkit.data.dataset import read_image_and_ids
from axialkit.errors import InputError
from axialkit.evaluation import evaluate as module
from axialkit.evaluation.evaluate import evaluate
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.structures import VOID
from tests.evaluation.conftest import Answers, Constant, oracle

TINY, AVENUE = get_preset("tiny"), get_preset("tiny_avenue")


def scores(model, config, root, **options):
    return evaluate(model, config, root, progress=False, **options)


def test_ceiling_ground_truth_heads_on_full_scenes(streets):
    report = scores(oracle(streets, TINY), TINY, streets)
    assert report.official.all.pq > 0.93  # small stuff falls under the area limit
    assert report.official.things.pq > 0.98
    assert report.difference < 1e-9
    assert report.iou.mean("void") == 1


def test_ceiling_ground_truth_heads_on_avenue_scenes(avenue):
    report = scores(oracle(avenue, AVENUE), AVENUE, avenue)
    assert report.official.all.pq > 0.98
    assert report.difference < 1e-9
    [side] = report.far_cues
    assert side.kind == "side"
    assert side.pixel_accuracy == side.object_accuracy == 1


def test_floor_a_constant_answer_scores_its_one_class(avenue):
    report = scores(Constant(), AVENUE, avenue)
    assert report.difference < 1e-9
    per_class = report.official.per_class
    assert [klass.pq for klass in per_class[1:]] == [0.0] * 18
    assert report.official.all.pq == pytest.approx(per_class[0].pq / report.official.all.n)
    assert report.far_cues[0].pixel_accuracy == 0


def noisy_answers(root, arrays):
    """A network that answers with the golden predictions (void cannot be answered)."""
    config = replace(TINY, postprocess=replace(TINY.postprocess, stuff_area_limit=200))
    model = Answers(config)
    for sample, panoptic in zip(list_samples(root, "val"), arrays["pred_panoptic"], strict=True):
        assert sample.name in arrays["ids"]
        model.learn(read_image_and_ids(sample)[0], panoptic)
    return model, config


def test_crowds_and_void_agree_with_the_official_script(golden_root, tmp_path):
    root, arrays = golden_root
    model, config = noisy_answers(root, arrays)
    report = scores(model, config, root, out=tmp_path / "out")
    assert 0.05 < report.official.all.pq < 0.95
    assert report.difference < 1e-9
    void = PanopticQuality("void")
    official = PanopticQuality("official")
    for sample in list_samples(root, "val"):
        ids = read_instance_ids(sample.instance_ids)
        written = np.array(Image.open(tmp_path / f"out/cityscapes_panoptic_val/{sample.name}.png"))
        values = written.astype(int) @ (1, 256, 65536)
        panoptic = panoptic_label(values.astype(np.int32)) if values.any() else values + VOID
        for quality in (void, official):
            quality.update(panoptic, ids)
    np.testing.assert_allclose(report.quality_void.counts, void.counts)
    np.testing.assert_allclose(report.quality.counts, official.counts)
    assert not np.allclose(void.counts, official.counts)  # crowds do matter here
    assert report.iou.mean("void") != report.iou.mean("official")
    assert report.official_miou == pytest.approx(report.iou.mean("official"), abs=1e-9)


def test_out_keeps_the_official_files(avenue, tmp_path):
    report = scores(oracle(avenue, AVENUE), AVENUE, avenue, limit=3, out=tmp_path)
    assert report.images == 3
    annotations = json.loads((tmp_path / "cityscapes_panoptic_val.json").read_text())["annotations"]
    names = [sample.name for sample in list_samples(avenue, "val")[:3]]
    assert [annotation["image_id"] for annotation in annotations] == names
    kept = json.loads((tmp_path / "official_results.json").read_text())
    assert kept["All"]["pq"] == report.official.all.pq
    assert report.official_miou is None  # that script scores nothing less than all of val


def test_missing_panoptic_ground_truth_is_made(golden_root):
    root, arrays = golden_root
    golden = root / "gtFine/cityscapes_panoptic_val.json"
    golden.unlink()
    shutil.rmtree(golden.with_suffix(""))
    model, config = noisy_answers(root, arrays)
    assert scores(model, config, root).difference < 1e-9
    assert golden.is_file()


def test_stale_panoptic_ground_truth_is_noticed(golden_root):
    root, arrays = golden_root
    model, config = noisy_answers(root, arrays)
    path = root / "gtFine/cityscapes_panoptic_val.json"
    content = json.loads(path.read_text())
    first, second = content["annotations"][:2]
    first["segments_info"], second["segments_info"] = [], []
    path.write_text(json.dumps(content))
    report = scores(model, config, root)
    assert report.difference > 1e-9
    assert "differ by up to" in report.table()
    assert "Delete gtFine/cityscapes_panoptic_val*" in report.table()
    content["annotations"] = content["annotations"][1:]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="lacks the image"):
        scores(model, config, root)


def test_without_the_official_script_the_report_says_why(avenue, monkeypatch):
    report = scores(Constant(), AVENUE, avenue, limit=1, official=False)
    assert report.official is None
    assert "No official score: not asked for." in report.table()
    monkeypatch.setattr(module, "is_script_installed", lambda: False)
    report = scores(Constant(), AVENUE, avenue, limit=1)
    assert "cityscapesscripts is not installed" in report.table()
    assert report.to_dict()["official_script"] is None


def test_the_report_is_json_without_nan(avenue):
    report = scores(oracle(avenue, AVENUE), AVENUE, avenue, limit=2)
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["official_script"]["pq"] == report.official.all.pq
    assert values["per_class"]["road"]["tp"] == 2
    assert values["per_class"]["wall"]["iou"] is None
    assert values["images"] == 2


def test_no_images_are_refused(avenue):
    with pytest.raises(InputError, match="limit must be at least 1 image, got 0"):
        scores(Constant(), AVENUE, avenue, limit=0)


def test_an_unwritable_out_is_refused(avenue, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a part of this path is a file"):
        scores(Constant(), AVENUE, avenue, limit=1, out=tmp_path / "file")
