"""Panoptic PNGs: segment ids as colors, and what they stand for.

A pixel's id is ``R + 256 G + 65536 B``, 0 = void. JSON (official form, ``segments_info``) gives
each id its category (a label id, 24 = person) and, if it is there, its score. Without JSON the ids
must speak for themselves: label id * 1000 + number for things, label id for stuff.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, Integer, UInt8
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS, THING_TRAIN_IDS
from axialkit.data.images import DECODE_ERRORS
from axialkit.data.runs import find_runs
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR, VOID

_TRAIN_ID = {int(label_id): train_id for train_id, label_id in enumerate(LABEL_IDS)}


def read_id_picture(path: Path) -> Int[np.ndarray, "height width"]:
    """Read the segment ids of a panoptic PNG.

    Raises:
        InputError: unreadable, or not RGB.
    """
    rule = "a panoptic PNG is RGB, id = R + 256 G + 65536 B"
    colors = open_picture(path, ("RGB", "RGBA"), rule, convert="RGBA")
    return colors.view("<i4")[..., 0] & 0xFFFFFF


def open_picture(
    path: Path, modes: tuple[str, ...], rule: str, convert: str | None = None
) -> UInt8[np.ndarray, "height width *channel"]:
    """Read a picture that must have one of these modes; ``rule`` says so in words.

    Raises:
        InputError: unreadable, or of another mode.
    """
    try:
        with Image.open(path) as image:
            image.load()
            mode = "16-bit RGB" if _has_16_bits(path) and image.mode == "RGB" else image.mode
            values = np.asarray(image.convert(convert) if convert and mode in modes else image)
    except DECODE_ERRORS as error:
        raise InputError(f"Cannot read {path}: {error}. Write it again.") from error
    if mode not in modes:
        raise InputError(f"{path} has image mode {mode}, but {rule}.")
    return values


def _has_16_bits(path: Path) -> bool:
    """Return whether a PNG has 16 bits per channel: Pillow would drop half of them silently."""
    with path.open("rb") as file:
        header = file.read(25)
    return header[12:16] == b"IHDR" and header[24] == 16


def decode(
    path: Path, ids: Int[np.ndarray, "height width"], segments: list[dict[str, Any]] | None
) -> tuple[Integer[np.ndarray, "height width"], dict[int, float] | None]:
    """Turn segment ids into panoptic labels; return the scores of the things, if all have one.

    ``segments`` are those of the JSON, if there is one.

    Raises:
        InputError: ids that the JSON lacks, or the PNG, or that nothing explains.
    """
    runs = find_runs(ids)
    present, index = np.unique(runs.value, return_inverse=True)
    if segments is None:
        labels = [_label_of_id(path, ids, value) for value in present.tolist()]
        return runs.spread(np.array(labels, np.int32)[index]), None
    label_of = _numbered(path, segments)
    unknown = [value for value in present.tolist() if value not in label_of and value != 0]
    absent = sorted(set(label_of) - set(present.tolist()))
    if unknown or absent:
        where, which = ("PNG, but not in the JSON", unknown) if unknown else ("JSON only", absent)
        raise InputError(f"{path}: the segment ids {few(which)} are in the {where}.")
    labels = [label_of.get(value, VOID) for value in present.tolist()]
    given = {label_of[s["id"]]: s.get("score") for s in segments}
    things = {k: v for k, v in given.items() if k // LABEL_DIVISOR in THING_TRAIN_IDS}
    complete = all(score is not None for score in things.values())
    scores = {k: float(v) for k, v in things.items() if v is not None} if complete else None
    return runs.spread(np.array(labels, np.int32)[index]), scores


def labels_of_ids(
    path: Path, ids: Int[np.ndarray, "height width"]
) -> Int[np.ndarray, "height width"]:
    """Turn segment ids that say themselves what they are into panoptic labels.

    Raises:
        InputError: an id is no label id * 1000 + number.
    """
    return decode(path, ids, None)[0]


def _numbered(path: Path, segments: list[dict[str, Any]]) -> dict[int, int]:
    """Give each segment of the JSON a panoptic label, in the order of the JSON."""
    counts: dict[int, int] = {}
    labels = {}
    for segment in segments:
        klass = _TRAIN_ID.get(segment.get("category_id", 0))
        if klass is None:
            raise InputError(
                f"{path}: its JSON gives the segment {segment.get('id')} the category "
                f"{segment.get('category_id')}, which is none of the 19 evaluated label ids "
                "(7 = road ... 33 = bicycle). Are they train ids?"
            )
        counts[klass] = counts.get(klass, int(klass in THING_TRAIN_IDS) - 1) + 1
        if counts[klass] >= LABEL_DIVISOR:
            raise InputError(f"{path}: its JSON has {LABEL_DIVISOR} or more segments of one class.")
        labels[segment["id"]] = klass * LABEL_DIVISOR + counts[klass]
    return labels


def _label_of_id(path: Path, ids: Int[np.ndarray, "height width"], value: int) -> int:
    """Read an id that says itself what it is."""
    label_id, number = divmod(value, LABEL_DIVISOR) if value >= LABEL_DIVISOR else (value, 0)
    if value == 0:
        return VOID
    klass = _TRAIN_ID.get(label_id)
    if klass is None or (klass in THING_TRAIN_IDS and value < LABEL_DIVISOR):
        two_channels = not (ids >= 65536).any() and (ids % 256 <= 18).all()
        hint = (
            " It looks like deeplab2's raw_panoptic: say --encoding two-channel or three-channel."
            if two_channels
            else ""
        )
        raise InputError(
            f"{path} holds the segment id {value}, and no JSON says what that is. Without JSON, "
            f"ids are label id * 1000 + number (things) or label id (stuff), 0 = void.{hint}"
        )
    return klass * LABEL_DIVISOR + number


def few(values: Sequence[int] | Sequence[str] | np.ndarray) -> str:
    """List the first values in words."""
    shown = [str(value) for value in list(values)[:6]]
    return ", ".join(shown) + (" ..." if len(values) > 6 else "")
