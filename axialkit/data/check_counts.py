"""Counting what the labels of one image hold: pixels, instances, segments."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES, train_ids
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR

Ids = Int[np.ndarray, "height width"]

SMALL_AREA = 4096 / (1024 * 2048)  # the official recipe's limit, as a share of the image


class LabelCounts(NamedTuple):
    """What the labels of one image hold; a crowd counts as pixels of its class, too."""

    pixels: Int[np.ndarray, "19"]  # of each train id
    instances: Int[np.ndarray, "19"]
    total: int  # pixels of the image
    void: int  # pixels of classes that are not evaluated
    crowd: int  # pixels of things without a number
    small: int  # instances below SMALL_AREA


def count_labels(instance_ids: Ids) -> LabelCounts:
    """Count the pixels and the instances of each class."""
    areas = np.bincount(instance_ids.ravel())
    present = np.flatnonzero(areas)
    areas, numbered = areas[present], present >= LABEL_DIVISOR
    klass = train_ids(np.where(numbered, present // LABEL_DIVISOR, present)).astype(np.int64)
    is_thing = np.isin(klass, THING_TRAIN_IDS)
    is_instance = is_thing & numbered
    pixels = np.zeros(IGNORE_CLASS + 1, np.int64)
    np.add.at(pixels, klass, areas)
    instances = np.bincount(klass[is_instance], minlength=len(TRAIN_CLASSES))
    return LabelCounts(
        pixels=pixels[: len(TRAIN_CLASSES)],
        instances=instances,
        total=instance_ids.size,
        void=int(pixels[IGNORE_CLASS]),
        crowd=int(areas[is_thing & ~numbered].sum()),
        small=int((is_instance & (areas < SMALL_AREA * instance_ids.size)).sum()),
    )


def segment_areas(instance_ids: Ids) -> dict[int, int]:
    """Return the pixels of every segment of an evaluated class, by its id."""
    areas = np.bincount(instance_ids.ravel())
    present = np.flatnonzero(areas)
    classes = np.where(present >= LABEL_DIVISOR, present // LABEL_DIVISOR, present)
    shown = present[train_ids(classes) != IGNORE_CLASS]
    return dict(zip(shown.tolist(), areas[shown].tolist(), strict=True))
