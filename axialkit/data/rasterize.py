"""From polygons to label pictures, by the painting rules of the Cityscapes annotations.

Polygons are painted in list order, later over earlier. A class with instances counts them from 0
in that order; a name ending in ``group`` is the class without a number; classes with a negative id
(license plate) are never painted; pixels that nothing covers have id 0.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Int, Int32, UInt8
from PIL import Image, ImageDraw

from axialkit.data.cityscapes import BY_NAME, CLASSES, CityscapesClass
from axialkit.data.scene import Polygon
from axialkit.errors import InputError, suggest
from axialkit.files import read_json, write_json
from axialkit.structures import LABEL_DIVISOR

_COLORS = np.zeros((256, 4), np.uint8)
_COLORS[:, 3] = 255
for _klass in CLASSES:
    if _klass.id >= 0:
        _COLORS[_klass.id, :3] = _klass.color


def instance_ids(
    polygons: Sequence[Polygon], size: tuple[int, int]
) -> Int32[np.ndarray, "height width"]:
    """Return instanceIds: ``id * 1000 + number`` for counted instances, else the label id."""
    return _paint(polygons, instance_values(polygons), size, background=0)


def owners(polygons: Sequence[Polygon], size: tuple[int, int]) -> Int32[np.ndarray, "height width"]:
    """Return, per pixel, the index of the polygon that is seen there; -1 = none."""
    indices = [
        index if _class_of(polygon.label)[0].id >= 0 else None
        for index, polygon in enumerate(polygons)
    ]
    return _paint(polygons, indices, size, background=-1)


def instance_values(polygons: Iterable[Polygon]) -> list[int | None]:
    """Return the value that each polygon gets in instanceIds; None = never painted.

    Raises:
        InputError: a label is not in the Cityscapes table.
    """
    values: list[int | None] = []
    counts: dict[int, int] = {}
    for polygon in polygons:
        klass, is_group = _class_of(polygon.label)
        if klass.has_instances and not is_group:
            number = counts.get(klass.id, 0)
            counts[klass.id] = number + 1
            values.append(klass.id * LABEL_DIVISOR + number)
        else:
            values.append(klass.id if klass.id >= 0 else None)
    return values


def label_ids(instances: Int[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width"]:
    """Reduce instanceIds to labelIds."""
    numbered = instances >= LABEL_DIVISOR
    return np.where(numbered, instances // LABEL_DIVISOR, instances).astype(np.uint8)


def label_colors(labels: UInt8[np.ndarray, "height width"]) -> UInt8[np.ndarray, "height width 4"]:
    """Color labelIds (RGBA, opaque) as the official color pictures are."""
    return _COLORS[labels]


def _class_of(label: str) -> tuple[CityscapesClass, bool]:
    """Return the class of a polygon's label and whether it is a group of instances."""
    if label in BY_NAME:
        return BY_NAME[label], False
    single = label.removesuffix("group")
    if single != label and single in BY_NAME:
        return BY_NAME[single], True
    raise InputError(
        f'"{label}" is not a Cityscapes class.{suggest(label, list(BY_NAME))} '
        "Correct the label of this polygon."
    )


def _paint(
    polygons: Sequence[Polygon],
    values: Sequence[int | None],
    size: tuple[int, int],
    background: int,
) -> Int32[np.ndarray, "height width"]:
    # mode I: 32-bit numbers, the only mode of ImageDraw that holds ids above 255
    picture = Image.new("I", (size[1], size[0]), background)
    drawer = ImageDraw.Draw(picture)
    for polygon, value in zip(polygons, values, strict=True):
        if value is not None:
            drawer.polygon(list(polygon.points), fill=value)
    return np.asarray(picture, np.int32)


def write_polygons(path: Path | str, polygons: Sequence[Polygon], size: tuple[int, int]) -> None:
    """Write a polygons.json, atomically and compactly."""
    content = {
        "imgHeight": size[0],
        "imgWidth": size[1],
        "objects": [{"label": p.label, "polygon": p.points} for p in polygons],
    }
    write_json(path, content, indent=None)


def read_polygons(path: Path | str) -> tuple[tuple[Polygon, ...], tuple[int, int]]:
    """Read a polygons.json; return its polygons without deleted ones, and (height, width).

    Raises:
        InputError: the file is missing or is not of this form.
    """
    content = read_json(path)
    try:
        polygons = tuple(
            Polygon(entry["label"], tuple((int(x), int(y)) for x, y in entry["polygon"]))
            for entry in content["objects"]
            if not entry.get("deleted")
        )
        return polygons, (content["imgHeight"], content["imgWidth"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} is no Cityscapes annotation ({error!r}). Unpack or generate it again."
        ) from error
