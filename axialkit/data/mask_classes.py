"""From plain masks to Cityscapes label ids: the table of classes, and reading masks exactly.

The table is a JSON file that maps what a mask stores to names of Cityscapes classes::

    {"0": "unlabeled", "1": "road", "2": "car"}            grey or palette masks
    {"#000000": "unlabeled", "#804080": "road"}            masks of colors, #RRGGBB

Below, a color is one number: ``R * 65536 + G * 256 + B``.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, Int64, UInt8
from PIL import Image, ImageOps

from axialkit.data.cityscapes import BY_NAME
from axialkit.data.images import DECODE_ERRORS, MAX_PIXELS
from axialkit.errors import InputError, suggest
from axialkit.files import read_json

_LOSSLESS = ("PNG", "BMP", "TIFF", "GIF", "PPM")
_LOSSY_INSIDE_TIFF = ("jpeg", "tiff_jpeg", "webp")
_COLOR_MODES = ("RGB", "RGBA")
_NUMBER_MODES = ("1", "L", "P", "I", "I;16", "I;16B")
_NUMBER_BESIDE_ALPHA = ("LA", "PA")
# Pillow stretches grey PNGs of 2 and 4 bits to 0..255; masks mean the stored numbers
_GREY_STEPS = {"L;2": 85, "L;4": 17}
_CUT_TO_8_BIT = ("RGB;16B", "RGBA;16B", "LA;16B")
_NAMES = [klass.name for klass in BY_NAME.values() if klass.id >= 0]


class ClassTable(NamedTuple):
    """Which stored value means which class."""

    path: Path
    colors: bool  # values are colors, else grey levels or palette indices
    names: dict[str, str]  # the file's content, keys in one spelling
    values: Int64[np.ndarray, " value"]  # ascending
    ids: UInt8[np.ndarray, " value"]  # the Cityscapes label id of each


def read_class_table(path: Path) -> ClassTable:
    """Read a table of classes.

    Raises:
        InputError: the file is missing, no JSON, not of the form above, or names unknown classes.
    """
    content = read_json(path)
    if not isinstance(content, dict) or not content:
        raise InputError(
            f'{path} must map mask values to class names, like {{"0": "unlabeled", "1": "road"}}.'
        )
    ids = {key: _class_id(name, key, path) for key, name in content.items()}
    values = {key: _value(key, path) for key in content}
    if len({key.startswith("#") for key in content}) > 1:
        raise InputError(
            f"{path} mixes numbers and colors. Use numbers for grey and palette masks, or colors "
            "for RGB masks."
        )
    keys = sorted(values, key=values.__getitem__)
    for one, two in zip(keys, keys[1:], strict=False):
        if values[one] == values[two]:
            raise InputError(f'{path} names "{one}" and "{two}", the same value. Remove one.')
    colors = keys[0].startswith("#")
    return ClassTable(
        path=path,
        colors=colors,
        names={_spell(values[key], colors=colors): content[key] for key in keys},
        values=np.array([values[key] for key in keys], np.int64),
        ids=np.array([ids[key] for key in keys], np.uint8),
    )


def read_label_mask(path: Path, table: ClassTable) -> UInt8[np.ndarray, "height width"]:
    """Read a mask as Cityscapes label ids.

    Raises:
        InputError: the file is unreadable, lossy or of the wrong kind, or a value is not in the
            table.
    """
    values = _read_colors(path) if table.colors else _read_numbers(path)
    index = np.searchsorted(table.values, values).clip(max=len(table.values) - 1)
    unknown = table.values[index] != values
    if unknown.any():
        y, x = np.argwhere(unknown)[0].tolist()
        value = _spell(int(values[y, x]), colors=table.colors)
        others = int((unknown & (values != values[y, x])).sum())
        more = f" (pixels with further unknown values: {others})" if others else ""
        raise InputError(
            f"{path} holds the value {value} at (y={y}, x={x}), which is not in {table.path}{more}."
            ' Add it there; "unlabeled" means that it counts nowhere.'
        )
    return table.ids[index]


def read_instance_mask(path: Path) -> Int32[np.ndarray, "height width"]:
    """Read a mask whose values tell instances apart; colors become numbers, black is 0.

    Raises:
        InputError: the file is unreadable or lossy.
    """
    image, step = _decode(path)
    return _pack(image) if image.mode in _COLOR_MODES else _numbers(image, step, path)


def _value(key: str, path: Path) -> int:
    if re.fullmatch(r"#[0-9a-fA-F]{6}", key):
        return int(key[1:], 16)
    if key.isascii() and key.isdigit() and int(key) < 2**16:
        return int(key)
    raise InputError(
        f'{path} has the key "{key}", which is neither a number from 0 to 65535 nor a color like '
        '"#804080". Correct it.'
    )


def _class_id(name: object, key: str, path: Path) -> int:
    if name in _NAMES:
        return BY_NAME[str(name)].id
    if name in BY_NAME:
        raise InputError(
            f'{path} maps "{key}" to "{name}", which Cityscapes never paints. Use the class of '
            'what it is part of (car, truck...), or "unlabeled".'
        )
    raise InputError(
        f'{path} maps "{key}" to {name!r}, which is not a Cityscapes class.'
        f"{suggest(str(name), _NAMES)} Classes: {', '.join(_NAMES)}."
    )


def _spell(value: int, *, colors: bool) -> str:
    return f"#{value:06x}" if colors else str(value)


def _read_numbers(path: Path) -> Int32[np.ndarray, "height width"]:
    image, step = _decode(path)
    if image.mode in _COLOR_MODES:
        raise InputError(
            f"The mask {path} holds colors, but the table of classes names numbers. Name colors "
            'there (like "#804080"), or export the mask as grey or with a palette.'
        )
    return _numbers(image, step, path)


def _read_colors(path: Path) -> Int32[np.ndarray, "height width"]:
    image, _ = _decode(path)
    if image.mode.startswith(("I", "F")):
        raise InputError(
            f"The mask {path} holds 16-bit numbers, but the table of classes names colors. Name "
            'numbers there (like "7").'
        )
    return _pack(image.convert("RGB"))  # palette and grey masks have colors as well


def _pack(image: Image.Image) -> Int32[np.ndarray, "height width"]:
    channels = np.asarray(image)[..., :3].astype(np.int32)
    return channels[..., 0] << 16 | channels[..., 1] << 8 | channels[..., 2]


def _numbers(image: Image.Image, step: int, path: Path) -> Int32[np.ndarray, "height width"]:
    if image.mode in _NUMBER_BESIDE_ALPHA:
        return np.asarray(image)[..., 0].astype(np.int32)
    if image.mode not in _NUMBER_MODES:
        raise InputError(
            f"The mask {path} has image mode {image.mode}. Export it as PNG: grey, with a palette "
            "or RGB."
        )
    return np.asarray(image).astype(np.int32) // step


def _decode(path: Path) -> tuple[Image.Image, int]:
    """Load a mask, upright as its image is; also return by how much its numbers are stretched."""
    try:
        with Image.open(path) as image:
            stored = str(image.tile[0][3]) if image.format == "PNG" else ""
            _check_header(image, path, stored)
            return ImageOps.exif_transpose(image), _GREY_STEPS.get(stored, 1)
    except InputError:
        raise
    except (*DECODE_ERRORS, Image.DecompressionBombError) as error:
        raise InputError(
            f"Cannot read the mask {path}: {error}. Copy or export it again, as PNG."
        ) from error


def _check_header(image: Image.Image, path: Path, stored: str) -> None:
    lossy = image.info.get("compression") in _LOSSY_INSIDE_TIFF
    if image.format not in _LOSSLESS or lossy:
        kind = f"{image.format} with lossy compression" if lossy else image.format
        raise InputError(
            f"The mask {path} is a {kind} file, and that compression can alter labels. "
            "Export it anew as PNG from where it was drawn."
        )
    if stored in _CUT_TO_8_BIT:
        raise InputError(f"The mask {path} has 16-bit colors. Export it as 8-bit PNG.")
    if getattr(image, "n_frames", 1) > 1:
        raise InputError(f"The mask {path} has several pages. Export one of them as PNG.")
    if image.width * image.height > MAX_PIXELS:
        raise InputError(
            f"The mask {path} has {image.width} x {image.height} pixels, and the limit is "
            f"{MAX_PIXELS / 1e6:g} million. Scale image and mask down first."
        )
