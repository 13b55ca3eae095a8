"""Bootstrap bands against one draw after the other, and against what must hold."""

import numpy as np
import pytest

from axialkit.evaluation import bootstrap
from axialkit.evaluation.bootstrap import miou_band, quality_bands
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.evaluation.semantic import MeanIoU


def random_counts(images, seed=0):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, (images, 19, 4)).astype(float)
    counts[..., 0] = counts[..., 1] * rng.uniform(0.5, 1, (images, 19))
    counts[:, 5] = 0  # a class that never occurs
    return counts


def test_bands_equal_draws_one_by_one(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 40)
    counts = random_counts(7)
    draws = np.random.default_rng(3).multinomial(7, np.full(7, 1 / 7), 40)
    scores = []
    for draw in draws:
        quality = PanopticQuality()
        for times, image in zip(draw, counts, strict=True):
            quality.counts += times * image
        scores.append([g.pq for g in quality.scores()[:3]])
    expected = np.quantile(scores, [0.025, 0.975], axis=0).T
    bands = quality_bands(counts, seed=3)
    np.testing.assert_allclose([bands[n] for n in ("all", "things", "stuff")], expected)


def test_miou_band_equals_draws_one_by_one(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 40)
    counts = np.random.default_rng(1).integers(0, 9, (5, 19, 20))
    counts[:, 4], counts[:, :, 4] = 0, 0
    scores = []
    for draw in np.random.default_rng(2).multinomial(5, np.full(5, 1 / 5), 40):
        iou = MeanIoU()
        iou.counts[0] = np.tensordot(draw, counts, 1)
        scores.append(iou.mean("official"))
    np.testing.assert_allclose(miou_band(counts, seed=2), np.quantile(scores, [0.025, 0.975]))


def test_more_images_make_it_narrower_and_one_makes_a_point():
    wide, narrow = (quality_bands(random_counts(n))["all"] for n in (8, 800))
    assert narrow.high - narrow.low < (wide.high - wide.low) / 4
    point = quality_bands(random_counts(1))["all"]
    assert point.low == point.high
    assert quality_bands(random_counts(8)) == quality_bands(random_counts(8))


@pytest.mark.parametrize("group", ["all", "things", "stuff"])
def test_nothing_has_no_band(group):
    assert np.isnan(quality_bands(np.zeros((3, 19, 4)))[group]).all()
