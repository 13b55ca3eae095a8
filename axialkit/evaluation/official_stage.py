"""A folder as the official scripts want it, with links to the files of just the chosen images."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from axialkit.data.cityscapes import SamplePaths, read_instance_ids
from axialkit.data.panoptic_files import write_png
from axialkit.errors import InputError
from axialkit.files import read_json, write_json
from axialkit.structures import LABEL_DIVISOR


def link_truth(samples: Sequence[SamplePaths], root: Path) -> None:
    """Link labels and instances of those images into ``root/gtFine/val``, whatever their split.

    Where only prepared panoptic files lie, both are made from these.
    """
    for sample in samples:
        folder = root / "gtFine/val" / sample.name.split("_")[0]
        folder.mkdir(parents=True, exist_ok=True)
        instances = folder / f"{sample.name}_gtFine_instanceIds.png"
        labels = folder / f"{sample.name}_gtFine_labelIds.png"
        if sample.instance_ids.name == instances.name:
            _link(sample.instance_ids, instances)
        else:
            write_png(instances, read_instance_ids(sample.instance_ids).astype(np.uint16))
        if sample.label_ids.is_file():
            _link(sample.label_ids, labels)
        else:
            ids = read_instance_ids(sample.instance_ids)
            write_png(labels, np.where(ids < LABEL_DIVISOR, ids, ids // LABEL_DIVISOR).astype("u1"))


def link_predictions(samples: Sequence[SamplePaths], predictions: Path, to: Path) -> None:
    """Link one picture per image as ``to/NAME.png``; there must be no second that fits the name."""
    to.mkdir()
    for sample in samples:
        _link(find_picture(sample.name, predictions), to / f"{sample.name}.png")


def find_picture(name: str, folder: Path) -> Path:
    """Return the only PNG in a folder whose name begins like an image's.

    Raises:
        InputError: there is none, or there are several.
    """
    exact = folder / f"{name}.png"
    if exact.is_file():
        return exact
    found = sorted(path for path in folder.rglob(f"{name}*.png") if continues(path.name, name))
    if len(found) != 1:
        which = ", ".join(path.name for path in found) or "none"
        raise InputError(
            f"{folder} must hold one PNG whose name begins with {name}, and holds {which}."
        )
    return found[0]


def continues(file_name: str, name: str) -> bool:
    """Return whether a file belongs to an image, and not to one with a longer number."""
    return file_name.startswith(name) and not file_name[len(name)].isdigit()


def choose_truth(truth_json: Path, names: Sequence[str], folder: Path) -> Path:
    """Write a panoptic truth JSON into ``folder`` that holds only the images of those names.

    Raises:
        InputError: the truth lacks one of them.
    """
    content = read_json(truth_json)
    known = {annotation["image_id"]: annotation for annotation in content["annotations"]}
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(
            f"{truth_json} lacks the image {missing[0]}: it is older than the labels. Delete it, "
            "and it will be made again."
        )
    chosen = folder / "truth.json"
    write_json(chosen, content | {"annotations": [known[name] for name in names]}, indent=None)
    return chosen


def _link(source: Path, to: Path) -> None:
    try:
        to.symlink_to(source.resolve())
    except OSError:  # Windows lets only some users link
        shutil.copyfile(source, to)
