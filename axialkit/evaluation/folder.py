"""Predictions that lie in a folder, written by axialkit or by any other program.

Panoptic PNGs, one per image, whose names begin like the image's; a pixel's id is
``R + 256 G + 65536 B``, 0 = void. JSON files beside them (official form, ``annotations``) give each
id its category (a label id, 24 = person) and, if it is there, its score. Without JSON the ids must
speak for themselves: label id * 1000 + number for things, label id for stuff.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int, Integer, UInt8
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS, THING_TRAIN_IDS, SamplePaths
from axialkit.data.images import DECODE_ERRORS
from axialkit.data.runs import find_runs
from axialkit.errors import InputError
from axialkit.evaluation.deeplab2_files import SUFFIX, read_raw
from axialkit.evaluation.official import OfficialFiles
from axialkit.evaluation.official_files import prediction_json
from axialkit.evaluation.official_stage import continues, find_picture
from axialkit.evaluation.predictions import Answer
from axialkit.files import read_json
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR, VOID

Encoding = Literal["official", "two-channel", "three-channel", "numpy"]

_NEVER_PREDICTED = (1, 2, 3)  # label ids: the car and the borders of the camera
_TRAIN_ID = {int(label_id): train_id for train_id, label_id in enumerate(LABEL_IDS)}


class FolderPredictions:
    """Reads panoptic PNGs, and label id pictures from ``semantic`` if that folder is given.

    ``folder`` holds the PNGs, or the official ``cityscapes_panoptic_{split}`` JSON and folder; of
    several, that of ``split`` is taken.
    With another ``encoding`` than "official" it is deeplab2's ``raw_panoptic``, see ``read_raw``.

    Raises:
        InputError: no such folder, no PNG in it, or JSON that cannot be read.
    """

    def __init__(
        self,
        folder: Path | str,
        semantic: Path | str | None = None,
        encoding: Encoding = "official",
        split: str = "val",
    ) -> None:
        self.folder, self.encoding = Path(folder), encoding
        self.semantic = None if semantic is None else Path(semantic)
        for path in (self.folder, self.semantic):
            if path is not None and not path.is_dir():
                raise InputError(f"There is no folder {path} of predictions.")
        official = encoding == "official"
        self.official_json = _official_json(self.folder, split) if official else None
        self._inside = self.official_json.with_suffix("") if self.official_json else self.folder
        self.pictures = _pictures(self._inside, SUFFIX.get(encoding, ".png"))
        self._segments = _segments(self.folder, self.official_json) if official else {}

    @property
    def own_files(self) -> OfficialFiles:
        """Return the files that the official scripts can read as they are."""
        return OfficialFiles(self.official_json, self.semantic, None)

    @property
    def why_no_semantic(self) -> str:
        """Say what brings the mIoU."""
        if self.semantic is not None:
            return ""
        return "panoptic maps have no class where they are void; --semantic DIR names the maps."

    @property
    def identity(self) -> dict[str, object]:
        """Return the folders, and when something in them last changed."""
        changed = [path.stat().st_mtime_ns for path in self.pictures]
        return {
            "predictions": str(self.folder.resolve()),
            "encoding": self.encoding,
            "semantic": self.semantic and str(self.semantic.resolve()),
            "files": len(self.pictures),
            "changed": max(changed),
        }

    def check(self, samples: Sequence[SamplePaths], processes: int) -> None:
        """Refuse a folder that lacks an image or is ambiguous.

        Raises:
            InputError: which images.
        """
        found = {sample.name: self._of(sample.name) for sample in samples}
        missing = [name for name, paths in found.items() if not paths]
        if missing:
            raise InputError(
                f"{self._inside} has no panoptic PNG for {len(missing)} of {len(samples)} images: "
                f"{_few(missing)}."
            )
        twice = next((paths for paths in found.values() if len(paths) > 1), None)
        if twice is not None:
            raise InputError(
                f"{self._inside} has several files for one image: {_few([p.name for p in twice])}. "
                "Keep one of them."
            )
        untold = [n for n, (path,) in found.items() if path.name not in self._segments]
        if self._segments and untold:
            raise InputError(
                f"The JSON in {self.folder} describes no segments of {len(untold)} of "
                f"{len(samples)} images: {_few(untold)}. Write it again, or remove all JSON."
            )

    def answer(
        self, sample: SamplePaths, instance_ids: Int[np.ndarray, "height width"], *, oracle: bool
    ) -> Answer:
        """Read the files of one image.

        Raises:
            InputError: unreadable, of another size than the truth, or with unknown ids.
        """
        [path] = self._of(sample.name)
        if self.encoding == "official":
            ids, segments = read_id_picture(path), self._segments.get(path.name)
            _check_size(path, ids.shape, instance_ids.shape)
            panoptic, scores = _decoded(path, ids, segments)
        else:
            panoptic, scores = read_raw(path, self.encoding), None
            _check_size(path, panoptic.shape, instance_ids.shape)
        return Answer(panoptic, self._semantic_map(sample.name, instance_ids.shape), scores)

    def _of(self, name: str) -> list[Path]:
        return [path for path in self.pictures if continues(path.name, name)]

    def _semantic_map(
        self, name: str, size: tuple[int, ...]
    ) -> UInt8[np.ndarray, "height width"] | None:
        if self.semantic is None:
            return None
        path = find_picture(name, self.semantic)
        labels = _open(path, ("L",), "label ids are 8-bit grey")
        _check_size(path, labels.shape, size)
        table = np.full(256, IGNORE_CLASS, np.uint8)
        table[LABEL_IDS] = np.arange(len(LABEL_IDS))
        present = np.unique(labels)
        wrong = present[(present > LABEL_IDS.max()) | np.isin(present, _NEVER_PREDICTED)]
        if len(wrong):
            raise InputError(
                f"{path} holds the values {_few(wrong)}; predictions are label ids (7 = road ... "
                "33 = bicycle, 0 = none of them). Are these train ids?"
            )
        return table[labels]


def read_id_picture(path: Path) -> Int[np.ndarray, "height width"]:
    """Read the segment ids of a panoptic PNG.

    Raises:
        InputError: unreadable, or not RGB.
    """
    rule = "a panoptic PNG is RGB, id = R + 256 G + 65536 B"
    colors = _open(path, ("RGB", "RGBA"), rule, convert="RGBA")
    return colors.view("<i4")[..., 0] & 0xFFFFFF


def _open(
    path: Path, modes: tuple[str, ...], rule: str, convert: str | None = None
) -> UInt8[np.ndarray, "height width *channel"]:
    try:
        with Image.open(path) as image:
            image.load()
            mode = "16-bit RGB" if _has_16_bits(path) and image.mode == "RGB" else image.mode
            values = np.asarray(image.convert(convert) if convert and mode in modes else image)
    except DECODE_ERRORS as error:
        raise InputError(f"Cannot read {path}: {error}. Write it again.") from error
    if mode not in modes:
        raise InputError(f"{path} has image mode {mode}, but {rule}.")
    return values


def _has_16_bits(path: Path) -> bool:
    """Return whether a PNG has 16 bits per channel: Pillow would drop half of them silently."""
    with path.open("rb") as file:
        header = file.read(25)
    return header[12:16] == b"IHDR" and header[24] == 16


def _check_size(path: Path, size: tuple[int, ...], truth: tuple[int, ...]) -> None:
    if size != truth:
        raise InputError(
            f"{path} is {size[0]}x{size[1]} (height x width), its ground truth {truth[0]}x"
            f"{truth[1]}. Resize the prediction to the annotated image, by the nearest pixel."
        )


def _decoded(
    path: Path, ids: Int[np.ndarray, "height width"], segments: list[dict[str, Any]] | None
) -> tuple[Integer[np.ndarray, "height width"], dict[int, float] | None]:
    """Turn segment ids into panoptic labels; return the scores of the things, if all have one."""
    runs = find_runs(ids)
    present, index = np.unique(runs.value, return_inverse=True)
    if segments is None:
        labels = [_label_of_id(path, ids, value) for value in present.tolist()]
        return runs.spread(np.array(labels, np.int32)[index]), None
    label_of = _numbered(path, segments)
    unknown = [value for value in present.tolist() if value not in label_of and value != 0]
    absent = sorted(set(label_of) - set(present.tolist()))
    if unknown or absent:
        where, which = ("PNG, but not in the JSON", unknown) if unknown else ("JSON only", absent)
        raise InputError(f"{path}: the segment ids {_few(which)} are in the {where}.")
    labels = [label_of.get(value, VOID) for value in present.tolist()]
    given = {label_of[s["id"]]: s.get("score") for s in segments}
    things = {k: v for k, v in given.items() if k // LABEL_DIVISOR in THING_TRAIN_IDS}
    complete = all(score is not None for score in things.values())
    scores = {k: float(v) for k, v in things.items() if v is not None} if complete else None
    return runs.spread(np.array(labels, np.int32)[index]), scores


def labels_of_ids(
    path: Path, ids: Int[np.ndarray, "height width"]
) -> Int[np.ndarray, "height width"]:
    """Turn segment ids that say themselves what they are into panoptic labels.

    Raises:
        InputError: an id is no label id * 1000 + number.
    """
    return _decoded(path, ids, None)[0]


def _numbered(path: Path, segments: list[dict[str, Any]]) -> dict[int, int]:
    """Give each segment of the JSON a panoptic label, in the order of the JSON."""
    counts: dict[int, int] = {}
    labels = {}
    for segment in segments:
        klass = _TRAIN_ID.get(segment.get("category_id", 0))
        if klass is None:
            raise InputError(
                f"{path}: its JSON gives the segment {segment.get('id')} the category "
                f"{segment.get('category_id')}, which is none of the 19 evaluated label ids "
                "(7 = road ... 33 = bicycle). Are they train ids?"
            )
        counts[klass] = counts.get(klass, int(klass in THING_TRAIN_IDS) - 1) + 1
        if counts[klass] >= LABEL_DIVISOR:
            raise InputError(f"{path}: its JSON has {LABEL_DIVISOR} or more segments of one class.")
        labels[segment["id"]] = klass * LABEL_DIVISOR + counts[klass]
    return labels


def _label_of_id(path: Path, ids: Int[np.ndarray, "height width"], value: int) -> int:
    """Read an id that says itself what it is."""
    label_id, number = divmod(value, LABEL_DIVISOR) if value >= LABEL_DIVISOR else (value, 0)
    if value == 0:
        return VOID
    klass = _TRAIN_ID.get(label_id)
    if klass is None or (klass in THING_TRAIN_IDS and value < LABEL_DIVISOR):
        two_channels = not (ids >= 65536).any() and (ids % 256 <= 18).all()
        hint = (
            " It looks like deeplab2's raw_panoptic: say --encoding two-channel or three-channel."
            if two_channels
            else ""
        )
        raise InputError(
            f"{path} holds the segment id {value}, and no JSON says what that is. Without JSON, "
            f"ids are label id * 1000 + number (things) or label id (stuff), 0 = void.{hint}"
        )
    return klass * LABEL_DIVISOR + number


def _official_json(folder: Path, split: str) -> Path | None:
    """Return the JSON of the official form, if the folder has it and the PNGs beside it."""
    of_split = prediction_json(folder, split)
    for path in [of_split, *sorted(folder.glob("cityscapes_panoptic_*.json"))]:
        if path.with_suffix("").is_dir():
            return path
    beside = folder.with_suffix(".json")
    return beside if beside.is_file() else None


def _pictures(folder: Path, suffix: str) -> list[Path]:
    files = sorted(folder.rglob(f"*{suffix}"))
    found = [path for path in files if not path.stem.endswith("_overlay")]
    if not found:
        besides = f" ({len(files)} pictures *_overlay.png do not count)" if files else ""
        raise InputError(f"{folder} holds no panoptic {suffix} file{besides}.")
    return found


def _segments(folder: Path, official_json: Path | None) -> dict[str, list[dict[str, Any]]]:
    """Return the segments of each picture by its file name, from all JSON files that list some."""
    paths = [official_json] if official_json else sorted(folder.rglob("*.json"))
    segments: dict[str, list[dict[str, Any]]] = {}
    for path in paths:
        content = read_json(path)
        annotations = content.get("annotations", []) if isinstance(content, dict) else []
        for one in annotations:
            if "file_name" in one and "segments_info" in one:
                segments[Path(one["file_name"]).name] = one["segments_info"]
    return segments


def _few(values: Sequence[int] | Sequence[str] | np.ndarray) -> str:
    shown = [str(value) for value in list(values)[:6]]
    return ", ".join(shown) + (" ..." if len(values) > 6 else "")
