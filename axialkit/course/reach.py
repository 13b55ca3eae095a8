"""Who can hear from whom, and what it costs: lesson 01's ideas as functions of the grid alone.

A *hop* is one layer, named by a letter: ``H`` attention along the height axis (each pixel looks
along its own column), ``W`` attention along the width axis (its own row), ``F`` full attention,
``C`` a 3x3 convolution. A stack of layers is a string of hops in the order in which they run.
"""

import numpy as np
from jaxtyping import Bool

from axialkit.errors import InputError

Mask = Bool[np.ndarray, "height width"]


def attention_cost(h: int, w: int, kind: str) -> int:
    """Count the query-key pairs on an ``h`` x ``w`` map; ``kind`` is "full" or "axial".

    Axial is both hops together: each pixel meets the ``h`` pixels of its column, then the ``w``
    pixels of its row (itself included, both times).
    """
    if kind == "full":
        return (h * w) * (h * w)
    if kind == "axial":
        return (h * w) * h + (h * w) * w
    raise InputError(f'There is no attention kind "{kind}". Choose "full" or "axial".')


def attention_bytes(h: int, w: int, kind: str) -> int:
    """Size of the attention weights of one head and one image in float32."""
    return 4 * attention_cost(h, w, kind)


def reachable(mask: Mask, hops: str) -> Mask:
    """Spread a message: ``mask`` marks who knows it, the result who knows it after the hops."""
    for hop in hops:
        mask = spread(mask, hop)
    return mask


def spread(mask: Mask, hop: str) -> Mask:
    """Spread a message by one hop."""
    if hop == "H":
        heard = mask.any(axis=0, keepdims=True)  # one answer per column
    elif hop == "W":
        heard = mask.any(axis=1, keepdims=True)  # one answer per row
    elif hop == "F":
        heard = mask.any(keepdims=True)
    elif hop == "C":
        heard = _dilate(_dilate(mask).T).T
    else:
        raise InputError(f'There is no hop "{hop}". Hops are H, W, F and C.')
    return np.broadcast_to(heard, mask.shape).copy()


def _dilate(mask: Mask) -> Mask:
    """Spread to the row above and the row below."""
    wider = mask.copy()
    wider[1:] |= mask[:-1]
    wider[:-1] |= mask[1:]
    return wider


def layers_to_cover(h: int, w: int, y: int, x: int, hop: str) -> int:
    """Count how many layers of one kind it takes until pixel (y, x) has heard from everyone."""
    mask = np.zeros((h, w), dtype=bool)
    mask[y, x] = True
    for layers in range(h + w):
        if mask.all():
            return layers
        mask = spread(mask, hop)
    raise InputError(f'Hop "{hop}" alone never covers a {h} x {w} map.')


def corner(i: int, j: int, h: int, w: int) -> tuple[int, int]:
    """Where pixel (h, w)'s message stands after the H hop, on its way to pixel (i, j).

    The H hop carries it along its own column ``w`` into the row ``i`` of the pixel that asks; the
    W hop then carries it along that row.
    """
    return i, w


def count_segments(panoptic: np.ndarray, train_id: int) -> int:
    """Count the segments of one class in a panoptic map (labels are train_id * 1000 + number)."""
    labels = np.unique(panoptic)
    return int((labels // 1000 == train_id).sum())
