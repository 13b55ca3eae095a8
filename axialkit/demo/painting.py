"""The panoptic answer painted over a picture: colors, and marks that need no color."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped, UInt8
from matplotlib import colormaps
from PIL import Image, ImageDraw

from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.data.resize import resize_label
from axialkit.demo.network import Seen
from axialkit.demo.placement import Placement
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult
from axialkit.visualize.answer_picture import draw_names, label_font
from axialkit.visualize.colors import (
    Picture,
    boundaries,
    instance_colors,
    offset_colors,
    panoptic_colors,
    semantic_colors,
)
from axialkit.visualize.palettes import PALETTES
from axialkit.visualize.panoptic import enlarge

COLORINGS = ("segments", "classes", "instances", "confidence", "offsets", "none")
MARKS = ("borders", "names", "centers", "offset arrows", "void")
SHOWN = ("stuff", "things")
OVERLAY_SIDE = 1024  # pixels, longer side of the overlay

_LETTERS = 22  # pixels
_TITLE = 40
_ARROW_PITCH = 44  # pixels between the arrows
_DIM = 0.3  # of the light that segments beside the chosen one keep
_HATCH = 12  # pixels between the lines over void


class Painting(NamedTuple):
    """What is drawn, and how."""

    coloring: str = "segments"  # one of COLORINGS
    marks: tuple[str, ...] = ("borders", "names")  # of MARKS
    palette: str = "cityscapes"  # of PALETTES
    opacity: float = 0.6  # of the colors
    shown: tuple[str, ...] = SHOWN  # kinds of classes that are colored
    segment: int | None = None  # panoptic label of the one to be lit, all others dimmed


PLAIN = Painting()


def paint(seen: Seen, result: PanopticResult, painting: Painting = PLAIN) -> Picture:
    """Paint an answer over its picture, 1024 pixels on the longer side."""
    picture, _ = enlarge(seen.image, long_side=OVERLAY_SIDE)
    labels = _spread(result.panoptic, picture.shape[:2])
    colors = _colors(seen, result, painting, labels.shape)
    if colors is not None:
        alpha = np.float32(painting.opacity) * _is_shown(labels, painting.shown)[..., None]
        picture = (picture * (1 - alpha) + colors * alpha).round().astype(np.uint8)
    if painting.segment is not None:
        picture = _lit(picture, labels == painting.segment)
    if "borders" in painting.marks:
        picture = picture.copy()
        picture[_thick(boundaries(labels))] = 255
    return _draw_marks(picture, seen, result, labels, painting)


def titled(picture: Picture, title: str) -> UInt8[np.ndarray, "rows columns 3"]:
    """Put a title above a picture, on white."""
    height, width = picture.shape[:2]
    sheet = Image.new("RGB", (width, height + _TITLE), "white")
    sheet.paste(Image.fromarray(picture), (0, _TITLE))
    ImageDraw.Draw(sheet).text((6, _TITLE / 2), title, "black", label_font(_LETTERS), "lm")
    return np.asarray(sheet)


def _colors(
    seen: Seen, result: PanopticResult, painting: Painting, size: tuple[int, ...]
) -> Picture | None:
    palette = PALETTES[painting.palette]
    colorings = {
        "segments": lambda: panoptic_colors(result.panoptic, palette),
        "classes": lambda: semantic_colors(result.semantic, palette),
        "instances": lambda: instance_colors(result.instance % 512),
        "confidence": lambda: confidence_colors(result.confidence),
        "offsets": lambda: _offset_colors(seen, result),
    }
    make = colorings.get(painting.coloring)
    if make is None:
        return None
    return _spread(make(), size)


def _spread(
    small: Shaped[np.ndarray, "height width *channel"], size: tuple[int, ...]
) -> Shaped[np.ndarray, "new_height new_width *channel"]:
    """Enlarge or shrink by the nearest pixel."""
    ys, xs = (np.arange(new) * old // new for new, old in zip(size, small.shape[:2], strict=True))
    return small[ys[:, None], xs]


def confidence_colors(confidence: Float[np.ndarray, "height width"]) -> Picture:
    """Paint probabilities: dark blue is 0, yellow is 1 (cividis)."""
    return (colormaps["cividis"](confidence)[..., :3] * 255).round().astype(np.uint8)


def _offset_colors(seen: Seen, result: PanopticResult) -> Picture:
    """Paint where each thing pixel's center lies; all else is white, as no offset."""
    height, width = seen.placement.fitted
    offset = seen.prediction.offset[0, :, :height, :width].float().cpu().numpy()
    return offset_colors(offset * (resize_label(result.instance, (height, width)) > 0))


