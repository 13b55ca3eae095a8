"""What an evaluation found: every score, and where quality was lost."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.evaluation import average_precision as coco
from axialkit.evaluation.average_precision import AveragePrecision, Detections, average_precision
from axialkit.evaluation.bootstrap import Band, miou_band, quality_bands
from axialkit.evaluation.far_cues import DISTANCE_BINS, CueScore, FarCueAccuracy
from axialkit.evaluation.image_scores import ImageScores
from axialkit.evaluation.mistakes import PARTS, budget, mistakes
from axialkit.evaluation.official import OfficialScores
from axialkit.evaluation.oracle import STEPS
from axialkit.evaluation.panoptic_quality import (
    FN,
    FP,
    TP,
    CrowdPolicy,
    PanopticQuality,
    PanopticScores,
)
from axialkit.evaluation.semantic import MeanIoU
from axialkit.evaluation.worst import WorstImage

AGREE = 1e-9  # largest difference between two programs that follow one rule


@dataclass(frozen=True)
class EvaluationReport:
    """The scores of one set of predictions on one split, as fractions 0..1.

    Three columns: ``own`` is axialkit's arithmetic by the official rules, ``official`` what the
    official scripts themselves said, ``reference`` axialkit's by the rules of deeplab2's own
    evaluator, whose crowds are void.
    """

    split: str
    seconds: float  # wall time of predicting and scoring
    images: tuple[ImageScores, ...]
    official: OfficialScores
    why_no_semantic: str  # why there is no mIoU; empty if there is
    worst: tuple[WorstImage, ...] = ()

    @cached_property
    def quality(self) -> PanopticQuality:
        """Return the panoptic quality with crowds as in the official script."""
        return self._quality("official")

    @cached_property
    def quality_void(self) -> PanopticQuality:
        """Return the panoptic quality with crowds as void, like deeplab2's evaluator."""
        return self._quality("void")

    def _quality(self, crowd: CrowdPolicy) -> PanopticQuality:
        quality = PanopticQuality(crowd)
        for image in self.images:
            quality.add(image.overlap)
        return quality

    @cached_property
    def iou(self) -> MeanIoU | None:
        """Return the IoU of the semantic maps, if there are any."""
        if self.why_no_semantic:
            return None
        iou = MeanIoU()
        for image in self.images:
            if image.semantic is not None:
                iou.counts += image.semantic
        return iou

    @cached_property
    def ap(self) -> AveragePrecision | None:
        """Return the average precision by pycocotools; None: see ``notes``."""
        if "reference ap" in self.notes:
            return None
        return average_precision([Detections(i.overlap, i.scores or {}) for i in self.images])

    @cached_property
    def far_cues(self) -> list[CueScore]:
        """Return the accuracies on MiniCity's objects that only a far cue tells."""
        total = FarCueAccuracy()
        for image in self.images:
            total.merge(image.far_cues)
        return total.scores()

    @cached_property
    def budget(self) -> Float[np.ndarray, "klass part"]:
        """Return where the quality of each class goes, see ``mistakes.PARTS``."""
        wrong = sum(mistakes(image.overlap) for image in self.images)
        return budget(self.quality.counts, np.asarray(wrong))

    @cached_property
    def bands(self) -> dict[str, Band]:
        """Return the bootstrap bands of PQ ("all", "things", "stuff") and of "miou"."""
        bands = quality_bands(np.stack([image.quality for image in self.images]))
        counts = self._semantic_counts()
        return bands if counts is None else bands | {"miou": miou_band(counts)}

    @cached_property
    def ladder(self) -> dict[str, PanopticScores]:
        """Return the oracle ladder, step by step; empty if it was not asked for."""
        counts = [image.ladder for image in self.images if image.ladder is not None]
        if not counts:
            return {}
        steps = {}
        for name, total in zip(STEPS, np.sum(counts, axis=0), strict=True):
            quality = PanopticQuality("official")
            quality.counts += total
            steps[name] = quality.scores()
        return steps

    @cached_property
    def notes(self) -> dict[str, str]:
        """Return why a score is missing, by its column and name."""
        notes = {}
        for kind, score in (("panoptic", "pq"), ("pixel", "miou"), ("instance", "ap")):
            if kind in self.official.reasons:
                notes[f"official {score}"] = self.official.reasons[kind]
        if self.why_no_semantic:
            notes["own miou"] = notes["official miou"] = self.why_no_semantic
        unscored = [image.name for image in self.images if image.scores is None]
        if unscored:
            notes["reference ap"] = (
                f"{len(unscored)} of {len(self.images)} images have things without a score in "
                f"their JSON, which would rank them; the first is {unscored[0]}."
            )
        elif not coco.is_available():
            notes["reference ap"] = 'pycocotools is not installed; pip install -e ".[data]".'
        return notes

    @property
    def difference(self) -> float:
        """Return the largest difference between our and the official scores, PQ and mIoU."""
        pairs: list[tuple[Any, Any]] = []
        if self.official.panoptic is not None:
            pairs.append((_flat(self.quality.scores()), _flat(self.official.panoptic)))
        if self.official.iou is not None and self.iou is not None:
            pairs.append((self.iou.mean("official"), self.official.iou.mean))
        return max((float(np.abs(np.subtract(*p)).max()) for p in pairs), default=math.nan)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; what is undefined becomes None."""
        values = {
            "split": self.split,
            "images": len(self.images),
            "seconds": round(self.seconds, 1),
            **self.columns(),
            "notes": self.notes,
            "shims": self.official.shims,
            "difference_to_official": self.difference,
            "per_class": self.per_class(),
            "bands": {name: list(band) for name, band in self.bands.items()},
            "oracle": {name: scores.all.pq for name, scores in self.ladder.items()},
            "oracle_images": sum(image.ladder is not None for image in self.images),
            "confusion": None if self.iou is None else self.iou.counts.sum(axis=0).tolist(),
            "far_cues": [score._asdict() for score in self.far_cues],
            "far_cue_distances": DISTANCE_BINS,
        }
        return _without_nan(values)

    def columns(self) -> dict[str, dict[str, Any]]:
        """Return the three columns: "own", "official" and "reference"."""
        official, ap = self.official, self.ap
        theirs = _groups(official.panoptic)
        return {
            "own": _groups(self.quality.scores()) | {"miou": self._miou("official")},
            "official": theirs
            | {
                "miou": None if official.iou is None else official.iou.mean,
                "ap": None if official.ap is None else official.ap.mean,
            },
            "reference": _groups(self.quality_void.scores())
            | {"miou": self._miou("void")}
            | {name: None if ap is None else getattr(ap, name) for name in ("ap", "ap50", "ap75")},
        }

    def per_class(self) -> dict[str, dict[str, Any]]:
        """Return the own scores of each class, with those of the two other columns inside."""
        own, void = self.quality.scores().per_class, self.quality_void.scores().per_class
        official = self.official
        rows = {}
        for klass in TRAIN_CLASSES:
            k = klass.train_id
            counts, row = self.quality.counts[k], own[k]._asdict()
            row |= {name: int(counts[i]) for name, i in (("tp", TP), ("fp", FP), ("fn", FN))}
            row["iou"] = self._class_iou("official", k)
            row["budget"] = dict(zip(PARTS, self.budget[k].tolist(), strict=True))
            row["official"] = {
                **(official.panoptic.per_class[k]._asdict() if official.panoptic else {}),
                "iou": official.iou and official.iou.per_class[k],
                "ap": official.ap and official.ap.per_class[k],
            }
            row["reference"] = {
                **void[k]._asdict(),
                "iou": self._class_iou("void", k),
                "ap": self.ap and self.ap.per_class[k],
            }
            rows[klass.name] = row
        return rows

    def _miou(self, crowd: CrowdPolicy) -> float | None:
        return None if self.iou is None else self.iou.mean(crowd)

    def _class_iou(self, crowd: CrowdPolicy, train_id: int) -> float | None:
        return None if self.iou is None else float(self.iou.per_class(crowd)[train_id])

    def _semantic_counts(self) -> Int[np.ndarray, "image true predicted"] | None:
        if self.iou is None:
            return None
        return np.stack([i.semantic.sum(axis=0) for i in self.images if i.semantic is not None])


def occurs(row: dict[str, Any]) -> bool:
    """Return whether a class of ``per_class`` was there or was predicted."""
    return row["tp"] + row["fp"] + row["fn"] > 0


def _groups(scores: PanopticScores | None) -> dict[str, Any]:
    if scores is None:
        nothing = dict.fromkeys(("pq", "sq", "rq", "n"))
        return nothing | {"things": nothing, "stuff": nothing}
    groups = {"things": scores.things._asdict(), "stuff": scores.stuff._asdict()}
    return scores.all._asdict() | groups


def _flat(scores: PanopticScores) -> Float[np.ndarray, " score"]:
    return np.array([*scores.all, *scores.things, *scores.stuff, *np.ravel(scores.per_class)])


def _without_nan(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and math.isnan(value) else value
