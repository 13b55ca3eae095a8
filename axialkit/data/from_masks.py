"""A data set in the layout of Cityscapes from your own images and plain masks.

    ROOT/leftImg8bit/{split}/{city}/{city}_{seq}_000000_leftImg8bit.png
    ROOT/gtFine/{split}/{city}/..._gtFine_{instanceIds,labelIds,labelTrainIds,color}.png
    ROOT/sources.json       per split: the original file of each image, and how it was converted

Two passes: the first reads and converts everything without writing, so that a fault in any file is
told before there is a data set; the second writes. A sample whose image is there is complete.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from axialkit.data.cityscapes import BY_NAME, train_ids
from axialkit.data.images import read_rgb
from axialkit.data.mask_classes import (
    ClassTable,
    read_class_table,
    read_instance_mask,
    read_label_mask,
)
from axialkit.data.mask_instances import components, numbered_ids
from axialkit.data.mask_pairs import CROWD, MaskFolders, Pair, find_pairs
from axialkit.data.mask_plan import (
    LABEL_ENDINGS,
    MaskSample,
    Splitting,
    arrange,
    check_root,
    check_splitting,
    describe,
)
from axialkit.data.minicity_files import remove_leftovers
from axialkit.data.panoptic_files import write_png
from axialkit.data.parallel import map_parallel
from axialkit.data.rasterize import label_colors
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.structures import IGNORE_CLASS


class Converted(NamedTuple):
    """What there is after a conversion."""

    counts: dict[str, int]  # images per split of this call
    written: int  # how many of them were not there before
    notes: tuple[str, ...]  # one per image that had to be converted to 8-bit RGB
    untrained: tuple[str, ...]  # classes of the table that are void for training and scores


class _Rules(NamedTuple):
    table: ClassTable
    crowd: bool  # things get no numbers


def convert_masks(
    folders: MaskFolders,
    classes: Path,
    root: Path,
    splitting: Splitting | None = None,
    *,
    workers: int | None = None,
    progress: bool = True,
) -> Converted:
    """Write ``folders`` as a data set under ``root``; ``classes`` is the table of classes.

    Interrupted, it keeps the finished images; run again, it completes them. Another call may add
    a split that is not there yet. Nothing is ever overwritten.

    Raises:
        InputError: a setting, a name, the table or any file is wrong (nothing has been written
            then), or ``root`` holds something else or cannot be written to.
    """
    splitting = splitting or Splitting()
    check_splitting(splitting)
    rules = _Rules(read_class_table(classes), crowd=folders.instances == CROWD)
    samples = arrange(find_pairs(folders, root), splitting)
    record = describe(samples, folders, rules.table)
    check_root(root, record)
    check = partial(_check, root=root, rules=rules)
    checked = map_parallel(check, samples, workers=workers, description="check", progress=progress)
    for split, entry in record.items():
        digests = [d for (d, _), s in zip(checked, samples, strict=True) if s.split == split]
        entry["contents"] = hashlib.sha256(" ".join(digests).encode()).hexdigest()
    old = check_root(root, record)
    missing = [sample for sample in samples if not sample.is_done(root)]
    if missing:
        write_json(root / "sources.json", {**old, **record})
        for folder in ("leftImg8bit", "gtFine"):  # root itself may hold other files
            remove_leftovers(root / folder)
        write = partial(_write, root=root, rules=rules)
        map_parallel(write, missing, workers=workers, description="write", progress=progress)
    counts = {split: len(entry["images"]) for split, entry in record.items()}
    notes = tuple(note for _, note in checked if note)
    return Converted(counts, len(missing), notes, _untrained(rules.table))


def _untrained(table: ClassTable) -> tuple[str, ...]:
    names = sorted(set(table.names.values()) - {"unlabeled"})
    return tuple(name for name in names if BY_NAME[name].train_id == IGNORE_CLASS)


def _check(sample: MaskSample, root: Path, rules: _Rules) -> tuple[str, str]:
    """Try the conversion of a sample; return a digest of its files, and a note or an empty one."""
    with _notes() as notes:
        if not sample.is_done(root):
            _read(sample.pair, rules)
    digest = hashlib.sha256()
    for path in (sample.pair.image, sample.pair.mask, sample.pair.instances):
        if path is not None:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest(), "".join(notes[:1])


def _write(sample: MaskSample, root: Path, rules: _Rules) -> None:
    """Write all files of a sample, the image last: its presence means done."""
    with _notes():
        image, labels, ids = _read(sample.pair, rules)
    pictures = (ids.astype(np.uint16), labels, train_ids(labels), label_colors(labels))
    for ending, picture in zip(LABEL_ENDINGS, pictures, strict=True):
        write_png(sample.label_path(root, ending), picture)
    write_png(sample.image_path(root), image)


@contextmanager
def _notes() -> Iterator[list[str]]:
    """Collect what is reported on images: thousands of lines would bury the progress bar."""
    found: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        found.append(record.getMessage())
        return False

    log = logging.getLogger("axialkit.images")
    log.addFilter(keep)
    try:
        yield found
    finally:
        log.removeFilter(keep)


def _read(
    pair: Pair, rules: _Rules
) -> tuple[
    UInt8[np.ndarray, "height width 3"],
    UInt8[np.ndarray, "height width"],
    Int32[np.ndarray, "height width"],
]:
    """Return a pair's image, label ids and instanceIds."""
    image = read_rgb(pair.image)
    labels = read_label_mask(pair.mask, rules.table)
    _check_size(pair.image, image.shape[:2], pair.mask, labels.shape)
    if rules.crowd:
        return image, labels, labels.astype(np.int32)
    if pair.instances is None:
        return image, labels, numbered_ids(labels, components(labels), pair.mask)
    parts = read_instance_mask(pair.instances)
    _check_size(pair.image, image.shape[:2], pair.instances, parts.shape)
    return image, labels, numbered_ids(labels, parts, pair.instances)


def _check_size(image: Path, size: tuple[int, ...], mask: Path, mask_size: tuple[int, ...]) -> None:
    if size == mask_size:
        return
    remedy = "Export the mask at the size of the image."
    if size == mask_size[::-1]:
        remedy = "Perhaps an EXIF entry turns the image upright: turn the mask in the same way."
    raise InputError(
        f"{image} is {size[0]}x{size[1]} (height x width), but its mask {mask} is "
        f"{mask_size[0]}x{mask_size[1]}. {remedy}"
    )
