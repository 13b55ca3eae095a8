"""Where the name of a segment goes in a picture: where the segment is thickest."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from axialkit.structures import VOID

Labels = Int[np.ndarray, "height width"]

_CELLS = 256  # along the longer side: a spot need not be exact to the pixel


class Spot(NamedTuple):
    """A place for the name of a segment, in pixels."""

    label: int  # panoptic label
    y: float
    x: float
    thickness: float  # diameter of the largest diamond around the place inside the segment


def name_spots(panoptic: Labels, thinnest: float) -> list[Spot]:
    """Return an innermost place of every segment of at least that thickness, thick ones first.

    Void gets no name.
    """
    step = max(1, max(panoptic.shape) // _CELLS)
    small = panoptic[::step, ::step]
    depth = _depth(small)
    spots = []
    for label in np.unique(small[2 * depth * step >= thinnest]).tolist():
        inside = np.where(small == label, depth, -1)
        deepest = np.argwhere(inside == inside.max())
        middle = np.abs(deepest - deepest.mean(axis=0)).sum(axis=1).argmin()
        y, x = deepest[middle].tolist()
        spots.append(Spot(label, float(y * step), float(x * step), float(2 * inside[y, x] * step)))
    named = [spot for spot in spots if spot.label != VOID]
    return sorted(named, key=lambda spot: (spot.thickness, spot.label), reverse=True)


def _depth(labels: Labels) -> Labels:
    """Count, per pixel, the erosions that its segment survives there (the border erodes too)."""
    depth = np.zeros(labels.shape, np.int32)
    alive = np.ones(labels.shape, bool)
    while alive.any():
        inner = np.zeros_like(alive)
        inner[1:-1, 1:-1] = alive[1:-1, 1:-1]
        for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
            inner &= np.roll(alive, shift, axis) & (np.roll(labels, shift, axis) == labels)
        depth += inner
        alive = inner
    return depth
