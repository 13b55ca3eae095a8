"""Mean IoU against the official pixel-level script's and deeplab2's stored results, and a loop."""

import json

import numpy as np
import pytest

from axialkit.data.cityscapes import TRAIN_CLASSES, train_ids
from axialkit.errors import InputError
from axialkit.evaluation.semantic import MeanIoU
from tests.conftest import golden_cases

SETS = golden_cases("eval/*/arrays.npz")


@pytest.fixture(params=SETS, ids=lambda path: path.parent.name)
def scored(request, load_golden):
    """One golden set: (folder, our metric over it)."""
    metric = MeanIoU()
    arrays = load_golden(request.param)
    for semantic, ids in zip(arrays["pred_semantic"], arrays["gt_instance_ids"], strict=True):
        metric.update(semantic, ids)
    return request.param.parent, metric


def expected(folder, name):
    return json.loads((folder / "expected" / f"{name}.json").read_text())


def test_official_policy_equals_the_official_script(scored):
    folder, metric = scored
    official = expected(folder, "official_pixel")
    assert metric.mean("official") == pytest.approx(official["averageScoreClasses"], abs=1e-12)
    classes = [official["classScores"][klass.name] for klass in TRAIN_CLASSES]
    np.testing.assert_allclose(metric.per_class("official"), classes, atol=1e-12, rtol=0)


def test_void_policy_equals_deeplab2(scored):
    folder, metric = scored
    reference = expected(folder, "deeplab2")["default"]
    assert metric.mean("void") == pytest.approx(reference["mIoU"], abs=1e-6)
    classes = [np.nan if value is None else value for value in reference["iou_per_class"]]
    np.testing.assert_allclose(metric.per_class("void"), classes, atol=1e-6, rtol=0)


def random_maps(seed):
    rng = np.random.default_rng(seed)
    semantic = rng.choice([0, 1, 10, 11, 13, 255], (20, 30)).astype(np.uint8)
    ids = rng.choice([0, 4, 7, 8, 23, 24, 26, 24003, 26000, 29001], (20, 30))
    return semantic, ids


@pytest.mark.parametrize("crowd", ["official", "void"])
def test_iou_equals_a_loop(crowd):
    semantic, ids = random_maps(0)
    metric = MeanIoU()
    metric.update(semantic, ids)
    truth = train_ids(np.where(ids >= 1000, ids // 1000, ids)).astype(int)
    if crowd == "void":
        truth[(ids == 24) | (ids == 26)] = 255
    for klass, ours in enumerate(metric.per_class(crowd)):
        both = ((truth == klass) & (semantic == klass)).sum()
        either = (((truth == klass) | (semantic == klass)) & (truth != 255)).sum()
        np.testing.assert_equal(ours, both / either if either else np.nan)


def test_merged_parts_equal_the_whole():
    whole, part, other = MeanIoU(), MeanIoU(), MeanIoU()
    for seed in range(4):
        whole.update(*random_maps(seed))
        (part if seed % 2 else other).update(*random_maps(seed))
    part.merge(other)
    np.testing.assert_array_equal(part.counts, whole.counts)


def test_nothing_seen_is_nan():
    assert np.isnan(MeanIoU().mean())


def test_sizes_that_differ_are_refused():
    with pytest.raises(InputError, match=r"\(4, 4\) pixels, its ground truth \(4, 5\)"):
        MeanIoU().update(np.zeros((4, 4), np.uint8), np.zeros((4, 5), int))
