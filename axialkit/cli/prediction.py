"""One image through a network: files in the official form, a picture, a table."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from axialkit.cli.roots import is_drawn
from axialkit.cli.tables import table
from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.data.images import read_rgb
from axialkit.errors import InputError, suggest
from axialkit.evaluation.official import id_colors, official_ids
from axialkit.files import atomic_path, write_json
from axialkit.inference import segment
from axialkit.model import AxialDeepLab
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult
from axialkit.visualize.colors import Picture
from axialkit.visualize.panoptic import Segment, draw_prediction, segment_table

LARGEST_RATIO = 1.5  # of an image's side to the crop; what is larger is no drawn street


def predict_image(
    model: AxialDeepLab, config: ExperimentConfig, path: Path, stem: Path, only: list[int]
) -> dict[str, Any]:
    """Segment one image, write ``stem_*`` files, print its table and return it.

    ``only`` keeps these train ids; empty = all.
    """
    image = read_rgb(path)
    height, width = image.shape[:2]
    result = keep_classes(segment(model, image, config), only)
    segments = segment_table(result)
    files = _write(stem, image, result)
    note = note_on_size(config, (height, width))
    print(f"\n{path} ({height}x{width}): {len(segments)} segments")
    if note:
        print(note)
    print(_table(segments))
    print(f"Written: {files[0]} (and {', '.join(file.name for file in files[1:])})")
    rows = [row._asdict() for row in segments]
    return {"image": str(path), "height": height, "width": width, "note": note, "segments": rows}


def train_ids_of(names: tuple[str, ...]) -> list[int]:
    """Return the train ids of classes.

    Raises:
        InputError: no such class; the message suggests the closest.
    """
    known = {klass.name: klass.train_id for klass in TRAIN_CLASSES}
    for name in names:
        if name not in known:
            raise InputError(
                f'There is no class "{name}".{suggest(name, list(known))} '
                f"Classes: {', '.join(known)}."
            )
    return [known[name] for name in names]


def keep_classes(result: PanopticResult, train_ids: list[int]) -> PanopticResult:
    """Turn all segments of other classes into void; without classes keep everything."""
    if not train_ids:
        return result
    kept = np.isin(result.panoptic // LABEL_DIVISOR, train_ids)
    return result._replace(panoptic=np.where(kept, result.panoptic, VOID))


def note_on_size(config: ExperimentConfig, size: tuple[int, int]) -> str:
    """Say so if an image of that size cannot be one that the network was made for, else ``""``."""
    ratios = [side / crop for side, crop in zip(size, config.data.crop_size, strict=True)]
    if not is_drawn(config) or max(ratios) <= LARGEST_RATIO:
        return ""
    usual = "x".join(str(side - 1) for side in config.data.crop_size)
    return (
        f"Note: a picture of {size[0]}x{size[1]} is out of this tiny network's world. It has seen "
        f"drawn streets of {usual} pixels only, never a whole street photo: do not trust the "
        "answer."
    )


def _table(segments: list[Segment]) -> str:
    header = ["segment", "area %", "score", "box (top, left, bottom, right)"]
    rows = [(s.name, 100 * s.area, f"{s.score:.2f}", str(s.box)) for s in segments]
    note = "score: probability of the class; for things, times the heat of their center"
    return f"{table(header, rows)}\n{note}"


def _write(stem: Path, image: Picture, result: PanopticResult) -> list[Path]:
    overlay, png, description = (
        stem.with_name(f"{stem.name}_{ending}")
        for ending in ("overlay.png", "panoptic.png", "panoptic.json")
    )
    with atomic_path(overlay) as temporary:
        draw_prediction(image, result.panoptic).savefig(temporary)
    ids = official_ids(result.panoptic)
    with atomic_path(png) as temporary:
        Image.fromarray(id_colors(ids)).save(temporary)
    segments = [
        {"id": value, "category_id": value // LABEL_DIVISOR or value}
        for value in np.unique(ids[ids > 0]).tolist()
    ]
    annotation = {"image_id": stem.name, "file_name": png.name, "segments_info": segments}
    write_json(description, {"annotations": [annotation]})
    return [overlay, png, description]
