"""From label ids to instanceIds: which pixels form one instance, and the number that it gets."""

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int, Int32, Int64, UInt8

from axialkit.data.cityscapes import BY_NAME, CLASSES
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR

_NAME_OF_ID = {klass.id: klass.name for klass in CLASSES}
_IS_THING: Bool[np.ndarray, "256"] = np.zeros(256, bool)
_IS_THING[[klass.id for klass in BY_NAME.values() if klass.has_instances and klass.id >= 0]] = True


def components(labels: UInt8[np.ndarray, "height width"]) -> Int32[np.ndarray, "height width"]:
    """Number the 8-connected regions of each thing class: from 1, by first pixel; stuff is 0.

    Works on runs (pixels of one class side by side in a row), of which an image has few.
    """
    height, width = labels.shape
    row, begin, end, klass = _runs(labels)
    upper, lower = _touching(row, begin, end, width)
    same = klass[upper] == klass[lower]
    roots = _smallest_connected(len(row), upper[same], lower[same])
    _, numbers = np.unique(roots, return_inverse=True)
    parts = np.zeros(height * width, np.int32)
    parts[_IS_THING[labels].ravel()] = np.repeat(numbers + 1, end - begin)
    return parts.reshape(height, width)


def numbered_ids(
    labels: UInt8[np.ndarray, "height width"],
    parts: Int32[np.ndarray, "height width"],
    path: Path,
) -> Int32[np.ndarray, "height width"]:
    """Return instanceIds: pixels of one thing class with one value of ``parts`` are an instance.

    An instance is ``id * 1000 + k``, with k from 0 per class in the order in which its first pixel
    comes (row by row). Where ``parts`` is 0 (crowd), and for stuff, the value is the label id.

    Raises:
        InputError: more than 1000 instances of a class; the message names ``path``.
    """
    counted = _IS_THING[labels] & (parts != 0)
    keys = labels[counted].astype(np.int64) << 32 | parts[counted].astype(np.uint32)
    values, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    classes = values >> 32  # ascending
    _check_counts(classes, path)
    order = np.lexsort((first, classes))
    ranks = np.empty_like(classes)
    ranks[order] = np.arange(len(classes)) - np.searchsorted(classes, classes)
    ids = labels.astype(np.int32)
    ids[counted] = (classes * LABEL_DIVISOR + ranks)[inverse]
    return ids


def _check_counts(classes: Int64[np.ndarray, " instance"], path: Path) -> None:
    counts = np.bincount(classes, minlength=1)
    worst = int(counts.argmax())
    if counts[worst] > LABEL_DIVISOR:
        raise InputError(
            f"{path} has {counts[worst]} instances of {_NAME_OF_ID[worst]}, and the format holds "
            f"{LABEL_DIVISOR} per class and image. Remove specks from the mask, or give the "
            "instances yourself (--instances DIR, or --instances crowd for none)."
        )


def _runs(
    labels: UInt8[np.ndarray, "height width"],
) -> tuple[
    Int64[np.ndarray, " run"],
    Int64[np.ndarray, " run"],
    Int64[np.ndarray, " run"],
    UInt8[np.ndarray, " run"],
]:
    """Return row, first column, column after the last, and class of the runs of things."""
    height, width = labels.shape
    starts_here = np.ones((height, width), bool)
    starts_here[:, 1:] = labels[:, 1:] != labels[:, :-1]
    starts = np.flatnonzero(starts_here)
    lengths = np.diff(starts, append=height * width)
    klass = labels.ravel()[starts]
    thing = _IS_THING[klass]
    row, begin = np.divmod(starts[thing], width)
    return row, begin, begin + lengths[thing], klass[thing]


def _touching(
    row: Int64[np.ndarray, " run"],
    begin: Int64[np.ndarray, " run"],
    end: Int64[np.ndarray, " run"],
    width: int,
) -> tuple[Int64[np.ndarray, " pair"], Int64[np.ndarray, " pair"]]:
    """Return the pairs (upper, lower) of runs in adjacent rows that touch, also by a corner."""
    stride = width + 1  # begin and end both lie in 0..width, so the keys of rows do not mix
    above = (row - 1) * stride
    # of the row above: the first that ends at or after my begin, the last that begins by my end
    low = np.searchsorted(row * stride + end, above + begin, side="left")
    high = np.searchsorted(row * stride + begin, above + end, side="right")
    counts = np.maximum(high - low, 0)
    lower = np.repeat(np.arange(len(row)), counts)
    within = np.arange(len(lower)) - np.repeat(np.cumsum(counts) - counts, counts)
    return low[lower] + within, lower


def _smallest_connected(
    count: int, one: Int[np.ndarray, " pair"], two: Int[np.ndarray, " pair"]
) -> Int64[np.ndarray, " count"]:
    """Return, for each of ``count`` nodes, the smallest node that pairs connect it with.

    Union-find on whole arrays: every tree with a smaller neighbor is hung below that one, then all
    paths are cut short, until both ends of each pair have one root.
    """
    root = np.arange(count)
    while True:
        ends = root[one], root[two]
        if np.array_equal(*ends):
            return root
        np.minimum.at(root, np.maximum(*ends), np.minimum(*ends))
        while not np.array_equal(root, root[root]):
            root = root[root]
