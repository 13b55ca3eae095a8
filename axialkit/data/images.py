"""Reading any still image as RGB: the one function that every part of the kit uses.

A file that has to be converted is reported through the logger ``axialkit.images`` at warning
level, once per file and process: a program that does not set up logging shows one plain line on
stderr, and one that does can route or silence it.
"""

import logging
import struct
import warnings
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from axialkit.errors import InputError

MAX_PIXELS = 64_000_000  # 192 MB as RGB; the photos of today's phones have up to 50 million

_log = logging.getLogger("axialkit.images")

# What Pillow raises on damaged files, of whatever format.
DECODE_ERRORS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(RuntimeError, struct.error, zlib.error),
)
_BOMBS = (Image.DecompressionBombWarning, Image.DecompressionBombError)

# Further "frames" that are no animation: previews behind a phone's photo, layers of a drawing.
_STILL_FORMATS = ("MPO", "PSD")
_VECTOR_FORMATS = ("EPS", "WMF")  # decoding them would start other programs

_WITH_ALPHA = ("RGBA", "LA", "PA", "RGBa", "La")
_MODE_NAMES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with transparency",
    "P": "a color palette",
    "PA": "a color palette with transparency",
    "RGBA": "RGB with transparency",
    "I": "16-bit grey",
    "I;16": "16-bit grey",
    "I;16B": "16-bit grey",
}


def read_rgb(
    path: Path | str, *, max_pixels: int | None = None, report: bool = True
) -> UInt8[np.ndarray, "height width 3"]:
    """Read a still image as RGB, turned upright by its EXIF orientation.

    Grey, palette, 1-bit, CMYK and 16-bit images are converted; transparent parts are laid on
    white. Every converted file is reported once (``report``). What has more than ``max_pixels``
    (None: ``MAX_PIXELS``) is refused before it is decoded.

    Raises:
        InputError: the file is missing, unreadable, truncated, an animation or too large.
    """
    path = Path(path)
    try:
        _check_file(path)
        return np.array(
            _to_rgb(
                _load(path, MAX_PIXELS if max_pixels is None else max_pixels), path, report=report
            )
        )
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path} is not an image, or of a format that Pillow does not know. "
            "Export it as PNG or JPEG."
        ) from error
    except PermissionError as error:
        raise InputError(f"Cannot read {path}: no permission. Change its rights.") from error
    except DECODE_ERRORS as error:
        raise InputError(
            f"Cannot read the image {path}: {error}. It is probably damaged or cut short; "
            "copy, download or export it again."
        ) from error


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder, not an image. Name one image file.")
    if not path.is_file():
        raise InputError(f"There is no image file {path}. Check the path.")
    if path.stat().st_size == 0:
        raise InputError(f"The image {path} is empty (0 bytes). Copy or download it again.")


def _load(path: Path, max_pixels: int) -> Image.Image:
    """Decode a file and turn it upright."""
    try:
        with warnings.catch_warnings():
            # Above 89 million pixels Pillow only warns; the limit here is lower and final.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(path)
    except _BOMBS as error:
        raise _too_large(path, "it has more than 89 million pixels", max_pixels) from error
    with image:
        _check_header(image, path, max_pixels)
        return ImageOps.exif_transpose(image)


def _check_header(image: Image.Image, path: Path, max_pixels: int) -> None:
    """Refuse what must not be decoded at all."""
    if image.format in _VECTOR_FORMATS:
        raise InputError(f"{path} is a vector drawing ({image.format}). Export it as PNG.")
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format not in _STILL_FORMATS:
        raise InputError(
            f"{path} is an animation or has several pages ({frames} frames). "
            "Export one of them as PNG or JPEG."
        )
    if image.width * image.height > max_pixels:
        raise _too_large(path, f"it has {image.width} x {image.height} pixels", max_pixels)


def _too_large(path: Path, why: str, max_pixels: int) -> InputError:
    return InputError(
        f"The image {path} is too large: {why}, and the limit is {max_pixels / 1e6:g} million. "
        "Scale it down first."
    )


def _to_rgb(image: Image.Image, path: Path, *, report: bool) -> Image.Image:
    if image.mode == "RGB":
        return image
    if report:
        _report(path, image.mode)
    if image.mode == "F" or image.mode.startswith("I"):
        return _from_deep_grey(image, path)
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image, path: Path) -> Image.Image:
    """Bring 16-bit grey to 8 bit: 65535 becomes 255."""
    values = np.asarray(image)
    low, high = values.min(), values.max()
    if image.mode == "F" or low < 0 or high > 65535:
        raise InputError(
            f"{path} has grey values from {low} to {high} of 32 bits, so black and white are not "
            "known. Export it as 8-bit or 16-bit PNG."
        )
    return Image.fromarray(np.round(values / 257).astype(np.uint8)).convert("RGB")


@cache
def _report(path: Path, mode: str) -> None:
    _log.warning("%s: converted from %s to RGB.", path, _MODE_NAMES.get(mode, mode))
