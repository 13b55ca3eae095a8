# ruff: noqa: F811
"""``axialkit weights``: from a server to the answer of another command."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from axialkit.cli.checks import check_cache
from axialkit.config import PRESETS
from axialkit.weights.get import get_weights
from axialkit.weights.zoo import PUBLISHED
from tests.archives import REDUCED
from tests.weights.conftest import backbone, home, reduced, site, whole  # noqa: F401


@pytest.fixture
def picture(tmp_path):
    Image.new("RGB", (64, 48), (90, 120, 60)).save(tmp_path / "street.png")
    return tmp_path / "street.png"


def test_the_list_shows_both_columns_sizes_and_addresses(axk, home):
    outcome = axk("weights", "list")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    (row,) = [ln.split() for ln in lines if ln.startswith("max_deeplab_s_backbone   cityscapes")]
    assert row[2:] == ["-", "-", "42.79", "M", "64.5", "82.2", "64.97", "82.63", "35.55"]
    (row,) = [ln.split() for ln in lines if ln.startswith("axial_swidernet_1_1_3    imagenet")]
    assert row[2:] == ["-", "-", "393.94", "M", "-", "-", "-", "-", "-"]
    assert any(ln.startswith("tiny ") and "shipped" in ln for ln in lines)
    assert "max_deeplab_l_backbone_imagenet1k_strong_training_strategy.tar.gz" in outcome.out
    assert "published by the authors" in outcome.out
    assert f"The cache of this machine: {home}" in outcome.out


def test_the_list_as_json(axk, home, tmp_path):
    assert axk("weights", "list", "--json", tmp_path / "list.json").code == 0
    rows = json.loads((tmp_path / "list.json").read_text())
    assert len(rows) == 12
    (row,) = [r for r in rows if (r["name"], r["kind"]) == ("axial_swidernet_1_1_1", "cityscapes")]
    assert row["pq_official"] == PUBLISHED["axial_swidernet_1_1_1"].pq_official
    assert row["parameters"] == 137_844_454
    assert row["bytes"] is None


def test_get_then_everything_works_by_name(axk, site, whole, home, picture, tmp_path):
    outcome = axk("weights", "get", "reduced")
    assert outcome.code == 0
    assert outcome.err == ""
    folder = home / "reduced-cityscapes"
    assert f"Downloading {site.address(whole.file)}" in outcome.out
    assert f"In {folder}. Next: axialkit predict reduced IMAGE" in outcome.out

    rows = [line.split() for line in axk("weights", "list").out.splitlines()]
    size = (folder / "weights.safetensors").stat().st_size
    expected = ["reduced", "cityscapes", "cached", f"{size / 1e6:.1f}", "MB"]
    assert [row[:5] for row in rows if row[:2] == expected[:2]] == [expected]
    for name in ("reduced", folder):
        out = tmp_path / "seen" / Path(name).name
        assert axk("predict", name, picture, "--out", out).code == 0
        assert (out / "street_panoptic.png").is_file()


def test_get_of_a_backbone_says_what_it_is_for(axk, site, home):
    outcome = axk("weights", "get", "reduced", "--kind", "imagenet", "--keep-archive")
    assert outcome.code == 0
    assert "Next: axialkit train reduced --train.init-from imagenet" in outcome.out
    assert len(list((home / "downloads").iterdir())) == 1


def test_predict_without_the_weights_names_the_command(axk, reduced, picture):
    outcome = axk("predict", "reduced", picture)
    assert outcome.code == 2
    assert "Get them with: axialkit weights get reduced " in outcome.sentence


def test_wrong_names_and_kinds(axk, home):
    assert (
        'Did you mean "max_deeplab_s_backbone"?' in axk("weights", "get", "max_deeplab_s").sentence
    )
    outcome = axk("weights", "get", "max_deeplab_s_backbone", "--kind", "coco")
    assert outcome.code == 2
    assert 'no kind of weights "coco"' in outcome.sentence
    assert not home.exists()


def test_ctrl_c_says_how_to_go_on(axk, site, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("axialkit.weights.get.download", interrupted)
    outcome = axk("weights", "get", "reduced", "--kind", "imagenet")
    assert outcome.code == 130
    assert "Go on with: axialkit weights get reduced --kind imagenet" in outcome.sentence


def test_convert_makes_a_folder_for_every_command(axk, reduced, picture, tmp_path):
    out = tmp_path / "mine"
    outcome = axk("weights", "convert", REDUCED, out, "--preset", "reduced")
    assert outcome.code == 0
    assert f"Next: axialkit predict {out} IMAGE" in outcome.out
    assert axk("predict", out, picture, "--out", tmp_path / "seen").code == 0
    assert "is not empty" in axk("weights", "convert", REDUCED, out, "--preset", "reduced").sentence


def test_convert_asks_for_the_preset(axk, tmp_path):
    outcome = axk("weights", "convert", REDUCED, tmp_path / "out")
    assert outcome.code == 2
    assert "Say it with --preset NAME" in outcome.sentence


def test_the_doctor_tells_what_is_in_the_cache(site, home, whole):
    assert check_cache().found == f"none in {home}"
    assert "axialkit weights list" in check_cache().advice
    folder = get_weights(whole, PRESETS["reduced"], home, say=lambda _: None)
    assert check_cache().found == f"{folder.name} in {home}"
    assert check_cache().advice == ""


def test_the_group_lists_its_commands(axk):
    outcome = axk("weights", "--help")
    assert outcome.code == 0
    assert "usage: axialkit weights list|get|convert" in outcome.out
    assert 'no command "weights gte". Did you mean "weights get"' in axk("weights", "gte").sentence


def test_importing_the_command_loads_no_torch():
    program = "import sys, axialkit.cli.weights; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, env=os.environ)
