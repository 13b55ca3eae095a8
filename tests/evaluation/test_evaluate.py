"""The evaluation loop with networks whose scores are known, and the real official scripts."""

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
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.image_scores import read_scores, write_scores
from axialkit.evaluation.network import NetworkPredictions
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.evaluation.report_tables import text
from axialkit.structures import VOID
from tests.evaluation.conftest import Answers, Constant, oracle

TINY, AVENUE = get_preset("tiny"), get_preset("tiny_avenue")


def scores(model, config, root, out=None, **options):
    settings = EvaluationOptions(**{"progress": False, **options})
    return evaluate(NetworkPredictions(model, config), root, out=out, options=settings)


def test_ceiling_ground_truth_heads_on_full_scenes(streets):
    report = scores(oracle(streets, TINY), TINY, streets)
    assert report.official.panoptic.all.pq > 0.93  # small stuff falls under the area limit
    assert report.official.panoptic.things.pq > 0.98
    assert report.difference < 1e-9
    assert report.iou.mean("void") == 1
    assert report.official.ap.mean > 0.95
    assert report.ap.ap > 0.95


def test_ceiling_ground_truth_heads_on_avenue_scenes(avenue):
    report = scores(oracle(avenue, AVENUE), AVENUE, avenue)
    assert report.official.panoptic.all.pq > 0.98
    assert report.difference < 1e-9
    [side] = report.far_cues
    assert side.kind == "side"
    assert side.pixel_accuracy == side.object_accuracy == 1


def test_floor_a_constant_answer_scores_its_one_class(avenue):
    report = scores(Constant(), AVENUE, avenue)
    assert report.difference < 1e-9
    official = report.official.panoptic
    assert [klass.pq for klass in official.per_class[1:]] == [0.0] * 18
    assert official.all.pq == pytest.approx(official.per_class[0].pq / official.all.n)
    assert report.far_cues[0].pixel_accuracy == 0
    assert report.official.ap.mean == report.ap.ap == 0


def noisy_answers(root, arrays):
    """A network that answers with the golden predictions (void cannot be answered)."""
    config = replace(TINY, postprocess=replace(TINY.postprocess, stuff_area_limit=200))
    model = Answers(config)
    for sample, panoptic in zip(list_samples(root, "val"), arrays["pred_panoptic"], strict=True):
        assert sample.name in arrays["ids"]
        model.learn(read_image_and_ids(sample)[0], panoptic)
    return model, config


def test_crowds_and_void_agree_with_the_official_scripts(golden_root, tmp_path):
    root, arrays = golden_root
    model, config = noisy_answers(root, arrays)
    report = scores(model, config, root, out=tmp_path / "out")
    assert 0.05 < report.official.panoptic.all.pq < 0.95
    assert report.difference < 1e-9
    void, official = PanopticQuality("void"), PanopticQuality("official")
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
    assert report.official.iou.mean == pytest.approx(report.iou.mean("official"), abs=1e-9)


def test_a_part_of_the_images_is_scored_by_all_scripts(avenue, tmp_path):
    report = scores(oracle(avenue, AVENUE), AVENUE, avenue, limit=3, out=tmp_path)
    assert len(report.images) == 3
    annotations = json.loads((tmp_path / "cityscapes_panoptic_val.json").read_text())["annotations"]
    names = [sample.name for sample in list_samples(avenue, "val")[:3]]
    assert [annotation["image_id"] for annotation in annotations] == names
    kept = tmp_path / "official_results"
    assert json.loads((kept / "scores.json").read_text())["All"]["pq"] == pytest.approx(
        report.quality.scores().all.pq, abs=1e-9
    )
    assert report.official.iou.mean == pytest.approx(report.iou.mean("official"), abs=1e-9)
    assert report.official.ap is not None


def test_missing_panoptic_ground_truth_is_made(golden_root):
    root, arrays = golden_root
    golden = root / "gtFine/cityscapes_panoptic_val.json"
    golden.unlink()
    shutil.rmtree(golden.with_suffix(""))
    model, config = noisy_answers(root, arrays)
    assert scores(model, config, root).difference < 1e-9
    assert golden.is_file()


def test_a_data_set_that_cannot_be_written_to_is_scored_all_the_same(golden_root, monkeypatch):
    root, arrays = golden_root
    golden = root / "gtFine/cityscapes_panoptic_val.json"
    golden.unlink()

    def write(data, split, *, to=None, progress=False):
        if to is None:
            raise InputError(f"Cannot write {golden}: no permission.")
        return write_panoptic(data, split, to=to, progress=progress)

    write_panoptic = module.write_panoptic
    monkeypatch.setattr(module, "write_panoptic", write)
    model, config = noisy_answers(root, arrays)
    assert scores(model, config, root).difference < 1e-9
    assert not golden.exists()


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
    assert "differ by up to" in text(report)
    assert "Delete gtFine/cityscapes_panoptic_val*" in text(report)
    content["annotations"] = content["annotations"][1:]
    path.write_text(json.dumps(content))
    report = scores(model, config, root)
    assert "lacks the image" in report.notes["official pq"]
    assert report.official.iou is not None


class Counting:
    """Predictions that count how often they are asked, and break off at one image."""

    def __init__(self, inner, breaks_at=None):
        self.inner, self.breaks_at, self.asked = inner, breaks_at, []

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def answer(self, sample, instance_ids, *, oracle):
        if sample.name == self.breaks_at:
            raise KeyboardInterrupt
        self.asked.append(sample.name)
        return self.inner.answer(sample, instance_ids, oracle=oracle)


