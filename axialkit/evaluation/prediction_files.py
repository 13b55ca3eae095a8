"""What a prediction leaves on disk: an overlay, and the answer in the official form."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from axialkit.data.panoptic_files import write_png
from axialkit.evaluation.official_files import id_colors, official_ids
from axialkit.files import write_json
from axialkit.structures import LABEL_DIVISOR
from axialkit.visualize.answer_picture import answer_picture
from axialkit.visualize.colors import Picture
from axialkit.visualize.palettes import Palette
from axialkit.visualize.panoptic import Segment


def write_files(
    stem: Path,
    image: Picture,
    panoptic: Int[np.ndarray, "height width"],
    segments: Sequence[Segment],
    kinds: Collection[str],
    palette: Palette,
) -> list[Path]:
    """Write ``stem_overlay.png``, ``stem_panoptic.png``, ``stem_panoptic.json``, or some.

    ``kinds`` says which: "overlay", "panoptic", "json"; others are ignored.

    Raises:
        InputError: the folder cannot be written to.
    """
    png = stem.with_name(f"{stem.name}_panoptic.png")
    written = []
    if "overlay" in kinds:
        written.append(stem.with_name(f"{stem.name}_overlay.png"))
        write_png(written[-1], answer_picture(image, panoptic, palette))
    if "panoptic" in kinds:
        written.append(png)
        write_png(png, id_colors(official_ids(panoptic)))
    if "json" in kinds:
        written.append(png.with_suffix(".json"))
        rows = describe_segments(segments, panoptic.size)
        annotation = {"image_id": stem.name, "file_name": png.name, "segments_info": rows}
        write_json(written[-1], {"annotations": [annotation]})
    return written


def describe_segments(segments: Sequence[Segment], pixels: int) -> list[dict[str, Any]]:
    """Return segments as the official JSON describes them, with their score, by ascending id.

    ``pixels`` is the size of the picture; boxes are ``[x, y, width, height]``.
    """
    labels = np.array([[segment.id for segment in segments]], np.int64)
    ids = official_ids(labels)[0].tolist() if segments else []
    rows = []
    for segment, value in zip(segments, ids, strict=True):
        top, left, bottom, right = segment.box
        rows.append(
            {
                "id": value,
                "category_id": value // LABEL_DIVISOR or value,
                "area": round(segment.area * pixels),
                "bbox": [left, top, right - left, bottom - top],
                "iscrowd": 0,
                "score": segment.score,
            }
        )
    return sorted(rows, key=lambda row: row["id"])
