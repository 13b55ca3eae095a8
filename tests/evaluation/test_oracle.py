"""The oracle ladder: what each true head brings, on answers spoiled on purpose."""

import numpy as np
import pytest
import torch

from axialkit.config import get_preset
from axialkit.data.cityscapes import list_samples, read_instance_ids
from axialkit.evaluation.oracle import STEPS, oracle_counts, true_heads
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.structures import Prediction

CONFIG = get_preset("tiny")


@pytest.fixture(scope="module")
def truth(streets):
    return [read_instance_ids(sample.instance_ids) for sample in list_samples(streets, "val")[:4]]


def ladder(truth, spoil):
    """PQ of each step when the perfect heads are spoiled by a function."""
    total = 0
    for ids in truth:
        height, width = CONFIG.data.crop_size
        blank = Prediction(*(torch.zeros(1, n, height, width) for n in (19, 1, 2)))
        total = total + oracle_counts(spoil(true_heads(blank, ids, CONFIG)), ids, CONFIG)
    scores = {}
    for name, counts in zip(STEPS, total, strict=True):
        quality = PanopticQuality()
        quality.counts += counts
        scores[name] = quality.scores()
    return scores


def test_perfect_heads_stay_perfect_at_every_step(truth):
    steps = ladder(truth, lambda heads: heads)
    assert len({scores.all.pq for scores in steps.values()}) == 1
    assert steps["the network"].things.pq > 0.97


SPOILED = {
    "true classes": lambda h: h._replace(semantic=h.semantic.roll(9, -1)),
    "true centers": lambda h: h._replace(center=torch.zeros_like(h.center)),
    "true offsets": lambda h: h._replace(offset=h.offset + 40),
    "true centers and offsets": lambda h: h._replace(
        center=h.center.roll(20, -2), offset=h.offset.flip(-1)
    ),
}


@pytest.mark.parametrize("cure", SPOILED)
def test_only_the_true_head_mends_a_spoiled_one(truth, cure):
    steps = ladder(truth, SPOILED[cure])
    ceiling = steps["all heads true"].things.pq
    for name, scores in steps.items():
        mended = set(STEPS[cure]) <= set(STEPS[name])
        assert (scores.things.pq > ceiling - 1e-9) == mended, name


def test_the_networks_classes_stay_where_the_truth_is_void(truth):
    ids = truth[0].copy()
    ids[:40] = 0
    height, width = CONFIG.data.crop_size
    network = Prediction(*(torch.randn(1, n, height, width) for n in (19, 1, 2)))
    heads = true_heads(network, ids, CONFIG)
    torch.testing.assert_close(heads.semantic[..., :40, :], network.semantic[..., :40, :])
    known = heads.semantic[0, :, 40 : ids.shape[0], : ids.shape[1]].softmax(0).amax(0)
    assert (known[ids[40:] == 7] > 0.999).all()
    assert np.isin(ids[40:], 7).any()
