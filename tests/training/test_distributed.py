"""Two processes with half a batch each train as one with the whole."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from axialkit.evaluation.evaluate import evaluate
from axialkit.training.loop import train
from axialkit.weights import load_model
from tests.training import job
from tests.training.conftest import short

COMMON = {"batch_size": 8, "keep_checkpoints": 1}
SETTINGS = {
    "float64": {"precision": "float64", "optimizer": "adam"},
    "pieces": {"precision": "float64", "optimizer": "adam", "accumulate": 2, "ema": 0.9},
    "sgd": {"optimizer": "sgd", "learning_rate": 0.01},
    "adam": {"optimizer": "adam"},
    "apart": {"precision": "float64", "sync_batch_norm": False},
    "helpers": {"precision": "float64", "optimizer": "adam", "workers": 1},
}


@pytest.fixture(scope="module")
def runs(city, tmp_path_factory):
    """The folder of runs "NAME1" by one process and "NAME2" by two."""
    folder = tmp_path_factory.mktemp("runs")
    configs = {name: short(5, **COMMON, **fields) for name, fields in SETTINGS.items()}
    for name, config in configs.items():
        train(config, city, folder / f"{name}1", evaluate_on=None, progress=False)
    together = {folder / f"{name}2": config for name, config in configs.items()}
    done = job.run(job.write_jobs(folder / "jobs.json", city, together), 2)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return folder


def largest_difference(one, two, *, leave_out=""):
    """The largest difference of two runs' tensors, relative to max(1, |p|)."""
    one, two = (load_file(run / "weights.safetensors") for run in (one, two))
    assert one.keys() == two.keys()
    return max(
        float(((one[name] - two[name]).abs() / one[name].abs().clamp(min=1)).max())
        for name in one
        if not (leave_out and leave_out in name)
    )


@pytest.mark.parametrize("name", ["float64", "pieces", "helpers"])
def test_in_double_precision_nothing_differs(name, runs):
    assert largest_difference(runs / f"{name}1", runs / f"{name}2") < 1e-10


def test_reading_ahead_changes_nothing(runs):
    assert largest_difference(runs / "float641", runs / "helpers1") == 0


def test_sgd_in_single_precision(runs):
    assert largest_difference(runs / "sgd1", runs / "sgd2") < 1e-5


def test_adam_in_single_precision_is_told(runs):
    """Adam divides rounding errors by rounding errors; shifts of logits have nothing else."""
    difference = largest_difference(runs / "adam1", runs / "adam2", leave_out="norm_logits.bias")
    print(f"float32 with Adam, 5 steps: largest difference {difference:.2e}")
    assert difference < 0.05  # ten times the learning rate


def test_without_common_statistics_they_differ(runs):
    assert largest_difference(runs / "apart1", runs / "apart2") > 1e-3


def test_the_log_tells_of_the_whole_batch(runs):
    logs = [
        [json.loads(line) for line in (runs / f"float64{n}/log.jsonl").read_text().splitlines()]
        for n in (1, 2)
    ]
    for one, two in zip(*logs, strict=True):
        for name in ("step", "learning_rate", "semantic", "center", "offset", "gradient_norm"):
            assert one[name] == pytest.approx(two[name], rel=1e-9)


def test_one_process_writes(runs):
    starts = json.loads((runs / "float642/starts.json").read_text())
    assert [start["processes"] for start in starts] == [2]
    assert {path.name for path in (runs / "float642").iterdir()} == {
        *("config.json", "starts.json", "log.jsonl", "tensorboard", "weights.safetensors")
    }
    assert len(list((runs / "float642/tensorboard").iterdir())) == 1


def score(rank, address, run, root, results):
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    torch.set_num_threads(1)
    report = evaluate(load_model(run), short(5), root, progress=False)
    torch.save(report.to_dict(), f"{results}/{rank}")
    torch.distributed.destroy_process_group()


def test_shared_evaluation_adds_up_counts(runs, city, tmp_path):
    run = runs / "sgd1"
    alone = evaluate(load_model(run), short(5), city, progress=False, official=False).to_dict()
    arguments = (f"file://{tmp_path}/meet", str(run), str(city), str(tmp_path))
    torch.multiprocessing.spawn(score, arguments, nprocs=2)
    for rank in (0, 1):
        shared = torch.load(tmp_path / str(rank), weights_only=False)
        assert "several processes" in shared["official_note"]
        assert shared["images"] == alone["images"] == 4
        for name in ("crowd_official", "crowd_void", "per_class", "far_cues"):
            assert_equal_numbers(shared[name], alone[name])


def assert_equal_numbers(one, two):
    if isinstance(one, dict):
        assert one.keys() == two.keys()
        for key in one:
            assert_equal_numbers(one[key], two[key])
    elif isinstance(one, list):
        for a, b in zip(one, two, strict=True):
            assert_equal_numbers(a, b)
    elif isinstance(one, float):
        np.testing.assert_allclose(one, two, rtol=1e-12)
    else:
        assert one == two


def test_a_batch_that_cannot_be_shared_is_refused(city, tmp_path):
    jobs = job.write_jobs(tmp_path / "jobs.json", city, {tmp_path / "run": short(1, batch_size=5)})
    done = job.run(jobs, 2)
    assert done.returncode != 0
    assert "A batch of 5 images cannot be shared by 2 processes" in done.stderr
