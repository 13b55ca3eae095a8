"""Runs of equal values along the rows of a label map: a few thousand where pixels are millions."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Integer, Shaped


class Runs(NamedTuple):
    """The runs of a map, in raster order; none crosses the end of a row."""

    value: Integer[np.ndarray, " n"]
    start: Int[np.ndarray, " n"]  # index of the first pixel in the flattened map
    length: Int[np.ndarray, " n"]
    size: tuple[int, int]  # height, width of the map

    @property
    def y(self) -> Int[np.ndarray, " n"]:
        """Row of each run."""
        return self.start // self.size[1]

    @property
    def x_sum(self) -> Int[np.ndarray, " n"]:
        """Sum of the columns of each run's pixels, doubled to stay whole."""
        return self.length * (2 * (self.start % self.size[1]) + self.length - 1)

    def spread(self, values: Shaped[np.ndarray, " n"]) -> Shaped[np.ndarray, "height width"]:
        """Return a map that has one value per run in all pixels of it."""
        return np.repeat(values, self.length).reshape(self.size)


def find_runs(label: Integer[np.ndarray, "height width"]) -> Runs:
    """Cut the rows of a map where their values change."""
    height, width = label.shape
    begins = np.ones((height, width), bool)
    np.not_equal(label[:, 1:], label[:, :-1], out=begins[:, 1:])
    start = np.flatnonzero(begins)
    length = np.diff(start, append=height * width)
    return Runs(label.ravel()[start], start, length, (height, width))


def shared_runs(
    first: Integer[np.ndarray, "height width"], second: Integer[np.ndarray, "height width"]
) -> tuple[Integer[np.ndarray, " run"], Integer[np.ndarray, " run"], Int[np.ndarray, " run"]]:
    """Cut two maps into runs of pixels in which neither changes: both values, and the length.

    Label maps have a few thousand runs where they have millions of pixels.
    """
    begins = np.ones(first.shape, bool)
    np.not_equal(first[:, 1:], first[:, :-1], out=begins[:, 1:])
    begins[:, 1:] |= second[:, 1:] != second[:, :-1]
    start = np.flatnonzero(begins)
    length = np.diff(start, append=first.size)
    return first.ravel()[start], second.ravel()[start], length
