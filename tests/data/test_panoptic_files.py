import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data.cityscapes import CLASSES, SPLITS, list_samples
from axialkit.data.panoptic_files import (
    panoptic_json,
    panoptic_picture,
    panoptic_segments,
    write_label_train_ids,
    write_panoptic,
    write_png,
)
from axialkit.errors import InputError


def official_panoptic(ground_truth: Path, out: Path, split: str, *, use_train_id: bool) -> Path:
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    out.mkdir()
    convert2panoptic(str(ground_truth), str(out), use_train_id, [split])
    suffix = "_trainId" if use_train_id else ""
    return out / f"cityscapes_panoptic_{split}{suffix}.json"


def assert_same_panoptic(ours: Path, theirs: Path) -> None:
    assert json.loads(ours.read_text()) == json.loads(theirs.read_text())
    names = sorted(p.name for p in ours.with_suffix("").iterdir())
    assert names == sorted(p.name for p in theirs.with_suffix("").iterdir())
    for name in names:
        mine, official = (Image.open(p.with_suffix("") / name) for p in (ours, theirs))
        assert mine.mode == official.mode
        np.testing.assert_array_equal(np.array(mine), np.array(official))


@pytest.mark.parametrize("use_train_id", [False, True])
@pytest.mark.parametrize("split", SPLITS)
def test_minicity_comes_with_what_the_official_tool_makes(
    drawn_root, tmp_path, split, use_train_id
):
    ours = panoptic_json(drawn_root, split, use_train_id=use_train_id)
    theirs = official_panoptic(
        drawn_root / "gtFine", tmp_path / "out", split, use_train_id=use_train_id
    )
    assert_same_panoptic(ours, theirs)


@pytest.fixture
def odd_root(tmp_path):
    """Labels with every class, crowds, trailers, large numbers and void, for two sizes."""
    rng = np.random.RandomState(0)
    values = [c.id for c in CLASSES if c.id >= 0]
    values += [c.id * 1000 + n for c in CLASSES if c.has_instances for n in (0, 3, 250)]
    for number, (height, width) in enumerate([(20, 30), (33, 18)]):
        name = f"odd_{number:06d}_000019"
        ids = np.array(values, np.uint16)[rng.randint(len(values), size=(height, width))]
        labels = np.where(ids >= 1000, ids // 1000, ids).astype(np.uint8)
        folder = tmp_path / "gtFine" / "val" / "odd"
        write_png(folder / f"{name}_gtFine_instanceIds.png", ids)
        write_png(folder / f"{name}_gtFine_labelIds.png", labels)
        image = np.zeros((height, width, 3), np.uint8)
        write_png(tmp_path / "leftImg8bit" / "val" / "odd" / f"{name}_leftImg8bit.png", image)
    return tmp_path


@pytest.mark.parametrize("use_train_id", [False, True])
def test_all_classes_equal_the_official_tool(odd_root, tmp_path, use_train_id):
    ours = write_panoptic(odd_root, "val", use_train_id=use_train_id)
    theirs = official_panoptic(
        odd_root / "gtFine", tmp_path / "out", "val", use_train_id=use_train_id
    )
    assert_same_panoptic(ours, theirs)


def test_label_train_ids_equal_the_official_tool(drawn_root, tmp_path, monkeypatch, capsys):
    from cityscapesscripts.preparation import createTrainIdLabelImgs

    for name in ("ours", "theirs"):
        shutil.copytree(drawn_root, tmp_path / name)
        for path in (tmp_path / name).glob("gtFine/*/*/*_labelTrainIds.png"):
            path.unlink()
    for split in SPLITS:
        write_label_train_ids(tmp_path / "ours", split)
    monkeypatch.setenv("CITYSCAPES_DATASET", str(tmp_path / "theirs"))
    monkeypatch.setattr(sys, "argv", ["csCreateTrainIdLabelImgs"])
    createTrainIdLabelImgs.main()

    made = sorted((tmp_path / "theirs").glob("gtFine/*/*/*_labelTrainIds.png"))
    assert len(made) == 10
    for path in made:
        ours = tmp_path / "ours" / path.relative_to(tmp_path / "theirs")
        np.testing.assert_array_equal(np.array(Image.open(ours)), np.array(Image.open(path)))


def test_official_score_of_the_labels_against_themselves_is_100(drawn_root, tmp_path):
    from cityscapesscripts.evaluation.evalPanopticSemanticLabeling import evaluatePanoptic

    path = panoptic_json(drawn_root, "val")
    folder = str(path.with_suffix(""))
    result = evaluatePanoptic(str(path), folder, str(path), folder, str(tmp_path / "r.json"))
    for group in ("All", "Things", "Stuff"):
        assert result[group]["pq"] == pytest.approx(1.0)
    assert result["All"]["n"] >= 9


def naive_segments(ids: np.ndarray) -> list[tuple[int, int, list[int]]]:
    segments = []
    for value in np.unique(ids).tolist():
        ys, xs = np.nonzero(ids == value)
        box = [xs.min(), ys.min(), xs.max() - xs.min() + 1, ys.max() - ys.min() + 1]
        segments.append((value, len(ys), [int(n) for n in box]))
    return segments


def test_areas_and_boxes_equal_a_loop():
    rng = np.random.RandomState(3)
    ids = np.array([7, 11, 26, 26000, 26001, 33007])[rng.randint(6, size=(5, 7))].astype(np.int32)
    found = [(s["id"], s["area"], s["bbox"]) for s in panoptic_segments(ids)]
    assert found == naive_segments(ids)
    assert [s["iscrowd"] for s in panoptic_segments(ids) if s["id"] == 26] == [1]


def test_pixels_hold_the_ids_and_void_is_black():
    ids = np.array([[0, 7, 26], [26255, 26256, 30000]], np.int32)
    picture = panoptic_picture(ids).astype(int)
    values = picture @ [1, 256, 65536]
    assert values.tolist() == [[0, 7, 26], [26255, 26256, 0]]


def test_a_split_without_images_is_refused(tmp_path):
    (tmp_path / "leftImg8bit" / "val").mkdir(parents=True)
    with pytest.raises(InputError, match="holds no"):
        write_panoptic(tmp_path, "val")


def test_samples_of_other_sizes_are_listed_with_theirs(odd_root):
    content = json.loads(write_panoptic(odd_root, "val").read_text())
    assert [(i["height"], i["width"]) for i in content["images"]] == [(20, 30), (33, 18)]
    assert [i["id"] for i in content["images"]] == [s.name for s in list_samples(odd_root, "val")]
