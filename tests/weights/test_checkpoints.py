import shutil
import subprocess

import pytest

from axialkit.weights.checkpoints import (
    checkpoint_path,
    is_whole,
    keep_newest,
    list_checkpoints,
    newest_checkpoint,
    remove_checkpoints,
    write_checksum,
)


def write(run, step):
    path = checkpoint_path(run, step)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes([step % 256]) * 100)
    write_checksum(path, path)
    return path


def test_the_newest_whole_one_is_taken(tmp_path, caplog):
    assert newest_checkpoint(tmp_path) is None
    paths = [write(tmp_path, step) for step in (5, 90, 1000)]
    assert list_checkpoints(tmp_path) == paths[::-1]
    assert newest_checkpoint(tmp_path) == paths[2]
    paths[2].write_bytes(paths[2].read_bytes()[:-1])
    assert newest_checkpoint(tmp_path) == paths[1]
    assert f"{paths[2]} is not whole" in caplog.text


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no program sha256sum here")
def test_checksums_are_those_of_sha256sum(tmp_path):
    path = write(tmp_path, 3)
    command = ["sha256sum", "--check", f"{path.name}.sha256"]
    assert subprocess.run(command, cwd=path.parent, capture_output=True).returncode == 0
    path.write_bytes(b"other")
    assert not is_whole(path)
    assert subprocess.run(command, cwd=path.parent, capture_output=True).returncode == 1


def test_an_empty_checksum_is_no_checksum(tmp_path):
    path = write(tmp_path, 3)
    path.with_name(f"{path.name}.sha256").write_text("")
    assert not is_whole(path)


def test_old_ones_and_leftovers_are_removed(tmp_path):
    paths = [write(tmp_path, step) for step in range(1, 6)]
    for name in (".step_00000006.123.tmp.safetensors", ".tmpjy1Jrl"):  # ours, and safetensors' own
        (paths[0].parent / name).write_bytes(b"half")
    orphan = paths[0].parent / "step_00000007.safetensors.sha256"
    orphan.write_text("of a checkpoint that never came")
    keep_newest(tmp_path, 2)
    names = {path.name for path in paths[0].parent.iterdir()}
    assert names == {name for p in paths[3:] for name in (p.name, f"{p.name}.sha256")}
    remove_checkpoints(tmp_path)
    assert not paths[0].parent.exists()
