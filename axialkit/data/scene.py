"""What a drawn scene is: polygons are the truth, pixels and labels follow from them."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8


class Polygon(NamedTuple):
    """One annotated region; later polygons of a scene cover earlier ones."""

    label: str  # Cityscapes class name, or name + "group" for a crowd
    points: tuple[tuple[int, int], ...]  # integer vertices (x, y), as in polygons.json


class Special(NamedTuple):
    """An object whose class only a far cue tells, kept aside for scoring."""

    kind: str  # "side", "roof", "boards", "gable": what has to be looked for, and where
    polygon: int  # index into the scene's polygons
    ambiguous: bool  # False: the class is plain from local texture as well
    alternatives: tuple[str, ...]  # class names it could be without the cue
    cue: tuple[int, int, int, int]  # box of the telling detail: y0, x0, y1, x1 (inclusive)


class Scene(NamedTuple):
    """One drawn street."""

    image: UInt8[np.ndarray, "height width 3"]
    polygons: tuple[Polygon, ...]  # back to front
    specials: tuple[Special, ...]
