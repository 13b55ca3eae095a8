"""Cityscapes on disk: the class table, where the files lie, and reading them with clear errors.

Layout (spec of the official data set, docs of cityscapesScripts)::

    ROOT/leftImg8bit/{split}/{city}/{city}_{seq}_{frame}_leftImg8bit.png
    ROOT/gtFine/{split}/{city}/{city}_{seq}_{frame}_gtFine_{labelIds,instanceIds,color}.png
    ROOT/gtFine/{split}/{city}/{city}_{seq}_{frame}_gtFine_polygons.json
    ROOT/gtFine/cityscapes_panoptic_{split}[_trainId]/{city}_{seq}_{frame}_gtFine_panoptic.png

Of the labels, instanceIds.png alone is enough, or else a prepared panoptic file.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Integer, UInt8
from PIL import Image

from axialkit.data.images import DECODE_ERRORS
from axialkit.data.runs import find_runs
from axialkit.errors import InputError, suggest
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR, VOID

SPLITS = ("train", "val", "test")


class CityscapesClass(NamedTuple):
    """One row of the official label table."""

    name: str
    id: int  # value in labelIds.png; -1 is never painted
    train_id: int  # 0..18, or 255 = ignored in training and evaluation
    has_instances: bool
    color: tuple[int, int, int]


CLASSES = (
    CityscapesClass("unlabeled", 0, 255, False, (0, 0, 0)),
    CityscapesClass("ego vehicle", 1, 255, False, (0, 0, 0)),
    CityscapesClass("rectification border", 2, 255, False, (0, 0, 0)),
    CityscapesClass("out of roi", 3, 255, False, (0, 0, 0)),
    CityscapesClass("static", 4, 255, False, (0, 0, 0)),
    CityscapesClass("dynamic", 5, 255, False, (111, 74, 0)),
    CityscapesClass("ground", 6, 255, False, (81, 0, 81)),
    CityscapesClass("road", 7, 0, False, (128, 64, 128)),
    CityscapesClass("sidewalk", 8, 1, False, (244, 35, 232)),
    CityscapesClass("parking", 9, 255, False, (250, 170, 160)),
    CityscapesClass("rail track", 10, 255, False, (230, 150, 140)),
    CityscapesClass("building", 11, 2, False, (70, 70, 70)),
    CityscapesClass("wall", 12, 3, False, (102, 102, 156)),
    CityscapesClass("fence", 13, 4, False, (190, 153, 153)),
    CityscapesClass("guard rail", 14, 255, False, (180, 165, 180)),
    CityscapesClass("bridge", 15, 255, False, (150, 100, 100)),
    CityscapesClass("tunnel", 16, 255, False, (150, 120, 90)),
    CityscapesClass("pole", 17, 5, False, (153, 153, 153)),
    CityscapesClass("polegroup", 18, 255, False, (153, 153, 153)),
    CityscapesClass("traffic light", 19, 6, False, (250, 170, 30)),
    CityscapesClass("traffic sign", 20, 7, False, (220, 220, 0)),
    CityscapesClass("vegetation", 21, 8, False, (107, 142, 35)),
    CityscapesClass("terrain", 22, 9, False, (152, 251, 152)),
    CityscapesClass("sky", 23, 10, False, (70, 130, 180)),
    CityscapesClass("person", 24, 11, True, (220, 20, 60)),
    CityscapesClass("rider", 25, 12, True, (255, 0, 0)),
    CityscapesClass("car", 26, 13, True, (0, 0, 142)),
    CityscapesClass("truck", 27, 14, True, (0, 0, 70)),
    CityscapesClass("bus", 28, 15, True, (0, 60, 100)),
    CityscapesClass("caravan", 29, 255, True, (0, 0, 90)),
    CityscapesClass("trailer", 30, 255, True, (0, 0, 110)),
    CityscapesClass("train", 31, 16, True, (0, 80, 100)),
    CityscapesClass("motorcycle", 32, 17, True, (0, 0, 230)),
    CityscapesClass("bicycle", 33, 18, True, (119, 11, 32)),
    CityscapesClass("license plate", -1, 255, False, (0, 0, 142)),
)
BY_NAME = {klass.name: klass for klass in CLASSES}
TRAIN_CLASSES = tuple(
    sorted((c for c in CLASSES if c.train_id != IGNORE_CLASS), key=lambda c: c.train_id)
)
THING_TRAIN_IDS = tuple(c.train_id for c in TRAIN_CLASSES if c.has_instances)  # 11..18
STUFF_TRAIN_IDS = tuple(c.train_id for c in TRAIN_CLASSES if not c.has_instances)  # 0..10
LABEL_IDS = np.array([c.id for c in TRAIN_CLASSES], np.uint8)  # train id -> label id

_TRAIN_ID_OF_ID = np.full(256, IGNORE_CLASS, np.uint8)
for _klass in TRAIN_CLASSES:
    _TRAIN_ID_OF_ID[_klass.id] = _klass.train_id
_LARGEST_ID = max(c.id for c in CLASSES)
_PANOPTIC = "_gtFine_panoptic.png"


class SamplePaths(NamedTuple):
    """The files of one image; ``name`` is ``{city}_{seq}_{frame}``.

    ``instance_ids`` is instanceIds.png or, where that is missing, a panoptic PNG, which holds the
    same values (0 in place of all ignored classes): ``read_instance_ids`` reads both.
    """

    name: str
    image: Path
    instance_ids: Path
    label_ids: Path
    polygons: Path


def train_ids(label_ids: Integer[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Map label ids (labelIds.png) to train ids, 255 where the class is ignored."""
    return _TRAIN_ID_OF_ID[label_ids]


