import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from axialkit.data.cityscapes import SPLITS
from axialkit.data.minicity import generate


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepare") / "drawn"
    return generate(root, train=3, val=2, test=1, workers=1, progress=False)


@pytest.fixture
def prepare(axk):
    """Run ``axialkit data prepare ARGUMENTS``."""
    return lambda *arguments: axk("data", "prepare", *arguments)


@pytest.fixture
def root(drawn, tmp_path) -> Path:
    """A copy with the labels alone, as the official archive has them."""
    root = shutil.copytree(drawn, tmp_path / "bare")
    for path in [*root.glob("gtFine/cityscapes_panoptic_*"), *root.rglob("*_labelTrainIds.png")]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return root


def prepared(root: Path) -> list[Path]:
    paths = [*root.glob("gtFine/cityscapes_panoptic_*/*"), *root.glob("gtFine/*.json")]
    return sorted(paths + [*root.glob("gtFine/*/*/*_labelTrainIds.png")])


def make_official(root: Path, monkeypatch) -> None:
    from cityscapesscripts.preparation import createTrainIdLabelImgs
    from cityscapesscripts.preparation.createPanopticImgs import convert2panoptic

    folder = str(root / "gtFine")
    for use_train_id in (False, True):
        convert2panoptic(folder, folder, use_train_id, list(SPLITS))
    monkeypatch.setenv("CITYSCAPES_DATASET", str(root))
    monkeypatch.setattr(sys, "argv", ["csCreateTrainIdLabelImgs"])
    createTrainIdLabelImgs.main()


def test_it_writes_what_the_official_tools_write(prepare, root, tmp_path, monkeypatch):
    official = shutil.copytree(root, tmp_path / "official")
    make_official(official, monkeypatch)
    outcome = prepare(root, "--workers", 1)
    assert outcome.code == 0
    theirs = prepared(official)
    assert [p.relative_to(root) for p in prepared(root)] == [
        p.relative_to(official) for p in theirs
    ]
    assert len(theirs) == 6 * 2 + 6 + 6  # pictures of both kinds, JSON files, train ids
    for path in theirs:
        ours = root / path.relative_to(official)
        if path.suffix == ".json":
            assert json.loads(ours.read_text()) == json.loads(path.read_text())
        else:
            mine, other = Image.open(ours), Image.open(path)
            assert mine.mode == other.mode
            np.testing.assert_array_equal(np.array(mine), np.array(other))


def stamps(root: Path) -> dict[str, int]:
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in prepared(root)}


def test_what_is_complete_is_left_alone_unless_forced(prepare, root):
    assert prepare(root).out.count(": written ") == 9
    before = stamps(root)
    outcome = prepare(root)
    assert outcome.out.count(": complete ") == 9 and "written" not in outcome.out
    assert stamps(root) == before
    outcome = prepare(root, "--force", "--split", "val")
    assert outcome.out.count(": written ") == 3
    changed = {name for name, stamp in stamps(root).items() if stamp != before[name]}
    assert changed == {name for name in before if "_val" in name or "/val/" in name}


def drop_image(path: Path) -> None:
    content = json.loads(path.read_text())
    del content["images"][0]
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "damage", [Path.unlink, drop_image, lambda path: path.write_text('{"images"')]
)
def test_an_incomplete_json_is_written_again(prepare, root, damage):
    prepare(root)
    path = root / "gtFine" / "cityscapes_panoptic_val.json"
    content = path.read_text()
    damage(path)
    outcome = prepare(root)
    assert outcome.out.count(": written ") == 1
    assert f"val: written  {path}" in outcome.out
    assert path.read_text() == content


def test_missing_pictures_and_train_ids_are_written_again(prepare, root):
    prepare(root)
    missing = [p for p in prepared(root) if "train" in p.parts and p.suffix == ".png"][:1]
    missing += [next((root / "gtFine" / "cityscapes_panoptic_val_trainId").iterdir())]
    for path in missing:
        path.unlink()
    assert prepare(root).out.count(": written ") == 2
    assert all(path.is_file() for path in missing)


def test_without_label_ids_there_are_no_train_ids(prepare, root):
    for path in root.rglob("*_labelIds.png"):
        path.unlink()
    outcome = prepare(root)
    assert outcome.code == 0
    assert "val: no *_labelIds.png, so no *_labelTrainIds.png" in outcome.out
    assert not list(root.rglob("*_labelTrainIds.png"))


def test_a_split_without_labels_is_passed_over_unless_asked_for(prepare, root):
    shutil.rmtree(root / "gtFine" / "test")
    outcome = prepare(root)
    assert outcome.code == 0
    assert "test: no labels, nothing to prepare" in outcome.out
    assert not list(root.glob("gtFine/cityscapes_panoptic_test*"))
    outcome = prepare(root, "--split", "test")
    assert outcome.code == 2 and "1 of 1 images" in outcome.sentence


def test_no_labels_and_no_data_set(prepare, root, tmp_path):
    shutil.rmtree(root / "gtFine")
    outcome = prepare(root)
    assert outcome.code == 2 and "No split of" in outcome.sentence
    assert prepare(tmp_path / "nowhere").code == 2


def test_damaged_labels_stop_it_with_their_name(prepare, root):
    path = next(root.glob("gtFine/train/*/*_instanceIds.png"))
    path.write_bytes(path.read_bytes()[:200])
    outcome = prepare(root)
    assert outcome.code == 2 and str(path) in outcome.sentence
    assert not (root / "gtFine" / "cityscapes_panoptic_train.json").exists()
