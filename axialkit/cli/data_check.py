"""``axialkit data check ROOT``: is the data set complete and sound?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from axialkit.cli.parse import OptionalCount, OptionalPath, parse
from axialkit.cli.tables import table
from axialkit.data.check_report import LabelStatistics, Report, SplitReport
from axialkit.data.check_sample import KINDS
from axialkit.files import atomic_path, write_json

SHOWN = 20  # problems of a kind that are printed


@dataclass(frozen=True)
class Arguments:
    """Check a data set in the layout of Cityscapes, and count what its labels hold.

    Looks for images without labels and labels without image, unreadable files, ids outside the
    Cityscapes table, images and labels of different sizes, cities in two splits, and prepared
    panoptic files that do not say what the labels say. Every file is decoded. A test split without
    labels is fine. Nothing is changed.

    The exit code is 0 if all is well, 1 if there are problems, 2 if there is no such data set.

    Examples:
      axialkit data check data/minicity
      axialkit data check data/own --sheet own.png
      axialkit data check data/cityscapes --split val --quick
      axialkit data check data/cityscapes --json problems.json

    Next:
      axialkit data show data/own      one training sample with all its targets
      axialkit data prepare data/own   the panoptic files that the official tools read
    """

    root: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="ROOT")]
    """Folder that holds leftImg8bit and gtFine."""
    split: Annotated[tuple[str, ...], tyro.conf.arg(metavar="SPLIT", help_behavior_hint="")] = ()
    """Check these splits only: train, val, test."""
    sheet: OptionalPath = None
    """Also draw up to 24 images beside their labels into this PNG."""
    json: OptionalPath = None
    """Also write all counts and all problems to this JSON file."""
    workers: OptionalCount = None
    """Processes that read; by default one per core."""
    quick: bool = False
    """Read headers only: no truncated files, no wrong ids, no statistics."""


def command(argv: list[str]) -> int:
    """Check the data set; print tables, then problems."""
    arguments = parse(Arguments, argv, "data check")
    from axialkit.data.check import check_dataset

    report = check_dataset(
        arguments.root, arguments.split,
        quick=arguments.quick, workers=arguments.workers, progress=True,
    )  # fmt: skip
    print(_tables(report))
    print(_problems(report))
    if arguments.json is not None:
        write_json(arguments.json, report.to_dict())
        print(f"Written: {arguments.json}")
    if arguments.sheet is not None:
        _write_sheet(report, arguments.sheet)
        print(f"Written: {arguments.sheet}")
    return 1 if report.findings else 0


def _tables(report: Report) -> str:
    overview = [
        (split.name, len(split.cities), split.images, split.labels, _sizes(split))
        for split in report.splits
    ]
    cities = [
        (split.name, city, count.images, count.labels)
        for split in report.splits
        for city, count in split.cities.items()
    ]
    parts = [table(("split", "cities", "images", "labels", "size, and how many"), overview)]
    if cities:
        parts += [table(("split", "city", "images", "labels"), cities)]
    parts += [_statistics(s.name, s.statistics) for s in report.splits if s.statistics]
    return "\n\n".join(parts) + "\n"


def _sizes(split: SplitReport) -> str:
    return ", ".join(f"{size}: {count}" for size, count in split.sizes.items()) or "-"


def _statistics(split: str, labels: LabelStatistics) -> str:
    if not labels.is_annotated:
        return f"Labels of {split}: {labels.images} files without annotation (all void)."
    rows = [
        (c.name, f"{100 * c.pixels:.2f}", c.instances, c.images)
        for c in sorted(labels.classes, key=lambda c: -c.pixels)
    ]
    return "\n".join(
        [
            f"Labels of {split}",
            table(("class", "% of pixels", "instances", "images with it"), rows),
            f"void {100 * labels.void:.2f} % of the pixels, crowds {100 * labels.crowd:.2f} %; "
            f"{labels.small_instances} of {labels.instances} instances are small (less than "
            "4096 pixels of 1024x2048, or the same share)",
        ]
    )


def _problems(report: Report) -> str:
    """List the problems kind by kind, the first of each only."""
    if not report.findings:
        checked = "headers read" if report.quick else "all files decoded"
        return f"No problems found ({checked})."
    lines = []
    for kind in KINDS:
        found = [finding for finding in report.findings if finding.kind == kind]
        if found:
            lines += [f"{kind.capitalize()}: {len(found)}"]
            lines += [f"  {finding}" for finding in found[:SHOWN]]
        if len(found) > SHOWN:
            lines += [f"  ... and {len(found) - SHOWN} more"]
    return "\n".join(lines)


def _write_sheet(report: Report, path: Path) -> None:
    from axialkit.visualize.contact_sheet import choose, draw_sheet

    damaged = {finding.path for finding in report.findings}
    sound = [s for s in report.samples if s.image and str(s.image) not in damaged]
    with atomic_path(path) as temporary:
        draw_sheet(choose(sound), title=str(report.root)).savefig(temporary, format="png")
