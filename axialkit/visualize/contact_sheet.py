"""A contact sheet: many images of a data set beside their labels, to see at one glance."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from jaxtyping import Int, UInt8
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from axialkit.data.check_sample import SampleFiles
from axialkit.data.cityscapes import TRAIN_CLASSES, panoptic_label, read_instance_ids
from axialkit.data.images import read_rgb
from axialkit.errors import InputError
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR, VOID
from axialkit.visualize.colors import PALETTE, Picture, overlay
from axialkit.visualize.panoptic import enlarge

COUNT = 24  # samples on a sheet
COLUMNS = 3

_TILE = 3.3  # inches, the width of one picture
_NAME = 0.26  # inches above each pair of pictures
_GAP = 0.12  # inches between pairs, and at the borders
_TITLE, _LEGEND_ROW = 0.75, 0.3  # inches
_LEGEND_COLUMNS = 10
_DPI = 100

Item = TypeVar("Item")


class _Tile(NamedTuple):
    """One pair of pictures; a missing one is replaced by the words why."""

    name: str
    image: Picture | None
    labels: Picture | None
    classes: tuple[int, ...] = ()
    why: str = ""


def choose(samples: Sequence[SampleFiles], count: int = COUNT) -> list[SampleFiles]:
    """Choose samples as evenly as possible over splits, over their cities, and within those."""
    chosen = []
    splits = _groups(samples, [sample.split for sample in samples])
    for split, share in zip(splits, _shares([len(s) for s in splits], count), strict=True):
        cities = _groups(split, [sample.city for sample in split])
        for city, number in zip(cities, _shares([len(c) for c in cities], share), strict=True):
            chosen += _spread(city, number)
    return chosen


def draw_sheet(samples: Sequence[SampleFiles], title: str = "") -> Figure:
    """Draw image | labels of each sample, three to a row, with the classes' colors below."""
    tiles = [_read(sample) for sample in samples]
    shapes = [tile.image.shape for tile in tiles if tile.image is not None]
    aspect = float(np.median([shape[0] / shape[1] for shape in shapes])) if shapes else 0.5
    columns = min(COLUMNS, max(len(tiles), 1))
    rows = -(-len(tiles) // columns)
    classes = sorted({train_id for tile in tiles for train_id in tile.classes})
    legend_rows = -(-len(classes) // _LEGEND_COLUMNS)
    width = columns * (2 * _TILE + _GAP) + _GAP
    row_height = _TILE * aspect + _NAME + _GAP
    height = _TITLE + rows * row_height + (legend_rows + 0.5) * _LEGEND_ROW
    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor="white")
    heading = (f"{title}: " if title else "") + "image | labels, white lines between segments"
    figure.text(0.5, 1 - 0.3 / height, heading, ha="center", va="center", fontsize=16)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        left = _GAP + column * (2 * _TILE + _GAP)
        top = height - _TITLE - row * row_height
        _draw_tile(figure, tile, (left, top), _TILE * aspect)
    _draw_legend(figure, classes)
    return figure


def _groups(items: Sequence[Item], keys: Sequence[str]) -> list[list[Item]]:
    """Collect the items of each key, in the order in which the keys come first."""
    return [
        [item for item, key in zip(items, keys, strict=True) if key == group]
        for group in dict.fromkeys(keys)
    ]


def _shares(sizes: Sequence[int], total: int) -> list[int]:
    """Divide ``total`` among groups as evenly as their sizes allow."""
    shares = [0] * len(sizes)
    while total > 0 and sum(shares) < sum(sizes):
        unfilled = [i for i, size in enumerate(sizes) if shares[i] < size]
        for i in _spread(unfilled, min(total, len(unfilled))):
            shares[i] += 1
        total -= min(total, len(unfilled))
    return shares


def _spread(items: Sequence[Item], count: int) -> list[Item]:
    """Take ``count`` items at equal distances."""
    return [items[int((number + 0.5) * len(items) / count)] for number in range(count)]


def _read(sample: SampleFiles) -> _Tile:
    name = f"{sample.split}   {sample.name}"
    try:
        image = read_rgb(sample.image) if sample.image is not None else None
        if image is None or sample.labels is None:
            return _Tile(name, image, None, why="no labels")
        label = panoptic_label(read_instance_ids(sample.labels), keep_crowd=True)
    except InputError:
        return _Tile(name, None, None, why="cannot be read")
    if image.shape[:2] != label.shape:
        return _Tile(name, image, None, why="labels of another size")
    classes = tuple(int(c) for c in np.unique(label // LABEL_DIVISOR))
    if (label == VOID).all():
        return _Tile(name, enlarge(image)[0], None, classes, "only void")
    return _Tile(name, *_pictures(image, label), classes)


def _pictures(
    image: Picture, label: Int[np.ndarray, "height width"]
) -> tuple[
    UInt8[np.ndarray, "new_height new_width 3"], UInt8[np.ndarray, "new_height new_width 3"]
]:
    """Bring an image and its labels to the tile's number of pixels, or twice that."""
    height, width = image.shape[:2]
    long_side = round(2 * _TILE * _DPI * max(1.0, height / width))
    larger, labels = enlarge(image, label, long_side)
    return larger, overlay(larger, labels, alpha=0.75)


def _draw_tile(figure: Figure, tile: _Tile, at: tuple[float, float], height: float) -> None:
    """Draw a pair with its name above; ``at``: upper left corner (x, y from below), inches."""
    full_width, full_height = figure.get_size_inches()
    left, top = at
    figure.text(
        left / full_width, (top - _NAME / 2) / full_height, tile.name, fontsize=10, va="center"
    )
    for number, picture in enumerate((tile.image, tile.labels)):
        x, y = left + number * _TILE, top - _NAME - height
        axes = figure.add_axes(
            (x / full_width, y / full_height, (_TILE - 0.03) / full_width, height / full_height)
        )
        axes.set(xticks=[], yticks=[], facecolor="#dddddd")
        axes.spines[:].set_visible(False)
        if picture is None:
            axes.text(0.5, 0.5, tile.why, transform=axes.transAxes, ha="center", va="center")
        else:
            axes.imshow(picture)


def _draw_legend(figure: Figure, classes: Sequence[int]) -> None:
    if not classes:
        return
    patches = [
        Patch(facecolor=tuple(PALETTE[c] / 255), edgecolor="black", label=_class_name(c))
        for c in classes
    ]
    figure.legend(
        handles=patches, loc="lower center", ncols=min(_LEGEND_COLUMNS, len(patches)),
        frameon=False, fontsize=11, handlelength=1.2, handleheight=1.2,
    )  # fmt: skip


def _class_name(train_id: int) -> str:
    return "void" if train_id == IGNORE_CLASS else TRAIN_CLASSES[train_id].name
