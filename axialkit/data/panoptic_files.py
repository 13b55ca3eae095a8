"""The files that the official Cityscapes tools derive from the labels, written without them::

    gtFine/{split}/{city}/*_gtFine_labelTrainIds.png       as csCreateTrainIdLabelImgs
    gtFine/cityscapes_panoptic_{split}.json and folder     as csCreatePanopticImgs
    gtFine/cityscapes_panoptic_{split}_trainId...          as csCreatePanopticImgs --use-train-id

A pixel of a panoptic PNG holds ``R + 256 G + 65536 B`` = the value of instanceIds (also with train
ids: those change only ``category_id``); 0 = void. The arrays and the parsed JSON are the official
ones, and any number of images will do.
"""

from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8
from PIL import Image

from axialkit.data.cityscapes import (
    CLASSES,
    TRAIN_CLASSES,
    CityscapesClass,
    list_samples,
    read_instance_ids,
    read_label_ids,
    train_ids,
)
from axialkit.data.parallel import map_parallel
from axialkit.files import atomic_path, write_json
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR

_SUPERCATEGORIES = {
    "flat": ("road", "sidewalk"),
    "construction": ("building", "wall", "fence"),
    "object": ("pole", "traffic light", "traffic sign"),
    "nature": ("vegetation", "terrain"),
    "sky": ("sky",),
    "human": ("person", "rider"),
    "vehicle": ("car", "truck", "bus", "train", "motorcycle", "bicycle"),
}
_BY_ID = {klass.id: klass for klass in CLASSES}
_PNG_COMPRESSION = 3  # of 9: twice as fast as the default, files a little larger


def panoptic_json(root: Path | str, split: str, *, use_train_id: bool = False) -> Path:
    """Return where the panoptic JSON of a split lies (its PNG folder has the same stem)."""
    suffix = "_trainId" if use_train_id else ""
    return Path(root) / "gtFine" / f"cityscapes_panoptic_{split}{suffix}.json"


def write_panoptic(
    root: Path | str,
    split: str,
    *,
    use_train_id: bool = False,
    to: Path | str | None = None,
    workers: int | None = 1,
    progress: bool = False,
) -> Path:
    """Write a split's panoptic PNGs, then its JSON; return the JSON's path.

    They lie in ``root/gtFine``, or in ``to/gtFine``.

    Raises:
        InputError: no such split, labels missing or unreadable, or no space to write.
    """
    path = panoptic_json(to or root, split, use_train_id=use_train_id)
    samples = list_samples(root, split)
    convert = partial(_convert, folder=path.with_suffix(""), use_train_id=use_train_id)
    files = [(sample.name, sample.instance_ids) for sample in samples]
    entries = map_parallel(
        convert, files, workers=workers, description=path.stem, progress=progress
    )
    content = {
        "images": [image for image, _ in entries],
        "annotations": [annotation for _, annotation in entries],
        "categories": categories(use_train_id=use_train_id),
    }
    write_json(path, content, indent=None)
    return path


def write_label_train_ids(root: Path | str, split: str) -> None:
    """Write ``*_gtFine_labelTrainIds.png`` beside the labels of a split; void is 255.

    Raises:
        InputError: no such split, labels missing or unreadable, or no space to write.
    """
    for sample in list_samples(root, split):
        name = sample.label_ids.name.replace("_labelIds", "_labelTrainIds")
        write_png(sample.label_ids.with_name(name), train_ids(read_label_ids(sample.label_ids)))


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write an array as PNG, atomically: uint8 grey, RGB or RGBA, or 16-bit grey."""
    # encoded in memory first: Pillow hides the system's reason when a write to disk fails
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=_PNG_COMPRESSION)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getvalue())


def is_whole_png(path: Path) -> bool:
    """Return whether a PNG is there from its first to its last byte."""
    end = b"IEND\xaeB`\x82"  # every PNG ends in this
    if not path.is_file() or path.stat().st_size < len(end):
        return False
    with path.open("rb") as file:
        file.seek(-len(end), 2)
        return file.read() == end


def categories(*, use_train_id: bool = False) -> list[dict[str, Any]]:
    """Return the JSON's table of the 19 evaluated classes."""
    group_of = {name: group for group, names in _SUPERCATEGORIES.items() for name in names}
    return [
        {
            "id": _category_id(klass, use_train_id=use_train_id),
            "name": klass.name,
            "color": list(klass.color),
            "supercategory": group_of[klass.name],
            "isthing": int(klass.has_instances),
        }
        for klass in TRAIN_CLASSES
    ]


def panoptic_segments(
    instance_ids: Int[np.ndarray, "height width"], *, use_train_id: bool = False
) -> list[dict[str, Any]]:
    """Describe the segments of an image, in ascending order of their id, as the JSON does."""
    values, index = np.unique(instance_ids, return_inverse=True)
    index = index.reshape(instance_ids.shape)
    areas = np.bincount(index.ravel())
    tops, bottoms = _extents(index, len(values))
    lefts, rights = _extents(index.T, len(values))
    segments = []
    for number, value in enumerate(values.tolist()):
        klass = _class_of(value)
        if klass.train_id == IGNORE_CLASS:
            continue
        x, y = int(lefts[number]), int(tops[number])
        segments.append(
            {
                "id": value,
                "category_id": _category_id(klass, use_train_id=use_train_id),
                "area": int(areas[number]),
                "bbox": [x, y, int(rights[number]) + 1 - x, int(bottoms[number]) + 1 - y],
                "iscrowd": int(klass.has_instances and value < LABEL_DIVISOR),
            }
        )
    return segments


def panoptic_picture(
    instance_ids: Int[np.ndarray, "height width"],
) -> UInt8[np.ndarray, "height width 3"]:
    """Spread instanceIds over R, G and B; ignored classes become 0."""
    values, index = np.unique(instance_ids, return_inverse=True)
    shown = [0 if _class_of(v).train_id == IGNORE_CLASS else v for v in values.tolist()]
    colors = np.array([(v % 256, v // 256 % 256, v // 65536) for v in shown], np.uint8)
    return colors[index.reshape(instance_ids.shape)]


def _convert(
    file: tuple[str, Path], folder: Path, *, use_train_id: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Write one panoptic PNG; return its entries under "images" and "annotations"."""
    name, path = file
    instance_ids = read_instance_ids(path)
    file_name = f"{name}_gtFine_panoptic.png"
    write_png(folder / file_name, panoptic_picture(instance_ids))
    height, width = instance_ids.shape
    # no image has this file name; the official tool writes it, and readers go by the id
    image_name = f"{name}_gtFine_leftImg8bit.png"
    image = {"id": name, "width": width, "height": height, "file_name": image_name}
    segments = panoptic_segments(instance_ids, use_train_id=use_train_id)
    return image, {"image_id": name, "file_name": file_name, "segments_info": segments}


def _class_of(value: int) -> CityscapesClass:
    return _BY_ID[value // LABEL_DIVISOR if value >= LABEL_DIVISOR else value]


def _category_id(klass: CityscapesClass, *, use_train_id: bool) -> int:
    return klass.train_id if use_train_id else klass.id


def _extents(
    index: Int[np.ndarray, "row column"], count: int
) -> tuple[Int[np.ndarray, " count"], Int[np.ndarray, " count"]]:
    """Return the first and the last row in which each of ``count`` indices occurs."""
    rows = len(index)
    cells = index * rows + np.arange(rows)[:, None]
    occupied = np.bincount(cells.ravel(), minlength=count * rows).reshape(count, rows) > 0
    return occupied.argmax(axis=1), rows - 1 - occupied[:, ::-1].argmax(axis=1)
