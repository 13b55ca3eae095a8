"""What the presets reach on MiniCity: about half an hour on two cores, by ``make soak``."""

import statistics
from dataclasses import replace

import pytest

from axialkit.config import get_preset
from axialkit.data.minicity import generate
from axialkit.files import read_json
from axialkit.training.loop import train

SEEDS = (0, 1, 2)

pytestmark = pytest.mark.soak


@pytest.fixture(scope="module")
def cities(tmp_path_factory):
    root = tmp_path_factory.mktemp("cities")
    return {kind: generate(root / kind, scenes=kind) for kind in ("full", "avenue")}


def official_scores(preset, root, folder):
    scores = []
    for seed in SEEDS:
        config = get_preset(preset)
        config = replace(config, train=replace(config.train, seed=seed))
        run = train(config, root, folder / f"{preset}_{seed}")
        scores.append(100 * read_json(run / "evaluation.json")["official"]["pq"])
    print(f"{preset}: official PQ of seeds {SEEDS}: {scores}")
    return scores


def test_tiny_learns_full_scenes(cities, tmp_path):
    assert min(official_scores("tiny", cities["full"], tmp_path)) >= 42


def test_tiny_learns_full_scenes_by_the_whole_recipe(cities, tmp_path):
    assert min(official_scores("tiny_recipe", cities["full"], tmp_path)) >= 42


def test_tiny_avenue_learns_to_look_far(cities, tmp_path):
    scores = official_scores("tiny_avenue", cities["avenue"], tmp_path)
    assert statistics.median(scores) >= 77
    assert min(scores) >= 70
