from dataclasses import replace

import numpy as np
import pytest

from axialkit.bench.data import STAGES, bench_data, crowded_label
from axialkit.config import get_preset
from axialkit.data.minicity import generate
from axialkit.data.targets import find_instances


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    root = generate(
        tmp_path_factory.mktemp("bench") / "city", train=4, val=0, test=0, workers=1, progress=False
    )
    config = get_preset("tiny_recipe")
    config = replace(config, data=replace(config.data, autoaugment="reference"))
    return bench_data(config, root, 12, (0, 1))


def test_every_stage_is_found_in_the_profile(measured):
    """A renamed function would vanish from the table without a word."""
    assert measured["stages"].keys() == STAGES.keys()
    assert all(milliseconds > 0 for milliseconds in measured["stages"].values())
    assert sum(measured["stages"].values()) <= measured["milliseconds"]


def test_rates_and_targets(measured):
    assert measured["images_per_second"].keys() == {0, 1}
    assert min(measured["images_per_second"].values()) > 1
    assert measured["targets_milliseconds"] > 0
    assert 0 < measured["unavoidable_share"] < 1


def test_the_crowded_map_has_sixty_instances():
    label = crowded_label()
    instances = find_instances(label)
    assert label.shape == (1025, 2049)
    assert len(instances.area) == 60
    np.testing.assert_array_equal(instances.area, 100 * 120)
