"""Panoptic quality against the official script's and deeplab2's stored results, and a loop."""

import json

import numpy as np
import pytest

from axialkit.data.cityscapes import LABEL_IDS, STUFF_TRAIN_IDS, THING_TRAIN_IDS, train_ids
from axialkit.errors import InputError
from axialkit.evaluation.official import scores_from_official
from axialkit.evaluation.panoptic_quality import (
    NUM_CLASSES,
    PanopticQuality,
    quality_counts,
    segment_overlap,
)
from axialkit.structures import VOID
from tests.conftest import golden_cases

SETS = golden_cases("eval/*/arrays.npz")


@pytest.fixture(params=SETS, ids=lambda path: path.parent.name)
def images(request, load_golden):
    """One golden set: (folder, its arrays)."""
    return request.param.parent, load_golden(request.param)


def score(arrays, crowd):
    quality = PanopticQuality(crowd)
    for panoptic, ids in zip(arrays["pred_panoptic"], arrays["gt_instance_ids"], strict=True):
        quality.update(panoptic, ids)
    return quality


def expected(folder, name):
    return json.loads((folder / "expected" / f"{name}.json").read_text())


def flat(scores):
    return np.array([*scores.all, *scores.things, *scores.stuff, *np.ravel(scores.per_class)])


def test_official_policy_equals_the_official_script(images):
    folder, arrays = images
    official = scores_from_official(expected(folder, "official_panoptic"))
    ours = score(arrays, "official").scores()
    np.testing.assert_allclose(flat(ours), flat(official), rtol=0, atol=1e-12)


def test_counts_per_image_equal_panopticapi(images):
    folder, arrays = images
    expected_counts = expected(folder, "panopticapi")["per_image_counts"]
    for name, panoptic, ids in zip(
        arrays["ids"], arrays["pred_panoptic"], arrays["gt_instance_ids"], strict=True
    ):
        truth = np.zeros((NUM_CLASSES, 4))
        for label_id, row in expected_counts[name].items():
            truth[LABEL_IDS.tolist().index(int(label_id))] = row
        counts = quality_counts(segment_overlap(panoptic, ids), "official")
        np.testing.assert_allclose(counts, truth, rtol=0, atol=1e-12, err_msg=str(name))


def test_void_policy_equals_deeplab2(images):
    folder, arrays = images
    reference = expected(folder, "deeplab2")["default"]
    quality = score(arrays, "void")
    columns = [reference[name] for name in ("iou_sum", "tp", "fp", "fn")]
    np.testing.assert_allclose(quality.counts.T, columns, atol=1e-5, rtol=1e-6)
    ours = quality.scores().all
    np.testing.assert_allclose(
        [ours.pq, ours.sq, ours.rq], reference["pq_summary_PQ_SQ_RQ_TP_FN_FP"][:3], atol=1e-6
    )


def class_of(value):
    return int(train_ids(np.array([value // 1000 if value >= 1000 else value]))[0])


def slow_counts(panoptic, ids):
    """The official rules, segment by segment."""
    counts = np.zeros((NUM_CLASSES, 4))
    truth_class = {value: class_of(value) for value in np.unique(ids)}
    void = np.isin(ids, [value for value, klass in truth_class.items() if klass == 255])
    crowds = {k: v for v, k in truth_class.items() if v < 1000 and k in THING_TRAIN_IDS}
    things = [v for v, k in truth_class.items() if k != 255 and v not in crowds.values()]
    predicted = [value for value in np.unique(panoptic) if value != VOID]
    matched = set()
    for value in things:
        klass = truth_class[value]
        for label in predicted:
            a, b = ids == value, panoptic == label
            iou = (a & b).sum() / ((a | b) & ~(b & void)).sum()
            if label // 1000 == klass and iou > 0.5:
                counts[klass] += (iou, 1, 0, 0)
                matched |= {("truth", value), ("predicted", label)}
    for value in things:
        counts[truth_class[value], 3] += ("truth", value) not in matched
    for label in predicted:
        segment = panoptic == label
        ignored = segment & (void | (ids == crowds.get(label // 1000, -1)))
        if ("predicted", label) not in matched and ignored.sum() / segment.sum() <= 0.5:
            counts[label // 1000, 2] += 1
    return counts


def random_scene(seed):
    """Blocks of truth; the prediction is the truth with some blocks changed."""
    rng = np.random.default_rng(seed)
    ids = rng.choice([0, 3, 7, 11, 23, 24, 26, 24000, 24001, 26000, 26001, 29000, 33000], (6, 8))
    stuff = [7, 11, 23]
    wrong = rng.choice([0, 2000, 10000, 11001, 13001, 13002, 18001, VOID], ids.shape)
    right = np.full(ids.shape, VOID)
    for value in np.unique(ids):
        if class_of(value) != 255:
            right[ids == value] = class_of(value) * 1000 + (
                0 if value in stuff else value % 1000 + 1
            )
    panoptic = np.where(rng.random(ids.shape) < 0.6, right, wrong)
    return np.kron(panoptic, np.ones((4, 4), int)), np.kron(ids, np.ones((4, 4), int))


@pytest.mark.parametrize("seed", range(12))
def test_counts_equal_a_loop(seed):
    panoptic, ids = random_scene(seed)
    counts = quality_counts(segment_overlap(panoptic, ids), "official")
    np.testing.assert_allclose(counts, slow_counts(panoptic, ids), atol=1e-12)
    assert counts[:, 1:].any()


@pytest.mark.parametrize("seed", range(6))
def test_void_policy_is_the_official_one_with_crowds_painted_void(seed):
    panoptic, ids = random_scene(seed)
    without = np.where(np.isin(ids, (24, 26)), 0, ids)
    assert (without != ids).any()
    np.testing.assert_array_equal(
        quality_counts(segment_overlap(panoptic, ids), "void"),
        quality_counts(segment_overlap(panoptic, without), "official"),
    )


def test_merged_parts_equal_the_whole():
    scenes = [random_scene(seed) for seed in range(6)]
    whole, first, second = (PanopticQuality() for _ in range(3))
    for index, scene in enumerate(scenes):
        whole.update(*scene)
        (first if index % 2 else second).update(*scene)
    first.merge(second)
    np.testing.assert_allclose(first.counts, whole.counts, atol=1e-12)


def test_policies_do_not_mix():
    with pytest.raises(InputError, match='"official" and "void"'):
        PanopticQuality("official").merge(PanopticQuality("void"))


def test_perfect_prediction_scores_one_and_an_absent_group_nan():
    ids = np.full((8, 8), 7)
    ids[4:] = 23
    quality = PanopticQuality()
    quality.update(np.where(ids == 7, 0, 10000), ids)
    scores = quality.scores()
    assert scores.stuff == scores.all == (1.0, 1.0, 1.0, 2)
    assert scores.things.n == 0
    assert np.isnan(scores.things.pq)
    assert len(STUFF_TRAIN_IDS) + len(THING_TRAIN_IDS) == len(scores.per_class)


def test_sizes_that_differ_are_refused():
    with pytest.raises(InputError, match=r"\(4, 4\) pixels, its ground truth \(4, 5\)"):
        PanopticQuality().update(np.zeros((4, 4), int), np.zeros((4, 5), int))


def test_labels_outside_the_table_are_refused():
    with pytest.raises(InputError, match="panoptic label 19001"):
        PanopticQuality().update(np.full((4, 4), 19001), np.zeros((4, 4), int))
