"""Showing a panoptic answer: a table of its segments, a legend, a figure."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from PIL import Image

from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult
from axialkit.visualize.colors import Picture, overlay, panoptic_colors
from axialkit.visualize.name_spots import Spot, name_spots
from axialkit.visualize.palettes import CITYSCAPES, Palette
from axialkit.visualize.render import render

__all__ = [
    "Segment",
    "class_areas",
    "draw_legend",
    "draw_panoptic",
    "draw_prediction",
    "enlarge",
    "legend_entries",
    "named_overlay",
    "overlay",
    "panoptic_colors",
    "segment_name",
    "segment_table",
]

Labels = Int[np.ndarray, "height width"]

_VOID_NAME = "unlabelled"
_PANEL_INCHES = 6.4  # width of one picture in a figure
_NAME_SIZE = (0.06, 0.12)  # (height, width) that a name takes, as shares of the picture
_NAMED_DEPTH = 0.035  # segments at least this thick (half, share of the height) get their name


class Segment(NamedTuple):
    """One row of the segment table; lengths in pixels."""

    id: int  # the panoptic label: train id * 1000 + instance
    name: str  # such as "road" or "car 2"
    klass: str
    area: float  # share of the picture, 0..1
    score: float  # about 0..1, see segment_table
    center: tuple[int, int] | None  # (y, x) that the network predicted; None without one
    box: tuple[int, int, int, int]  # (top, left, bottom, right), bottom and right excluded


def segment_name(label: int) -> str:
    """Return a panoptic label in words: ``"road"``, ``"car 2"`` or ``"unlabelled"`` (void)."""
    if label == VOID:
        return _VOID_NAME
    train_id, number = divmod(label, LABEL_DIVISOR)
    name = TRAIN_CLASSES[train_id].name
    return f"{name} {number}" if train_id in THING_TRAIN_IDS else name


def segment_table(result: PanopticResult) -> list[Segment]:
    """List the segments of an answer, largest first; void is left out.

    The score is the mean probability of the segment's class inside it, for things times the heat of
    the instance's center: both heads must be sure. That is what ranks detections in deeplab2's
    average precision. Heats are not limited, so that it may exceed 1 by a little.
    """
    labels, areas = np.unique(result.panoptic, return_counts=True)
    order = np.lexsort((labels, -areas))
    return [_segment(result, int(labels[i]), int(areas[i])) for i in order if labels[i] != VOID]


def _segment(result: PanopticResult, label: int, area: int) -> Segment:
    ys, xs = np.nonzero(result.panoptic == label)
    score, center = float(result.segment_probability[ys, xs].mean()), None
    index = int(result.instance[ys[0], xs[0]]) - 1
    if label // LABEL_DIVISOR in THING_TRAIN_IDS and index >= 0:
        score *= float(result.center_scores[index])
        center = (int(result.centers[index, 0]), int(result.centers[index, 1]))
    return Segment(
        id=label,
        name=segment_name(label),
        klass=TRAIN_CLASSES[label // LABEL_DIVISOR].name,
        area=area / result.panoptic.size,
        score=score,
        center=center,
        box=(int(ys.min()), int(xs.min()), int(ys.max()) + 1, int(xs.max()) + 1),
    )


def class_areas(panoptic: Labels) -> list[tuple[int, int, float]]:
    """Return (train id, number of segments, share of the picture) per class, largest first."""
    labels, areas = np.unique(panoptic, return_counts=True)
    classes = labels // LABEL_DIVISOR
    rows = [
        (int(c), int((classes == c).sum()), float(areas[classes == c].sum() / panoptic.size))
        for c in np.unique(classes)
    ]
    return sorted(rows, key=lambda row: -row[2])


def enlarge(
    image: Picture, panoptic: Labels | None = None, long_side: int = 1024
) -> tuple[UInt8[np.ndarray, "out_height out_width 3"], Int[np.ndarray, "out_height out_width"]]:
    """Resize a picture and its labels for display, so that the long side has that many pixels.

    Small drawn streets grow, large photos shrink; labels take the nearest pixel. Without labels
    the second array is all void.
    """
    height, width = image.shape[:2]
    factor = long_side / max(height, width)
    size = (max(1, round(height * factor)), max(1, round(width * factor)))
    larger = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BICUBIC))
    if panoptic is None:
        return larger, np.full(size, VOID, np.int32)
    ys = np.arange(size[0]) * panoptic.shape[0] // size[0]
    xs = np.arange(size[1]) * panoptic.shape[1] // size[1]
    return larger, panoptic[ys[:, None], xs]


def legend_entries(
    *panoptic: Labels, palette: Palette = CITYSCAPES
) -> list[tuple[tuple[int, int, int], str]]:
    """Return (class color, text) pairs: name, number of things, share of the area.

    Classes are sorted by their area in the first map; those that only the others show follow.
    """
    rows = class_areas(panoptic[0])
    shown = {row[0] for row in rows}
    missing = [row for other in panoptic[1:] for row in class_areas(other) if row[0] not in shown]
    rows += [(train_id, 0, 0.0) for train_id in dict.fromkeys(row[0] for row in missing)]
    return [(class_color(row[0], palette), _entry(*row)) for row in rows]


def draw_legend(
    figure: Figure, *panoptic: Labels, columns: int = 8, palette: Palette = CITYSCAPES
) -> None:
    """Add the legend of these maps below the pictures of a figure."""
    patches = [
        Patch(facecolor=(r / 255, g / 255, b / 255), edgecolor="black", label=text)
        for (r, g, b), text in legend_entries(*panoptic, palette=palette)
    ]
    figure.legend(
        handles=patches, title="Every thing has a shade of its own.", title_fontsize=10,
        loc="outside lower center", ncols=min(columns, len(patches)),
        frameon=False, fontsize=11, handlelength=1.2, handleheight=1.2,
    )  # fmt: skip


def class_color(train_id: int, palette: Palette = CITYSCAPES) -> tuple[int, int, int]:
    """Return a class's color as three plain numbers."""
    red, green, blue = (int(channel) for channel in palette.colors[train_id])
    return red, green, blue


