"""Predictions that lie in a folder, written by axialkit or by any other program.

Panoptic PNGs, one per image, whose names begin like the image's, as ``id_pictures`` reads them;
and JSON files (official form, ``annotations``) beside them, not needed where the ids speak for
themselves.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int, UInt8

from axialkit.data.cityscapes import LABEL_IDS, SamplePaths
from axialkit.errors import InputError
from axialkit.evaluation.deeplab2_files import SUFFIX, read_raw
from axialkit.evaluation.id_pictures import decode, few, open_picture, read_id_picture
from axialkit.evaluation.official_files import OfficialFiles, prediction_json
from axialkit.evaluation.official_stage import continues, find_picture
from axialkit.evaluation.predictions import Answer
from axialkit.files import read_json
from axialkit.structures import IGNORE_CLASS

Encoding = Literal["official", "two-channel", "three-channel", "numpy"]

_NEVER_PREDICTED = (1, 2, 3)  # label ids: the car and the borders of the camera


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
                f"{few(missing)}."
            )
        twice = next((paths for paths in found.values() if len(paths) > 1), None)
        if twice is not None:
            raise InputError(
                f"{self._inside} has several files for one image: {few([p.name for p in twice])}. "
                "Keep one of them."
            )
        untold = [n for n, (path,) in found.items() if path.name not in self._segments]
        if self._segments and untold:
            raise InputError(
                f"The JSON in {self.folder} describes no segments of {len(untold)} of "
                f"{len(samples)} images: {few(untold)}. Write it again, or remove all JSON."
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
            panoptic, scores = decode(path, ids, segments)
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
        labels = open_picture(path, ("L",), "label ids are 8-bit grey")
        _check_size(path, labels.shape, size)
        table = np.full(256, IGNORE_CLASS, np.uint8)
        table[LABEL_IDS] = np.arange(len(LABEL_IDS))
        present = np.unique(labels)
        wrong = present[(present > LABEL_IDS.max()) | np.isin(present, _NEVER_PREDICTED)]
        if len(wrong):
            raise InputError(
                f"{path} holds the values {few(wrong)}; predictions are label ids (7 = road ... "
                "33 = bicycle, 0 = none of them). Are these train ids?"
            )
        return table[labels]


def _check_size(path: Path, size: tuple[int, ...], truth: tuple[int, ...]) -> None:
    if size != truth:
        raise InputError(
            f"{path} is {size[0]}x{size[1]} (height x width), its ground truth {truth[0]}x"
            f"{truth[1]}. Resize the prediction to the annotated image, by the nearest pixel."
        )


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
