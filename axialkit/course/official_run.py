"""Lesson 11: the official Cityscapes scripts on the lesson's own predictions."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from axialkit.course.telling_apart import Scored
from axialkit.data import minicity
from axialkit.data.cityscapes import LABEL_IDS, SamplePaths, list_samples
from axialkit.data.minicity_files import image_name
from axialkit.data.panoptic_files import panoptic_json, write_png
from axialkit.evaluation.official import OfficialScores, run_official_scripts, why_not_installed
from axialkit.evaluation.official_files import (
    INSTANCE,
    SEMANTIC,
    OfficialFiles,
    write_instances,
    write_prediction,
    write_prediction_json,
)
from axialkit.structures import LABEL_DIVISOR


def ask_the_officials(seen: Sequence[Scored]) -> OfficialScores:
    """Write streets 0, 1, 2 ... and their predictions as Cityscapes does, and run the scripts.

    ``seen`` are the first images of MiniCity's val split, in their order. Where cityscapesscripts
    is not installed, the reasons say so.
    """
    if missing := why_not_installed():
        return OfficialScores(reasons=dict.fromkeys(("panoptic", "pixel", "instance"), missing))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        root = minicity.generate(
            folder / "city", train=0, val=len(seen), test=0, workers=1, progress=False
        )
        files = write_files(folder / "predictions", seen)
        samples: list[SamplePaths] = list_samples(root, "val")
        return run_official_scripts(samples, panoptic_json(root, "val"), files)


def write_files(folder: Path, seen: Sequence[Scored]) -> OfficialFiles:
    """Write predictions in the three official forms."""
    annotations = []
    for index, one in enumerate(seen):
        name = image_name("val", index)
        annotations.append(write_prediction(folder, "val", name, one.prediction))
        classes = np.minimum(one.prediction // LABEL_DIVISOR, len(LABEL_IDS))
        write_png(
            folder / SEMANTIC / f"{name}.png", np.append(LABEL_IDS, 0)[classes].astype(np.uint8)
        )
        write_instances(folder / INSTANCE, name, one.prediction, list(one.scores.items()))
    return OfficialFiles(
        panoptic_json=write_prediction_json(folder, "val", annotations),
        semantic=folder / SEMANTIC,
        instance=folder / INSTANCE,
    )


def named_scores(official: OfficialScores) -> dict[str, float]:
    """Return the scores of the scripts that could score, by the names the lesson uses."""
    found: dict[str, float] = {}
    if official.panoptic is not None:
        group = official.panoptic.all
        found |= {"PQ": group.pq, "SQ": group.sq, "RQ": group.rq}
    if official.iou is not None:
        found["mIoU"] = official.iou.mean
    if official.ap is not None:
        found["AP (official)"] = official.ap.mean
    return found
