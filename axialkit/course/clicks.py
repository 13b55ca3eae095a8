"""From a click on a picture to a cell of the feature map, and back."""

from collections.abc import Sequence

Pair = tuple[int, int]


def click_to_feature(
    click: Sequence[int] | None, size: Pair, fitted: Pair, stride: int
) -> Pair | None:
    """Return the cell (row, column) under a click [x, y]; None for a click beside the picture.

    The picture of ``size`` lies in the upper left corner of the crop, shrunk to ``fitted``.
    """
    if click is None:
        return None
    x, y = click
    if not (0 <= x < size[1] and 0 <= y < size[0]):
        return None
    cell = []
    for place, side, shrunk in zip((y, x), size, fitted, strict=True):
        pixel = int(place * (shrunk - 1) / max(1, side - 1) + 0.5)
        cell.append(int(pixel / stride + 0.5))
    return cell[0], cell[1]


def feature_to_click(cell: Pair, size: Pair, fitted: Pair, stride: int) -> Pair:
    """Return the pixel (x, y) of the picture that is nearest to the center of a cell."""
    y, x = (
        int(stride * number * (side - 1) / max(1, shrunk - 1) + 0.5)
        for number, side, shrunk in zip(cell, size, fitted, strict=True)
    )
    return x, y
