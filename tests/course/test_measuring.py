"""Lesson 11's metrics against the kit's evaluators, the golden data and pycocotools."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axialkit.course import measuring
from axialkit.course.measuring import (
    ap_at,
    class_map,
    confusion,
    match_segments,
    mean_ap,
    miou,
    panoptic_quality,
    pq,
    pq_counts,
)
from axialkit.course.telling_apart import Scored, look, shipped_network
from axialkit.course.toy_street import PRESETS, true_street
from axialkit.data.cityscapes import panoptic_label
from axialkit.evaluation.average_precision import Detections, average_precision
from axialkit.evaluation.panoptic_quality import PanopticQuality, segment_overlap
from axialkit.evaluation.semantic import MeanIoU
from tests.conftest import golden_cases


@pytest.fixture(scope="module")
def seen() -> list[Scored]:
    return look(shipped_network(), first=13, count=3)  # number 14 has a crowd


def test_there_is_a_crowd(seen: list[Scored]) -> None:
    assert any(map(measuring.is_crowd, np.unique(seen[1].truth).tolist()))


def test_pq_is_the_evaluators(seen: list[Scored]) -> None:
    quality = PanopticQuality("official")
    for one in seen:
        quality.update(one.prediction, one.instance_ids)
    counts = sum(pq_counts(one.truth, one.prediction) for one in seen)
    np.testing.assert_allclose(counts, quality.counts, atol=1e-12)
    np.testing.assert_allclose(pq(counts), quality.scores().all[:3])
    truths, predictions = ([getattr(s, n) for s in seen] for n in ("truth", "prediction"))
    assert panoptic_quality(truths, predictions) == pytest.approx(quality.scores().all.pq)


def test_miou_is_the_evaluators(seen: list[Scored]) -> None:
    expected, table = MeanIoU(), np.zeros((19, 20), np.int64)
    for one in seen:
        expected.update(class_map(one.prediction), one.instance_ids)
        table += confusion(class_map(one.truth), class_map(one.prediction), 19)
    np.testing.assert_array_equal(table, expected.counts.sum(axis=0))
    assert miou(table) == pytest.approx(expected.mean("official"))


def test_ap_is_pycocotools(seen: list[Scored]) -> None:
    pytest.importorskip("pycocotools")
    images = [Detections(segment_overlap(s.prediction, s.instance_ids), s.scores) for s in seen]
    truths = [panoptic_label(s.instance_ids) for s in seen]
    got = mean_ap(truths, [s.prediction for s in seen], [s.scores for s in seen])
    assert got == pytest.approx(average_precision(images).ap, abs=1e-12)


@pytest.mark.parametrize("path", golden_cases("eval/*/arrays.npz"), ids=lambda p: p.parent.name)
def test_pq_is_the_official_scripts(path: Path, load_golden: Callable[[Path], Any]) -> None:
    arrays = load_golden(path)
    truths = [panoptic_label(ids, keep_crowd=True) for ids in arrays["gt_instance_ids"].astype(int)]
    counts = sum(map(pq_counts, truths, arrays["pred_panoptic"]))
    official = json.loads((path.parent / "expected" / "official_panoptic.json").read_text())["All"]
    expected = [official[name] for name in ("pq", "sq", "rq")]
    np.testing.assert_allclose(pq(counts), expected, rtol=0, atol=1e-12)


def test_matches_are_unique() -> None:
    for preset in PRESETS.values():
        pairs = match_segments(true_street(), preset())
        for column in (0, 1):
            assert len({pair[column] for pair in pairs}) == len(pairs)


def test_mean_ap_takes_another_precision() -> None:
    maps = [true_street()], [PRESETS["no mistake"]()], [{11_001: 0.5, 13_001: 0.5}]
    mean = mean_ap(*maps, lambda scores, ious, objects, threshold: threshold)
    assert mean == pytest.approx(np.mean(measuring.THRESHOLDS))


def test_no_detection_is_no_precision() -> None:
    assert ap_at(np.array([]), np.array([]), 3, 0.5) == 0
