"""``axialkit data minicity``: draw the data set that needs no download."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalCount, OptionalFolder, parse, parse_size
from axialkit.cli.roots import AVENUE_ROOT, MINICITY_ROOT

QUICK = {"train": 240, "val": 60}


@dataclass(frozen=True)
class Arguments:
    """Draw MiniCity: street scenes in the layout and the formats of Cityscapes.

    Images, polygons, label and instance files, and the panoptic files of the official tools. The
    same seed draws the same scenes. Finished images are kept: run the command again after an
    interruption and it draws what is missing.

      full     128x256, all 19 classes; 1200 train, 240 val, 8 test (about a minute on 2 cores)
      avenue   64x128, 9 classes, long vehicles that only their far end tells apart; 1500 / 150

    Examples:
      axialkit data minicity
      axialkit data minicity --quick --out data/quick
      axialkit data minicity --scenes avenue
      axialkit data minicity --size 256x512 --train 100 --val 20 --out data/large

    Next:
      axialkit train tiny --data data/minicity
    """

    scenes: str = "full"
    """full or avenue."""
    out: OptionalFolder = None
    """Folder to fill; by default data/minicity, for avenue data/minicity_avenue."""
    train: OptionalCount = None
    """Number of training images."""
    val: OptionalCount = None
    """Number of validation images, from other cities."""
    seed: int = 0
    """Seed of all scenes."""
    size: Annotated[
        str | None,
        tyro.conf.arg(metavar="HEIGHTxWIDTH", constructor=str, help_behavior_hint=""),
    ] = None
    """Pixels of the images; by default 128x256, for avenue 64x128."""
    ambiguity: Annotated[
        float | None,
        tyro.conf.arg(metavar="0..1", constructor=float, help_behavior_hint=""),
    ] = None
    """Share of surfaces and vehicles told only from afar; by default 0.6, for avenue 1."""
    quick: bool = False
    """A small set: 240 train, 60 val."""
    workers: OptionalCount = None
    """Processes that draw; by default one per core."""


def command(argv: list[str]) -> int:
    """Draw the data set and say what to do with it."""
    arguments = parse(Arguments, argv, "data minicity")
    size = None if arguments.size is None else parse_size(arguments.size)
    from axialkit.data.minicity import generate

    root = generate(
        arguments.out or Path(AVENUE_ROOT if arguments.scenes == "avenue" else MINICITY_ROOT),
        scenes=arguments.scenes,
        train=_count(arguments, "train"),
        val=_count(arguments, "val"),
        seed=arguments.seed,
        size=size,
        ambiguity=arguments.ambiguity,
        workers=arguments.workers,
    )
    preset = "tiny_avenue" if arguments.scenes == "avenue" else "tiny"
    print(f"MiniCity ({arguments.scenes}) is complete in {root}")
    print(f"Next: axialkit train {preset} --data {root}")
    return 0


def _count(arguments: Arguments, split: str) -> int | None:
    given: int | None = getattr(arguments, split)
    return QUICK[split] if given is None and arguments.quick else given
