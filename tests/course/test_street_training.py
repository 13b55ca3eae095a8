"""The loop of lesson 09: it repeats and resumes exactly, and every bug does what it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from axialkit.config import TrainConfig, get_preset
from axialkit.course.bands import band
from axialkit.course.planted_bugs import BUGS
from axialkit.course.resuming import resume_errors
from axialkit.course.street_ablation import PRESET, SCENES, STEPS
from axialkit.course.street_networks import DILATION, NETWORKS
from axialkit.course.street_training import Recipe, Run, score, stage_of, train
from axialkit.course.streets import FAR, NEAR, Streets, draw_streets, right_by_distance
from axialkit.course.training_film import shoot, step_of_the_jump
from axialkit.course.training_parts import poly_lr
from axialkit.training.schedule import learning_rate

CONFIG = get_preset(PRESET)
GATE = 0.20  # of right pixels on the long vehicles, hybrid against convolution, mean of the seeds


@pytest.fixture(scope="module")
def streets() -> Streets:
    return draw_streets(CONFIG, 16)


def weights(run: Run) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in run.net.parameters()])


@pytest.mark.parametrize("warmup", [0, 5, 50])
def test_the_rate_is_that_of_the_package(warmup: int) -> None:
    config = TrainConfig(steps=200, learning_rate=0.01, warmup=warmup / 200)
    for step in range(201):
        assert poly_lr(step, 200, 0.01, warmup) == pytest.approx(learning_rate(step, config))


def test_the_scenes_of_both_kinds_differ_on_the_vehicles_only() -> None:
    far, near = (draw_streets(CONFIG, 2, kind=kind) for kind in (FAR, NEAR))
    for one, other, vehicles in zip(far.scenes, near.scenes, far.vehicles, strict=True):
        np.testing.assert_array_equal(one.instance_ids, other.instance_ids)
        visible = np.any([vehicle.visible for vehicle in vehicles], axis=0)
        assert (one.image != other.image).any(axis=-1)[visible].mean() > 0.05


def test_vehicles_are_counted_by_distance(streets: Streets) -> None:
    truth = np.asarray(streets.targets.semantic[0])  # every second pixel
    assert truth.shape == (33, 65)
    vehicles = streets.vehicles[0]
    guess = np.full(streets.scenes[0].image.shape[:2], vehicles[0].train_id, np.uint8)
    right, every = right_by_distance(guess, vehicles).sum(axis=0)
    same = [v for v in vehicles if v.train_id == vehicles[0].train_id]
    assert right == sum(v.visible.sum() for v in same)
    assert every == sum(v.visible.sum() for v in vehicles)


def test_networks_are_of_one_size_and_differ_in_their_block() -> None:
    nets = {name: make(CONFIG) for name, make in NETWORKS.items()}
    sizes = {name: sum(w.numel() for w in net.parameters()) for name, net in nets.items()}
    assert sizes["dilated"] == sizes["convolution"]
    assert abs(sizes["hybrid"] / sizes["convolution"] - 1) < 0.05
    assert sizes["no positions"] < sizes["hybrid"]
    dilated = [m for m in nets["dilated"].modules() if getattr(m, "dilation", 0) == (DILATION,) * 2]
    assert len(dilated) == 1
    assert nets["dilated"](torch.zeros(1, 3, 65, 129)).semantic.shape == (1, 19, 65, 129)
    stages = {stage_of(name) for name, _ in nets["hybrid"].named_parameters()}
    assert stages == {"front", "block", "decoder", "heads"}


def test_a_training_repeats_exactly_and_resumes_exactly(streets: Streets) -> None:
    recipe = Recipe(steps=2, warmup=1, seed=4)
    assert torch.equal(*(weights(train(streets, recipe)) for _ in range(2)))
    errors = resume_errors(streets, steps=4)
    less, more, all_of_it = errors.values()
    assert all_of_it == 0
    assert min(less, more) > 1e-5


@pytest.mark.parametrize("bug", BUGS)
def test_bugs_do_what_they_say(streets: Streets, bug: str) -> None:
    run = train(streets, Recipe(steps=2, warmup=0, bug=bug))
    moved = dict(zip(("front", "block", "decoder", "heads"), run.moved(), strict=True))
    assert (moved["front"] == 0) == (bug == "backbone frozen")
    assert moved["heads"] > 0
    assert (run.curves.rates[0] == pytest.approx(1.0)) == (bug == "learning rate x 100")
    assert run.net.training == (bug != "batch norm in eval")
    sound, spoiled = (Run(streets, Recipe(bug=b))._batch() for b in ("none", bug))
    assert torch.equal(sound.image, spoiled.image)
    same = {
        "semantic": torch.equal(sound.targets.semantic, spoiled.targets.semantic),
        "offset": torch.equal(sound.targets.offset, spoiled.targets.offset),
    }
    assert same["semantic"] == (bug not in ("a class ignored", "labels of another image"))
    spoils = ("flip forgets the offsets' sign", "labels of another image")
    assert same["offset"] == (bug not in spoils)
    if bug == "a class ignored":
        assert not (spoiled.targets.semantic == 0).any()


def test_a_film_has_frames_before_on_the_way_and_at_the_end(streets: Streets) -> None:
    film = shoot(Run(streets, Recipe(steps=3, warmup=1, ema=0.9)), streets, every=2)
    assert film.steps == [0, 2, 3]
    first, _, last = film.frames
    assert first.losses == first.averaged and last.losses != last.averaged
    assert first.distances.shape == (2, 4) and len(first.results) == 4
    assert step_of_the_jump(film) is None
    assert step_of_the_jump(film, sure=-1.0) == 0


def gains(values: dict[str, list[float]]) -> np.ndarray:
    hybrid, twin = (np.array(values[f"{n}, {FAR}, vehicles"]) for n in ("hybrid", "convolution"))
    return hybrid - twin


def test_the_stored_band_says_what_the_lesson_says() -> None:
    stored = band("far and local cues")
    assert gains(stored.values).mean() >= GATE
    for name in NETWORKS:  # with local cues all find the class
        assert min(stored.values[f"{name}, {NEAR}, vehicles"]) > 0.93
    lost = [np.mean(stored.values[f"{n}, {FAR}, PQ of things"]) for n in ("hybrid", "no positions")]
    assert lost[0] - lost[1] > 0.05


@pytest.mark.soak
def test_the_hybrid_beats_its_twin_on_long_vehicles() -> None:
    """Trains both over three seeds: some eight CPU-minutes."""
    values: dict[str, list[float]] = {}
    for seed in range(3):
        drawn = {s: draw_streets(CONFIG, n, split=s, seed=seed) for s, n in SCENES.items()}
        for network in ("hybrid", "convolution"):
            recipe = replace(Recipe(), network=network, steps=STEPS[FAR], seed=seed)
            run = train(drawn["train"], recipe)
            found = score(run.ready(), drawn["val"], CONFIG).vehicles
            values.setdefault(f"{network}, {FAR}, vehicles", []).append(found)
    print(values)
    assert gains(values).mean() >= GATE
