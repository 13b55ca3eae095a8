"""One image with its labels under test: what the worker processes of ``check`` do.

Nothing here raises: what is wrong becomes a ``Finding``.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from axialkit.data.check_counts import Ids, LabelCounts, count_labels, segment_areas
from axialkit.data.cityscapes import CLASSES, read_instance_ids, read_label_ids
from axialkit.data.images import DECODE_ERRORS, read_rgb
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR

Size = tuple[int, int]  # (height, width)
Read = TypeVar("Read")

EMPTY = "empty splits"
NO_LABELS = "images without labels"
NO_IMAGE = "labels without image"
UNREADABLE = "unreadable files"
WRONG_IDS = "wrong values in labels"
SIZES = "different sizes of image and labels"
CITIES = "cities in two splits"
PREPARED = "prepared panoptic files that do not fit"
KINDS = (EMPTY, NO_LABELS, NO_IMAGE, UNREADABLE, WRONG_IDS, SIZES, CITIES, PREPARED)

AGAIN = "make these files again with axialkit data prepare --force"

_NAMES = {klass.id: klass.name for klass in CLASSES}
_NUMBERED = [klass.id for klass in CLASSES if klass.has_instances]


class Finding(NamedTuple):
    """One problem; as text it is one line."""

    kind: str  # one of KINDS
    path: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; {self.remedy}"


class Prepared(NamedTuple):
    """A prepared panoptic PNG and what its JSON says about it."""

    path: Path
    size: Size
    areas: dict[int, int]  # pixels of each segment, by its id


class SampleFiles(NamedTuple):
    """The files of one image, as far as they are there."""

    split: str
    city: str
    name: str  # {city}_{seq}_{frame}
    image: Path | None
    labels: Path | None  # instanceIds.png, or a prepared PNG in its place
    label_ids: Path | None
    prepared: tuple[Prepared, ...] = ()


class Facts(NamedTuple):
    """What was found out about one image and its labels."""

    size: Size | None  # of the image; None = missing or unreadable
    counts: LabelCounts | None  # None = no labels, unreadable, or not decoded
    findings: tuple[Finding, ...]


def inspect(files: SampleFiles, *, quick: bool) -> Facts:
    """Read all files of one image and compare them; ``quick`` reads their headers only."""
    findings: list[Finding] = []
    if quick:
        sizes = {path: _attempt(read_size, path, findings) for path in _present(files)}
        _compare_sizes(files, sizes, findings)
        size = sizes.get(files.image) if files.image else None
        return Facts(size, None, tuple(dict.fromkeys(findings)))
    image = _attempt(read_rgb, files.image, findings)
    ids = _attempt(read_instance_ids, files.labels, findings)
    label_ids = _attempt(read_label_ids, files.label_ids, findings)
    arrays = {files.image: image, files.labels: ids, files.label_ids: label_ids}
    sizes = {p: _size(a) for p, a in arrays.items() if p is not None and a is not None}
    _compare_sizes(files, sizes, findings)
    for prepared in files.prepared:
        _check_prepared(prepared, files.labels, ids, findings)
    if ids is not None and files.labels is not None:
        findings += _numbered_stuff(ids, files.labels)
    return Facts(
        None if image is None else _size(image),
        None if ids is None else count_labels(ids),
        tuple(dict.fromkeys(findings)),  # a prepared PNG may also stand for the labels
    )


def read_size(path: Path) -> Size:
    """Read the size of an image from its header.

    Raises:
        InputError: the file is missing, or no image.
    """
    try:
        with Image.open(path) as image:
            return image.height, image.width
    except (*DECODE_ERRORS, Image.DecompressionBombError) as error:
        raise InputError(
            f"Cannot read the header of {path}: {error}. Copy or unpack it again."
        ) from error


def _attempt(
    read: Callable[[Path], Read], path: Path | None, findings: list[Finding]
) -> Read | None:
    """Read a file; None, and a finding, if that fails."""
    if path is None:
        return None
    try:
        return read(path)
    except (InputError, Image.DecompressionBombError) as error:
        is_values = read in (read_instance_ids, read_label_ids) and error.__cause__ is None
        findings.append(_from_error(WRONG_IDS if is_values else UNREADABLE, path, error))
        return None


def _from_error(kind: str, path: Path, error: Exception) -> Finding:
    """Split a reader's sentences into what is wrong and the remedy, which is the last one."""
    sentence = str(error).removeprefix(f"{path} ").replace(f" {path}", "").removesuffix(".")
    what, _, remedy = sentence.rpartition(". ")
    if not what:
        what, remedy = sentence, "copy or unpack it again"
    return Finding(kind, str(path), what[0].lower() + what[1:], remedy[0].lower() + remedy[1:])


def _present(files: SampleFiles) -> list[Path]:
    paths = [files.image, files.labels, files.label_ids, *(each.path for each in files.prepared)]
    return list(dict.fromkeys(path for path in paths if path is not None))


def _size(array: np.ndarray) -> Size:
    return int(array.shape[0]), int(array.shape[1])


def _compare_sizes(
    files: SampleFiles, sizes: dict[Path, Size] | dict[Path, Size | None], findings: list[Finding]
) -> None:
    reference = files.image or files.labels
    size = sizes.get(reference) if reference else None
    for path, other in sizes.items():
        if size is not None and other is not None and other != size:
            what = f"is {_by(other)} (height x width), but {reference} is {_by(size)}"
            remedy = "take both from the same release of the data set"
            findings.append(Finding(SIZES, str(path), what, remedy))


def _by(size: Size) -> str:
    return f"{size[0]}x{size[1]}"


def _numbered_stuff(instance_ids: Ids, path: Path) -> list[Finding]:
    """Find ids such as 7001: a number where the class is not counted; training ignores them."""
    present = np.flatnonzero(np.bincount(instance_ids.ravel()))
    wrong = [v for v in present.tolist() if v >= LABEL_DIVISOR and v // 1000 not in _NUMBERED]
    if not wrong:
        return []
    klass, number = divmod(wrong[0], LABEL_DIVISOR)
    what = f"holds the id {wrong[0]} (number {number} of {_NAMES[klass]}, which is not counted)"
    return [Finding(WRONG_IDS, str(path), what, f"paint these pixels with {klass}")]


def _check_prepared(
    prepared: Prepared, labels: Path | None, ids: Ids | None, findings: list[Finding]
) -> None:
    """Compare a prepared PNG with its JSON, and with the labels that it was made of."""
    values = _attempt(read_instance_ids, prepared.path, findings)
    if values is None:
        return
    areas, json = segment_areas(values), f"{prepared.path.parent.name}.json"
    differences = [_difference(areas, prepared.areas, json)]
    if _size(values) != prepared.size:
        differences += [f"is {_by(_size(values))}, but {json} says {_by(prepared.size)}"]
    if labels is not None and ids is not None and labels != prepared.path:
        differences += [_difference(areas, segment_areas(ids), labels.name)]
    findings += [Finding(PREPARED, str(prepared.path), what, AGAIN) for what in differences if what]


def _difference(areas: dict[int, int], expected: dict[int, int], source: str) -> str:
    """Say in which segments the pixels counted in a PNG differ from another source; "" = none."""
    differing = [
        id for id in sorted(areas | expected) if areas.get(id, 0) != expected.get(id, 0)
    ]  # fmt: skip
    if not differing:
        return ""
    first = differing[0]
    more = f" (and {len(differing) - 1} more segments)" if len(differing) > 1 else ""
    return (
        f"segment {first} has {areas.get(first, 0)} pixels here, but {expected.get(first, 0)} in "
        f"{source}{more}"
    )
