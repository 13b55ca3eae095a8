"""Which image becomes which sample of a data set made from masks, and what its root holds.

``ROOT/sources.json`` is the record: per split the original file of each image, the classes, what
the instances are, and a digest of all files, so that a later call can tell whether it goes on with
the same data set.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from axialkit.data.cityscapes import SPLITS
from axialkit.data.mask_classes import ClassTable
from axialkit.data.mask_pairs import MaskFolders, Pair
from axialkit.data.panoptic_files import is_whole_png
from axialkit.errors import InputError, suggest
from axialkit.files import read_json

VAL_SHARE = 0.2
LABEL_ENDINGS = ("instanceIds", "labelIds", "labelTrainIds", "color")
_DIFFERENCES = {
    "images": "other images, splits or city names",
    "classes": "another table of classes",
    "instances": "another --instances",
    "contents": "other contents: an image or a mask has changed since",
}


class Splitting(NamedTuple):
    """Which images go to which split, and the name of the city.

    A city is wholly in one split: "own" is the city of train, "ownval" that of val.
    """

    val: float = VAL_SHARE  # share of the images, drawn at random but always the same
    split: str | None = None  # all images go here instead
    city: str = "own"


class MaskSample(NamedTuple):
    """One image of the data set."""

    split: str
    name: str  # {city}_{seq}_{frame}
    pair: Pair

    def image_path(self, root: Path) -> Path:
        return self._in(root / "leftImg8bit", "leftImg8bit")

    def label_path(self, root: Path, ending: str) -> Path:
        return self._in(root / "gtFine", f"gtFine_{ending}")

    def is_done(self, root: Path) -> bool:
        labels = [self.label_path(root, ending) for ending in LABEL_ENDINGS]
        return all(is_whole_png(path) for path in (*labels, self.image_path(root)))

    def _in(self, folder: Path, ending: str) -> Path:
        return folder / self.split / self.name.split("_")[0] / f"{self.name}_{ending}.png"


def check_splitting(splitting: Splitting) -> None:
    """Refuse a share, a split or a city that cannot be.

    Raises:
        InputError: naming the flag of the command line and its value.
    """
    if not 0 <= splitting.val < 1:
        raise InputError(
            f"--val is the share of images for val, from 0 to below 1, got {splitting.val:g}."
        )
    if splitting.split is not None and splitting.split not in SPLITS:
        raise InputError(
            f'There is no split "{splitting.split}".{suggest(splitting.split, list(SPLITS))} '
            f"Splits: {', '.join(SPLITS)}."
        )
    if not re.fullmatch("[A-Za-z0-9-]+", splitting.city):
        raise InputError(
            f'--city must consist of letters, digits and -, got "{splitting.city}": the names of '
            "Cityscapes files are cut at each _."
        )


def arrange(pairs: Sequence[Pair], splitting: Splitting) -> list[MaskSample]:
    """Give each pair its split and its name; the order of the stems is kept within a split."""
    chosen: set[int] = set()
    if splitting.split is None and splitting.val > 0 and len(pairs) > 1:
        # both splits get at least one image
        count = min(max(round(splitting.val * len(pairs)), 1), len(pairs) - 1)
        chosen = set(np.random.default_rng(0).permutation(len(pairs))[:count].tolist())
    samples = []
    counts = dict.fromkeys(SPLITS, 0)
    for index, pair in enumerate(pairs):
        split = splitting.split or ("val" if index in chosen else "train")
        city = splitting.city + ("" if split == "train" else split)
        samples.append(MaskSample(split, f"{city}_{counts[split]:06d}_000000", pair))
        counts[split] += 1
    return samples


def describe(
    samples: Sequence[MaskSample], folders: MaskFolders, table: ClassTable
) -> dict[str, dict[str, Any]]:
    """Return what sources.json says of the splits that are filled now."""
    record: dict[str, dict[str, Any]] = {}
    for split, name, pair in samples:
        entry = record.setdefault(split, {"images": {}, "classes": table.names})
        entry["instances"] = "folder" if pair.instances else str(folders.instances)
        entry["images"][name] = pair.image.relative_to(folders.images).as_posix()
    return record


def check_root(root: Path, record: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the content of sources.json, {} if there is none.

    Raises:
        InputError: ``root`` is a file, or holds something else than what ``record`` describes.
    """
    path = root / "sources.json"
    if root.exists() and not root.is_dir():
        raise InputError(f"{root} is a file, not a folder. Choose another --out.")
    old = read_json(path) if path.is_file() else {}
    if not isinstance(old, dict) or not all(
        split in SPLITS and isinstance(entry, dict) for split, entry in old.items()
    ):
        raise InputError(f"{path} is damaged or of another program. Choose another --out.")
    foreign = [""] if not old else [split for split in record if split not in old]
    for folder in (root / kind / split for kind in ("leftImg8bit", "gtFine") for split in foreign):
        if folder.exists():
            raise InputError(
                f"{folder} is of another data set ({path} does not list its images). Choose "
                "another --out."
            )
    for split in [split for split in record if split in old]:
        for key, value in record[split].items():
            if old[split].get(key) != value:
                raise InputError(
                    f"{root} holds a {split} split that was made from {_DIFFERENCES[key]}. Choose "
                    f"another --out, or remove {root} to make it again."
                )
    return old