def _entry(train_id: int, count: int, area: float) -> str:
    name = segment_name(train_id * LABEL_DIVISOR).removesuffix(" 0")
    if train_id in THING_TRAIN_IDS and count:
        name = f"{count} {name}" if count == 1 else f"{count} × {name}"
    share = "0 %" if area == 0 else f"{100 * area:.0f} %" if area >= 0.01 else "< 1 %"
    return f"{name}, {share}"


def draw_panoptic(
    axes: Axes,
    image: Picture,
    panoptic: Labels,
    *,
    long_side: int = 1024,
    palette: Palette = CITYSCAPES,
) -> None:
    """Draw the overlay, with the names of the segments that are large enough to carry them."""
    shown, labels = enlarge(image, panoptic, long_side)
    axes.imshow(overlay(shown, labels, palette=palette))
    axes.set_axis_off()
    spots = name_spots(labels, thinnest=2 * _NAMED_DEPTH * labels.shape[0])
    for label, y, x, _ in _without_overlaps(spots, (labels.shape[0], labels.shape[1])):
        side = "left" if x < labels.shape[1] * 0.08 else "center"
        side = "right" if x > labels.shape[1] * 0.92 else side
        y = min(max(y, labels.shape[0] * 0.04), labels.shape[0] * 0.96)
        axes.text(
            x, y, segment_name(label), color="white", fontsize=9, ha=side, va="center",
            path_effects=[withStroke(linewidth=2.2, foreground="black")], clip_on=True,
        )  # fmt: skip


def _without_overlaps(spots: list[Spot], size: tuple[int, int]) -> list[Spot]:
    """Drop the spots whose names would lie on that of an earlier one."""
    kept: list[Spot] = []
    for spot in spots:
        hidden = any(
            abs(spot.y - other.y) < _NAME_SIZE[0] * size[0]
            and abs(spot.x - other.x) < _NAME_SIZE[1] * size[1]
            for other in kept
        )
        if not hidden:
            kept.append(spot)
    return kept


def named_overlay(image: Picture, panoptic: Labels, long_side: int = 1024) -> np.ndarray:
    """Return the overlay with the segments' names as a picture of its own, RGB uint8."""
    height, width = enlarge(image, long_side=long_side)[0].shape[:2]
    dpi = long_side / _PANEL_INCHES  # so that the names have the size they have in figures
    figure = Figure(figsize=(width / dpi, height / dpi), dpi=dpi)
    draw_panoptic(figure.add_axes((0, 0, 1, 1)), image, panoptic, long_side=long_side)
    return render(figure)


def draw_prediction(
    image: Picture,
    panoptic: Labels,
    *,
    truth: Labels | None = None,
    title: str = "",
    palette: Palette = CITYSCAPES,
) -> Figure:
    """Draw image | ground truth (if given) | prediction in a row, with a legend below.

    Save the figure with ``figure.savefig(path)``; a notebook shows it when it is a cell's value.
    """
    maps: list[tuple[str, Any]] = [("Image", None)]
    maps += [] if truth is None else [("Ground truth", truth)]
    maps += [("Prediction", panoptic)]
    panel = _PANEL_INCHES * image.shape[0] / image.shape[1]
    size = (_PANEL_INCHES * len(maps), panel + 1.4)
    figure = Figure(figsize=size, dpi=100, layout=ConstrainedLayoutEngine(h_pad=0.1))
    for axes, (name, labels) in zip(figure.subplots(1, len(maps)), maps, strict=True):
        axes.set_title(name, fontsize=13)
        if labels is None:
            axes.imshow(enlarge(image)[0])
            axes.set_axis_off()
        else:
            draw_panoptic(axes, image, labels, palette=palette)
    if title:
        figure.suptitle(title, fontsize=13)
    shown = [map_ for map_ in (panoptic, truth) if map_ is not None]
    draw_legend(figure, *shown, columns=3 * len(maps) - 1, palette=palette)
    return figure
