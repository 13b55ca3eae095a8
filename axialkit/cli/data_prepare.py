"""``axialkit data prepare ROOT``: the files that the official tools derive from the labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from axialkit.cli.parse import OptionalCount, parse
from axialkit.errors import InputError

if TYPE_CHECKING:
    from axialkit.data.cityscapes import SamplePaths


@dataclass(frozen=True)
class Arguments:
    """Write the files that the official Cityscapes tools derive from the labels, without them.

      gtFine/cityscapes_panoptic_SPLIT.json and folder      as csCreatePanopticImgs
      gtFine/cityscapes_panoptic_SPLIT_trainId...           as csCreatePanopticImgs --use-train-id
      gtFine/SPLIT/CITY/*_gtFine_labelTrainIds.png          as csCreateTrainIdLabelImgs

    Training here needs none of them; the official evaluation scripts and other programs do. What
    is complete is left alone. A split without labels, such as test may be, is passed over.

    Examples:
      axialkit data prepare data/cityscapes
      axialkit data prepare data/own --split val --force

    Next:
      axialkit data check data/own
    """

    root: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="ROOT")]
    """Folder that holds leftImg8bit and gtFine."""
    split: Annotated[tuple[str, ...], tyro.conf.arg(metavar="SPLIT", help_behavior_hint="")] = ()
    """Only these splits: train, val, test."""
    workers: OptionalCount = None
    """Processes that convert; by default one per core."""
    force: bool = False
    """Write everything again, as after a change of the labels."""


def command(argv: list[str]) -> int:
    """Write what is missing, and say what was written."""
    arguments = parse(Arguments, argv, "data prepare")
    from axialkit.data.check import find_splits
    from axialkit.data.cityscapes import list_present

    done = 0
    for split in find_splits(arguments.root, arguments.split):
        samples = list_present(arguments.root, split)
        has_labels = any(sample.instance_ids.is_file() for sample in samples)
        if not has_labels and split not in arguments.split:
            print(f"{split}: no labels, nothing to prepare")
            continue
        _prepare(arguments, split)
        done += 1
    if not done:
        raise InputError(
            f"No split of {arguments.root} has labels. Unpack gtFine into the same root."
        )
    print(f"Next: axialkit data check {arguments.root}")
    return 0


def _prepare(arguments: Arguments, split: str) -> None:
    from axialkit.data.cityscapes import list_samples
    from axialkit.data.panoptic_files import panoptic_json, write_label_train_ids, write_panoptic

    root = arguments.root
    samples = list_samples(root, split)
    for use_train_id in (False, True):
        path = panoptic_json(root, split, use_train_id=use_train_id)
        if not arguments.force and _is_complete(path, samples):
            print(f"{split}: complete {path} ({len(samples)} images)")
            continue
        write_panoptic(
            root, split, use_train_id=use_train_id, workers=arguments.workers, progress=True
        )
        print(f"{split}: written  {path} and its folder ({len(samples)} images)")
    label_ids = [sample.label_ids for sample in samples if sample.label_ids.is_file()]
    if not label_ids:
        print(f"{split}: no *_labelIds.png, so no *_labelTrainIds.png")
    elif not arguments.force and all(_train_ids_of(path).is_file() for path in label_ids):
        print(f"{split}: complete *_labelTrainIds.png ({len(label_ids)} files)")
    else:
        write_label_train_ids(root, split)
        print(f"{split}: written  *_labelTrainIds.png ({len(label_ids)} files)")


def _is_complete(path: Path, samples: list[SamplePaths]) -> bool:
    """Return whether a panoptic JSON and its folder hold all images."""
    pictures = len(list(path.with_suffix("").glob("*_gtFine_panoptic.png")))
    try:
        content = json.loads(path.read_text())
        return len(content["images"]) == len(samples) == pictures
    except (OSError, ValueError, KeyError, TypeError):
        return False  # missing or damaged: written again


def _train_ids_of(label_ids: Path) -> Path:
    return label_ids.with_name(label_ids.name.replace("_labelIds", "_labelTrainIds"))
