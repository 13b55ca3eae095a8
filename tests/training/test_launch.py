"""Several processes started by one command, as by a user in a terminal or a notebook."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from axialkit.cli import main
from axialkit.errors import InputError
from axialkit.training.launch import launch, torchrun_command
from axialkit.training.log import read_log
from axialkit.weights.checkpoints import list_checkpoints, newest_checkpoint
from tests.training import job

LONG = [
    *("tiny_avenue", "--no-evaluate", "--train.optimizer", "adam", "--train.precision", "float64"),
    *("--train.batch-size", "4", "--train.steps", "30", "--train.checkpoint-every", "4"),
    *("--train.workers", "0"),
]


def words(city, out, *more):
    return ["train", *LONG, "--data", str(city), "--out", str(out), *map(str, more)]


def test_it_trains_and_shows_every_line_as_it_comes(city, tmp_path):
    out, lines = tmp_path / "run", []
    launch(words(city, out, "--train.steps", 3), processes=2, show=lines.append)
    assert f"Training tiny_avenue on {city}; the run will be kept in {out}" in lines
    assert lines.count(f"Trained: {out}") == 1  # one process talks
    assert (out / "weights.safetensors").is_file()
    assert json.loads((out / "starts.json").read_text())[0]["processes"] == 2


def test_a_failure_is_the_sentence_of_the_process_that_failed(city, tmp_path):
    wrong = words(city, tmp_path / "run", "--train.batch-size", 5)
    with pytest.raises(InputError, match="^A batch of 5 images cannot be shared by 2 processes"):
        launch(wrong, processes=2, show=lambda line: None)


def test_a_failure_without_a_sentence_shows_the_last_words(tmp_path):
    with pytest.raises(InputError, match="status 1. Their last words:\n(.*\n)*.*Perhaps"):
        launch(["train", "tiny", "--train.step", "1"], processes=1, show=lambda line: None)


def test_at_least_one_process():
    with pytest.raises(InputError, match="must be at least 1, got 0"):
        torchrun_command(["train", "tiny"], 0)


def start(city, out):
    return subprocess.Popen(
        [sys.executable, "-m", "axialkit", *words(city, out, "--processes", 2)],
        env=job.environment(), cwd=job.REPOSITORY, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(city, tmp_path_factory):
    out = tmp_path_factory.mktemp("undisturbed") / "run"
    launch(words(city, out), processes=2, show=lambda line: None)
    return out


def assert_same_weights(one, other):
    expected, found = (load_file(run / "weights.safetensors") for run in (one, other))
    for name, tensor in expected.items():
        assert torch.equal(tensor, found[name]), name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_saves_and_says_how_to_go_on(number, undisturbed, city, tmp_path):
    out = tmp_path / "run"
    process = start(city, out)
    job.wait_for(lambda: list_checkpoints(out), "a checkpoint")
    process.send_signal(number)
    _, said = process.communicate()
    assert process.returncode == 130, said
    sentence = said.splitlines()[-1]
    assert sentence.startswith("axialkit: Interrupted; no file is half-written.")
    again = sentence.partition("Go on with: axialkit ")[2].split()
    assert again == ["train", "--resume", str(out), "--processes", "2"]
    saved = newest_checkpoint(out)
    assert read_log(out)[-1]["step"] == int(saved.stem.removeprefix("step_"))  # nothing is lost
    launch([*again[:3], "--no-evaluate"], processes=2, show=lambda line: None)
    assert_same_weights(undisturbed, out)


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children]


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_an_orphan_ends_though_it_hangs_with_pythons_lock():
    words = [sys.executable, "-m", "tests.training.orphan"]
    done = subprocess.run(words, cwd=job.REPOSITORY, capture_output=True, text=True, check=True)
    job.wait_for(lambda: not is_running(int(done.stdout)), "the end of the orphan")


def test_when_torchrun_is_killed_its_processes_save_and_end(undisturbed, city, tmp_path):
    """Or they would go on writing beside those that are started in their place."""
    out = tmp_path / "run"
    process = start(city, out)
    job.wait_for(lambda: list_checkpoints(out), "a checkpoint")
    (torchrun,) = descendants(process.pid)
    workers = descendants(torchrun)
    assert len(workers) == 2
    os.kill(torchrun, signal.SIGKILL)
    job.wait_for(lambda: not any(map(is_running, workers)), "the end of the workers")
    process.communicate()
    assert process.returncode == 2
    assert main(["train", "--resume", str(out), "--no-evaluate"]) == 0
    assert read_log(out)[-1]["step"] == 30
