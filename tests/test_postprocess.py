"""Post-processing against golden arrays of the reference, and against loops anyone can check."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from axialkit.config import PostprocessConfig
from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES
from axialkit.errors import InputError
from axialkit.postprocess import (
    FIRST_THING,
    NUM_CLASSES,
    classify,
    find_centers,
    group_pixels,
    is_thing,
    merge,
    panoptic_from_batch,
    panoptic_from_prediction,
    segment_probability,
    suppress_neighbors,
)
from axialkit.segment_scores import instance_score_map, score_segments, segment_scores
from axialkit.structures import VOID, Prediction
from tests.conftest import golden_cases

CASES = golden_cases("post/*.npz")


@pytest.fixture(params=CASES, ids=lambda path: path.stem)
def case(request, load_golden):
    return load_golden(request.param)


def as_prediction(case):
    logits, heat, offset = (
        torch.from_numpy(case[name].astype(np.float32))
        for name in ("semantic_logits", "center_heatmap", "offset_map")
    )
    return Prediction(
        logits.permute(2, 0, 1)[None], heat[None, None], offset.permute(2, 0, 1)[None]
    )


def as_config(case):
    return PostprocessConfig(
        center_threshold=float(case["center_threshold"]),
        nms_kernel=int(case["nms_kernel"]),
        keep_k=int(case["keep_k"]),
        stuff_area_limit=int(case["stuff_area_limit"]),
    )


def exceeds_keep_k(case):
    return 0 < case["keep_k"] < len(case["centers_before_topk"])


def scores_at(case):
    return case["center_map"][case["centers"][:, 0], case["centers"][:, 1]]


def test_class_constants_are_those_of_the_table():
    assert len(TRAIN_CLASSES) == NUM_CLASSES
    assert tuple(range(FIRST_THING, NUM_CLASSES)) == THING_TRAIN_IDS
    assert not is_thing(np.array([0, 10, 255])).any()


def test_peaks_and_centers_equal_the_reference(case):
    config = as_config(case)
    peaks = suppress_neighbors(case["center_heatmap"], config.center_threshold, config.nms_kernel)
    np.testing.assert_array_equal(peaks, case["center_map"])
    centers, scores = find_centers(peaks, keep_k=0)
    np.testing.assert_array_equal(centers, case["centers_before_topk"])
    np.testing.assert_array_equal(scores, peaks[centers[:, 0], centers[:, 1]])


def test_grouping_and_merge_equal_the_reference(case):
    offset = case["offset_map"].astype(np.float32).transpose(2, 0, 1)
    instance = group_pixels(case["centers"], offset, is_thing(case["semantic"]))
    np.testing.assert_array_equal(instance, case["instance"])
    panoptic = merge(case["semantic"], instance, int(case["stuff_area_limit"]))
    np.testing.assert_array_equal(panoptic, case["panoptic"])


def test_whole_way_equals_the_reference(case):
    result = panoptic_from_prediction(as_prediction(case), as_config(case))
    np.testing.assert_array_equal(result.semantic, case["semantic"])
    if exceeds_keep_k(case):  # our rule differs there on purpose, see the next test
        assert len(result.centers) == case["keep_k"]
        return
    np.testing.assert_array_equal(result.centers, case["centers"])
    np.testing.assert_array_equal(result.center_scores, scores_at(case))
    np.testing.assert_array_equal(result.instance, case["instance"])
    np.testing.assert_array_equal(result.panoptic, case["panoptic"])


def test_scores_equal_the_reference(case):
    score_map = instance_score_map(case["instance"], scores_at(case))
    np.testing.assert_allclose(score_map, case["instance_score_map"], atol=2e-6, rtol=0)
    logits = as_prediction(case).semantic[0]
    _, confidence = classify(logits)
    probability = segment_probability(case["panoptic"], case["semantic"], confidence, logits)
    scores = segment_scores(case["panoptic"], probability, score_map)
    assert [score.label for score in scores] == case["segment_ids"].tolist()
    assert [score.area for score in scores] == case["segment_area"].tolist()
    means = [score.semantic_probability for score in scores]
    np.testing.assert_allclose(means, case["segment_semantic_prob"], atol=2e-6, rtol=0)
    ranks = [score.score for score in scores]
    np.testing.assert_allclose(ranks, case["segment_score"], atol=2e-6, rtol=0)


def test_keep_k_keeps_the_highest_and_of_equals_the_first():
    peaks = np.zeros((3, 4), np.float32)
    peaks[0, 1], peaks[0, 3], peaks[1, 2], peaks[2, 0] = 0.5, 0.9, 0.5, 0.7
    assert find_centers(peaks, 3)[0].tolist() == [[0, 1], [0, 3], [2, 0]]
    assert find_centers(peaks, 1)[1].tolist() == [np.float32(0.9)]
    assert len(find_centers(peaks, 0)[0]) == 4


def test_keep_k_resolves_many_ties_by_raster_order():
    peaks = np.random.default_rng(0).integers(1, 4, (20, 30)).astype(np.float32)
    highest = sorted(np.ndindex(*peaks.shape), key=lambda point: -peaks[point])[:45]
    assert find_centers(peaks, 45)[0].tolist() == [list(point) for point in sorted(highest)]


def random_prediction(seed, height=37, width=53):
    """Coarse values, so that ties are frequent."""
    rng = np.random.default_rng(seed)
    semantic = rng.integers(0, NUM_CLASSES, (height, width)).astype(np.uint8)
    heat = (rng.integers(0, 12, (height, width)) / 10).astype(np.float32)
    offset = rng.integers(-9, 10, (2, height, width)).astype(np.float32)
    return semantic, heat, offset


def slow_peaks(heat, threshold, kernel):
    peaks = np.zeros_like(heat)
    before, after = (kernel - 1) // 2, kernel - 1 - (kernel - 1) // 2
    for y, x in np.ndindex(*heat.shape):
        window = heat[max(0, y - before) : y + after + 1, max(0, x - before) : x + after + 1]
        if heat[y, x] > np.float32(threshold) and heat[y, x] == window.max():
            peaks[y, x] = heat[y, x]
    return peaks


def slow_instances(centers, offset, thing):
    instance = np.zeros(thing.shape, int)
    for y, x in np.argwhere(thing):
        target = np.float32([y, x]) + offset[:, y, x]
        distances = [
            np.sqrt((target[0] - cy) ** 2 + (target[1] - cx) ** 2, dtype=np.float32)
            for cy, cx in centers.astype(np.float32)
        ]
        instance[y, x] = 1 + int(np.argmin(distances))
    return instance


def slow_merge(semantic, instance, limit):
    panoptic = np.full(semantic.shape, VOID)
    numbers = dict.fromkeys(range(NUM_CLASSES), 0)
    for value in dict.fromkeys(instance[instance > 0].tolist()):  # in order of first appearance
        votes = [np.sum(semantic[instance == value] == klass) for klass in range(NUM_CLASSES)]
        klass = int(np.argmax(votes))
        numbers[klass] += 1
        panoptic[instance == value] = klass * 1000 + numbers[klass]
    for klass in range(FIRST_THING):
        if np.sum(semantic == klass) >= limit:
            panoptic[semantic == klass] = klass * 1000
    return panoptic


@pytest.mark.parametrize("kernel", [1, 2, 3, 6, 13])
def test_peaks_equal_a_loop(kernel):
    _, heat, _ = random_prediction(kernel)
    np.testing.assert_array_equal(
        suppress_neighbors(heat, 0.3, kernel), slow_peaks(heat, 0.3, kernel)
    )


@pytest.mark.parametrize("seed", range(4))
def test_grouping_and_merge_equal_loops(seed):
    semantic, heat, offset = random_prediction(seed)
    centers, _ = find_centers(suppress_neighbors(heat, 0.1, 7), keep_k=20)
    instance = group_pixels(centers, offset, is_thing(semantic))
    np.testing.assert_array_equal(instance, slow_instances(centers, offset, is_thing(semantic)))
    limit = int(np.sum(semantic == 3))  # one class sits exactly on the limit
    np.testing.assert_array_equal(
        merge(semantic, instance, limit), slow_merge(semantic, instance, limit)
    )


def test_grouping_is_the_same_across_block_borders(monkeypatch):
    semantic, heat, offset = random_prediction(7)
    centers, _ = find_centers(suppress_neighbors(heat, 0.1, 7), keep_k=20)
    whole = group_pixels(centers, offset, is_thing(semantic))
    monkeypatch.setattr("axialkit.postprocess._BLOCK", 100)
    np.testing.assert_array_equal(group_pixels(centers, offset, is_thing(semantic)), whole)


def test_threshold_is_strict_in_float32():
    heat = np.zeros((20, 20), np.float32)
    heat[2, 2], heat[12, 12] = np.float32(0.1), np.nextafter(np.float32(0.1), np.float32(1))
    assert np.argwhere(suppress_neighbors(heat, 0.1, 3)).tolist() == [[12, 12]]


def test_result_has_the_confidence_of_the_predicted_class():
    logits = torch.zeros(1, NUM_CLASSES, 2, 2)
    logits[0, 4, 0, 0] = np.log(9 * (NUM_CLASSES - 1))  # softmax: 0.9 against 0.1 for the rest
    empty = Prediction(logits, torch.zeros(1, 1, 2, 2), torch.zeros(1, 2, 2, 2))
    result = panoptic_from_prediction(empty, PostprocessConfig(stuff_area_limit=1))
    assert result.semantic[0, 0] == 4
    assert result.confidence[0, 0] == pytest.approx(0.9, abs=1e-6)
    assert result.panoptic[0, 0] == 4000
    assert not result.is_void.any()


def same_partition(ours, theirs):
    """Whether two panoptic maps agree but for the numbering inside a class."""
    pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
    classes_agree = (pairs[0] // 1000 == pairs[1] // 1000).all()
    return classes_agree and all(len(np.unique(side)) == len(side) for side in pairs)


def test_the_compiled_merge_follows_its_own_rules(case):
    limit = int(case["stuff_area_limit"])
    merged = merge(case["semantic"], case["instance"], limit, "compiled")
    assert same_partition(merged, case["panoptic_tf_op"])


def test_the_two_merges_differ_where_the_table_says(load_golden):
    """In stuff of exactly the limit, and where no center was found."""
    for name, differs in (("area_limit_129x129", 2), ("no_centers_65x129", None)):
        case = load_golden(f"post/{name}.npz")
        python, compiled = (
            merge(case["semantic"], case["instance"], int(case["stuff_area_limit"]), rules)
            for rules in ("python", "compiled")
        )
        changed = python != compiled
        assert changed.any()
        if differs is None:
            assert is_thing(case["semantic"])[changed].all()
            assert len(np.unique(compiled[changed])) == 1
        else:
            assert (compiled[changed] == VOID).all()


def test_without_centers_the_compiled_instance_scores_nothing(load_golden):
    case = load_golden("post/no_centers_65x129.npz")
    config = replace(as_config(case), merge="compiled")
    result = panoptic_from_prediction(as_prediction(case), config)
    things = [s for s in score_segments(result) if s.label // 1000 >= FIRST_THING]
    assert len(things) == 1
    assert things[0].score == 0
    assert 0 < things[0].semantic_probability < 1


def test_a_batch_equals_its_images_one_by_one(load_golden):
    case = load_golden("post/scene_tiny_33x65.npz")
    one = as_prediction(case)
    other = Prediction(*(head.flip(-1) for head in one))
    batch = Prediction(*(torch.cat(heads) for heads in zip(one, other, strict=True)))
    results = panoptic_from_batch(batch, as_config(case))
    assert len(results) == 2
    for result, alone in zip(results, (one, other), strict=True):
        expected = panoptic_from_prediction(alone, as_config(case))
        for ours, theirs in zip(result, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert panoptic_from_batch(Prediction(*(h[:0] for h in one)), as_config(case)) == []


def test_half_precision_is_computed_in_single(load_golden):
    case = load_golden("post/scene_tiny_33x65.npz")
    prediction = as_prediction(case)
    halved = prediction._replace(semantic=prediction.semantic.half())  # exact: stored as float16
    result = panoptic_from_prediction(halved, as_config(case))
    np.testing.assert_array_equal(result.panoptic, case["panoptic"])
    assert result.confidence.dtype == np.float32


def test_a_batch_is_refused():
    batch = Prediction(
        torch.zeros(2, NUM_CLASSES, 4, 4), torch.zeros(2, 1, 4, 4), torch.zeros(2, 2, 4, 4)
    )
    with pytest.raises(InputError, match="one image, got a batch of 2"):
        panoptic_from_prediction(batch, PostprocessConfig())
