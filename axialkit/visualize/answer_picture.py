"""A panoptic answer as one picture of the image's own size: colors, names, and a legend below.

Unlike the figures of ``panoptic.py``, which go into a notebook or a page, this is drawn pixel by
pixel: no detail of a large photo is lost, and the letters grow with it.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from jaxtyping import Int, UInt8
from matplotlib.font_manager import FontProperties, findfont
from PIL import Image, ImageDraw, ImageFont

from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.visualize.colors import Picture, overlay
from axialkit.visualize.name_spots import name_spots
from axialkit.visualize.palettes import CITYSCAPES, Palette
from axialkit.visualize.panoptic import class_color, enlarge, legend_entries, segment_name

Labels = Int[np.ndarray, "height width"]
Entry = tuple[tuple[int, int, int], str]  # color, text
Box = tuple[float, float, float, float]  # left, top, right, bottom

HEADING = "Largest class first. People and vehicles are counted, each in a shade of its own."

_LONG_SIDE = 1024  # pixels; what is smaller is enlarged
_LETTERS = 0.023  # their height, as a share of the side of a square as large as the picture
_SMALLEST = 14  # pixels
_SMALL_NAME = 0.65  # of that height: names on the thinnest segments that get one
_LINE = 1 / 1400  # width of the white lines, as a share of the longer side


def answer_picture(
    image: Picture,
    panoptic: Labels,
    palette: Palette = CITYSCAPES,
    legend: Sequence[Entry] | None = None,
) -> UInt8[np.ndarray, "new_height new_width 3"]:
    """Return the image under its segments, with their names, above a legend.

    The picture part is as large as the image, but at least 1024 pixels on its longer side.
    ``legend`` takes the place of the classes found and their shares.
    """
    long_side = max(_LONG_SIDE, *image.shape[:2])
    shown, labels = enlarge(image, panoptic, long_side)
    line = max(1, round(long_side * _LINE))
    picture = Image.fromarray(overlay(shown, labels, palette=palette, line=line))
    letters = max(_SMALLEST, round(_LETTERS * (picture.width * picture.height) ** 0.5))
    draw_names(picture, labels, letters)
    heading = HEADING if legend is None else ""
    strip = _legend(
        legend_entries(panoptic, palette=palette) if legend is None else legend,
        heading,
        picture.width,
        letters,
    )
    sheet = Image.new("RGB", (strip.width, picture.height + strip.height), "white")
    sheet.paste(picture, ((sheet.width - picture.width) // 2, 0))
    sheet.paste(strip, (0, picture.height))
    return np.asarray(sheet)


def all_classes(palette: Palette = CITYSCAPES) -> list[Entry]:
    """Return a legend of all 19 classes: the same one for every frame of a video."""
    return [(class_color(klass.train_id, palette), klass.name) for klass in TRAIN_CLASSES]


def draw_names(picture: Image.Image, labels: Labels, letters: int) -> None:
    """Write the segments' names, thick segments first; none lies on another. Letters in pixels."""
    draw = ImageDraw.Draw(picture)
    taken: list[Box] = []
    for spot in name_spots(labels, thinnest=_SMALL_NAME * letters):
        size = round(min(letters, spot.thickness))
        font, text, stroke = label_font(size, bold=True), segment_name(spot.label), size // 10 or 1
        left, top, right, bottom = draw.textbbox((0, 0), text, font, "mm", stroke_width=stroke)
        x = float(max(-left, min(spot.x, picture.width - right)))  # inside the picture
        y = float(max(-top, min(spot.y, picture.height - bottom)))
        box = (x + left, y + top, x + right, y + bottom)
        fits = right - left <= picture.width
        if fits and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            draw.text((x, y), text, "white", font, "mm", stroke_width=stroke, stroke_fill="black")


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _legend(entries: Sequence[Entry], heading: str, width: int, letters: int) -> Image.Image:
    """Draw the legend in as many columns as fit, row by row; at least one, however narrow."""
    font = label_font(letters)
    chip, gap, row = letters, letters // 2, round(1.7 * letters)
    column = chip + gap + max(round(font.getlength(text)) for _, text in entries) + 2 * gap
    width = max(width, column + 2 * gap)
    columns = min(len(entries), (width - 2 * gap) // column)
    lines = _wrap(heading, font, width - 2 * gap)
    rows = len(lines) + -(-len(entries) // columns)
    strip = Image.new("RGB", (width, rows * row + 2 * gap), "white")
    draw = ImageDraw.Draw(strip)
    for number, line in enumerate(lines):
        draw.text((gap, gap + (number + 0.5) * row), line, "#444444", font, "lm")
    for number, (color, text) in enumerate(entries):
        x = gap + number % columns * column
        y = gap + (len(lines) + number // columns + 0.5) * row
        draw.rectangle((x, y - chip / 2, x + chip, y + chip / 2), color, "black")
        draw.text((x + chip + gap, y), text, "black", font, "lm")
    return strip


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break a text into lines of at most that width, where it has spaces."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def label_font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the letters that matplotlib brings along, that many pixels high."""
    found = findfont(FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal"))
    return ImageFont.truetype(found, size)
