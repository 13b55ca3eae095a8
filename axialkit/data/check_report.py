"""What the check of a data set found, counted together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from axialkit.data.check_counts import LabelCounts
from axialkit.data.check_sample import Facts, Finding, SampleFiles
from axialkit.data.cityscapes import TRAIN_CLASSES


@dataclass(frozen=True)
class CityCount:
    """The files of one city in one split."""

    images: int
    labels: int


@dataclass(frozen=True)
class ClassCount:
    """One class in the labels of one split."""

    name: str
    pixels: float  # share of all pixels, 0..1, crowds included
    instances: int | None  # None = the class is not counted
    images: int  # how many show it


@dataclass(frozen=True)
class LabelStatistics:
    """All labels of one split."""

    images: int  # label files that were decoded
    classes: tuple[ClassCount, ...]
    void: float  # share of all pixels, 0..1
    crowd: float  # share of all pixels, 0..1
    instances: int
    small_instances: int  # less than 4096 pixels at 1024x2048, or the same share of the image

    @property
    def is_annotated(self) -> bool:
        """False for labels that hide everything, as the official test split has them."""
        return self.void < 1


@dataclass(frozen=True)
class SplitReport:
    """One split."""

    name: str
    cities: dict[str, CityCount]
    sizes: dict[str, int]  # "HEIGHTxWIDTH" -> how many images, most frequent first
    statistics: LabelStatistics | None  # None = nothing was decoded

    @property
    def images(self) -> int:
        """Number of images."""
        return sum(city.images for city in self.cities.values())

    @property
    def labels(self) -> int:
        """Number of images' labels."""
        return sum(city.labels for city in self.cities.values())


@dataclass(frozen=True)
class Report:
    """The whole check."""

    root: Path
    quick: bool
    splits: tuple[SplitReport, ...]
    findings: tuple[Finding, ...]
    samples: tuple[SampleFiles, ...]  # all that were looked at, by split and city

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values, ready for JSON, without the list of samples."""
        return {
            "root": str(self.root),
            "quick": self.quick,
            "splits": [
                {"images": split.images, "labels": split.labels, **asdict(split)}
                for split in self.splits
            ],
            "problems": [finding._asdict() for finding in self.findings],
        }


def split_report(name: str, samples: Sequence[SampleFiles], facts: Sequence[Facts]) -> SplitReport:
    """Count the files and the labels of one split."""
    cities = {}
    for city in sorted({sample.city for sample in samples}):
        inside = [sample for sample in samples if sample.city == city]
        cities[city] = CityCount(
            images=sum(sample.image is not None for sample in inside),
            labels=sum(sample.labels is not None for sample in inside),
        )
    sizes = Counter(f"{f.size[0]}x{f.size[1]}" for f in facts if f.size is not None)
    counts = [each.counts for each in facts if each.counts is not None]
    return SplitReport(
        name, cities, dict(sizes.most_common()), label_statistics(counts) if counts else None
    )


def label_statistics(counts: Sequence[LabelCounts]) -> LabelStatistics:
    """Sum up the labels of at least one image."""
    total = sum(each.total for each in counts)
    pixels = np.sum([each.pixels for each in counts], axis=0)
    instances = np.sum([each.instances for each in counts], axis=0)
    images = np.sum([each.pixels > 0 for each in counts], axis=0)
    classes = tuple(
        ClassCount(
            name=klass.name,
            pixels=float(pixels[klass.train_id] / total),
            instances=int(instances[klass.train_id]) if klass.has_instances else None,
            images=int(images[klass.train_id]),
        )
        for klass in TRAIN_CLASSES
    )
    return LabelStatistics(
        images=len(counts),
        classes=classes,
        void=sum(each.void for each in counts) / total,
        crowd=sum(each.crowd for each in counts) / total,
        instances=int(instances.sum()),
        small_instances=sum(each.small for each in counts),
    )
