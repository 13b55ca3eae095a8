"""Files for the official scripts against golden files, and real runs of all three scripts."""

import json
import shutil
import site
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data.cityscapes import list_samples
from axialkit.errors import InputError
from axialkit.evaluation import official
from axialkit.evaluation.official import (
    ScriptFailed,
    run_instance,
    run_official_scripts,
    run_panoptic,
    run_pixel,
    scores_from_official,
    why_not_installed,
)
from axialkit.evaluation.official_files import (
    OfficialFiles,
    official_ids,
    write_instances,
    write_label_ids,
    write_prediction,
    write_prediction_json,
)
from axialkit.segment_scores import segment_scores
from axialkit.structures import VOID
from tests.conftest import GOLDEN, golden_cases

SETS = golden_cases("eval/*/arrays.npz")


def write(folder, arrays, count=None):
    """Write golden predictions in all three forms."""
    names = ("ids", "pred_panoptic", "pred_semantic", "pred_class_prob", "instance_score_map")
    annotations = []
    rows = list(zip(*(arrays[name] for name in names), strict=True))[:count]
    for name, panoptic, semantic, probability, heat in rows:
        annotations.append(write_prediction(folder, "val", str(name), panoptic))
        write_label_ids(folder / "semantic", str(name), semantic)
        scores = segment_scores(panoptic, probability.astype(float), heat.astype(float))
        write_instances(
            folder / "instance", str(name), panoptic, [(s.label, s.score) for s in scores]
        )
    return OfficialFiles(
        write_prediction_json(folder, "val", annotations), folder / "semantic", folder / "instance"
    )


@pytest.fixture(scope="module", params=SETS, ids=lambda path: path.parent.name)
def written(request, tmp_path_factory):
    """A golden set: its folder, its images, its truth, and its predictions as we write them."""
    folder = tmp_path_factory.mktemp("written")
    with np.load(request.param) as arrays:
        files = write(folder, dict(arrays))
    source = request.param.parent
    return source, samples_of(source, folder / "data"), truth_of(source), files


def samples_of(source, root):
    """The images of a golden set as samples; the pictures themselves are not needed."""
    shutil.copytree(source / "cityscapes", root)
    for path in sorted(root.glob("gtFine/val/*/*_instanceIds.png")):
        name = path.name.removesuffix("_gtFine_instanceIds.png")
        image = root / f"leftImg8bit/val/{path.parent.name}/{name}_leftImg8bit.png"
        image.parent.mkdir(parents=True, exist_ok=True)
        image.touch()
    return list_samples(root, "val")


def truth_of(source):
    return source / "cityscapes/gtFine/cityscapes_panoptic_val.json"


def expected(source, name):
    return json.loads((source / f"expected/official_{name}.json").read_text())


def test_panoptic_files_equal_the_golden_ones(written):
    source, _, _, files = written
    golden = source / "results/panoptic" / files.panoptic_json.name
    ours, theirs = (json.loads(p.read_text())["annotations"] for p in (files.panoptic_json, golden))
    assert ours == theirs
    for annotation in theirs:
        pictures = (p.with_suffix("") / annotation["file_name"] for p in (files[0], golden))
        np.testing.assert_array_equal(*(np.array(Image.open(picture)) for picture in pictures))


def test_semantic_files_equal_the_golden_ones(written):
    source, samples, _, files = written
    for sample in samples:
        golden = source / f"results/semantic/{sample.name}_pred.png"
        ours = Image.open(files.semantic / f"{sample.name}.png")
        assert ours.mode == "L"
        np.testing.assert_array_equal(np.array(ours), np.array(Image.open(golden)))


def test_instance_files_equal_the_golden_ones(written):
    source, samples, _, files = written
    for sample in samples:
        golden = source / f"results/instance/{sample.name}.txt"
        ours = (files.instance / golden.name).read_text()
        assert sorted(ours.splitlines()) == sorted(golden.read_text().splitlines())
        for line in ours.splitlines():
            masks = (np.array(Image.open(f / line.split()[0])) > 0 for f in (
                files.instance, source / "results/instance"
            ))  # fmt: skip
            np.testing.assert_array_equal(*masks)


def test_the_real_scripts_give_the_stored_scores(written, tmp_path, monkeypatch):
    """And leave nothing behind, here or in the package."""
    source, samples, truth, files = written
    monkeypatch.chdir(tmp_path)
    package = Path(next(p for p in site.getsitepackages() if (Path(p) / "numpy").is_dir()))
    before = sorted((package / "cityscapesscripts").rglob("*.json"))
    scores = run_official_scripts(samples, truth, files, results=tmp_path / "kept")
    assert scores.reasons == {}
    assert scores.panoptic == scores_from_official(expected(source, "panoptic"))
    stored = expected(source, "pixel")
    assert scores.iou.mean == pytest.approx(stored["averageScoreClasses"], abs=1e-12)
    assert scores.iou.per_class[0] == pytest.approx(stored["classScores"]["road"], abs=1e-12)
    stored = expected(source, "instance")["averages"]
    assert scores.ap.mean == pytest.approx(stored["allAp"], abs=1e-12)
    for name, train_id in (("person", 11), ("car", 13)):
        value = stored["classes"][name]["ap"]
        assert scores.ap.per_class[train_id] == pytest.approx(value, abs=1e-12, nan_ok=True)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert len(list((tmp_path / "kept").glob("*.json"))) == 3
    assert sorted((package / "cityscapesscripts").rglob("*.json")) == before
    if not hasattr(np, "in1d"):
        assert any("numpy.in1d" in shim for shim in scores.shims)


