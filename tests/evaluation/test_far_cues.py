"""Accuracy by distance to the cue, on one drawn case."""

import numpy as np
import pytest

from axialkit.data.minicity import SpecialObject
from axialkit.evaluation.far_cues import FarCueAccuracy, distance_to_box

BUS, TRUCK = 15, 14


def special(**changes):
    values = {
        "name": "goldcross_000000_000019",
        "kind": "side",
        "label": "bus",
        "alternatives": ("truck", "bus", "train"),
        "ambiguous": True,
        "cue": (2, 0, 5, 3),
        "polygon": 0,
        "instance_id": 28000,
    }
    return SpecialObject(**(values | changes))


def test_distance_is_to_the_nearest_edge_of_the_box():
    points = np.array([[3, 1], [2, 0], [2, 10], [8, 2], [1, 4], [9, 6]])
    assert distance_to_box(points, (2, 0, 5, 3)).tolist() == [0, 0, 7, 3, 2**0.5, 5]


def test_pixels_are_counted_by_distance():
    visible = np.zeros((8, 100), bool)
    visible[2:6] = True  # 4 rows; columns 0..3 are the cue
    semantic = np.full((8, 100), TRUCK)
    semantic[:, :33] = BUS
    accuracy = FarCueAccuracy()
    accuracy.update(special(), visible, semantic)
    [score] = accuracy.scores()
    # distance = column - 3: bins end at columns 22, 42, 62, 99
    assert score.accuracy_by_distance == (1.0, pytest.approx(10 / 20), 0.0, 0.0)
    assert score.pixel_accuracy == pytest.approx(0.33)
    assert score.object_accuracy == 0
    assert score.objects == 1


def test_objects_add_up_per_kind_and_ambiguity():
    visible = np.ones((4, 4), bool)
    right, wrong = np.full((4, 4), BUS), np.full((4, 4), TRUCK)
    accuracy = FarCueAccuracy()
    accuracy.update(special(ambiguous=False), visible, right)
    accuracy.update(special(), visible, right)
    accuracy.update(special(), visible, wrong)
    accuracy.update(special(kind="roof"), visible, wrong)
    scores = {(s.kind, s.ambiguous): (s.objects, s.object_accuracy) for s in accuracy.scores()}
    assert scores == {("side", True): (2, 0.5), ("roof", True): (1, 0.0), ("side", False): (1, 1.0)}
    assert not accuracy.scores()[-1].ambiguous
    assert np.isnan(accuracy.scores()[0].accuracy_by_distance[-1])


def test_an_object_that_is_wholly_covered_does_not_count():
    accuracy = FarCueAccuracy()
    accuracy.update(special(), np.zeros((4, 4), bool), np.full((4, 4), BUS))
    assert accuracy.scores() == []
