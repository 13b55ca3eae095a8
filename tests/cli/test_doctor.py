import errno
import importlib.metadata
import json
import shutil
import tempfile

import pytest

from axialkit.cli import checks
from axialkit.cli.checks import FAIL, OK, WARN, Check
from axialkit.data.cityscapes import list_samples


def statuses(outcome):
    return {
        line[6:26].strip(): line[:5].strip()
        for line in outcome.out.splitlines()
        if line[:5].strip() in (OK, WARN, FAIL)
    }


def test_it_looks_at_everything_and_writes_it_as_json(axk, tmp_path, city, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = axk("doctor", "--data", city, "--json", "report.json")
    found = statuses(outcome)
    for name in ("Python", "torch", "numpy", "device cpu", "threads", "memory", "disk"):
        assert found[name] == OK
    assert found["MiniCity"] == OK
    assert {"write permission", "Cityscapes", "extra demo", "extra data", "Chromium"} <= set(found)
    report = json.loads((tmp_path / "report.json").read_text())
    assert {check["name"]: check["status"] for check in report} == found
    assert outcome.code == int(FAIL in found.values())


def test_an_essential_failure_exits_1_and_names_the_remedy(axk, monkeypatch):
    broken = Check("disk", FAIL, "0.0 GB free", "Free some space.")
    monkeypatch.setattr(checks, "check_disk", lambda folder: broken)
    outcome = axk("doctor")
    assert outcome.code == 1
    assert "fail  disk" in outcome.out
    assert "-> Free some space." in outcome.out
    assert "Something essential is missing: " in outcome.out


def test_missing_data_is_a_warning_with_the_command(axk, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = axk("doctor", "--data", "nowhere")
    assert statuses(outcome)["MiniCity"] == WARN
    assert "-> axialkit data minicity --out nowhere" in outcome.out


def test_half_a_data_set_is_a_warning_with_the_missing_file(tmp_path):
    images = tmp_path / "leftImg8bit" / "train" / "oak"
    images.mkdir(parents=True)
    (images / "oak_000000_000019_leftImg8bit.png").write_bytes(b"x")
    check = checks.check_data("MiniCity", tmp_path, "draw it")
    assert check.status == WARN
    assert "oak_000000_000019_gtFine_instanceIds.png" in check.found


def test_an_unfinished_minicity_is_told(tmp_path, city):
    root = shutil.copytree(city, tmp_path / "city")
    list_samples(root, "val")[0].image.unlink()
    check = checks.check_data("MiniCity", root, "draw it again")
    assert check.status == WARN
    assert check.found == f"8 train, 3 val in {root}, not complete"
    assert check.advice == "draw it again"


def test_a_part_of_cityscapes_is_told_from_the_whole(city):
    check = checks.check_data("Cityscapes", city, "", checks.CITYSCAPES_COUNTS)
    assert check.status == WARN
    assert check.found.startswith("8 train, 4 val")
    assert "2975 train, 500 val" in check.advice
    assert checks.check_data("Cityscapes", city, "", {"train": 8, "val": 4}).status == OK


@pytest.mark.parametrize(
    ("installed", "status", "words"),
    [
        ("2.13.0", OK, "2.13.0"),
        ("2.13.0+cpu", OK, "2.13.0+cpu"),
        ("2.14.1", OK, "2.14.1 (tested with 2.13.0)"),
        ("2.4.0", FAIL, "2.4.0, needs >=2.5"),
    ],
)
def test_versions_are_held_to_the_range(monkeypatch, installed, status, words):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: installed)
    check = checks._check_package("torch", ">=2.5", "2.13.0")
    assert (check.status, check.found) == (status, words)


def test_a_missing_package_fails_with_its_pip_line():
    check = checks._check_package("no-such-package", ">=1,<2", None)
    assert check.status == FAIL
    assert check.advice == 'pip install "no-such-package>=1,<2".'


def test_every_core_package_is_checked_against_its_tested_version():
    names = {check.name for check in checks.check_packages()}
    assert {"torch", "numpy", "tyro", "safetensors"} <= names
    assert "gradio" not in names
    assert checks.tested_versions()["torch"].startswith("2.")


def test_a_folder_that_cannot_be_written_to_fails(monkeypatch, tmp_path):
    def refuse(**kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    check = checks.check_writable(tmp_path)
    assert check.status == FAIL
    assert "Permission denied" in check.found


@pytest.mark.parametrize(("free", "status"), [(0.1, FAIL), (1.0, WARN), (50.0, OK)])
def test_disk_space(monkeypatch, tmp_path, free, status):
    usage = type("Usage", (), {"free": free * checks.GIGABYTE})
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda folder: usage)
    assert checks.check_disk(tmp_path).status == status


def test_too_many_threads_are_slow():
    assert checks._check_threads(1).status == OK
    check = checks._check_threads(checks.usable_cores() + 1)
    assert check.status == WARN
    assert f"OMP_NUM_THREADS={checks.usable_cores()}" in check.advice


def test_damaged_weights_fail(monkeypatch, tmp_path):
    from axialkit.weights import find

    (tmp_path / "tiny.safetensors").write_bytes(b"damaged")
    monkeypatch.setattr(find, "SHIPPED", tmp_path)
    (check,) = checks.check_weights()
    assert (check.name, check.status) == ("weights tiny", FAIL)
    assert "is not a whole safetensors file" in check.found


def test_a_missing_extra_warns_with_its_pip_line(monkeypatch):
    really = checks._installed
    monkeypatch.setattr(checks, "_installed", lambda name: name != "gradio" and really(name))
    found = {check.name: check for check in checks.check_extras()}
    assert found["extra demo"].status == WARN
    assert 'pip install -e ".[demo]"' in found["extra demo"].advice
    assert found["extra notebooks"].status == OK


def test_no_chromium_is_a_warning(monkeypatch):
    monkeypatch.setattr(checks.shutil, "which", lambda name: None)
    assert checks.check_chromium().status == WARN


def test_it_asks_the_attention_kernels(axk):
    outcome = axk("doctor", "--attention")
    assert outcome.code == 0
    assert "wide family, stage 5, width pass, training" in outcome.out
    assert outcome.out.count("runs: fused (the layer is set to auto)") == 8
    assert "bfloat16 on cpu" in outcome.out and "gives no gradient to the bias" in outcome.out
