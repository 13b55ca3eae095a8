"""What may happen to a long run, really done to it: killed, damaged, out of space."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from axialkit.errors import InputError
from axialkit.training import loop
from axialkit.training.log import read_log
from axialkit.weights import load_model
from axialkit.weights.checkpoints import list_checkpoints, newest_checkpoint
from tests.training import job
from tests.training.conftest import short
from tests.training.test_distributed import largest_difference


def fit(config, city, out, **options):
    return loop.train(config, city, out, evaluate_on=None, progress=False, **options)


def start(city, out, config, **options) -> subprocess.Popen:
    """One process by itself, which resumes."""
    jobs = job.write_jobs(out.with_suffix(".json"), city, {out: config}, resume=True)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.training.job", str(jobs)],
        env=job.environment(), cwd=job.REPOSITORY, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip


def assert_same_weights(one, other):
    expected, found = (load_file(run / "weights.safetensors") for run in (one, other))
    assert expected.keys() == found.keys()
    for name in expected:
        assert torch.equal(expected[name], found[name]), name


def half_written(out: Path) -> set[str]:
    """The temporary files of checkpoints that are being written, or that a kill has left."""
    return {path.name for path in out.glob("checkpoints/.*")}


def kill_while_writing(process, out, moment):
    """SIGKILL that many seconds after a checkpoint has begun to be written."""
    left = half_written(out)
    while half_written(out) <= left and process.poll() is None:
        time.sleep(0.001)
    time.sleep(moment)
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def undisturbed(city, tmp_path_factory):
    return fit(ALWAYS_SAVING, city, tmp_path_factory.mktemp("undisturbed") / "run")


ALWAYS_SAVING = short(40, batch_size=2, checkpoint_every=1, keep_checkpoints=2)
SAVING_TAKES = 0.03  # seconds, about


@pytest.mark.parametrize("kills", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_killed_while_writing_checkpoints(kills, undisturbed, city, tmp_path, announce):
    """At every restart there is a whole checkpoint to go on from, and nothing is lost."""
    out, chance, last, happened = tmp_path / "run", random.Random(0), 0, 0
    halves = 0
    while happened < kills:
        process = start(city, out, ALWAYS_SAVING)
        kill_while_writing(process, out, chance.uniform(0, SAVING_TAKES))
        if process.returncode == 0:  # the run has come to its end: another one for the rest
            assert_same_weights(undisturbed, out)
            out, last = tmp_path / f"run{happened}", 0
            continue
        happened += 1
        halves += bool(half_written(out))
        newest = newest_checkpoint(out)
        if list_checkpoints(out):
            assert newest == list_checkpoints(out)[0]  # even the newest is never half written
            step = int(newest.stem.removeprefix("step_"))
            assert step >= last
            last = step
    process = start(city, out, ALWAYS_SAVING)
    assert process.wait() == 0, process.stderr.read()
    assert_same_weights(undisturbed, out)
    announce(f"killed {kills} times while saving, {halves} times with a file half written")
    assert halves or kills < 50


def broken_run(config, city, out, at):
    """A run that dies in step ``at``."""
    step, calls = loop.train_step, []

    def dying(*arguments, stop):
        calls.append(None)
        if len(calls) == at:
            raise RuntimeError("power cut")
        return step(*arguments, stop=stop)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "train_step", dying)
        with pytest.raises(RuntimeError):
            fit(config, city, out)
    return out


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-1000])


def change_one_byte(path):
    content = bytearray(path.read_bytes())
    content[-5000] ^= 1
    path.write_bytes(content)


def lose_its_checksum(path):
    path.with_name(f"{path.name}.sha256").unlink()


OFTEN_SAVING = short(9, checkpoint_every=2, keep_checkpoints=3)


@pytest.fixture(scope="module")
def whole_and_broken(city, tmp_path_factory):
    """An undisturbed run, and one that died in its last step."""
    folder = tmp_path_factory.mktemp("often")
    whole = fit(OFTEN_SAVING, city, folder / "whole")
    return whole, broken_run(OFTEN_SAVING, city, folder / "broken", at=9)


@pytest.mark.parametrize("damage", [cut_short, change_one_byte, lose_its_checksum])
def test_a_damaged_checkpoint_is_never_used(damage, whole_and_broken, city, tmp_path, caplog):
    whole, broken = whole_and_broken
    out = shutil.copytree(broken, tmp_path / "broken")
    assert [path.stem[-1] for path in list_checkpoints(out)] == ["8", "6", "4"]
    damage(list_checkpoints(out)[0])
    assert load_model(out) is not None
    fit(OFTEN_SAVING, city, out, resume=True)
    assert "step_00000008.safetensors is not whole" in caplog.text
    assert_same_weights(whole, out)


def test_without_a_whole_checkpoint_nothing_is_overwritten(city, tmp_path):
    out = broken_run(short(9, checkpoint_every=4), city, tmp_path / "run", at=9)
    for path in list_checkpoints(out):
        cut_short(path)
    with pytest.raises(InputError, match="All checkpoints in .* are damaged"):
        fit(short(9, checkpoint_every=4), city, out, resume=True)
    assert len(list_checkpoints(out)) == 2


def test_only_the_last_checkpoints_are_kept(city, tmp_path):
    out = broken_run(short(9, checkpoint_every=1, keep_checkpoints=2), city, tmp_path / "run", at=8)
    names = {path.name for path in (out / "checkpoints").iterdir()}
    kept = {f"step_0000000{step}.safetensors" for step in (6, 7)}
    assert names == kept | {f"{name}.sha256" for name in kept}


def test_a_full_disk_stops_the_run_and_keeps_what_was_whole(city, tmp_path):
    """The kernel refuses to write more than that many bytes into one file."""
    config = short(6, checkpoint_every=2)
    whole = fit(config, city, tmp_path / "whole")
    out = broken_run(config, city, tmp_path / "run", at=4)

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    process = start(city, out, config, preexec_fn=limited)
    said = process.communicate()[1]
    assert process.returncode != 0
    assert "InputError: Cannot write" in said
    assert "File too large" in said
    assert "The run has stopped after step 4" in said
    assert "step_00000002.safetensors is whole. --resume goes on." in said
    assert [path.name for path in list_checkpoints(out)] == ["step_00000002.safetensors"]
    fit(config, city, out, resume=True)
    assert_same_weights(whole, out)


SMALL_DISK = "mount -t tmpfs -o size={size} tmpfs {folder} && {python} -m tests.training.job {jobs}"


def test_a_disk_without_space(city, tmp_path):
    """A file system of a few hundred kilobytes, mounted where the run is kept."""
    folder = tmp_path / "disk"
    folder.mkdir()
    config = short(6, checkpoint_every=2)
    jobs = job.write_jobs(tmp_path / "jobs.json", city, {folder / "run": config}, resume=True)
    command = SMALL_DISK.format(size="600k", folder=folder, python=sys.executable, jobs=jobs)
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", command],
        env=job.environment(), cwd=job.REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    if "unshare failed" in done.stderr or "must be superuser" in done.stderr:
        pytest.skip("no right to mount a small disk")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "Free some space" in done.stderr


def damaged_city(city, tmp_path, count):
    """A copy whose first images are cut short."""
    root = tmp_path / "city"
    shutil.copytree(city, root)
    images = sorted(root.glob("leftImg8bit/train/*/*.png"))
    for path in images[:count]:
        path.write_bytes(path.read_bytes()[:400])
    return root, images[:count]


def with_skips(config, count):
    return replace(config, data=replace(config.data, skip_unreadable=count))


def test_an_unreadable_image_stops_the_run_with_its_name(city, tmp_path):
    root, (path,) = damaged_city(city, tmp_path, 1)
    with pytest.raises(InputError, match=f"Cannot read the image {path}"):
        fit(short(6), root, tmp_path / "run")


def test_unreadable_images_can_be_left_out(city, tmp_path, capsys):
    """Each is counted once, however often its turn comes; the run is the same with helpers."""
    root, paths = damaged_city(city, tmp_path, 2)
    one = fit(with_skips(short(8), 2), root, tmp_path / "one")
    assert read_log(one)[-1]["skipped_images"] == 2
    two = fit(with_skips(short(8, workers=2), 2), root, tmp_path / "two")
    assert_same_weights(one, two)
    said = capsys.readouterr().out
    assert all(f"Cannot read the image {path}" in said for path in paths)


def test_too_many_unreadable_images_stop_the_run(city, tmp_path):
    root, _ = damaged_city(city, tmp_path, 3)
    with pytest.raises(InputError, match="3 images could not be read, more than .*skip-unreadable"):
        fit(with_skips(short(8), 2), root, tmp_path / "run")


def test_a_run_goes_on_with_another_number_of_processes(city, tmp_path):
    """The same images in the same batches: only roundings differ."""
    config = short(8, checkpoint_every=4, precision="float64", optimizer="adam")
    whole = fit(config, city, tmp_path / "whole")
    out = broken_run(config, city, tmp_path / "run", at=6)
    done = job.run(job.write_jobs(tmp_path / "j.json", city, {out: config}, resume=True), 2)
    assert done.returncode == 0, done.stderr
    assert largest_difference(whole, out) < 1e-10


def test_unsynchronised_runs_keep_their_number_of_processes(city, tmp_path):
    config = short(8, checkpoint_every=4, sync_batch_norm=False)
    out = broken_run(config, city, tmp_path / "run", at=6)
    done = job.run(job.write_jobs(tmp_path / "j.json", city, {out: config}, resume=True), 2)
    assert done.returncode != 0
    assert "trained by 1 processes without synchronised batch norm, and there are 2" in done.stderr
    assert "Resume it with 1 processes" in done.stderr


LONG = short(24, checkpoint_every=3, batch_size=4)


@pytest.fixture(scope="module")
def long_run(city, tmp_path_factory):
    """What two processes make of ``LONG`` undisturbed."""
    folder = tmp_path_factory.mktemp("long")
    done = job.run(job.write_jobs(folder / "jobs.json", city, {folder / "run": LONG}), 2)
    assert done.returncode == 0, done.stderr
    return folder / "run"


def start_two(city, out, *options):
    jobs = job.write_jobs(out.with_suffix(".json"), city, {out: LONG}, resume=True)
    return subprocess.Popen(
        job.command(jobs, 2, *options),
        env=job.environment(), cwd=job.REPOSITORY, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_killed_worker_is_started_again_by_itself(long_run, city, tmp_path):
    out = tmp_path / "run"
    agent = start_two(city, out, "--max-restarts", "2")
    job.wait_for(lambda: list_checkpoints(out), "a checkpoint")
    children = Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    said = agent.communicate()[1]
    assert agent.returncode == 0, said
    starts = json.loads((out / "starts.json").read_text())
    assert [start["restarted_by_torchrun"] for start in starts] == [False, True]
    assert_same_weights(long_run, out)


def test_sigterm_saves_and_the_run_goes_on(long_run, city, tmp_path):
    out = tmp_path / "run"
    agent = start_two(city, out)
    job.wait_for(lambda: list_checkpoints(out), "a checkpoint")
    agent.send_signal(signal.SIGTERM)
    agent.communicate()
    assert agent.returncode != 0
    saved = newest_checkpoint(out)
    assert saved is not None
    assert read_log(out)[-1]["step"] == int(saved.stem.removeprefix("step_"))
    again = start_two(city, out)
    said = again.communicate()[1]
    assert again.returncode == 0, said
    assert_same_weights(long_run, out)
