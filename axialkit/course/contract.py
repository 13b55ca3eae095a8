"""What a call promises to return, as a schema that can be checked, and a call that keeps it."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from axialkit.structures import VOID, PanopticResult
from axialkit.visualize.panoptic import segment_name

Schema = dict[str, Any]
Network = Callable[[np.ndarray], PanopticResult]

_SEGMENT: Schema = {
    "type": "object",
    "properties": {
        "id": {"type": "integer", "minimum": 0},
        "name": {"type": "string"},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "area": {"type": "number", "minimum": 0, "maximum": 1},
        "box": {
            "type": "array",
            "items": {"type": "integer", "minimum": 0},
            "minItems": 4,
            "maxItems": 4,
        },
    },
    "required": ["id", "name", "score", "area", "box"],
    "additionalProperties": False,
}
SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "size": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1},
            "minItems": 2,
            "maxItems": 2,
        },
        "segments": {"type": "array", "items": _SEGMENT},
    },
    "required": ["size", "segments"],
    "additionalProperties": False,
}

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
}


def predict(image: object, network: Network) -> dict[str, Any]:
    """Answer with numbers and text only, as the schema says: largest segment first, no void.

    Raises:
        ValueError: the image is not uint8 ``[height, width, 3]``.
    """
    if not isinstance(image, np.ndarray):
        raise ValueError(f"An image must be a NumPy array, got a {type(image).__name__}.")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"An image must be uint8 [height, width, 3], got {image.dtype} {list(image.shape)}."
        )
    result = network(image)
    segments = []
    for label in np.unique(result.panoptic).tolist():
        if label == VOID:
            continue
        ys, xs = np.nonzero(result.panoptic == label)
        segments.append(
            {
                "id": label,
                "name": segment_name(label),
                "score": float(result.segment_probability[ys, xs].mean()),
                "area": len(ys) / result.panoptic.size,
                "box": [int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1],
            }
        )
    segments.sort(key=lambda segment: (-segment["area"], segment["id"]))
    return {"size": list(image.shape[:2]), "segments": segments}


def violations(answer: Any, schema: Schema = SCHEMA, place: str = "the answer") -> list[str]:  # noqa: ANN401
    """Say, one sentence each, where an answer breaks the schema (what of JSON Schema we use).

    Example::

        violations({"size": [128, 256.0], "segments": []})
        # ["size[1] is a float, 256.0, expected integer"]
    """
    return list(_broken(answer, schema, place))


def json_problem(answer: Any) -> str:  # noqa: ANN401  (whatever a call returns)
    """Say why JSON cannot hold an answer; empty if it can."""
    try:
        json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"JSON cannot hold it ({error})"
    return ""


def _broken(value: Any, schema: Schema, place: str) -> Iterator[str]:  # noqa: ANN401
    wanted = schema["type"]
    fits = isinstance(value, _KINDS[wanted]) and not isinstance(value, bool)
    if not fits:
        article = "an" if type(value).__name__[0] in "aeiou" else "a"
        shown = repr(value)[:60]
        yield f"{place} is {article} {type(value).__name__}, {shown}, expected {wanted}"
    elif wanted == "object":
        yield from _broken_object(value, schema, place)
    elif wanted == "array":
        yield from _broken_array(value, schema, place)
    elif wanted in ("integer", "number"):
        yield from _broken_number(value, schema, place)


def _broken_object(value: dict[str, Any], schema: Schema, place: str) -> Iterator[str]:
    parts = schema["properties"]
    yield from (f"{place} has no {name!r}" for name in schema["required"] if name not in value)
    yield from (
        f"{place} has {name!r}, which nobody expects" for name in value.keys() - parts.keys()
    )
    for name in parts.keys() & value.keys():
        inside = name if place == "the answer" else f"{place}.{name}"
        yield from _broken(value[name], parts[name], inside)


def _broken_array(value: list[Any], schema: Schema, place: str) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield f"{place} has {len(value)} entries, expected {least}"
    for number, item in enumerate(value):
        yield from _broken(item, schema["items"], f"{place}[{number}]")


def _broken_number(value: int | float, schema: Schema, place: str) -> Iterator[str]:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    if not least <= value <= most:
        yield f"{place} is {value}, expected {least} to {most}"
