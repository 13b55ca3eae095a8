"""Where a picture lies in the network's crop, and back: pixels, points of the crop, cells.

A *cell* is one position (y, x) of a layer's map. Picture, crop and map are aligned at their
corners: pixel 0 goes to 0, the last to the last.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from axialkit.data.augment import fit_size
from axialkit.data.resize import resize_label
from axialkit.structures import VOID
from axialkit.visualize.two_hop import cell_at

Point = tuple[int, int]  # (y, x)

_ANSWER_SIDE = 2049  # pixels: answers to larger pictures are computed at that size


class Placement(NamedTuple):
    """How a picture lies in the crop: shrunk if too large, in the upper left corner."""

    size: tuple[int, int]
    fitted: tuple[int, int]
    crop: tuple[int, int]

    @classmethod
    def of(cls, size: tuple[int, ...], crop: tuple[int, int]) -> "Placement":
        """Place a picture of that size (height, width)."""
        size = (size[0], size[1])
        return cls(size, fit_size(size, crop), crop)

    def enter(self, pixel: Point) -> Point:
        """Move a pixel of the picture into the crop.

        Raises:
            InputError: the pixel lies outside the picture.
        """
        return cell_at(pixel, self.size, self.fitted)  # corners are aligned here, too

    def leave(self, point: tuple[int | float, int | float]) -> Point:
        """Move a point of the crop to the nearest pixel of the picture; padding to its border.

        A side that was shrunk to a single pixel has its middle there.
        """
        y, x = (
            min(max(int(_scaled(p, size, fitted) + 0.5), 0), size - 1)
            for p, size, fitted in zip(point, self.size, self.fitted, strict=True)
        )
        return y, x

    def cell(self, pixel: Point, cells: tuple[int, int]) -> Point:
        """Return the cell of a map whose center is nearest to a pixel of the picture.

        Raises:
            InputError: the pixel lies outside the picture.
        """
        return cell_at(self.enter(pixel), self.crop, cells)

    def center(self, cell: Point, cells: tuple[int, int]) -> Point:
        """Return the pixel of the picture at a cell's center, or the nearest to it."""
        y, x = (
            c * (crop - 1) / max(1, count - 1)
            for c, crop, count in zip(cell, self.crop, cells, strict=True)
        )
        return self.leave((y, x))

    def pitch(self, cells: tuple[int, int]) -> tuple[float, float]:
        """Return how many pixels of the picture lie between the centers of two cells."""
        high, wide = (
            _scaled((crop - 1) / max(1, count - 1), size, fitted) if fitted > 1 else float(size)
            for crop, count, size, fitted in zip(
                self.crop, cells, self.size, self.fitted, strict=True
            )
        )
        return high, wide

    @property
    def answer_size(self) -> tuple[int, int]:
        """The size at which the page computes answers: the picture's, or at most 2049 a side."""
        return fit_size(self.size, (_ANSWER_SIDE, _ANSWER_SIDE))

    def in_answer(self, pixel: Point) -> Point:
        """Move a pixel of the picture to the answer.

        Raises:
            InputError: the pixel lies outside the picture.
        """
        return cell_at(pixel, self.size, self.answer_size)

    @property
    def crop_in_picture(self) -> tuple[int, int]:
        """The crop's size in pixels of the picture."""
        height, width = (
            round((crop - 1) * (size - 1) / max(1, fitted - 1)) + 1
            for size, fitted, crop in zip(*self, strict=True)
        )
        return height, width

    def place(
        self, labels: Int[np.ndarray, "height width"], cells: tuple[int, int] | None = None
    ) -> Int[np.ndarray, "rows columns"]:
        """Lay the picture's labels into the crop; void elsewhere.

        With the size of a map, the labels at the border also go to the cells that lie half on the
        picture, but have their center just outside of it.
        """
        fitted = resize_label(labels, self.fitted)
        margins: tuple[int, ...] = (0, 0)
        if cells is not None:
            margins = tuple(
                min((crop - 1) // max(1, count - 1) // 2, crop - side)
                for crop, count, side in zip(self.crop, cells, self.fitted, strict=True)
            )
        placed = np.full(self.crop, VOID, np.int32)
        wider = np.pad(fitted, [(0, margin) for margin in margins], mode="edge")
        placed[: wider.shape[0], : wider.shape[1]] = wider
        return placed


def _scaled(point: int | float, size: int, fitted: int) -> float:
    return point * (size - 1) / (fitted - 1) if fitted > 1 else (size - 1) / 2
