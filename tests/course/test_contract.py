"""The contract of a call: our reading of the schema against the reference one."""

import json

import numpy as np
import pytest

from axialkit.course.contract import SCHEMA, json_problem, predict, violations
from axialkit.course.stand_ins import sees_nothing, stand_in
from axialkit.data import minicity
from axialkit.inference import segment
from axialkit.visualize.panoptic import segment_table
from axialkit.weights import load_config, load_model

SEGMENT = {"id": 13001, "name": "car 1", "score": 0.5, "area": 0.1, "box": [0, 1, 2, 3]}
RIGHT = {"size": [8, 16], "segments": [SEGMENT]}


@pytest.mark.parametrize(
    "answer",
    [
        RIGHT,
        {"size": [8, 16], "segments": []},
        {"size": [8], "segments": []},
        {"size": [0, 16], "segments": []},
        {"size": "8x16", "segments": []},
        {"segments": []},
        {**RIGHT, "seconds": 3},
        {"size": [8, 16], "segments": [{**SEGMENT, "score": 1.5}]},
        {"size": [8, 16], "segments": [{**SEGMENT, "box": [0, 1, 2]}]},
        {"size": [8, 16], "segments": [{**SEGMENT, "name": None}]},
        {"size": [8, 16], "segments": [{**SEGMENT, "id": True}]},
        {"size": [8, 16], "segments": [{key: SEGMENT[key] for key in ("id", "name")}]},
        [],
        None,
    ],
)
def test_our_reading_agrees_with_the_library(answer: object) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert bool(violations(answer)) == (not validator.is_valid(answer))


def test_a_fault_is_told_with_its_place() -> None:
    broken = {"size": [8, 16.0], "segments": [{**SEGMENT, "area": 39.5, "extra": 1}]}
    assert sorted(violations(broken)) == [
        "segments[0] has 'extra', which nobody expects",
        "segments[0].area is 39.5, expected 0 to 1",
        "size[1] is a float, 16.0, expected integer",
    ]


def test_numbers_of_numpy_are_no_json() -> None:
    assert "int64" in json_problem({"id": np.int64(3)})
    assert json_problem({"score": float("nan")})
    assert json_problem(RIGHT) == ""


def test_the_answer_of_a_network_keeps_the_contract() -> None:
    image, config = minicity.scene(3).image, load_config("tiny")
    result = segment(load_model("tiny"), image, config)
    answer = json.loads(json.dumps(predict(image, lambda _: result)))
    assert violations(answer) == []
    table = segment_table(result)
    assert [part["id"] for part in answer["segments"]] == [row.id for row in table]
    assert [tuple(part["box"]) for part in answer["segments"]] == [row.box for row in table]
    assert sum(part["area"] for part in answer["segments"]) <= 1 + 1e-9


def test_void_alone_gives_no_segments_and_no_picture_is_refused() -> None:
    assert predict(np.zeros((3, 4, 3), np.uint8), sees_nothing) == {"size": [3, 4], "segments": []}
    with pytest.raises(ValueError, match=r"got float64 \[8, 16, 3\]"):
        predict(np.zeros((8, 16, 3)), stand_in)