@pytest.fixture
def edge(tmp_path, load_golden):
    source = GOLDEN / "eval/edge"
    arrays = load_golden("eval/edge/arrays.npz")
    return source, samples_of(source, tmp_path / "data"), arrays


def test_a_part_of_the_images_and_any_split_can_be_scored(edge, tmp_path):
    """Against the script on a data set that holds just these."""
    source, samples, arrays = edge
    files = write(tmp_path / "out", arrays)
    few = samples[:5]
    alone = tmp_path / "alone"
    for sample in few:
        for path in (sample.instance_ids, sample.label_ids):
            to = alone / path.relative_to(tmp_path / "data")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
    scores, _ = run_pixel(few, files.semantic)
    whole, _ = run_pixel(samples, files.semantic)
    assert scores.mean != whole.mean
    renamed = [s._replace(label_ids=s.label_ids.with_name("missing.png")) for s in few]
    assert run_pixel(renamed, files.semantic)[0] == scores  # made from the instances


def test_a_missing_prediction_is_a_reason(edge, tmp_path):
    source, samples, arrays = edge
    files = write(tmp_path / "out", arrays, count=3)
    scores = run_official_scripts(samples, truth_of(source), files)
    assert scores.panoptic is scores.iou is scores.ap is None
    assert "no prediction for the image with id" in scores.reasons["panoptic"]
    assert "must hold one PNG whose name begins with" in scores.reasons["pixel"]
    assert "Found no prediction for ground truth" in scores.reasons["instance"]


def test_a_set_without_things_is_explained(edge, tmp_path):
    source, samples, arrays = edge
    content = json.loads(truth_of(source).read_text())
    void = next(a["image_id"] for a in content["annotations"] if not a["segments_info"])
    empty = np.full(arrays["pred_panoptic"].shape[1:], VOID)
    json_path = write_prediction_json(
        tmp_path / "out", "val", [write_prediction(tmp_path / "out", "val", void, empty)]
    )
    write_instances(tmp_path / "out/instance", void, empty, [])
    only = [sample for sample in samples if sample.name == void]
    with pytest.raises(ScriptFailed, match="Evaluate more images"):
        run_panoptic(only, truth_of(source), json_path)
    with pytest.raises(ScriptFailed, match="no single things"):
        run_instance(only, tmp_path / "out/instance")


def test_the_crash_on_ignored_detections_is_explained(edge, tmp_path):
    """A class with an object that is missed, and with a detection on void alone."""
    _, samples, _ = edge
    sample = samples[0]
    ids = np.zeros((64, 128), np.uint16)
    ids[:20, :20] = 26001
    Image.fromarray(ids).save(sample.instance_ids)
    panoptic = np.full(ids.shape, VOID)
    panoptic[40:, 40:] = 13001
    write_instances(tmp_path / "out", sample.name, panoptic, [(13001, 0.9)])
    with pytest.raises(ScriptFailed, match="crashes when no object of a class is found"):
        run_instance([sample], tmp_path / "out")


def test_missing_packages_and_wrong_pythons_are_told(tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    assert why_not_installed() == ""
    assert "has no cityscapesscripts" in why_not_installed(fake)
    assert "cannot be started" in why_not_installed(tmp_path / "nowhere")


@pytest.mark.parametrize("given", ["whole path", "path from here"])
def test_another_python_runs_the_scripts(edge, tmp_path, monkeypatch, given):
    """One that shares nothing but the packages: told apart by what it writes down."""
    monkeypatch.chdir(tmp_path)
    source, samples, arrays = edge
    files = write(tmp_path / "out", arrays)
    other = tmp_path / "other"
    other.write_text(f'#!/bin/sh\necho used >> "{tmp_path}/log"\nexec "{sys.executable}" "$@"\n')
    other.chmod(0o755)
    python = other if given == "whole path" else Path("./other")
    assert why_not_installed(python) == ""
    (tmp_path / "log").unlink()
    scores = run_official_scripts(samples, truth_of(source), files, python)
    assert scores.reasons == {}
    assert (tmp_path / "log").read_text().count("used") == 3


def test_ids_are_label_ids():
    panoptic = np.array([[0, 7000, VOID], [11001, 13012, 18001]])
    assert official_ids(panoptic).tolist() == [[7, 20, 0], [24001, 26012, 33001]]
    unnumbered = np.array([[0, 11000, VOID]])  # a thing that its program has called 0
    assert official_ids(unnumbered).tolist() == [[7, 24000, 0]]


def test_truth_that_lacks_an_image_is_told(edge, tmp_path):
    source, samples, arrays = edge
    content = json.loads(truth_of(source).read_text())
    content["annotations"] = content["annotations"][1:]
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"lacks the image .* older than the labels"):
        run_panoptic(samples, truth, write(tmp_path / "out", arrays).panoptic_json)


def test_the_start_script_needs_nothing_of_ours():
    text = official.START.read_text()
    assert "axialkit." not in text.replace("axialkit.\n", "")
