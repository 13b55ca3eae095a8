import json
import os
import shutil
import signal

import pytest
import torch

from axialkit.errors import InputError
from axialkit.training import loop
from axialkit.training.log import read_log
from axialkit.weights import load_model
from tests.training.conftest import short


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
        "starts.json",
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

    def interrupted(*arguments, stop):
        calls.append(None)
        if len(calls) == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return step(*arguments, stop=stop)

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
    drop = {"seconds", "images_per_second", "data_wait"}
    assert [{k: v for k, v in line.items() if k not in drop} for line in read_log(broken)][-2:] == [
        {k: v for k, v in line.items() if k not in drop} for line in read_log(whole)
    ][-2:]


def test_a_crash_costs_only_the_steps_since_the_last_checkpoint(city, tmp_path, monkeypatch):
    step, calls = loop.train_step, []

    def crashing(*arguments, stop):
        calls.append(None)
        if len(calls) == 8:
            raise RuntimeError("power cut")
        return step(*arguments, stop=stop)

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


def test_nothing_to_score_on_is_told_before_the_training(city, tmp_path):
    shutil.copytree(city, tmp_path / "city", ignore=shutil.ignore_patterns("val"))
    with pytest.raises(InputError, match="has no split val: .* --no-evaluate"):
        loop.train(short(2), tmp_path / "city", tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    assert fit(short(2), tmp_path / "city", tmp_path / "run").is_dir()


def test_evaluation_at_the_end(city, tmp_path):
    run = loop.train(short(2), city, tmp_path / "run", progress=False)
    report = json.loads((run / "evaluation.json").read_text())
    assert report


def test_the_start_is_written_down(city, tmp_path):
    run = fit(short(2), city, tmp_path / "run")
    fit(short(2), city, run, resume=True)
    starts = json.loads((run / "starts.json").read_text())
    assert len(starts) == 2
    assert starts[0]["versions"]["torch"] in torch.__version__
    assert starts[0]["processes"] == 1
    assert starts[0]["command"]


def test_the_log_tells_speed_and_gradients(city, tmp_path):
    line = read_log(fit(short(4), city, tmp_path / "run"))[-1]
    assert line["images_per_second"] == pytest.approx(4 / line["seconds"])
    assert 0 < line["data_wait"] < 1
    assert line["gradient_norm"] > 0
    assert line["skipped_images"] == line["skipped_steps"] == 0


def test_averaged_weights_are_what_is_kept(city, tmp_path):
    """Against averages taken by hand of the plain weights of every step."""
    plain = []

    def keep(state, *_):
        plain.append({k: v.clone() for k, v in state.model.state_dict().items()})

    run = fit_watched(short(3, ema=0.75, show_every=1), city, tmp_path, keep)
    expected = plain[0]
    for weights_now in plain[1:]:
        expected = {k: 0.75 * v + 0.25 * weights_now[k] for k, v in expected.items()}
    for name, tensor in weights(run).items():
        torch.testing.assert_close(tensor, expected[name], msg=name)


def fit_watched(config, city, folder, watch):
    """Train, and call ``watch`` with the state where pictures are shown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "show_predictions", watch)
        return fit(config, city, folder / "watched")


def test_an_average_survives_an_interruption(city, tmp_path, monkeypatch):
    config = short(8, ema=0.8)
    whole = fit(config, city, tmp_path / "whole")
    step, calls = loop.train_step, []

    def crashing(*arguments, stop):
        calls.append(None)
        if len(calls) == 7:
            raise RuntimeError("power cut")
        return step(*arguments, stop=stop)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", crashing)
        with pytest.raises(RuntimeError):
            fit(config, city, tmp_path / "broken")
    broken = fit(config, city, tmp_path / "broken", resume=True)
    a, b = weights(whole), weights(broken)
    assert all(torch.equal(a[name], b[name]) for name in a)
