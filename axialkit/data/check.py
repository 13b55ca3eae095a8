"""Checking a data set in the layout of Cityscapes before hours of training depend on it.

Every image must have its labels and the other way round, all files must be readable and of one
size per image, ids must be in the table, no city may be in two splits, and prepared panoptic files
must say what the labels say. Nothing is changed.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from axialkit.data.check_prepared import load_prepared
from axialkit.data.check_report import Report, SplitReport, split_report
from axialkit.data.check_sample import (
    CITIES,
    EMPTY,
    KINDS,
    NO_IMAGE,
    NO_LABELS,
    Finding,
    Prepared,
    SampleFiles,
    inspect,
)
from axialkit.data.cityscapes import SPLITS, list_present
from axialkit.data.parallel import map_parallel
from axialkit.errors import InputError, suggest

_UNPACK = "unpack leftImg8bit and gtFine of the same release into one root"
_GT = "_gtFine_"


def check_dataset(
    root: Path | str,
    splits: Sequence[str] = (),
    *,
    quick: bool = False,
    workers: int | None = 1,
    progress: bool = False,
) -> Report:
    """Check all files of some splits, by default of all that are there.

    ``quick`` reads the headers of images only. ``workers`` None = one process per core.

    Raises:
        InputError: no such folder or split.
    """
    root = Path(root)
    reports: list[SplitReport] = []
    everything: list[SampleFiles] = []
    findings: list[Finding] = []
    for split in find_splits(root, splits):
        samples, found = list_files(root, split)
        facts = map_parallel(
            partial(inspect, quick=quick), samples,
            workers=workers, description=split, progress=progress,
        )  # fmt: skip
        reports.append(split_report(split, samples, facts))
        everything += samples
        findings += found + [finding for each in facts for finding in each.findings]
    findings += _cities_in_two_splits(root, reports)
    findings.sort(key=lambda finding: KINDS.index(finding.kind))  # stable: then by split and name
    return Report(root, quick, tuple(reports), tuple(findings), tuple(everything))


def find_splits(root: Path, wanted: Sequence[str] = ()) -> list[str]:
    """Return the splits of a data set, or those of them that are wanted.

    Raises:
        InputError: no such folder, or a wanted split is not there.
    """
    if not root.is_dir():
        raise InputError(
            f"There is no folder {root}. Make MiniCity with: axialkit data minicity --out {root}"
        )
    there = [s for s in SPLITS if any((root / d / s).is_dir() for d in ("leftImg8bit", "gtFine"))]
    if not there:
        raise InputError(
            f"{root} is not a Cityscapes root: it has no folder leftImg8bit/train, val or test. "
            "Give the folder that holds leftImg8bit and gtFine."
        )
    for split in wanted:
        if split not in SPLITS:
            raise InputError(f'There is no split "{split}".{suggest(split, list(SPLITS))}')
        if split not in there:
            raise InputError(f"{root} has no split {split}. It has: {', '.join(there)}.")
    return [split for split in there if split in wanted or not wanted]


def list_files(root: Path, split: str) -> tuple[list[SampleFiles], list[Finding]]:
    """List all images and labels of a split, with and without partner, sorted by city and name."""
    samples = [*_images(root, split)]
    samples += _lonely_labels(root, split, samples)
    samples.sort(key=lambda sample: (sample.city, sample.name))
    findings = [] if samples else [_empty(root, split)]
    labelled = {sample.name for sample in samples if sample.labels is not None}
    if labelled or split != "test":  # the labels of the official test split are not public
        findings += [_no_labels(root, s) for s in samples if s.image and s.labels is None]
    findings += [_no_image(root, s) for s in samples if s.image is None]
    complete = {sample.name for sample in samples if sample.image and sample.labels}
    prepared, wrong = load_prepared(root, split, labelled, complete)
    return _with_prepared(samples, prepared), findings + wrong


def _images(root: Path, split: str) -> Iterable[SampleFiles]:
    for paths in list_present(root, split):
        yield SampleFiles(
            split=split,
            city=paths.image.parent.name,
            name=paths.name,
            image=paths.image,
            labels=paths.instance_ids if paths.instance_ids.is_file() else None,
            label_ids=paths.label_ids if paths.label_ids.is_file() else None,
        )


def _lonely_labels(root: Path, split: str, images: Sequence[SampleFiles]) -> list[SampleFiles]:
    """List the labels, of whatever kind, whose image is not there."""
    names, places = {s.name for s in images}, {(s.city, s.name) for s in images}
    lonely: dict[str, SampleFiles] = {}
    for path in sorted((root / "gtFine" / split).glob(f"*/*{_GT}*")):
        city, name = path.parent.name, path.name.partition(_GT)[0]
        if (city, name) in places:
            continue
        files = lonely.get(name) or SampleFiles(split, city, name, None, None, None)
        if path.name == f"{name}{_GT}instanceIds.png":
            files = files._replace(labels=path)
        if path.name == f"{name}{_GT}labelIds.png":
            files = files._replace(label_ids=path)
        lonely[name] = files
    for path in sorted((root / "gtFine").glob(f"cityscapes_panoptic_{split}*/*{_GT}panoptic.png")):
        name = path.name.partition(_GT)[0]
        if name in names or (name in lonely and lonely[name].labels is not None):
            continue
        files = lonely.get(name) or SampleFiles(split, name.split("_")[0], name, None, None, None)
        lonely[name] = files._replace(labels=path)
    return list(lonely.values())


def _with_prepared(
    samples: list[SampleFiles], prepared: dict[str, tuple[Prepared, ...]]
) -> list[SampleFiles]:
    return [sample._replace(prepared=prepared.get(sample.name, ())) for sample in samples]


def _empty(root: Path, split: str) -> Finding:
    folder = root / "leftImg8bit" / split
    what = "holds no *_leftImg8bit.png in folders of cities"
    return Finding(EMPTY, str(folder), what, "unpack the archive there, or remove the folder")


def _no_labels(root: Path, sample: SampleFiles) -> Finding:
    expected = root / "gtFine" / sample.split / sample.city / f"{sample.name}{_GT}instanceIds.png"
    return Finding(NO_LABELS, str(sample.image), f"its labels {expected} are missing", _UNPACK)


def _no_image(root: Path, sample: SampleFiles) -> Finding:
    expected = root / "leftImg8bit" / sample.split / sample.city / f"{sample.name}_leftImg8bit.png"
    folder = root / "gtFine" / sample.split / sample.city
    path = sample.labels or sample.label_ids or folder / f"{sample.name}{_GT}*"
    return Finding(NO_IMAGE, str(path), f"its image {expected} is missing", _UNPACK)


def _cities_in_two_splits(root: Path, reports: Sequence[SplitReport]) -> list[Finding]:
    findings = []
    for number, later in enumerate(reports):
        for earlier in reports[:number]:
            findings += [
                Finding(
                    CITIES,
                    str(root / "leftImg8bit" / later.name / city),
                    f"the city {city} is in {earlier.name}, too, so scores of {later.name} are of "
                    "streets that training may have seen",
                    "give each city to one split",
                )
                for city in later.cities
                if city in earlier.cities
            ]
    return findings
