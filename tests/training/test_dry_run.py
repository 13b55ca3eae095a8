from dataclasses import replace

import pytest
import torch

from axialkit.config import get_preset
from axialkit.data.dataset import PanopticDataset, build_loader
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.training import dry_run as module
from axialkit.training.distributed import Processes
from axialkit.training.dry_run import count_activations, dry_run
from axialkit.training.state import make_state
from axialkit.training.step import losses
from tests.training.conftest import short


def count(model) -> int:
    return sum(weight.numel() for weight in model.parameters())


def test_sizes_are_those_of_the_network_and_its_optimiser(city):
    config = short(50, batch_size=8)
    estimate = dry_run(config, city)
    parameters = count(build_model(config))
    assert estimate.parameters == parameters
    assert estimate.images == 12
    assert estimate.steps == 50
    assert estimate.gradients == 4 * parameters
    assert estimate.moments >= 8 * parameters  # two of Adam, and a few counters
    assert estimate.moments < 8 * parameters + 10_000
    assert estimate.weights > 4 * parameters  # moving statistics, too
    assert estimate.seconds == pytest.approx(50 * 8 * estimate.seconds_per_image)
    fixed = estimate.weights + estimate.gradients + estimate.moments
    assert estimate.memory == fixed + 8 * estimate.activations


def test_options_that_take_or_save_memory(city):
    plain = dry_run(short(1), city)
    averaged = dry_run(short(1, ema=0.9), city)
    assert averaged.moments - plain.moments == pytest.approx(plain.weights, rel=0.01)
    assert dry_run(short(1, optimizer="sgd"), city).moments == 4 * plain.parameters
    assert dry_run(short(1, recompute=(2, 3)), city).activations < 0.6 * plain.activations
    assert dry_run(short(1, batch_size=8, accumulate=2), city, processes=2).images_at_once == 2


def test_activations_grow_with_the_image(city):
    small = short(1)
    large = replace(small, data=replace(small.data, crop_size=(129, 257)))
    ratio = dry_run(large, city).activations / dry_run(small, city).activations
    assert 3 < ratio < 4.5


def test_the_count_is_what_a_real_pass_keeps(city):
    """Without fake tensors: a real image, and the bytes that autograd really holds."""
    config = short(1, batch_size=1)
    state = make_state(config, Processes())
    dataset = PanopticDataset(city, "train", config.data, training=True, stride=config.loss.stride)
    parameters = {weight.data_ptr() for weight in state.model.parameters()}
    kept = {}

    def keep(x):
        if x.data_ptr() not in parameters:
            kept[x.untyped_storage().data_ptr()] = x
        return x

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
        terms = losses(state, next(build_loader(dataset, 1)), config)
    del terms
    real = sum(x.untyped_storage().nbytes() for x in kept.values())
    assert count_activations(state, config) == pytest.approx(real, rel=0.001)


def test_a_crop_that_takes_too_much_is_timed_smaller(city, monkeypatch):
    config = short(1, batch_size=1)
    whole = dry_run(config, city)
    assert whole.crop_size == (65, 129)
    monkeypatch.setattr(module, "_memory", lambda device: 10 * whole.activations / 2)
    part = dry_run(config, city)
    assert part.crop_size == (33, 65)
    assert part.activations == whole.activations
    assert "by those of 33x65 pixels" in part.describe(config)
    assert 0.3 < part.seconds_per_image / whole.seconds_per_image < 10  # a small one has overhead


def test_a_published_network_is_counted_without_its_memory():
    """11 GB of activations for one image of 1025x2049, on the smallest machine."""
    config = get_preset("max_deeplab_s_backbone")
    state = make_state(config, Processes())
    count = count_activations(state, config)
    assert 8e9 < count < 14e9


def test_the_text_says_what_was_found(city):
    config = short(50, batch_size=8)
    text = dry_run(config, city).describe(config)
    assert "training images       12" in text
    assert "50 of 8 images: 33.3 epochs" in text
    assert "x 8 images at once" in text


def test_it_computes_as_the_run_will(city, monkeypatch):
    """With the threads of the run, and not with those of whoever asks."""
    seen = []
    monkeypatch.setattr(
        module, "_seconds_per_step", lambda *_: seen.append(torch.get_num_threads()) or 0.5
    )
    config = short(6, batch_size=8, threads=2)
    estimate = dry_run(config, city, processes=2)
    assert seen == [2]
    assert estimate.seconds == 0.5 * 6 * 8 / 2
    assert "about 12 seconds on 2 such processes" in estimate.describe(config)


def test_a_batch_that_cannot_be_shared_is_told(city):
    with pytest.raises(InputError, match="cannot be shared by 3 processes"):
        dry_run(short(1, batch_size=4), city, processes=3)
