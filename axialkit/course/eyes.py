"""What eyes can tell apart: contrast, missing kinds of cones, and an overlay for all eyes."""

import numpy as np
from jaxtyping import Float, Int, UInt8

from axialkit.structures import LABEL_DIVISOR
from axialkit.visualize.colors import Picture, boundaries

Colors = Float[np.ndarray, "... 3"]

# Machado, Oliveira and Fernandes (2009), severity 1.0, row by row, on linear RGB
_EYES = {
    "all cones": (1, 0, 0, 0, 1, 0, 0, 0, 1),
    "no long-wave cones": (
        *(0.152286, 1.052583, -0.204868),
        *(0.114503, 0.786281, 0.099216),
        *(-0.003882, -0.048116, 1.051998),
    ),
    "no medium-wave cones": (
        *(0.367322, 0.860646, -0.227968),
        *(0.280085, 0.672501, 0.047413),
        *(-0.011820, 0.042940, 0.968881),
    ),
    "no short-wave cones": (
        *(1.255528, -0.076749, -0.178779),
        *(-0.078411, 0.930809, 0.147602),
        *(0.004733, 0.691367, 0.303900),
    ),
}
EYES = tuple(_EYES)
ENOUGH = 4.5  # contrast that WCAG 2.2 (level AA) asks of text; of lines it asks 3


def overlay(
    image: Picture,
    panoptic: Int[np.ndarray, "height width"],
    colors: UInt8[np.ndarray, "256 3"],
) -> Picture:
    """Blend 40 % image and 60 % class color; borders black or white, whichever is seen better."""
    blend = (0.4 * image + 0.6 * colors[panoptic // LABEL_DIVISOR]).round()
    black, white = np.zeros(3), np.full(3, 255.0)
    is_border = np.zeros(panoptic.shape, bool)  # the right or lower neighbor has another label
    is_border[:, :-1] |= panoptic[:, :-1] != panoptic[:, 1:]
    is_border[:-1] |= panoptic[:-1] != panoptic[1:]
    prefers_white = contrast(blend, white) > contrast(blend, black)
    blend[is_border & prefers_white] = white
    blend[is_border & ~prefers_white] = black
    return blend.astype(np.uint8)


def linear(colors: Colors) -> Colors:
    """Return how much light sRGB values 0..255 give off, 0..1."""
    share = colors / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def luminance(colors: Colors) -> Float[np.ndarray, "..."]:
    """Return how bright colors are to the eye, 0 (black) to 1 (white)."""
    return np.asarray(linear(colors) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: Colors, other: Colors) -> Float[np.ndarray, "..."]:
    """Return the contrast of two colors as WCAG counts it: 1 (none) to 21 (black on white)."""
    a, b = luminance(one), luminance(other)
    return np.asarray((np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05))


def seen_by(picture: UInt8[np.ndarray, "... 3"], eyes: str) -> UInt8[np.ndarray, "... 3"]:
    """Show a picture as one of EYES sees it."""
    light = (linear(picture.astype(float)) @ np.reshape(_EYES[eyes], (3, 3)).T).clip(0, 1)
    share = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return (255 * share).round().astype(np.uint8)


def border_contrast(
    picture: Picture, panoptic: Int[np.ndarray, "height width"], fills: Colors
) -> float:
    """Return the weakest contrast between a border pixel and what it would be without a border."""
    at = boundaries(panoptic)
    return float(contrast(picture[at].astype(float), fills[at]).min(initial=21.0))


def nearest_classes(colors: UInt8[np.ndarray, "klass 3"], eyes: str) -> tuple[int, int, float]:
    """Return the two classes that these eyes tell apart worst, and the distance in CIELAB."""
    lab = _lab(seen_by(colors, eyes))
    distance = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    distance[np.tril_indices(len(lab))] = np.inf
    one, other = np.unravel_index(distance.argmin(), distance.shape)
    return int(one), int(other), float(distance.min())


def _lab(colors: UInt8[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Return colors in CIELAB, where distances are about what eyes make of them (white D65)."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = linear(colors.astype(float)) @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
