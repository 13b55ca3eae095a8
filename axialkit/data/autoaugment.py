"""Random colors of training images: deeplab2's AutoAugment policy, with its quirks or without.

``simple_classification_policy_magnitude_scale_0.2`` of the reference, which all published
configurations use: one of five pairs of operations, each of which fires with its own probability.
Levels count from 0 to 10; the reference multiplies the policy's levels by 0.2.

Two quirks of the reference are kept under ``"reference"``, as the published networks saw them:

* For brightness, color, contrast and sharpness the identity is level 5, and for solarize level 10.
  Levels multiplied by 0.2 thus act *more*, not less: darker, greyer, blurrier; nearly all pixels
  are inverted.
* Contrast blends with the mean of the *histogram*, which is the number of pixels / 256, not with
  the mean grey: with pure white from 65 280 pixels up.

Under ``"fixed"`` the 0.2 shrinks an operation's distance from the identity, and contrast blends
with the mean grey.

Images are uint8 ``[height, width, 3]`` RGB. An operation that treats every value by itself is a
table of 256 entries.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import PIL.Image
from jaxtyping import Int, Num, UInt8

Variant = Literal["reference", "fixed"]
Image = UInt8[np.ndarray, "height width 3"]
Table = UInt8[np.ndarray, "256"]

_SCALE = 0.2  # of the policy's levels
_IDENTITY = {"Solarize": 10.0}  # of the others: 5
_GREY = np.array([0.2989, 0.587, 0.114], np.float32)
_ALL = np.arange(256, dtype=np.float32)
_STRIP = 16  # rows worked on at a time, to stay in the cache


class Operation(NamedTuple):
    """A change of colors at a level from 0 to 10 (without meaning for Equalize and the like)."""

    name: str
    level: float = 0.0


class _Chance(NamedTuple):
    """A row of the policy: an operation at the level before scaling, and how often it fires."""

    name: str
    probability: float
    level: float


_POLICY = (
    (_Chance("Sharpness", 0.4, 7), _Chance("Brightness", 0.2, 10)),
    (_Chance("Equalize", 0.0, 9), _Chance("Contrast", 0.2, 10)),
    (_Chance("Sharpness", 0.2, 9), _Chance("Color", 0.2, 9)),
    (_Chance("Solarize", 0.2, 7), _Chance("Equalize", 0.6, 9)),
    (_Chance("Sharpness", 0.2, 1), _Chance("Equalize", 0.2, 7)),
)


def draw_operations(
    generator: np.random.Generator, variant: Variant = "reference"
) -> tuple[Operation, ...]:
    """Draw which operations an image goes through, in order: none, one or two."""
    pair = int(generator.integers(len(_POLICY)))
    first, second = generator.random(2)
    return fired(pair, (float(first), float(second)), variant)


def fired(
    pair: int, draws: tuple[float, float], variant: Variant = "reference"
) -> tuple[Operation, ...]:
    """Return the operations of a pair (0..4) that fire for two draws from [0, 1)."""
    return tuple(
        Operation(chance.name, _scaled(chance, variant))
        for chance, draw in zip(_POLICY[pair], draws, strict=True)
        if int(np.float32(draw) + np.float32(chance.probability)) == 1
    )


def reach(operations: tuple[Operation, ...], variant: Variant = "reference") -> int | None:
    """Return how many pixels away a pixel's new color still depends on; None = the whole image."""
    names = [operation.name for operation in operations]
    whole = {"Equalize", "AutoContrast"} | ({"Contrast"} if variant == "fixed" else set())
    return None if whole & set(names) else names.count("Sharpness")


def recolor(
    image: Num[np.ndarray, "height width 3"],
    operations: tuple[Operation, ...],
    variant: Variant = "reference",
    pixels: int | None = None,
) -> Num[np.ndarray, "height width 3"]:
    """Truncate an image of 0..255 to uint8 and let the operations change it.

    The reference truncates even if no operation fires; "fixed" then returns the image as it is.
    Of a part of an image, give the number of ``pixels`` of the whole (see ``reach``).
    """
    if variant == "fixed" and not operations:
        return image
    result = image.astype(np.uint8)
    for operation in operations:
        result = apply_operation(result, operation, variant, pixels)
    return result