def panoptic_label(
    instance_ids: Int[np.ndarray, "height width"], *, keep_crowd: bool = False
) -> Int[np.ndarray, "height width"]:
    """Encode instanceIds.png as ``train_id * 1000 + instance``, int32; void is 255000.

    Stuff has instance 0; things count 1, 2, 3... per class in ascending order of their id. A crowd
    (a thing class without a number) becomes void, as in the released recipe of deeplab2, or keeps
    its class with instance 0.
    """
    counts: dict[int, int] = {}
    runs = find_runs(instance_ids)
    codes = np.full(runs.value.max() + 1, VOID, np.int32)  # from instance id to panoptic label
    for value in np.unique(runs.value):  # ascending, so are the numbers
        numbered = value >= LABEL_DIVISOR
        train_id = int(_TRAIN_ID_OF_ID[value // LABEL_DIVISOR if numbered else value])
        is_thing = train_id in THING_TRAIN_IDS
        is_crowd = is_thing and not numbered
        if train_id == IGNORE_CLASS or is_thing != numbered and not (is_crowd and keep_crowd):
            continue
        counts[train_id] = counts.get(train_id, 0) + int(numbered)
        codes[value] = train_id * LABEL_DIVISOR + (counts[train_id] if numbered else 0)
    return runs.spread(codes[runs.value])


def list_images(root: Path | str, split: str) -> list[SamplePaths]:
    """List the images of a split, sorted by name, whether they have labels or not.

    Raises:
        InputError: no such folder or split, or no images.
    """
    root = Path(root)
    if split not in SPLITS:
        hint = suggest(split, list(SPLITS)) or f" Choose one of {', '.join(SPLITS)}."
        raise InputError(f'There is no split "{split}".{hint}')
    if not root.is_dir():
        raise InputError(
            f"There is no folder {root}. Check the path, or make MiniCity with: axialkit data "
            f"minicity --out {root}"
        )
    images = root / "leftImg8bit" / split
    if images.parent.is_dir() and not images.is_dir():
        there = [name for name in SPLITS if (images.parent / name).is_dir()]
        raise InputError(
            f"{root} has no split {split}: there is no folder leftImg8bit/{split}. It has: "
            f"{', '.join(there) or 'none'}."
        )
    if not images.is_dir():
        raise InputError(
            f"{root} is not a Cityscapes root: it has no folder leftImg8bit/{split}. "
            "Give the folder that holds leftImg8bit and gtFine."
        )
    samples = list_present(root, split)
    if not samples:
        raise InputError(f"{images} holds no *_leftImg8bit.png. Was the archive unpacked there?")
    return samples


def list_samples(root: Path | str, split: str) -> list[SamplePaths]:
    """List the images of a split, sorted by name.

    Raises:
        InputError: no such folder or split, no images, or images without their labels.
    """
    root = Path(root)
    images, samples = root / "leftImg8bit" / split, list_images(root, split)
    missing = [sample for sample in samples if not sample.instance_ids.is_file()]
    if missing:
        raise InputError(
            f"{len(missing)} of {len(samples)} images in {images} have no labels; the first "
            f"missing file is {missing[0].instance_ids}. Unpack gtFine into the same root, or "
            "run axialkit data minicity again to complete a MiniCity."
        )
    return samples


def list_present(root: Path, split: str) -> list[SamplePaths]:
    """List the images of a split, sorted by name, whether they have labels or not."""
    paths = sorted((root / "leftImg8bit" / split).glob("*/*_leftImg8bit.png"))
    return [_paths(root, split, path) for path in paths]


def read_instance_ids(path: Path | str) -> Int[np.ndarray, "height width"]:
    """Read an instanceIds.png, or the same values from a panoptic PNG, as int32.

    Raises:
        InputError: the file is unreadable, neither 16-bit grey nor a panoptic PNG, or holds ids
            outside the table.
    """
    if Path(path).name.endswith(_PANOPTIC):
        red, green, blue = np.moveaxis(_read_label(path, ("RGB",)), -1, 0)
        values = red + 256 * green + 65536 * blue
    else:
        values = _read_label(path, ("I;16", "I;16B", "I"))
    return _check_ids(values, path, LABEL_DIVISOR)


def read_label_ids(path: Path | str) -> Int[np.ndarray, "height width"]:
    """Read a labelIds.png as int32.

    Raises:
        InputError: the file is unreadable, not 8-bit grey, or holds ids outside the table.
    """
    return _check_ids(_read_label(path, ("L",)), path, 1)


def _paths(root: Path, split: str, image: Path) -> SamplePaths:
    name = image.name.removesuffix("_leftImg8bit.png")
    stem = root / "gtFine" / split / image.parent.name / f"{name}_gtFine"
    return SamplePaths(
        name=name,
        image=image,
        instance_ids=_instance_ids(root, split, stem),
        label_ids=stem.with_name(f"{stem.name}_labelIds.png"),
        polygons=stem.with_name(f"{stem.name}_polygons.json"),
    )


def _instance_ids(root: Path, split: str, stem: Path) -> Path:
    """Return the file with the instances: the annotated one, or a prepared one if only that is."""
    annotated = stem.with_name(f"{stem.name}_instanceIds.png")
    if not annotated.is_file():
        for suffix in ("", "_trainId"):
            folder = root / "gtFine" / f"cityscapes_panoptic_{split}{suffix}"
            prepared = folder / f"{stem.name.removesuffix('_gtFine')}{_PANOPTIC}"
            if prepared.is_file():
                return prepared
    return annotated


def _read_label(path: Path | str, modes: tuple[str, ...]) -> Int[np.ndarray, "height width ..."]:
    try:
        with Image.open(path) as image:
            image.load()
            mode, values = image.mode, np.asarray(image)
    except FileNotFoundError as error:
        raise InputError(f"There is no label file {path}.") from error
    except DECODE_ERRORS as error:
        raise InputError(
            f"Cannot read the label file {path}: {error}. Unpack or generate it again."
        ) from error
    if mode not in modes:
        raise InputError(
            f"{path} has image mode {mode}, but labels are {' or '.join(modes)} (one number per "
            "pixel). Is it the color picture instead of the ids?"
        )
    return values.astype(np.int32)


def _check_ids(
    values: Int[np.ndarray, "height width"], path: Path | str, divisor: int
) -> Int[np.ndarray, "height width"]:
    largest = (_LARGEST_ID + 1) * divisor - 1
    runs = find_runs(values)
    is_class = (runs.value >= 0) & (runs.value <= _LARGEST_ID)
    is_instance = (runs.value >= divisor) & (runs.value <= largest)
    wrong = runs.start[~(is_class | is_instance)]
    if len(wrong):
        y, x = divmod(int(wrong[0]), values.shape[1])
        raise InputError(
            f"{path} holds the id {values[y, x]} at (y={y}, x={x}), which is not in the Cityscapes "
            f"table (classes 0..{_LARGEST_ID}). Check which tool wrote this file."
        )
    return values
