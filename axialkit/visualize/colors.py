"""The colors of classes, segments and instances, and painting them over a picture."""

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8

from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.structures import LABEL_DIVISOR
from axialkit.visualize.palettes import CITYSCAPES, Palette

Picture = UInt8[np.ndarray, "height width 3"]

PALETTE = CITYSCAPES.colors  # train id -> RGB; what is no class is black

_DRAWS = 50  # attempts to find a color that no other segment has


def semantic_colors(
    train_ids: Integer[np.ndarray, "height width"], palette: Palette = CITYSCAPES
) -> Picture:
    """Paint train ids; ids that are no class become black."""
    return palette.colors[train_ids]


def instance_colors(instance: Int[np.ndarray, "height width"]) -> Picture:
    """Paint instance numbers 0..511 with the bit-interleaved palette of Pascal VOC.

    Bit 0, 3, 6 of the number set the high bits of red, bit 1, 4, 7 those of green, the rest blue,
    so that neighbouring numbers differ strongly. 0 is black.
    """
    numbers = np.arange(512)
    palette = np.zeros((512, 3), np.uint8)
    for bit in range(9):
        palette[:, bit % 3] |= (((numbers >> bit) & 1) << (7 - bit // 3)).astype(np.uint8)
    return palette[instance]


def segment_colors(
    labels: list[int], palette: Palette = CITYSCAPES
) -> dict[int, tuple[int, int, int]]:
    """Return the RGB color of each panoptic label: the class color, varied for each instance.

    The variation is drawn from a fixed seed in ascending order of the labels, exactly as
    deeplab2 draws it; the colors of one image therefore depend on which segments it has.
    """
    random = np.random.RandomState(0)  # noqa: NPY002  the legacy generator is part of the rule
    largest = palette.variation
    colors: dict[int, tuple[int, int, int]] = {}
    for label in sorted(labels):
        base = palette.colors[label // LABEL_DIVISOR].astype(int)
        color = base
        if label // LABEL_DIVISOR in THING_TRAIN_IDS:
            for _ in range(_DRAWS):
                color = np.clip(base + random.randint(-largest, largest + 1, 3), 0, 255)
                if tuple(color) not in colors.values():
                    break
        red, green, blue = (int(channel) for channel in color)
        colors[label] = (red, green, blue)
    return colors


def panoptic_colors(
    panoptic: Int[np.ndarray, "height width"], palette: Palette = CITYSCAPES
) -> Picture:
    """Paint a panoptic map: stuff in the class color, every thing in a variation of it."""
    labels = np.unique(panoptic)
    table = np.zeros((labels[-1] + 1, 3), np.uint8)
    for label, color in segment_colors(labels.tolist(), palette).items():
        table[label] = color
    return table[panoptic]


def offset_colors(offset: Float[np.ndarray, "2 height width"]) -> Picture:
    """Paint offsets (dy, dx): the direction as a hue, the length as its strength, 0 is white.

    The color wheel of optical flow (Baker et al., A Database and Evaluation Methodology for Optical
    Flow, 2011), as deeplab2 uses it: dy takes the place of the horizontal flow, dx of the vertical
    one, and the longest offset of the picture gets the full color.
    """
    length = np.hypot(*offset)
    longest = max(float(length.max(initial=0.0)), 1e-9)
    wheel = _flow_wheel()
    turn = (np.arctan2(-offset[1], -offset[0]) / np.pi + 1) / 2 * (len(wheel) - 1)
    before = turn.astype(np.int64)
    part = (turn - before)[..., None]
    hue = (1 - part) * wheel[before] + part * wheel[(before + 1) % len(wheel)]
    strength = (length / longest)[..., None]
    return np.floor(255 * (1 - strength * (1 - hue))).astype(np.uint8)


def _flow_wheel() -> Float[np.ndarray, "55 3"]:
    """Return the hues of the wheel: six stretches between pure colors, RGB 0..1."""
    corners = [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1)]
    lengths = (15, 6, 4, 11, 13, 6)  # steps from each corner to the next
    stretches = []
    for number, steps in enumerate(lengths):
        start, end = np.array(corners[number]), np.array(corners[(number + 1) % 6])
        rise = np.floor(255 * np.arange(steps) / steps)[:, None]
        stretches.append(255 * start + rise * (end - start))
    return np.concatenate(stretches) / 255


def boundaries(panoptic: Int[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    """Return where the right or the lower neighbour belongs to another segment."""
    edge = np.zeros(panoptic.shape, bool)
    edge[:, :-1] |= panoptic[:, :-1] != panoptic[:, 1:]
    edge[:-1] |= panoptic[:-1] != panoptic[1:]
    return edge


def overlay(
    image: Picture,
    panoptic: Int[np.ndarray, "height width"],
    alpha: float = 0.6,
    palette: Palette = CITYSCAPES,
    line: int = 1,
) -> Picture:
    """Blend the panoptic colors over an image, with a white line between segments.

    The line is ``line`` pixels wide. Small pictures are better enlarged before
    (``axialkit.visualize.panoptic.enlarge``).
    """
    blend = image * np.float32(1 - alpha)  # a photo's worth of float32 is enough memory
    blend += panoptic_colors(panoptic, palette) * np.float32(alpha)
    edge = boundaries(panoptic)
    for _ in range(line - 1):
        edge[:, 1:] |= edge[:, :-1].copy()
        edge[1:] |= edge[:-1].copy()
    blend[edge] = 255
    return blend.round().astype(np.uint8)
