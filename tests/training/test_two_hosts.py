"""A training on two hosts. Needs the program ip, and root or the right to user namespaces."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from axialkit.cli import main
from tests.training import job
from tests.training.test_distributed import largest_difference

# everything at random, in double precision: what differs then is not rounding
WORDS = [
    *("tiny_avenue", "--no-evaluate", "--backbone.drop-path-keep", "0.8"),
    *("--data.scale-range", "0.5", "2", "--data.autoaugment", "reference"),
    *("--train.optimizer", "adam", "--train.precision", "float64", "--train.batch-size", "4"),
    *("--train.steps", "20", "--train.checkpoint-every", "4", "--train.workers", "0"),
]
UNSHARE = ["unshare", "--map-root-user", "--net", "--mount"]


def can_make_networks():
    if not all(shutil.which(program) for program in ("unshare", "ip")):
        return False
    trial = "mount -t tmpfs tmpfs /run && ip netns add trial"
    return subprocess.run([*UNSHARE, "sh", "-c", trial], capture_output=True).returncode == 0


pytestmark = pytest.mark.skipif(not can_make_networks(), reason="no right to make networks")


def run_on_two_hosts(scenario, city, folder):
    out = folder / scenario
    words = [*WORDS, "--data", city]
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "tests.training.two_hosts", scenario, out, *words],
        env=job.environment(), cwd=job.REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    starts = json.loads((out / "starts.json").read_text())
    return out, [start["restarted_by_torchrun"] for start in starts]


@pytest.fixture(scope="module")
def undisturbed(city, tmp_path_factory):
    return run_on_two_hosts("undisturbed", city, tmp_path_factory.mktemp("hosts"))


def test_two_hosts_train_as_one_process(undisturbed, city, tmp_path):
    run, starts = undisturbed
    assert starts == [False]
    alone = tmp_path / "alone"
    assert main(["train", *WORDS, "--data", str(city), "--out", str(alone)]) == 0
    assert largest_difference(alone, run) < 1e-10


@pytest.mark.parametrize("scenario", ["worker", "host"])
def test_what_is_killed_comes_back_and_nothing_is_lost(scenario, undisturbed, city, tmp_path):
    """A killed worker brings back its whole group; a killed host is started again by hand."""
    disturbed, starts = run_on_two_hosts(scenario, city, tmp_path)
    assert len(starts) >= 2
    expected = load_file(undisturbed[0] / "weights.safetensors")
    for name, tensor in load_file(disturbed / "weights.safetensors").items():
        assert torch.equal(tensor, expected[name]), name
