import json
import os
import signal
from dataclasses import replace

import pytest
import torch

from axialkit.config import ExperimentConfig, get_preset
from axialkit.data.minicity import generate
from axialkit.errors import InputError
from axialkit.training import loop
from axialkit.training.log import read_log
from axialkit.weights import load_model


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    root = tmp_path_factory.mktemp("city")
    return generate(
        root / "avenue", scenes="avenue", train=8, val=2, test=0, workers=1, progress=False
    )


def short(steps: int, **fields) -> ExperimentConfig:
    config = get_preset("tiny_avenue")
    drop = replace(config.backbone, drop_path_keep=0.8)  # so that the random state counts
    settings = {"batch_size": 4, "workers": 0, "checkpoint_every": 5, "log_every": 2, **fields}
    return replace(config, backbone=drop, train=replace(config.train, steps=steps, **settings))


def fit(config, city, out, **options):
    return loop.train(config, city, out, evaluate_on=None, progress=False, **options)


def weights(run):
    return load_model(run).state_dict()


def test_loss_falls_and_everything_is_kept(city, tmp_path):
    run = fit(short(40), city, tmp_path / "run")
    log = read_log(run)
    totals = [line["semantic"] + line["center"] + line["offset"] for line in log]
    assert [line["step"] for line in log] == list(range(2, 41, 2))
    assert sum(totals[-3:]) < 0.7 * sum(totals[:3])
    assert {path.name for path in run.iterdir()} == {
        "config.json",
        "log.jsonl",
        "tensorboard",
        "weights.safetensors",
    }
    assert list((run / "tensorboard").iterdir())


def test_a_run_is_reproducible_with_any_number_of_workers(city, tmp_path):
    a = weights(fit(short(6), city, tmp_path / "a"))
    b = weights(fit(short(6, workers=2), city, tmp_path / "b"))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_an_interrupted_run_ends_like_an_uninterrupted_one(city, tmp_path, monkeypatch):
    whole = fit(short(12), city, tmp_path / "whole")

    step, calls = loop.train_step, []

    def interrupted(*arguments):
        calls.append(None)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return step(*arguments)

    monkeypatch.setattr(loop, "train_step", interrupted)
    broken = tmp_path / "broken"
    with pytest.raises(KeyboardInterrupt):
        fit(short(12), city, broken)
    assert len(calls) == 7  # the step itself was finished
    assert not (broken / "weights.safetensors").exists()
    fit(short(12), city, broken, resume=True)
    assert len(calls) == 12

    a, b = weights(whole), weights(broken)
    assert all(torch.equal(a[name], b[name]) for name in a)
    drop = {"seconds"}
    assert [{k: v for k, v in line.items() if k not in drop} for line in read_log(broken)][-2:] == [
        {k: v for k, v in line.items() if k not in drop} for line in read_log(whole)
    ][-2:]


def test_a_crash_costs_only_the_steps_since_the_last_checkpoint(city, tmp_path, monkeypatch):
    step, calls = loop.train_step, []

    def crashing(*arguments):
        calls.append(None)
        if len(calls) == 8:
            raise RuntimeError("power cut")
        return step(*arguments)

    monkeypatch.setattr(loop, "train_step", crashing)
    with pytest.raises(RuntimeError):
        fit(short(10), city, tmp_path / "run")
    assert load_model(tmp_path / "run") is not None  # the checkpoint of step 5 serves
    fit(short(10), city, tmp_path / "run", resume=True)
    assert len(calls) == 8 + 5
    assert [line["step"] for line in read_log(tmp_path / "run")] == [2, 4, 6, 8, 10]


def test_another_run_is_never_overwritten(city, tmp_path):
    run = fit(short(2), city, tmp_path / "run")
    before = (run / "weights.safetensors").read_bytes()
    with pytest.raises(InputError, match="already holds a training run"):
        fit(short(2), city, run)
    with pytest.raises(InputError, match="train.learning_rate was .* and is now 0.1"):
        fit(short(2, learning_rate=0.1), city, run, resume=True)
    assert fit(short(2), city, run, resume=True) == run
    assert (run / "weights.safetensors").read_bytes() == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="not empty and not a training run"):
        fit(short(2), city, tmp_path / "mine")


def test_bad_data_leaves_no_run_behind(tmp_path):
    with pytest.raises(InputError, match="There is no folder"):
        fit(short(2), tmp_path / "none", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_divergence_is_told(city, tmp_path, monkeypatch):
    build = loop.build_model

    def poisoned(config):
        model = build(config)
        torch.nn.init.constant_(model.decoder.semantic.bias, float("nan"))
        return model

    monkeypatch.setattr(loop, "build_model", poisoned)
    with pytest.raises(InputError, match="Lower train.learning-rate"):
        fit(short(2), city, tmp_path / "run")


def test_evaluation_at_the_end(city, tmp_path):
    run = loop.train(short(2), city, tmp_path / "run", progress=False)
    report = json.loads((run / "evaluation.json").read_text())
    assert report
