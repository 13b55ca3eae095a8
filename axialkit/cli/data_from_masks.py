"""``axialkit data from-masks``: a data set from your own images and plain masks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalCount, parse
from axialkit.data.mask_pairs import COMPONENTS, CROWD, MaskFolders
from axialkit.data.mask_plan import VAL_SHARE, Splitting
from axialkit.errors import InputError


@dataclass(frozen=True)
class Arguments:
    """Turn your own images and plain masks into a data set in the layout of Cityscapes.

    An image and its mask have the same name up to the ending; sub-folders are searched too. Masks
    must be lossless (PNG). The table of classes maps what they store to names of Cityscapes
    classes; those it cannot name are "unlabeled":

      {"0": "unlabeled", "1": "road", "2": "car"}      grey or palette masks
      {"#000000": "unlabeled", "#804080": "road"}      masks of colors

    Everything is checked before anything is written, and nothing is overwritten. Finished images
    are kept: run the command again after an interruption and it does what is missing.

    Examples:
      axialkit data from-masks photos masks --classes classes.json --out data/own
      axialkit data from-masks photos photos --mask-suffix _mask --classes classes.json --out data/own
      axialkit data from-masks photos masks --instances numbers --classes classes.json --out data/own
      axialkit data from-masks new/photos new/masks --split test --classes classes.json --out data/own

    Next:
      axialkit data check data/own
    """  # noqa: E501

    images: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGES")]
    """Folder of the images, of any still format."""
    masks: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MASKS")]
    """Folder of their masks."""
    classes: Annotated[Path, tyro.conf.arg(metavar="FILE")]
    """JSON file: from mask values to class names."""
    out: Annotated[Path, tyro.conf.arg(metavar="ROOT")]
    """Folder of the new data set."""
    instances: Annotated[str, tyro.conf.arg(metavar="DIR|components|crowd")] = COMPONENTS
    """What one car, person... is: each connected region of its class (components), each value in a
    further folder of masks (DIR; 0 = not told apart), or not known at all (crowd)."""
    val: Annotated[
        float | None,
        tyro.conf.arg(metavar="SHARE", constructor=float, help_behavior_hint=""),
    ] = None
    """Share of the images that goes to the split val, drawn at random; by default 0.2."""
    split: Annotated[
        str | None,
        tyro.conf.arg(metavar="train|val|test", constructor=str, help_behavior_hint=""),
    ] = None
    """Put all images into this split instead; a second call may add another split."""
    city: str = "own"
    """Name of the city in train; that of val is this with val behind it, as no city is in two."""
    mask_suffix: Annotated[str, tyro.conf.arg(metavar="TEXT", help_behavior_hint="")] = ""
    """What names of masks have after those of their images, such as _mask."""
    workers: OptionalCount = None
    """Processes that convert; by default one per core."""


def command(argv: list[str]) -> int:
    """Convert the images and say what to do next."""
    arguments = parse(Arguments, argv, "data from-masks")
    if arguments.val is not None and arguments.split is not None:
        raise InputError(
            f"--split {arguments.split} puts all images into one split, so --val has no meaning. "
            "Give one of the two."
        )
    from axialkit.data.from_masks import convert_masks

    instances = arguments.instances
    converted = convert_masks(
        MaskFolders(
            arguments.images,
            arguments.masks,
            instances if instances in (COMPONENTS, CROWD) else Path(instances),
            arguments.mask_suffix,
        ),
        arguments.classes,
        arguments.out,
        Splitting(
            VAL_SHARE if arguments.val is None else arguments.val, arguments.split, arguments.city
        ),
        workers=arguments.workers,
    )
    if converted.notes:
        print(f"Images brought to 8-bit RGB: {len(converted.notes)}, such as {converted.notes[0]}")
    if converted.untrained:
        names = ", ".join(converted.untrained)
        print(f"The networks do not learn these classes, so they count as void: {names}")
    counts = ", ".join(f"{count} {split}" for split, count in converted.counts.items())
    print(f"The data set is complete in {arguments.out}: {counts} ({converted.written} new)")
    print(f"Next: axialkit data check {arguments.out}")
    return 0