def test_an_interrupted_evaluation_goes_on_where_it_was(streets, tmp_path):
    options = EvaluationOptions(progress=False, oracle_images=3)
    network = NetworkPredictions(oracle(streets, TINY), TINY)
    names = [sample.name for sample in list_samples(streets, "val")]
    first = Counting(network, breaks_at=names[5])
    with pytest.raises(KeyboardInterrupt):
        evaluate(first, streets, out=tmp_path / "out", options=options)
    assert not (tmp_path / "out/cityscapes_panoptic_val.json").exists()  # not complete
    second = Counting(network)
    resumed = evaluate(second, streets, out=tmp_path / "out", options=options)
    assert (first.asked, second.asked) == (names[:5], names[5:])
    whole = evaluate(network, streets, out=tmp_path / "whole", options=options)
    told = [{**report.to_dict(), "seconds": 0} for report in (resumed, whole)]
    assert told[0] == told[1]
    again = Counting(network)
    evaluate(again, streets, out=tmp_path / "out", options=options)
    assert again.asked == []


def test_the_scripts_can_follow_later(avenue, tmp_path):
    model = oracle(avenue, AVENUE)
    scores(model, AVENUE, avenue, out=tmp_path / "out", official=False)
    report = scores(model, AVENUE, avenue, out=tmp_path / "out")
    assert report.official.reasons == {}
    assert report.difference < 1e-9


def test_processes_share_the_images_and_find_the_same(streets, tmp_path):
    model = oracle(streets, TINY)
    one = scores(model, TINY, streets, official=False)
    two = scores(model, TINY, streets, official=False, processes=2)
    assert {**one.to_dict(), "seconds": 0} == {**two.to_dict(), "seconds": 0}


def test_a_folder_of_another_evaluation_is_refused(avenue, tmp_path):
    scores(Constant(), AVENUE, avenue, limit=1, out=tmp_path / "out", official=False)
    other = replace(AVENUE, postprocess=replace(AVENUE.postprocess, keep_k=7))
    with pytest.raises(InputError, match=r"holds other results: they differ in postprocess"):
        scores(Constant(), other, avenue, limit=1, out=tmp_path / "out", official=False)
    with pytest.raises(InputError, match="differ in limit"):  # it would look complete
        scores(Constant(), AVENUE, avenue, limit=2, out=tmp_path / "out", official=False)
    (tmp_path / "theirs/cityscapes_panoptic_val").mkdir(parents=True)
    with pytest.raises(InputError, match="might be overwritten"):
        scores(Constant(), AVENUE, avenue, limit=1, out=tmp_path / "theirs")


def test_a_python_without_the_scripts_is_refused_before_the_work(avenue, tmp_path):
    network = Counting(NetworkPredictions(Constant(), AVENUE))
    options = EvaluationOptions(official_python=tmp_path / "nowhere", progress=False)
    with pytest.raises(InputError, match=r"scripts cannot run: .*nowhere cannot be started"):
        evaluate(network, avenue, options=options)
    assert network.asked == []


def test_all_images_that_cannot_be_scored_are_listed(avenue, tmp_path):
    root = tmp_path / "city"
    shutil.copytree(avenue, root)
    samples = list_samples(root, "val")
    for sample in samples[1:3]:
        Image.new("RGB", (5, 4)).save(sample.image)
    with pytest.raises(InputError, match="2 of 6 images cannot be scored") as raised:
        scores(Constant(), AVENUE, root)
    for sample in samples[1:3]:
        assert f"{sample.image} is 4x5" in str(raised.value)


def test_without_the_official_scripts_the_report_says_why(avenue, monkeypatch):
    report = scores(Constant(), AVENUE, avenue, limit=1, official=False)
    assert report.official.panoptic is None
    assert "No official score: not asked for." in text(report)
    monkeypatch.setattr(module, "why_not_installed", lambda python: "it is not installed.")
    report = scores(Constant(), AVENUE, avenue, limit=1)
    assert "No official score: it is not installed." in text(report)
    assert report.to_dict()["official"]["pq"] is None


def test_scores_of_an_image_survive_their_file(streets, tmp_path):
    report = scores(oracle(streets, TINY), TINY, streets, oracle_images=1, limit=1, official=False)
    [image] = report.images
    write_scores(tmp_path / "image.json", image, {"image_id": image.name})
    read, annotation = read_scores(tmp_path / "image.json")
    assert annotation == {"image_id": image.name}
    for ours, theirs in zip(read.overlap, image.overlap, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert read.scores == image.scores
    assert list(read.scores) == list(image.scores)
    np.testing.assert_array_equal(read.semantic, image.semantic)
    np.testing.assert_array_equal(read.ladder, image.ladder)
    assert read.far_cues.to_rows() == image.far_cues.to_rows()
    (tmp_path / "image.json").write_text('{"version": 1, "name": "x"}')
    with pytest.raises(InputError, match="holds no scores of an image"):
        read_scores(tmp_path / "image.json")


def test_no_images_are_refused(avenue):
    with pytest.raises(InputError, match="limit must be at least 1 image, got 0"):
        scores(Constant(), AVENUE, avenue, limit=0)


def test_an_unwritable_out_is_refused(avenue, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="a part of this path is a file"):
        scores(Constant(), AVENUE, avenue, limit=1, out=tmp_path / "file")
