"""The account of lost quality: exact, and every kind of mistake by its name."""

import numpy as np
import pytest

from axialkit.evaluation.mistakes import KINDS, PARTS, budget, mistakes
from axialkit.evaluation.panoptic_quality import quality_counts, segment_overlap
from axialkit.structures import VOID
from tests.evaluation.test_panoptic_quality import random_scene

ROAD, CAR, BUS = 7, 26, 28  # label ids


def scene():
    """A road with a car of 10 x 20 pixels, and the perfect answer."""
    ids = np.full((40, 60), ROAD)
    ids[10:20, 10:30] = CAR * 1000
    panoptic = np.where(ids == ROAD, 0, 13001)
    return ids, panoptic


def confused_scene(seed):
    """A random scene whose sky and whose cars have the class of buildings and of trucks."""
    panoptic, ids = random_scene(seed)
    panoptic = np.where(panoptic == 10000, 2000, panoptic)
    return np.where(panoptic // 1000 == 13, panoptic + 1000, panoptic), ids


def kinds_of(ids, panoptic):
    counts = mistakes(segment_overlap(panoptic, ids))
    return {
        (klass, KINDS[kind]): counts[klass, kind] for klass, kind in np.argwhere(counts).tolist()
    }


def test_no_mistake_is_none():
    assert kinds_of(*scene()) == {}


def test_missed_and_spurious():
    ids, panoptic = scene()
    missed = np.where(panoptic == 13001, 0, panoptic)
    assert kinds_of(ids, missed) == {(13, "missed"): 0.5}
    panoptic[30:35, 40:50] = 13002
    assert kinds_of(ids, panoptic) == {(13, "spurious"): 0.5}


def test_mis_classified_on_both_sides():
    ids, panoptic = scene()
    panoptic[panoptic == 13001] = 15001
    kind = "mis-classified"
    assert kinds_of(ids, panoptic) == {(13, kind): 0.5, (15, kind): 0.5}


def test_mis_shaped_when_split():
    """Two halves of 0.5 each: neither is more than half."""
    ids, panoptic = scene()
    panoptic[10:20, 20:30] = 13002
    assert kinds_of(ids, panoptic) == {(13, "mis-shaped"): 1.5}


def test_a_sliver_of_the_class_is_no_shape():
    ids, panoptic = scene()
    panoptic[panoptic == 13001] = 0
    panoptic[10:11, 10:20] = 13001  # 10 of 200 pixels
    assert kinds_of(ids, panoptic) == {(13, "missed"): 0.5, (13, "spurious"): 0.5}


def test_crowds_and_void_are_no_mistakes():
    ids, panoptic = scene()
    ids[10:20, 10:30] = CAR  # a group
    assert kinds_of(ids, panoptic) == {}
    ids[10:20, 10:30] = 0
    assert kinds_of(ids, panoptic) == {}
    ids[10:20, 10:30] = CAR * 1000
    panoptic[10:20, 10:30] = VOID
    assert kinds_of(ids, panoptic) == {(13, "missed"): 0.5}


def test_the_account_adds_up_to_one():
    counts = np.zeros((19, 4))
    wrong = np.zeros((19, len(KINDS)))
    for seed in range(12):
        panoptic, ids = confused_scene(seed)
        overlap = segment_overlap(panoptic, ids)
        counts += quality_counts(overlap, "official")
        wrong += mistakes(overlap)
    shares = budget(counts, wrong)
    np.testing.assert_allclose(wrong.sum(axis=1), counts[:, 2:].sum(axis=1) / 2)
    seen = counts[:, 1:].any(axis=1)
    np.testing.assert_allclose(shares[seen].sum(axis=1), 1)
    assert np.isnan(shares[~seen]).all()
    quality = counts[seen, 0] / (counts[seen, 1] + counts[seen, 2:].sum(axis=1) / 2)
    np.testing.assert_allclose(shares[seen, PARTS.index("quality")], quality)
    assert wrong.sum(axis=0).all()  # every kind occurs here


@pytest.mark.parametrize("seed", range(6))
def test_kinds_equal_a_loop(seed):
    panoptic, ids = confused_scene(seed)
    overlap = segment_overlap(panoptic, ids)
    void = overlap.area[0]
    expected = np.zeros((19, len(KINDS)))
    _, truth_class, is_crowd, _, predicted_class, area = overlap

    def iou(row, column):
        union = area[row].sum() + area[:, column].sum() - area[row, column] - void[column]
        return area[row, column] / union

    rows = [r for r in range(1, len(truth_class)) if not is_crowd[r]]
    columns = range(1, len(predicted_class))
    pairs = {(r, c): iou(r, c) for r in rows for c in columns}
    matched = {p for p, v in pairs.items() if v > 0.5 and same(p, truth_class, predicted_class)}
    for side, members, classes, alone in (
        (0, rows, truth_class, "missed"), (1, columns, predicted_class, "spurious")
    ):  # fmt: skip
        for one in members:
            mine = {p: v for p, v in pairs.items() if p[side] == one}
            ignored = side and 2 * (void[one] + own_crowd(overlap, one)) > area[:, one].sum()
            if matched & set(mine) or ignored:
                continue
            kind = alone
            if any(v >= 0.1 and same(p, truth_class, predicted_class) for p, v in mine.items()):
                kind = "mis-shaped"
            if any(v > 0.5 and not same(p, truth_class, predicted_class) for p, v in mine.items()):
                kind = "mis-classified"
            expected[classes[one], KINDS.index(kind)] += 0.5
    np.testing.assert_array_equal(mistakes(overlap), expected)


def same(pair, truth_class, predicted_class):
    return truth_class[pair[0]] == predicted_class[pair[1]]


def own_crowd(overlap, column):
    rows = overlap.truth_is_crowd & (overlap.truth_class == overlap.predicted_class[column])
    return overlap.area[rows, column].sum()
