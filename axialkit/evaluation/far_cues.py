"""Accuracy on MiniCity's objects that only a far cue tells, by distance to that cue.

Of all panoptic quality, these objects are a small part; measured alone, they show whether a
network sees far. Chance is one over the number of alternatives (three long vehicles: 33 %).
"""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Integer

from axialkit.data.cityscapes import BY_NAME
from axialkit.data.minicity import SpecialObject

DISTANCE_BINS = (0, 20, 40, 60)  # pixels; the last bin is open


class CueScore(NamedTuple):
    """How one kind of objects was recognised; fractions 0..1, NaN where there is no pixel."""

    kind: str
    ambiguous: bool  # False: local texture tells the class as well
    objects: int
    object_accuracy: float  # share of objects most of whose pixels have the right class
    pixel_accuracy: float
    accuracy_by_distance: tuple[float, ...]  # in the bins of DISTANCE_BINS


class FarCueAccuracy:
    """Collects the objects of a stream of images."""

    def __init__(self) -> None:
        # (kind, ambiguous) -> [bin, (right, all)] pixels, and the same for objects
        self._pixels: dict[tuple[str, bool], Int[np.ndarray, "bin 2"]] = {}
        self._objects: dict[tuple[str, bool], Int[np.ndarray, " right_all"]] = {}

    def update(
        self,
        special: SpecialObject,
        visible: Bool[np.ndarray, "height width"],
        semantic: Integer[np.ndarray, "height width"],
    ) -> None:
        """Add one object: where it is visible, and the predicted train ids of its image."""
        if not visible.any():
            return
        right = semantic[visible] == BY_NAME[special.label].train_id
        distance = distance_to_box(np.argwhere(visible), special.cue)
        bins = np.digitize(distance, DISTANCE_BINS[1:])
        key = (special.kind, special.ambiguous)
        self._make_room(key)
        for column, counted in enumerate((bins[right], bins)):
            self._pixels[key][:, column] += np.bincount(counted, minlength=len(DISTANCE_BINS))
        self._objects[key] += (2 * right.sum() > right.size, 1)

    def merge(self, other: "FarCueAccuracy") -> None:
        """Add the objects that another process has seen."""
        for key, pixels in other._pixels.items():
            self._make_room(key)
            self._pixels[key] += pixels
            self._objects[key] += other._objects[key]

    def to_rows(self) -> list[list[Any]]:
        """Return what was counted as plain values, for JSON."""
        return [
            [*key, pixels.tolist(), self._objects[key].tolist()]
            for key, pixels in self._pixels.items()
        ]

    @classmethod
    def from_rows(cls, rows: list[list[Any]]) -> "FarCueAccuracy":
        """Take up what ``to_rows`` returned."""
        counted = cls()
        for kind, ambiguous, pixels, objects in rows:
            counted._pixels[kind, ambiguous] = np.array(pixels, np.int64)
            counted._objects[kind, ambiguous] = np.array(objects, np.int64)
        return counted

    def _make_room(self, key: tuple[str, bool]) -> None:
        if key not in self._pixels:
            self._pixels[key] = np.zeros((len(DISTANCE_BINS), 2), np.int64)
            self._objects[key] = np.zeros(2, np.int64)

    def scores(self) -> list[CueScore]:
        """Return one line per kind, the ambiguous objects first."""
        order = sorted(self._pixels, key=lambda key: (not key[1], key[0]))
        return [self._score(key) for key in order]

    def _score(self, key: tuple[str, bool]) -> CueScore:
        pixels, (right, objects) = self._pixels[key], self._objects[key].tolist()
        right_pixels, all_pixels = pixels.sum(axis=0)
        shares = np.where(pixels[:, 1] > 0, pixels[:, 0] / np.maximum(pixels[:, 1], 1), np.nan)
        return CueScore(
            kind=key[0],
            ambiguous=key[1],
            objects=objects,
            object_accuracy=right / objects,
            pixel_accuracy=float(right_pixels / all_pixels),
            accuracy_by_distance=tuple(shares.tolist()),
        )


def distance_to_box(
    points: Integer[np.ndarray, "point 2"], box: tuple[int, int, int, int]
) -> Float[np.ndarray, " point"]:
    """Return the distance of points (y, x) to a box (y0, x0, y1, x1), 0 inside, in pixels."""
    low, high = np.array(box[:2]), np.array(box[2:])
    outside = np.maximum(np.maximum(low - points, points - high), 0)
    return np.hypot(outside[:, 0], outside[:, 1])
