"""All that one image contributes to an evaluation: small, mergeable, and kept as JSON."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from axialkit.data.cityscapes import SamplePaths
from axialkit.data.minicity import SpecialObject, read_specials, special_mask
from axialkit.errors import InputError
from axialkit.evaluation.far_cues import FarCueAccuracy
from axialkit.evaluation.panoptic_quality import SegmentOverlap, quality_counts, segment_overlap
from axialkit.evaluation.predictions import Answer
from axialkit.evaluation.semantic import MeanIoU
from axialkit.files import read_json, write_json

VERSION = 1  # of the files


class ImageScores(NamedTuple):
    """The overlaps and counts of one image, from which every score follows."""

    name: str  # {city}_{seq}_{frame}
    overlap: SegmentOverlap
    semantic: Int[np.ndarray, "2 klass klass_or_none"] | None  # as in MeanIoU.counts
    scores: dict[int, float] | None  # panoptic label -> score, for average precision
    far_cues: FarCueAccuracy  # empty unless the image is MiniCity's
    ladder: Float[np.ndarray, "step klass iou_tp_fp_fn"] | None  # of the oracle

    @property
    def quality(self) -> Float[np.ndarray, "klass iou_tp_fp_fn"]:
        """Return the counts of panoptic quality, crowds as in the official script."""
        return quality_counts(self.overlap, "official")


def score_image(
    sample: SamplePaths,
    answer: Answer,
    instance_ids: Int[np.ndarray, "height width"],
    special_objects: Sequence[tuple[SpecialObject, np.ndarray]] = (),
) -> ImageScores:
    """Compare an answer with the truth as in instanceIds.png.

    ``special_objects`` are those of MiniCity in this image, with their visible pixels.

    Raises:
        InputError: the sizes differ, or the answer holds labels outside the table.
    """
    iou, far_cues = None, FarCueAccuracy()
    if answer.semantic is not None:
        iou = MeanIoU()
        iou.update(answer.semantic, instance_ids)
        for special, visible in special_objects:
            far_cues.update(special, visible, answer.semantic)
    return ImageScores(
        name=sample.name,
        overlap=segment_overlap(answer.panoptic, instance_ids),
        semantic=None if iou is None else iou.counts,
        scores=answer.scores,
        far_cues=far_cues,
        ladder=answer.ladder,
    )


def specials_by_image(root: Path | str, split: str) -> Mapping[str, list[SpecialObject]]:
    """Return MiniCity's special objects by image; none for other data."""
    found: dict[str, list[SpecialObject]] = {}
    if (Path(root) / "minicity").is_dir():
        for special in read_specials(root, split):
            found.setdefault(special.name, []).append(special)
    return found


def with_masks(
    root: Path | str, split: str, specials: Sequence[SpecialObject]
) -> list[tuple[SpecialObject, np.ndarray]]:
    """Add to each special object its visible pixels."""
    return [(special, special_mask(root, split, special)) for special in specials]


def write_scores(path: Path, scores: ImageScores, annotation: dict[str, Any]) -> None:
    """Keep the scores of an image, and its entry for the panoptic JSON."""
    content = {
        "version": VERSION,
        "name": scores.name,
        "overlap": {name: part.tolist() for name, part in scores.overlap._asdict().items()},
        "semantic": None if scores.semantic is None else scores.semantic.tolist(),
        "scores": None if scores.scores is None else list(scores.scores.items()),
        "far_cues": scores.far_cues.to_rows(),
        "ladder": None if scores.ladder is None else scores.ladder.tolist(),
        "annotation": annotation,
    }
    write_json(path, content, indent=None)


def read_scores(path: Path) -> tuple[ImageScores, dict[str, Any]]:
    """Read what ``write_scores`` wrote.

    Raises:
        InputError: the file is damaged or of another version.
    """
    content = read_json(path)
    try:
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']}")
        overlap = {name: np.array(part) for name, part in content["overlap"].items()}
        overlap["area"] = overlap["area"].astype(np.int64)
        overlap["truth_is_crowd"] = overlap["truth_is_crowd"].astype(bool)
        pixels, ladder = content["semantic"], content["ladder"]
        scores = ImageScores(
            name=content["name"],
            overlap=SegmentOverlap(**overlap),
            semantic=None if pixels is None else np.array(pixels, np.int64),
            scores=None if content["scores"] is None else dict(content["scores"]),
            far_cues=FarCueAccuracy.from_rows(content["far_cues"]),
            ladder=None if ladder is None else np.array(ladder, np.float64),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} holds no scores of an image ({error}). Remove it, and it is made again."
        ) from error
    return scores, content["annotation"]