def _is_shown(
    labels: Int[np.ndarray, "height width"], shown: tuple[str, ...]
) -> Bool[np.ndarray, "height width"]:
    things = np.isin(labels // LABEL_DIVISOR, THING_TRAIN_IDS)
    return (things & ("things" in shown)) | (~things & ("stuff" in shown))


def _lit(picture: Picture, inside: Bool[np.ndarray, "height width"]) -> Picture:
    """Dim everything but one segment, and frame it in black and white."""
    lit = np.where(inside[..., None], picture, (picture * _DIM).astype(np.uint8))
    edge = _thick(boundaries(inside.astype(np.int32)))
    lit[_thick(_thick(edge))] = 0
    lit[edge] = 255
    return lit


def _thick(edge: Bool[np.ndarray, "height width"]) -> Bool[np.ndarray, "height width"]:
    thick = edge.copy()
    thick[:, 1:] |= edge[:, :-1]
    thick[1:] |= edge[:-1]
    return thick


def _draw_marks(
    picture: Picture,
    seen: Seen,
    result: PanopticResult,
    labels: Int[np.ndarray, "height width"],
    painting: Painting,
) -> Picture:
    canvas = Image.fromarray(picture)
    if "void" in painting.marks:
        _draw_void(canvas, labels == VOID)
    if "offset arrows" in painting.marks:
        _draw_arrows(canvas, seen, result)
    if "centers" in painting.marks:
        _draw_centers(canvas, result)
    if "names" in painting.marks:
        draw_names(canvas, labels, _LETTERS)
    return np.asarray(canvas)


def _draw_void(canvas: Image.Image, void: Bool[np.ndarray, "height width"]) -> None:
    """Hatch what belongs to no segment."""
    y, x = np.indices(void.shape)
    lines = void & ((y + x) % _HATCH < 2)
    canvas.paste((255, 255, 255), mask=Image.fromarray(lines.astype(np.uint8) * 255))


def _draw_arrows(canvas: Image.Image, seen: Seen, result: PanopticResult) -> None:
    """Draw, on a grid of thing pixels, where the network says their center is."""
    draw = ImageDraw.Draw(canvas)
    offset = seen.prediction.offset[0].float().cpu().numpy()
    height, width = result.instance.shape
    scale, placement = canvas.width / width, Placement.of((height, width), seen.placement.crop)
    for row in np.arange(_ARROW_PITCH / 2, canvas.height, _ARROW_PITCH):
        for column in np.arange(_ARROW_PITCH / 2, canvas.width, _ARROW_PITCH):
            pixel = min(int(row / scale), height - 1), min(int(column / scale), width - 1)
            if result.instance[pixel] == 0:
                continue
            at = placement.enter(pixel)
            to = at[0] + float(offset[0][at]), at[1] + float(offset[1][at])
            there = placement.leave(to)
            start, end = (column, row), ((there[1] + 0.5) * scale, (there[0] + 0.5) * scale)
            draw.line((start, end), fill="black", width=5)
            draw.line((start, end), fill="white", width=2)
            _dot(draw, start, 3)


def _draw_centers(canvas: Image.Image, result: PanopticResult) -> None:
    """Cross each center that the network found, and write its heat."""
    draw = ImageDraw.Draw(canvas)
    scale = canvas.width / result.panoptic.shape[1]
    for (y, x), heat in zip(result.centers.tolist(), result.center_scores.tolist(), strict=True):
        at = ((x + 0.5) * scale, (y + 0.5) * scale)
        for color, width in (("black", 7), ("white", 3)):
            for dy, dx in ((8, 8), (8, -8)):
                ends = (at[0] - dx, at[1] - dy, at[0] + dx, at[1] + dy)
                draw.line(ends, fill=color, width=width)
        draw.text(
            (at[0] + 12, at[1]), f"{heat:.2f}", "white", label_font(18, bold=True), "lm",
            stroke_width=2, stroke_fill="black",
        )  # fmt: skip


def _dot(draw: ImageDraw.ImageDraw, at: tuple[float, float], radius: int) -> None:
    box = (at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius)
    draw.ellipse(box, fill="white", outline="black")
