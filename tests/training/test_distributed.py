"""Two processes with half a batch each train as one with the whole."""

import itertools
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from axialkit.data.dataset import PanopticDataset, Share, build_loader
from axialkit.errors import InputError
from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.training.distributed import Processes, process_group
from axialkit.training.loop import train
from axialkit.training.state import make_state, ready_network
from axialkit.training.step import train_step
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


def test_adam_in_single_precision_is_told(runs, announce):
    """Adam divides rounding errors by rounding errors; shifts of logits have nothing else."""
    difference = largest_difference(runs / "adam1", runs / "adam2", leave_out="norm_logits.bias")
    announce(f"1 x 8 against 2 x 4, float32, Adam, 5 steps: largest difference {difference:.2e}")
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
    predictions = NetworkPredictions(load_model(run), short(5))
    report = evaluate(predictions, root, options=EvaluationOptions(progress=False))
    torch.save(report.to_dict(), f"{results}/{rank}")
    torch.distributed.destroy_process_group()


def test_shared_evaluation_adds_up_counts(runs, city, tmp_path):
    run = runs / "sgd1"
    predictions = NetworkPredictions(load_model(run), short(5))
    alone = evaluate(predictions, city, options=EvaluationOptions(progress=False)).to_dict()
    arguments = (f"file://{tmp_path}/meet", str(run), str(city), str(tmp_path))
    torch.multiprocessing.spawn(score, arguments, nprocs=2)
    for rank in (0, 1):
        shared = torch.load(tmp_path / str(rank), weights_only=False)
        if rank == 0:  # which saw the files of both
            assert_equal_numbers(shared["official"], alone["official"])
        else:
            assert "the first process has it" in shared["notes"]["official pq"]
        assert shared["images"] == alone["images"] == 4
        for name in ("own", "reference", "oracle", "confusion", "far_cues"):
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


def skip_one(rank, address, config, root, results):
    torch.distributed.init_process_group("gloo", init_method=address, rank=rank, world_size=2)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    weights = step_past_a_bad_batch(config, root, Share(rank, 2), spoil=rank == 1)
    torch.save(weights, f"{results}/{rank}")
    torch.distributed.destroy_process_group()


def step_past_a_bad_batch(config, root, share, *, spoil):
    """Three steps, the second on a batch that one process finds spoilt."""
    dataset = PanopticDataset(root, "train", config.data, training=True, stride=config.loss.stride)
    with process_group() as processes:
        state = make_state(config, processes)
        ready_network(state, config)
        batches = build_loader(dataset, config.train.batch_size, share=share)
        for number, batch in enumerate(itertools.islice(batches, 3)):
            if spoil and number == 1:
                batch.image[0, 0, 0, 0] = float("inf")
            moved = train_step(state, iter([batch]), config).moved
            assert moved == (number != 1)
            state.step += 1
    return state.model.state_dict()


def test_a_bad_batch_of_one_process_is_left_out_by_all(city, tmp_path):
    config = short(3, batch_size=4, skip_bad_losses=1, precision="float64", optimizer="adam")
    arguments = (f"file://{tmp_path}/meet", config, city, str(tmp_path))
    torch.multiprocessing.spawn(skip_one, arguments, nprocs=2)
    one, two = (torch.load(tmp_path / str(rank)) for rank in (0, 1))
    torch.set_default_dtype(torch.float64)
    try:
        alone = step_past_a_bad_batch(config, city, Share(), spoil=True)
    finally:
        torch.set_default_dtype(torch.float32)
    for name, tensor in alone.items():
        assert torch.equal(one[name], two[name]), name
        torch.testing.assert_close(one[name], tensor, rtol=1e-10, atol=1e-10, msg=name)


@pytest.fixture
def two_gpus(monkeypatch):
    """A machine that says it has two GPUs, and a process group that is only noted down."""
    noted = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", noted.append)
    monkeypatch.setattr(torch.distributed, "init_process_group", noted.append)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 3)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)
    monkeypatch.setattr(torch.distributed, "destroy_process_group", lambda: None)
    monkeypatch.setenv("WORLD_SIZE", "4")
    return noted


def test_each_process_takes_its_gpu_and_nccl(two_gpus, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with process_group() as processes:
        assert processes == Processes(3, 4, torch.device("cuda", 1))
        assert not processes.is_main
    assert two_gpus == [torch.device("cuda", 1), "nccl"]


def test_more_processes_than_gpus_are_refused(two_gpus, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "2")
    refused = pytest.raises(InputError, match="process 3 of this machine, which has 2 GPUs")
    with refused, process_group():
        pass


def test_a_batch_that_cannot_be_shared_is_refused(city, tmp_path):
    jobs = job.write_jobs(tmp_path / "jobs.json", city, {tmp_path / "run": short(1, batch_size=5)})
    done = job.run(jobs, 2)
    assert done.returncode != 0
    assert "A batch of 5 images cannot be shared by 2 processes" in done.stderr
