"""Palettes: which color a class has in every picture of an answer.

The colors of ``COLORBLIND`` were found by optimisation. It made the smallest distance between two
of them, or between one and the black of void or the white of borders, as large as it would get: in
CIELAB, over four kinds of eyes at once, normal ones and those without the cones for long, medium or
short waves, as Machado, Oliveira and Fernandes (2009) simulate them. That is 23, where the
Cityscapes colors have 3. Among nearly equal solutions it is the one closest to the Cityscapes
colors, so the sky is still blue and vegetation green.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from axialkit.data.cityscapes import TRAIN_CLASSES


class Palette(NamedTuple):
    """The color of every class, and how far the color of one thing may lie from its class's."""

    colors: UInt8[np.ndarray, "256 3"]  # train id -> RGB; what is no class is black
    variation: int  # largest change per channel from a class to one of its things


def _of_classes(colors: list[tuple[int, int, int]]) -> UInt8[np.ndarray, "256 3"]:
    table = np.zeros((256, 3), np.uint8)
    table[: len(colors)] = colors
    return table


CITYSCAPES = Palette(
    _of_classes([klass.color for klass in TRAIN_CLASSES]),
    variation=60,  # as in deeplab2
)

COLORBLIND = Palette(
    _of_classes(
        [
            *((131, 67, 132), (235, 53, 255), (80, 76, 74), (75, 85, 183), (150, 126, 142)),
            *((189, 191, 178), (255, 173, 97), (236, 218, 5), (114, 152, 100), (139, 255, 171)),
            *((92, 156, 205), (200, 47, 47), (255, 0, 0), (74, 1, 171), (66, 0, 105)),
            *((4, 43, 66), (178, 215, 248), (137, 1, 252), (101, 4, 2)),
        ]
    ),
    variation=10,  # more would carry a thing's color over to another class
)

PALETTES = {"cityscapes": CITYSCAPES, "colorblind": COLORBLIND}
