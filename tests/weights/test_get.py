"""From a server's archive of the reference's own checkpoint to weights in the cache."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from axialkit.config import PRESETS, from_dict
from axialkit.errors import InputError
from axialkit.model.deeplab import normalize
from axialkit.weights import load_model
from axialkit.weights.download import part_of
from axialkit.weights.get import get_weights
from axialkit.weights.unpack import unpack
from tests.archives import REDUCED, member, pack
from tests.conftest import golden_cases

ANSWERS = golden_cases("model/tiny_axial_swidernet_1_1_1_os16/out_97x161_b1.npz")[0]


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def get(released, home, **options):
    lines: list[str] = []
    folder = get_weights(released, PRESETS["reduced"], home, say=lines.append, **options)
    return folder, "\n".join(lines)


@torch.no_grad()
def test_the_weights_answer_as_the_reference_does(site, home, whole, load_golden):
    folder, _ = get(whole, home)
    arrays, model = load_golden(ANSWERS), load_model(folder)
    images = torch.from_numpy(arrays["image"]).permute(0, 3, 1, 2)
    answer = model.decoder(model.backbone(normalize(images))).semantic
    truth = torch.from_numpy(arrays["raw/semantic_logits"]).permute(0, 3, 1, 2)
    assert (answer - truth).abs().max() <= 1e-4 * max(1, truth.abs().max())


def test_what_is_kept_and_what_is_not(site, home, whole):
    folder, said = get(whole, home)
    assert folder == home / "reduced-cityscapes"
    names = {"weights.safetensors", "config.json", "source.json"}
    assert files_in(home) == {f"reduced-cityscapes/{name}" for name in names}
    source = json.loads((folder / "source.json").read_text())
    archive = site.files[whole.file]
    assert source["place"] == site.address(whole.file)
    assert source["archive_sha256"] == hashlib.sha256(archive).hexdigest()
    assert source["archive_bytes"] == len(archive)
    assert f"sha256 {source['archive_sha256']}" in said
    assert "publish no checksums" in said
    assert from_dict(json.loads((folder / "config.json").read_text())) == PRESETS["reduced"]


def test_an_imagenet_archive_gives_the_backbone_alone(site, home, backbone):
    folder, _ = get(backbone, home)
    with safe_open(folder / "weights.safetensors", framework="pt") as file:
        names = set(file.keys())
    own = load_model("reduced", REDUCED / "ckpt-60000").state_dict()
    assert names == {name for name in own if name.startswith("backbone.")}
    with pytest.raises(InputError, match="holds a backbone only"):
        load_model(folder)


def test_a_second_get_asks_nobody(site, home, whole):
    get(whole, home)
    site.requests.clear()
    folder, said = get(whole, home)
    assert said == f"Already there: {folder}"
    assert site.requests == []


def test_an_archive_placed_by_hand_is_used_and_stays(site, home, whole):
    archive = home / "downloads" / whole.file
    archive.parent.mkdir(parents=True)
    archive.write_bytes(site.files[whole.file])
    part_of(archive).write_bytes(b"begun before")
    folder, said = get(whole, home)
    assert f"Using {archive}" in said and f"The archive stays: {archive}" in said
    assert site.requests == []
    assert list(archive.parent.iterdir()) == [archive]
    assert (folder / "weights.safetensors").exists()


def test_a_damaged_archive_leaves_no_weights_and_says_what_to_remove(site, home, whole):
    site.files[whole.file] = site.files[whole.file][:-100]
    archive = home / "downloads" / whole.file
    with pytest.raises(InputError, match=f"^{archive} is not a whole.*Remove it"):
        get(whole, home)
    assert files_in(home) == {f"downloads/{whole.file}"}


def test_an_archive_without_a_checkpoint(site, home, whole, tmp_path):
    site.files[whole.file] = pack(tmp_path / "empty.tar.gz", [member("net/README")]).read_bytes()
    with pytest.raises(InputError, match="holds no TensorFlow checkpoint"):
        get(whole, home)
    assert files_in(home) == {f"downloads/{whole.file}"}


def test_an_archive_of_another_network(site, home, whole, monkeypatch):
    monkeypatch.setitem(PRESETS, "reduced", PRESETS["max_deeplab_s_backbone"])
    with pytest.raises(InputError, match="does not fit this network"):
        get(whole, home)
    assert not (home / "reduced-cityscapes").exists()


def test_ctrl_c_while_unpacking_leaves_the_archive_only(site, home, whole, monkeypatch):
    def interrupted(archive, folder):
        unpack(archive, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr("axialkit.weights.convert.unpack", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get(whole, home)
    assert files_in(home) == {f"downloads/{whole.file}"}


PROGRAM = """
import sys
from pathlib import Path
from axialkit.weights.download import part_of
from axialkit.weights.get import get_weights
from axialkit.weights.released import CITYSCAPES, Released
from tests.archives import REDUCED
from tests.tiny_networks import tiny_config
released = Released("reduced", CITYSCAPES, sys.argv[1])
get_weights(released, tiny_config(REDUCED), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGINT])
def test_a_get_that_is_killed_goes_on_later(site, home, whole, way):
    site.hold_after = 2_000_000
    part = home / "downloads" / f"{whole.file}.part"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, whole.archive, str(home)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    deadline = time.monotonic() + 120  # only against hanging forever
    while not (part.exists() and part.stat().st_size >= 1_000_000):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.send_signal(way)
    process.communicate()
    assert process.returncode != 0
    assert files_in(home) == {f"downloads/{part.name}", f"downloads/{part.name}.json"}
    kept = part.stat().st_size

    site.hold_after = None
    site.go_on.set()
    folder, said = get(whole, home)
    assert "Going on with" in said
    assert site.requests[-1]["Range"] == f"bytes={kept}-"
    source = json.loads((folder / "source.json").read_text())
    assert source["archive_sha256"] == hashlib.sha256(site.files[whole.file]).hexdigest()
