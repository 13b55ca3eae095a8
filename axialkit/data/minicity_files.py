"""The folder of a MiniCity: where its files lie, what is already there, writing one scene."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int32, UInt8

from axialkit.data import rasterize
from axialkit.data.cities import CITY_NAMES
from axialkit.data.cityscapes import SPLITS, train_ids
from axialkit.data.panoptic_files import panoptic_json, write_png
from axialkit.data.scene import Polygon, Special
from axialkit.errors import InputError
from axialkit.files import read_json, write_json

_LABEL_ENDINGS = (
    "polygons.json",
    "color.png",
    "labelIds.png",
    "labelTrainIds.png",
    "instanceIds.png",
)


class DrawnScene(NamedTuple):
    """One image with its annotation, as on disk."""

    image: UInt8[np.ndarray, "height width 3"]
    label_ids: UInt8[np.ndarray, "height width"]
    instance_ids: Int32[np.ndarray, "height width"]
    polygons: tuple[Polygon, ...]  # back to front
    specials: tuple[Special, ...]


class SpecialObject(NamedTuple):
    """An object on disk whose class only a far cue tells."""

    name: str  # of the image: {city}_{seq}_{frame}
    kind: str  # "side", "roof", "boards", "gable": what has to be looked for, and where
    label: str
    alternatives: tuple[str, ...]  # class names it could be without the cue
    ambiguous: bool  # False: the class is plain from local texture as well
    cue: tuple[int, int, int, int]  # box of the telling detail: y0, x0, y1, x1 (inclusive)
    polygon: int  # index in polygons.json
    instance_id: int  # value in instanceIds.png (the label id, if its class is not counted)


def image_name(split: str, index: int) -> str:
    """Return the name of a split's image ``index``; neighbours lie in different cities."""
    cities = CITY_NAMES[split]
    return f"{cities[index % len(cities)]}_{index // len(cities):06d}_000019"


def present_images(root: Path, split: str) -> set[int]:
    """Return the indices of the images that are there with all their label files."""
    cities = CITY_NAMES[split]
    labels = {path.name for path in (root / "gtFine" / split).glob("*/*_gtFine_*")}
    found = set()
    for path in (root / "leftImg8bit" / split).glob("*/*_leftImg8bit.png"):
        match = re.fullmatch(r"((\w+)_(\d+)_000019)_leftImg8bit\.png", path.name)
        if match is None or match[2] not in cities:
            continue
        if all(f"{match[1]}_gtFine_{ending}" in labels for ending in _LABEL_ENDINGS):
            found.add(int(match[3]) * len(cities) + cities.index(match[2]))
    return found


def has_panoptic(root: Path, split: str, count: int, *, use_train_id: bool) -> bool:
    """Return whether the panoptic files cover all ``count`` images of a split."""
    path = panoptic_json(root, split, use_train_id=use_train_id)
    return count == 0 or (path.is_file() and len(read_json(path)["images"]) == count)


def is_whole(root: Path, counts: dict[str, int]) -> bool:
    """Return whether all images and panoptic files of these counts are there."""
    return all(
        present_images(root, split) >= set(range(counts[split]))
        and has_panoptic(root, split, counts[split], use_train_id=use_train_id)
        for split in SPLITS
        for use_train_id in (False, True)
    )


def config_path(root: Path) -> Path:
    """Return where the settings of a MiniCity lie."""
    return root / "minicity" / "config.json"


def read_config(root: Path) -> dict[str, Any]:
    """Return the settings and counts of a MiniCity.

    Raises:
        InputError: ``root`` holds no MiniCity, or its config.json is damaged.
    """
    path = config_path(root)
    if not path.is_file():
        raise InputError(
            f"{root} holds no MiniCity (there is no {path}). Make one with: "
            f"axialkit data minicity --out {root}"
        )
    config = read_json(path)
    if not isinstance(config, dict) or set(config.get("counts", ())) != set(SPLITS):
        raise InputError(f"{path} is damaged. Remove the folder {root} and make it again.")
    return config


def write_scene(root: Path, split: str, name: str, drawn: DrawnScene) -> None:
    """Write all files of one image, the image itself last: its presence means done.

    Raises:
        InputError: no permission, or no space.
    """
    city = name.split("_")[0]
    size = drawn.label_ids.shape
    stem = root / "gtFine" / split / city / f"{name}_gtFine"

    def beside(ending: str) -> Path:
        assert ending in _LABEL_ENDINGS
        return stem.with_name(f"{stem.name}_{ending}")

    rasterize.write_polygons(beside("polygons.json"), drawn.polygons, (size[0], size[1]))
    write_png(beside("color.png"), rasterize.label_colors(drawn.label_ids))
    write_png(beside("labelIds.png"), drawn.label_ids)
    write_png(beside("labelTrainIds.png"), train_ids(drawn.label_ids))
    write_png(beside("instanceIds.png"), drawn.instance_ids.astype(np.uint16))
    if drawn.specials:
        specials = [special._asdict() for special in _special_objects(name, drawn)]
        write_json(specials_folder(root, split) / f"{name}.json", specials, indent=None)
    write_png(root / "leftImg8bit" / split / city / f"{name}_leftImg8bit.png", drawn.image)


def _special_objects(name: str, drawn: DrawnScene) -> Iterator[SpecialObject]:
    values = rasterize.instance_values(drawn.polygons)
    for special in drawn.specials:
        value = values[special.polygon]
        assert value is not None, "classes that are never painted have no special objects"
        label = drawn.polygons[special.polygon].label
        yield SpecialObject(name=name, label=label, instance_id=value, **special._asdict())


def specials_folder(root: Path, split: str) -> Path:
    """Return the folder with one JSON per image that has special objects."""
    return root / "minicity" / "specials" / split


def remove_leftovers(root: Path) -> None:
    """Remove temporary files of a run that was killed."""
    for path in root.rglob(".*.tmp*"):
        path.unlink(missing_ok=True)


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Let one process at a time fill ``root``; others wait. (Windows has no such lock.)

    Raises:
        InputError: the folder cannot be written to.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    path = root / "minicity" / "lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("a")
    except OSError as error:
        raise InputError(
            f"Cannot write into {root} ({error.strerror}). Choose another --out."
        ) from error
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # released by the system, however the process ends
        yield