def apply_operation(
    image: Image,
    operation: Operation,
    variant: Variant = "reference",
    pixels: int | None = None,
) -> Image:
    """Change the colors of an image by one operation of any level; see ``recolor``."""
    name, level = operation
    factor = _factor(level)
    if name == "Sharpness":
        return _in_strips(lambda strip: blend(_smooth(strip), strip, factor), image, 1)
    if name == "Color":
        return _in_strips(lambda strip: blend(grey(strip)[..., None], strip, factor), image, 0)
    if name in ("Equalize", "AutoContrast"):
        make = _equalizing if name == "Equalize" else _stretching
        return _look_up(image, [make(counts) for counts in histograms(image)])
    pixels = image.shape[0] * image.shape[1] if pixels is None else pixels
    middle = min(pixels // 256, 255)  # of contrast; the reference's mean of the histogram
    if variant == "fixed" and name == "Contrast":
        middle = int(grey(image).mean())
    return _look_up(image, [_table(name, level, middle)] * 3)


def grey(image: Image) -> UInt8[np.ndarray, "height width"]:
    """Weigh the channels as the reference does: with factor 255.5, and truncated."""
    red, green, blue = (
        channel / np.float32(255) * weight
        for channel, weight in zip(_channels(image), _GREY, strict=True)
    )
    return ((red + green + blue) * np.float32(255.5)).astype(np.uint8)


def blend(
    low: UInt8[np.ndarray, "*low"], high: UInt8[np.ndarray, "*high"], factor: float
) -> UInt8[np.ndarray, "*high"]:
    """Return ``low + factor * (high - low)``, truncated; clipped if ``factor`` is outside 0..1."""
    if factor in (0.0, 1.0):
        return np.broadcast_to(high if factor else low, high.shape).copy()
    base = low.astype(np.float32)
    mixed = high - base
    mixed *= np.float32(factor)
    mixed += base
    return (mixed if 0 < factor < 1 else mixed.clip(0, 255)).astype(np.uint8)


def histograms(image: Image) -> Int[np.ndarray, "3 256"]:
    """Count the pixels of each value, by channel."""
    return np.reshape(PIL.Image.fromarray(image).histogram(), (3, 256))


def _factor(level: float) -> float:
    return level / 10 * 1.8 + 0.1


def _scaled(chance: _Chance, variant: Variant) -> float:
    identity = _IDENTITY.get(chance.name, 5.0) if variant == "fixed" else 0.0
    return identity + _SCALE * (chance.level - identity)


def _table(name: str, level: float, middle: int) -> Table:
    """Return what becomes of each value, the same in all channels."""
    values = _ALL.astype(np.uint8)
    if name == "Brightness":
        return blend(np.zeros(256, np.uint8), values, _factor(level))
    if name == "Contrast":
        return blend(np.full(256, middle, np.uint8), values, _factor(level))
    if name == "Solarize":
        return np.where(values < int(level / 10 * 256), values, 255 - values)
    if name == "Invert":
        return 255 - values
    assert name == "Posterize", name
    lost = 8 - int(level / 10 * 4)
    return values >> lost << lost


def _equalizing(counts: Int[np.ndarray, "256"]) -> Table:
    """Spread the values so that all are equally frequent."""
    step = int((counts.sum() - counts[np.flatnonzero(counts)[-1]]) // 255)
    if step == 0:
        return _ALL.astype(np.uint8)
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    table = (below + step // 2) // step
    table[0] = 0
    return table.clip(0, 255).astype(np.uint8)


def _stretching(counts: Int[np.ndarray, "256"]) -> Table:
    """Spread the values over 0..255."""
    low, high = np.flatnonzero(counts)[[0, -1]].astype(np.float32)
    if high <= low:
        return _ALL.astype(np.uint8)
    scale = np.float32(255) / (high - low)
    return (_ALL * scale - low * scale).clip(0, 255).astype(np.uint8)


def _smooth(image: Image) -> Image:
    """Average each pixel (weight 5) with its neighbours (1 each); the border stays as it is."""
    smooth = image.copy()
    height, width = image.shape[:2]
    if min(height, width) < 3:
        return smooth
    once, five = (image * (np.float32(weight) / np.float32(13)) for weight in (1, 5))
    total = np.zeros((height - 2, width - 2, 3), np.float32)
    for y, x in np.ndindex(3, 3):  # rounded after each sum, in this order, as in the reference
        total += (five if y == x == 1 else once)[y : y + height - 2, x : x + width - 2]
    smooth[1:-1, 1:-1] = total.clip(0, 255)
    return smooth


def _in_strips(change: Callable[[Image], Image], image: Image, margin: int) -> Image:
    """Return ``change(image)``, computed in strips that fit the cache and see their neighbours."""
    result = np.empty_like(image)
    for top in range(0, len(image), _STRIP):
        start = max(top - margin, 0)
        strip = change(image[start : top + _STRIP + margin])
        part = result[top : top + _STRIP]
        part[:] = strip[top - start : top - start + len(part)]
    return result


def _look_up(image: Image, tables: list[Table]) -> Image:
    return np.asarray(PIL.Image.fromarray(image).point(np.concatenate(tables).tolist()))


def _channels(image: Image) -> tuple[UInt8[np.ndarray, "height width"], ...]:
    return tuple(np.moveaxis(image, -1, 0))
