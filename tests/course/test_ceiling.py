"""True heads score what they must, and corruption costs."""

import pytest
import torch

from axialkit.config import PRESETS
from axialkit.course import ceiling
from axialkit.course.recorded import recorded
from axialkit.data import minicity

CONFIG = PRESETS["tiny"]


@pytest.fixture(scope="module")
def scene():
    return minicity.scene(5)


@pytest.fixture(scope="module")
def heads(scene):
    return ceiling.perfect_heads(scene, CONFIG)


def test_true_heads_lose_no_thing(scene, heads):
    panoptic = ceiling.finish(heads, scene, CONFIG).panoptic
    assert ceiling.scores_of(ceiling.counts_of(panoptic, scene)).things.pq == 1.0


def test_noise_depends_on_the_seed_and_costs(scene, heads):
    one = ceiling.noisy(heads, 12.0, seed=0)
    assert torch.equal(one.offset, ceiling.noisy(heads, 12.0, seed=0).offset)
    assert not torch.equal(one.offset, ceiling.noisy(heads, 12.0, seed=1).offset)
    assert torch.equal(ceiling.noisy(heads, 0.0, seed=0).offset, heads.offset)
    panoptic = ceiling.finish(one, scene, CONFIG).panoptic
    assert ceiling.scores_of(ceiling.counts_of(panoptic, scene)).things.pq < 1.0


def test_coarse_keeps_every_fourth_pixel(heads):
    small = ceiling.coarse(heads, 4)
    assert torch.allclose(small.offset[..., ::4, ::4], heads.offset[..., ::4, ::4], atol=1e-3)
    assert torch.equal(small.center, heads.center)


def test_a_higher_limit_never_helps():
    scores = ceiling.ceilings(0, CONFIG, scenes=2)
    assert scores["limit 2048"] <= scores["limit 256"] <= scores["as shipped"] <= 1


def test_recorded_numbers_are_whole_or_float32():
    assert recorded("exact_ids").dtype == torch.int64
    assert recorded("scene_heat").dtype == torch.float32
