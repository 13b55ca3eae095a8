"""Reading any still image as RGB: the one function that every part of the kit uses.

A file that has to be converted is reported through the logger ``axialkit.images`` at warning
level, once per file and process: a program that does not set up logging sees one plain line on
stderr, and one that does can route or silence it.
"""

import logging
import warnings
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps

from axialkit.errors import InputError

MAX_PIXELS = 64_000_000  # 192 MB as RGB; the photos of today's phones have up to 50 million

_log = logging.getLogger("axialkit.images")
# What Pillow raises on damaged files, from its many decoders.
_DAMAGE = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError)


def read_rgb(path: Path | str) -> UInt8[np.ndarray, "height width 3"]:
    """Read a still image as RGB, turned upright by its EXIF orientation.

    Grey, palette, 1-bit, CMYK and 16-bit images are converted; transparent parts are laid on
    white. Every converted file is reported once.

    Raises:
        InputError: the file is missing, unreadable, truncated, an animation or too large.
    """
    path = Path(path)
    _check_file(path)
    try:
        with warnings.catch_warnings():
            # Above 89 million pixels Pillow only warns; the cap here is lower and final.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image: Image.Image = Image.open(path)
        with image:
            _check_header(image, path)
            image.load()
            return np.array(_to_rgb(ImageOps.exif_transpose(image), path))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise _too_large(path, str(error)) from error
    except InputError:
        raise
    except _DAMAGE as error:
        raise InputError(
            f"Cannot read the image {path}: {error}. It may be truncated or in a format that "
            "Pillow does not know; export it again as PNG or JPEG."
        ) from error


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise InputError(f"{path} is a folder, not an image. Name one image file.")
    if not path.is_file():
        raise InputError(f"There is no image file {path}.")
    if path.stat().st_size == 0:
        raise InputError(f"The image {path} is empty (0 bytes). Copy or download it again.")


def _check_header(image: Image.Image, path: Path) -> None:
    """Refuse what must not be decoded at all."""
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # a phone's JPEG with a preview or depth map behind it
        raise InputError(
            f"{path} is an animation or has several pages ({frames} frames). "
            "Export one of them as PNG or JPEG."
        )
    if image.width * image.height > MAX_PIXELS:
        raise _too_large(path, f"it has {image.width} x {image.height} pixels")


def _too_large(path: Path, why: str) -> InputError:
    return InputError(
        f"The image {path} is too large: {why}, and the limit is {MAX_PIXELS / 1e6:.0f} million. "
        "Scale it down first."
    )


def _to_rgb(image: Image.Image, path: Path) -> Image.Image:
    if image.mode == "RGB":
        return image
    _report(path, image.mode)
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_deep_grey(image, path)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    return image.convert("RGB")


def _from_deep_grey(image: Image.Image, path: Path) -> Image.Image:
    """Bring 16-bit grey to 8 bit: 65535 becomes 255."""
    values = np.asarray(image)
    if not (values.min() >= 0 and values.max() <= 65535) or image.mode == "F":
        raise InputError(
            f"{path} has {image.mode} pixels from {values.min()} to {values.max()}: no range of a "
            "photograph. Export it as 8-bit or 16-bit PNG."
        )
    return Image.fromarray(np.round(values / 257).astype(np.uint8)).convert("RGB")


@cache
def _report(path: Path, mode: str) -> None:
    _log.warning("%s: converted from %s to RGB.", path, _MODE_NAMES.get(mode, f"mode {mode}"))


_MODE_NAMES = {
    "1": "black and white (1 bit)",
    "L": "grey",
    "LA": "grey with transparency",
    "P": "a color palette",
    "PA": "a color palette with transparency",
    "RGBA": "RGB with transparency",
    "CMYK": "CMYK",
    "I": "16-bit grey",
    "I;16": "16-bit grey",
    "I;16B": "16-bit grey",
}
