import json
import shutil

import pytest
import torch

from axialkit.config import PRESETS, to_dict
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.weights import load_config, load_model
from axialkit.weights.convert import convert
from tests.archives import REDUCED, pack_checkpoint
from tests.tiny_networks import tiny_config


@pytest.fixture
def truth():
    from axialkit.model import build_model
    from axialkit.weights import load_tf_checkpoint

    model = build_model(tiny_config(REDUCED))
    load_tf_checkpoint(model, REDUCED / "ckpt-60000")
    return model.state_dict()


def assert_equal(folder, truth):
    own = load_model(folder).state_dict()
    assert own.keys() == truth.keys()
    assert all(torch.equal(own[name], value) for name, value in truth.items())


@pytest.mark.parametrize("form", ["folder", "prefix", "index"])
def test_checkpoints_on_disk(reduced, tmp_path, truth, form):
    places = {
        "folder": REDUCED,
        "prefix": REDUCED / "ckpt-60000",
        "index": REDUCED / "ckpt-60000.index",
    }
    report, origin = convert(places[form], tmp_path / "out", reduced)
    assert (report.kept, report.unused, origin.kind) == ([], [], "cityscapes")
    assert_equal(tmp_path / "out", truth)
    assert load_config(tmp_path / "out") == PRESETS[reduced]


def test_the_network_is_told_by_the_name_of_archive_or_folder(reduced, tmp_path, truth, whole):
    pack_checkpoint(tmp_path / whole.file, "anything")
    shutil.copytree(REDUCED, tmp_path / whole.archive)
    places = [
        tmp_path / whole.file,
        tmp_path / whole.archive,
        tmp_path / whole.archive / "ckpt-60000",
    ]
    for number, place in enumerate(places):
        convert(place, tmp_path / f"out{number}")
        assert_equal(tmp_path / f"out{number}", truth)
    assert not list(tmp_path.glob(".*"))
    source = json.loads((tmp_path / "out0" / "source.json").read_text())
    assert source["archive_bytes"] == (tmp_path / whole.file).stat().st_size


def test_a_folder_with_a_config_is_a_preset_too(tmp_path, truth):
    write_json(tmp_path / "mine" / "config.json", to_dict(tiny_config(REDUCED)))
    convert(REDUCED, tmp_path / "out", str(tmp_path / "mine"))
    assert_equal(tmp_path / "out", truth)


def test_an_unknown_name_asks_for_the_preset(tmp_path):
    with pytest.raises(InputError, match="Say it with --preset NAME, one of: axial_swidernet"):
        convert(REDUCED, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(reduced, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        with pytest.raises(InputError, match=f"{name} exists already and is not empty"):
            convert(REDUCED, tmp_path / name, reduced)
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    convert(REDUCED, tmp_path / "empty", reduced)
    assert (tmp_path / "empty" / "weights.safetensors").is_file()


def test_errors_leave_nothing(reduced, tmp_path):
    with pytest.raises(InputError, match="There is no archive"):
        convert(tmp_path / "none.tar.gz", tmp_path / "out", reduced)
    with pytest.raises(InputError, match="does not fit this network"):
        convert(REDUCED, tmp_path / "out", "max_deeplab_s_backbone")
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("home", "made")] == []
