"""Evaluations on the way, the best weights, and what TensorBoard gets to see."""

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors import safe_open

from axialkit.evaluation.evaluate import EvaluationOptions, evaluate
from axialkit.evaluation.network import NetworkPredictions
from axialkit.structures import LossTerms
from axialkit.training import loop, milestones
from axialkit.training.log import read_log
from axialkit.training.milestones import BEST_FILE, read_evaluations
from axialkit.weights import load_model
from tests.training.conftest import short

CONFIG = short(8, checkpoint_every=3, evaluate_every=2, show_every=3)


def fit(city, out, **options):
    return loop.train(CONFIG, city, out, progress=False, **options)


class Examiner:
    """Gives the marks that a test has written down, and keeps what it was shown."""

    def __init__(self, marks):
        self.marks, self.seen = list(marks), []

    def __call__(self, predictions, *_, **__):
        weights = predictions.model.state_dict()
        self.seen.append({name: tensor.clone() for name, tensor in weights.items()})
        own = {"pq": self.marks.pop(0), "miou": 0.5}
        return SimpleNamespace(columns=lambda: {"own": own})


def test_the_best_weights_are_kept(city, tmp_path, monkeypatch):
    examiner = Examiner([float("nan"), 0.3, 0.1, 0.3])
    monkeypatch.setattr(milestones, "evaluate", examiner)
    out = tmp_path / "run"
    loop.train(CONFIG, city, out, evaluate_on="val", progress=False)
    lines = read_evaluations(out)
    assert [(line["step"], line["pq"]) for line in lines] == [
        (2, None),
        (4, 0.3),
        (6, 0.1),
        (8, 0.3),
    ]
    best = load_model(out, out / BEST_FILE).state_dict()
    assert all(torch.equal(best[name], examiner.seen[1][name]) for name in best)
    with safe_open(out / BEST_FILE, "pt") as file:
        metadata = file.metadata()
    assert metadata["step"] == "4"
    assert json.loads(metadata["scores"]) == {"pq": 0.3, "miou": 0.5}


MARKS = {2: 0.1, 4: 0.2, 6: 0.4, 8: 0.3}


@pytest.mark.parametrize(("dies_in", "scored_before", "scored_after"), [
    ("evaluate_on_the_way", (2, 4), (6, 8)),  # just after the checkpoint of step 6
    ("train_step", (2, 4, 6), (8,)),
])  # fmt: skip
def test_an_interrupted_run_has_the_same_evaluations_and_best_weights(
    dies_in, scored_before, scored_after, city, tmp_path, monkeypatch
):
    def examined(out, steps, **options):
        examiner = Examiner(MARKS[step] for step in steps)
        monkeypatch.setattr(milestones, "evaluate", examiner)
        fit(city, out, **options)
        assert examiner.marks == []

    whole, broken = tmp_path / "whole", tmp_path / "broken"
    examined(whole, MARKS)
    survives = getattr(loop, dies_in)

    def dying(state, *arguments, **options):
        if state.step == 6:
            raise RuntimeError("power cut")
        return survives(state, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(loop, dies_in, dying)
        with pytest.raises(RuntimeError):
            examined(broken, scored_before)
    examined(broken, scored_after, resume=True)
    assert read_evaluations(broken) == read_evaluations(whole)
    one, two = (load_model(run, run / BEST_FILE).state_dict() for run in (whole, broken))
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def watched(city, tmp_path_factory):
    """A run with real evaluations."""
    return fit(city, tmp_path_factory.mktemp("watched") / "run")


def test_the_last_evaluation_is_that_of_the_finished_run(watched, city):
    predictions = NetworkPredictions(load_model(watched), CONFIG)
    options = EvaluationOptions(official=False, progress=False)
    report = evaluate(predictions, city, options=options)
    last = read_evaluations(watched)[-1]
    assert last["step"] == 8
    assert last["pq"] == pytest.approx(report.quality.scores().all.pq, nan_ok=True)
    assert last["miou"] == pytest.approx(report.iou.mean("official"))


def test_tensorboard_sees_what_the_log_says(watched):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = EventAccumulator(str(watched / "tensorboard"))
    board.Reload()
    log = read_log(watched)
    names = {f"loss/{term}": term for term in LossTerms._fields}
    names |= {n: n for n in ("learning_rate", "images_per_second", "data_wait", "gradient_norm")}
    for tag, name in names.items():
        points = [(point.step, point.value) for point in board.Scalars(tag)]
        assert points == [(line["step"], pytest.approx(line[name], rel=1e-6)) for line in log]
    assert [p.step for p in board.Scalars("val/miou")] == [2, 4, 6, 8]
    pictures = board.Images("predictions/0")
    assert [picture.step for picture in pictures] == [3, 6]
    assert pictures[0].width > 500


def test_the_bar_tells_terms_speed_and_waiting(city, tmp_path, capfd):
    loop.train(CONFIG, city, tmp_path / "run", evaluate_on=None, progress=True)
    said = capfd.readouterr().err
    for word in ("semantic=", "center=", "offset=", "img/s=", "wait=", "8/8"):
        assert word in said
