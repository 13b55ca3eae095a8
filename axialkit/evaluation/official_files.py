"""Predictions in the three forms of the official scripts and of the test server.

::

    FOLDER/cityscapes_panoptic_{split}.json            segments of each image
    FOLDER/cityscapes_panoptic_{split}/{name}.png      segment ids as colors, R + 256 G + 65536 B
    FOLDER/semantic/{name}.png                         label ids, 8 bit
    FOLDER/instance/{name}.txt                         a line per thing: mask, label id, score
    FOLDER/instance/instance_masks/{name}_class_{label id}_instance_{number}.png   0 or 255
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int, Integer, UInt8
from PIL import Image

from axialkit.data.cityscapes import LABEL_IDS, THING_TRAIN_IDS
from axialkit.data.runs import find_runs
from axialkit.files import atomic_path, write_json
from axialkit.structures import LABEL_DIVISOR, VOID

SEMANTIC, INSTANCE, _MASKS = "semantic", "instance", "instance_masks"


class OfficialFiles(NamedTuple):
    """Where the predictions lie in the official forms; None for a form that there is not."""

    panoptic_json: Path | None  # its PNGs lie in the folder of the same stem
    semantic: Path | None  # folder of label id pictures
    instance: Path | None  # folder of text files with masks


def prediction_json(folder: Path | str, split: str) -> Path:
    """Return where the JSON of panoptic predictions lies; the PNGs are in the folder beside it."""
    return Path(folder) / f"cityscapes_panoptic_{split}.json"


def write_prediction(
    folder: Path | str,
    split: str,
    name: str,
    panoptic: Integer[np.ndarray, "height width"],
    scores: Mapping[int, float] | None = None,
) -> dict[str, Any]:
    """Write one image's panoptic labels; return its entry for the JSON.

    ``name`` is ``{city}_{seq}_{frame}``. ``scores`` (by panoptic label) are added to the segments;
    the official script takes no notice of them.
    """
    images = prediction_json(folder, split).with_suffix("")
    write_id_picture(images / f"{name}.png", official_ids(panoptic))
    return panoptic_annotation(name, f"{name}.png", panoptic, scores)


def write_prediction_json(
    folder: Path | str, split: str, annotations: Iterable[dict[str, Any]]
) -> Path:
    """Write the JSON, which makes the pictures valid, and return its path."""
    path = prediction_json(folder, split)
    write_json(path, {"annotations": list(annotations)}, indent=None)
    return path


def panoptic_annotation(
    name: str,
    file_name: str,
    panoptic: Integer[np.ndarray, "height width"],
    scores: Mapping[int, float] | None = None,
) -> dict[str, Any]:
    """Describe the segments of one image as the panoptic JSON does."""
    labels = np.unique(find_runs(panoptic).value)
    ids = official_ids(labels[None])[0]
    segments = []
    for value, label in sorted(zip(ids.tolist(), labels.tolist(), strict=True)):
        if label != VOID:
            category = value if value < LABEL_DIVISOR else value // LABEL_DIVISOR
            segments.append({"id": value, "category_id": category})
            if scores is not None and label in scores:
                segments[-1]["score"] = scores[label]
    return {"image_id": name, "file_name": file_name, "segments_info": segments}


def write_label_ids(folder: Path, name: str, semantic: Integer[np.ndarray, "height width"]) -> None:
    """Write train ids as 8-bit label ids, ``folder/name.png``."""
    with atomic_path(folder / f"{name}.png") as temporary:
        Image.fromarray(LABEL_IDS[semantic]).save(temporary, compress_level=1)


def write_instances(
    folder: Path,
    name: str,
    panoptic: Integer[np.ndarray, "height width"],
    scores: Sequence[tuple[int, float]],
) -> None:
    """Write every thing as a mask, and the list of them with their scores, which comes last.

    ``scores`` are (panoptic label, score) pairs; those of stuff are left out.
    """
    lines = []
    for label, score in scores:
        klass, number = divmod(label, LABEL_DIVISOR)
        if klass not in THING_TRAIN_IDS:
            continue
        path = f"{_MASKS}/{name}_class_{LABEL_IDS[klass]}_instance_{number}.png"
        mask = (panoptic == label).astype(np.uint8) * 255
        with atomic_path(folder / path) as temporary:
            Image.fromarray(mask).save(temporary, compress_level=1)
        lines.append(f"{path} {LABEL_IDS[klass]} {score:.6f}\n")
    with atomic_path(folder / f"{name}.txt") as temporary:
        temporary.write_text("".join(lines))


def write_id_picture(path: Path, ids: Int[np.ndarray, "height width"]) -> None:
    """Write segment ids as the colors of a PNG."""
    with atomic_path(path) as temporary:
        Image.fromarray(id_colors(ids)).save(temporary, compress_level=1)


def official_ids(
    panoptic: Integer[np.ndarray, "height width"],
) -> Int[np.ndarray, "height width"]:
    """Turn train_id * 1000 + instance into label id (* 1000 + instance for things); 0 = void.

    The same segment always gets the same id, unlike with panopticapi's random colors.
    """
    present = np.unique(find_runs(panoptic).value)
    klass, number = np.divmod(present[present != VOID], LABEL_DIVISOR)
    label_id = LABEL_IDS[klass].astype(np.int64)
    code = np.zeros(present[-1] + 1, np.int64)
    numbered = (number > 0) | np.isin(klass, THING_TRAIN_IDS)
    code[present[present != VOID]] = np.where(numbered, label_id * LABEL_DIVISOR + number, label_id)
    return code[panoptic]


def id_colors(
    ids: Int[np.ndarray, "height width"],
) -> UInt8[np.ndarray, "height width 3"]:
    """Spell segment ids as colors: id = R + 256 G + 65536 B."""
    return np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
