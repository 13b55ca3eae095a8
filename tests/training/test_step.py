import itertools
import math
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from axialkit.data.dataset import PanopticDataset, Share, build_loader
from axialkit.errors import InputError
from axialkit.losses import panoptic_losses
from axialkit.training.distributed import Processes
from axialkit.training.state import make_state, ready_network
from axialkit.training.step import sample_keys, train_step
from tests.training.conftest import short
from tests.training.job import REPOSITORY, environment


def start(config, city):
    """A fresh state and the endless batches of its run."""
    state = make_state(config, Processes())
    ready_network(state, config)
    train = config.train
    dataset = PanopticDataset(city, "train", config.data, training=True, stride=config.loss.stride)
    share = Share(accumulate=train.accumulate)
    return state, build_loader(dataset, train.batch_size, share=share)


def gradients(model):
    return {n: w.grad.clone() for n, w in model.named_parameters() if w.grad is not None}


def assert_close(one, other, **tolerance):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], msg=name, **tolerance)


def test_pieces_add_up_to_the_mean_of_their_gradients(city):
    """Against each piece by itself, through the plain network and losses."""
    config = short(3, batch_size=4, accumulate=2, clip_norm=0.0, optimizer="sgd")
    config = replace(config, backbone=replace(config.backbone, drop_path_keep=1.0))
    state, batches = start(config, city)
    pieces = list(itertools.islice(batches, 2))
    assert [len(piece.image) for piece in pieces] == [2, 2]
    expected, losses = {}, torch.zeros(3)
    for piece in pieces:
        state.model.zero_grad()
        terms = panoptic_losses(
            state.model(piece.image, stride=config.loss.stride), piece.targets, config.loss
        )
        sum(terms).backward()
        losses += torch.stack(terms).detach() / 2
        for name, gradient in gradients(state.model).items():
            expected[name] = expected.get(name, 0) + gradient / 2
    state, _ = start(config, city)
    report = train_step(state, iter(pieces), config)
    assert_close(gradients(state.model), expected)
    torch.testing.assert_close(torch.tensor(report.terms), losses.float(), check_dtype=False)
    norm = math.sqrt(sum(float(g.square().sum()) for g in expected.values()))
    assert report.gradient_norm == pytest.approx(norm, rel=1e-5)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_recomputed_stages_change_nothing(city, double):
    plain = short(3, precision="float64")
    again = short(3, precision="float64", recompute=(2, 3))
    ends = []
    for config in (plain, again):
        state, batches = start(config, city)
        for _ in range(2):
            train_step(state, batches, config)
        ends.append((gradients(state.model), state.model.state_dict()))
    for one, other in zip(*ends, strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_a_stage_that_is_not_there_is_named():
    with pytest.raises(InputError, match="names stage 9, but this backbone has the stages 2 to 3"):
        make_state(short(1, recompute=(9,)), Processes())


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_follows_the_full_one(city, precision):
    reports = []
    for config in (short(3), short(3, precision=precision)):
        state, batches = start(config, city)
        reports.append([train_step(state, batches, config) for _ in range(3)])
        assert all(weight.dtype == torch.float32 for weight in state.model.parameters())
    for full, mixed in zip(*reports, strict=True):
        assert mixed.moved
        assert sum(mixed.terms) == pytest.approx(sum(full.terms), rel=0.05)
    assert reports[1][0].terms != reports[0][0].terms


def test_float16_scales_the_loss_and_halves_the_scale_when_it_overflows(city):
    config = short(3, precision="float16")
    state, batches = start(config, city)
    state.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**40)
    before = {name: weight.clone() for name, weight in state.model.named_parameters()}
    train_step(state, batches, config)
    assert state.scaler.get_scale() == 2.0**39
    assert_close(before, dict(state.model.named_parameters()), rtol=0, atol=0)
    assert state.optimizer.param_groups[0]["updates"] == 0


def poison(state):
    torch.nn.init.constant_(state.model.decoder.semantic.bias, float("nan"))


def test_divergence_is_told(city):
    config = short(2)
    state, batches = start(config, city)
    poison(state)
    with pytest.raises(
        InputError, match="The loss of step 1 is not a finite number .*learning-rate"
    ):
        train_step(state, batches, config)


def spoilt(batch):
    image = batch.image.clone()
    image[0, 0, 0, 0] = float("inf")
    return batch._replace(image=image)


def test_a_bad_step_can_be_left_out(city):
    """The weights, the moving statistics and the optimiser are as if it had not been."""
    config = short(5, skip_bad_losses=1)
    state, batches = start(config, city)
    first, bad, third = itertools.islice(batches, 3)
    train_step(state, iter([first]), config)
    state.step += 1
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    report = train_step(state, iter([spoilt(bad)]), config)
    assert not report.moved
    assert state.bad_losses == 1
    assert_close(state.model.state_dict(), before, rtol=0, atol=0)
    state.step += 1
    assert train_step(state, iter([third]), config).moved
    with pytest.raises(InputError, match="again, after 1 steps left out"):
        train_step(state, iter([spoilt(bad)]), config)


def test_a_gradient_that_is_not_finite_moves_nothing(city, monkeypatch):
    config = short(5)
    state, batches = start(config, city)
    next(state.model.parameters()).register_hook(lambda grad: grad * float("inf"))
    before = {name: weight.clone() for name, weight in state.model.named_parameters()}
    with pytest.raises(InputError, match="The gradient of step 1"):
        train_step(state, batches, config)
    assert_close(before, dict(state.model.named_parameters()), rtol=0, atol=0)


def test_samples_keep_their_keys_however_they_are_shared():
    train = short(1, batch_size=8).train
    whole = sample_keys(3, 0, Share(), train)
    parts = [sample_keys(3, piece, Share(rank, 2, 2), train) for piece in (0, 1) for rank in (0, 1)]
    assert torch.equal(torch.cat(parts), whole)
    assert not set(whole.tolist()) & set(sample_keys(4, 0, Share(), train).tolist())


COMPILED = """
import functools, sys, torch
torch.set_num_threads(1)
torch.compile = functools.partial(torch.compile, backend=sys.argv[2])
from tests.training.test_step import short, start, train_step
terms = []
for compile in (False, True):
    state, batches = start(short(2, compile=compile), sys.argv[1])
    terms.append([train_step(state, batches, short(2)).terms for _ in range(2)])
    names = list(state.model.state_dict())
    assert not any("_orig_mod" in name for name in names), names
torch.testing.assert_close(torch.tensor(terms[1]), torch.tensor(terms[0]), rtol=1e-3, atol=1e-4)
"""


@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.soak)])
def test_compiled_networks_train(city, backend):
    """In a process of its own: compiling does not go together with checked types."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED, str(city), backend],
        env=environment(), cwd=REPOSITORY, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
