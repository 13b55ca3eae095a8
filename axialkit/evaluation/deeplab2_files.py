"""Panoptic maps as deeplab2 writes them, into its folder ``raw_panoptic``.

A class (a label id, 24 = person; 0 = void) and a number per pixel, in one of three forms. None of
them says which it is, so one has to know.
"""

from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Int, Integer
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS
from axialkit.data.images import DECODE_ERRORS
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR, VOID

RawEncoding = Literal["two-channel", "three-channel", "numpy"]
SUFFIX: dict[str, str] = {"two-channel": ".png", "three-channel": ".png", "numpy": ".npy"}


def read_raw(path: Path, encoding: RawEncoding) -> Int[np.ndarray, "height width"]:
    """Return the panoptic labels of a file of ``raw_panoptic``.

    ``two-channel``: PNG, red = class, green = number. ``three-channel``: the number is green * 256
    + blue. ``numpy``: an array ``[height, width, 2 or 3]`` of class and number.

    Raises:
        InputError: unreadable, of another shape, or with a class that is not evaluated.
    """
    channels = _read(path)
    if channels.ndim != 3 or channels.shape[2] < 2:
        raise InputError(f"{path} has the shape {list(channels.shape)}, but needs two channels.")
    klass, number = channels[..., 0].astype(np.int64), channels[..., 1].astype(np.int64)
    if encoding == "three-channel":
        number = number * 256 + channels[..., 2]
    table = np.full(256, -1)
    table[LABEL_IDS] = np.arange(len(LABEL_IDS))
    table[0] = VOID // LABEL_DIVISOR
    wrong = np.unique(klass[table[np.clip(klass, 0, 255)] < 0])
    if len(wrong) or number.max(initial=0) >= LABEL_DIVISOR:
        what = f"the class {wrong[0]}" if len(wrong) else f"the number {number.max()}"
        raise InputError(
            f"{path} holds {what}. Classes are label ids (7 = road ... 33 = bicycle, 0 = void), "
            f"numbers below {LABEL_DIVISOR}. Is it {encoding}?"
        )
    return _labels(table[klass], number)


def _read(path: Path) -> Integer[np.ndarray, "..."]:
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with Image.open(path) as image:
            return np.array(image)
    except DECODE_ERRORS as error:
        raise InputError(f"Cannot read {path}: {error}. Write it again.") from error


def _labels(
    train_id: Int[np.ndarray, "height width"], number: Int[np.ndarray, "height width"]
) -> Int[np.ndarray, "height width"]:
    label = train_id * LABEL_DIVISOR + number
    return np.where(train_id * LABEL_DIVISOR == VOID, VOID, label).astype(np.int32)
