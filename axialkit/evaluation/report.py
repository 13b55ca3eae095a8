"""What an evaluation found: as nested dicts for JSON, and as tables to read."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.evaluation.far_cues import DISTANCE_BINS, CueScore
from axialkit.evaluation.panoptic_quality import FN, FP, TP, PanopticQuality, PanopticScores
from axialkit.evaluation.semantic import MeanIoU


@dataclass(frozen=True)
class EvaluationReport:
    """The scores of one network on one split, all as fractions 0..1."""

    split: str
    images: int
    seconds: float  # wall time of reading, network and post-processing
    quality: PanopticQuality  # crowds as in the official script
    quality_void: PanopticQuality  # crowds as void, like deeplab2's evaluator
    iou: MeanIoU
    official: PanopticScores | None  # from the unmodified official script
    official_miou: float | None  # from the official pixel-level script, for all of val only
    official_note: str  # why there is none
    far_cues: list[CueScore]

    @property
    def difference(self) -> float:
        """Return the largest difference between our and the official script's scores."""
        if self.official is None:
            return math.nan
        ours, theirs = (_flat(scores) for scores in (self.quality.scores(), self.official))
        return float(np.abs(ours - theirs).max())

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values; what is undefined (NaN) becomes None."""
        values = {
            "split": self.split,
            "images": self.images,
            "seconds": round(self.seconds, 1),
            "official_script": self.official
            and _groups(self.official) | {"miou": self.official_miou},
            "official_note": self.official_note,
            "difference_to_official": self.difference,
            "crowd_official": _groups(self.quality.scores()) | {"miou": self.iou.mean("official")},
            "crowd_void": _groups(self.quality_void.scores()) | {"miou": self.iou.mean("void")},
            "per_class": self._per_class(),
            "far_cues": [score._asdict() for score in self.far_cues],
            "far_cue_distances": DISTANCE_BINS,
        }
        return _without_nan(values)

    def table(self) -> str:
        """Return the scores in percent, as text of at most 80 columns."""
        parts = [
            f"{self.split}, {self.images} images, {self.seconds:.0f} s. All scores in percent.",
            _columns(*self._summary_rows()),
            self._agreement(),
            _columns(*self._class_rows()),
        ]
        if absent := [name for name, row in self._per_class().items() if not _occurs(row)]:
            parts.append(f"Neither in these images nor predicted: {', '.join(absent)}.")
        if self.far_cues:
            parts.append("Objects that only a far cue tells, pixels right by distance to the cue:")
            parts.append(_columns(*self._cue_rows()))
        return "\n\n".join(parts)

    def _per_class(self) -> dict[str, dict[str, float]]:
        scores, iou = self.quality.scores().per_class, self.iou.per_class("official")
        rows = {}
        for klass, quality, counts, class_iou in zip(
            TRAIN_CLASSES, scores, self.quality.counts, iou, strict=True
        ):
            tp, fp, fn = (int(counts[column]) for column in (TP, FP, FN))
            rows[klass.name] = quality._asdict() | {"tp": tp, "fp": fp, "fn": fn, "iou": class_iou}
        return rows

    def _summary_rows(self) -> tuple[list[str], list[list[Any]]]:
        header = ["", "PQ", "SQ", "RQ", "PQ things", "PQ stuff", "mIoU"]
        lines = [
            ("official script", self.official, self.official_miou),
            ("axialkit, crowds as official", self.quality.scores(), self.iou.mean("official")),
            ("axialkit, crowds as void", self.quality_void.scores(), self.iou.mean("void")),
        ]
        rows = [
            [name, *scores.all[:3], scores.things.pq, scores.stuff.pq, miou]
            for name, scores, miou in lines
            if scores is not None
        ]
        return header, rows

    def _agreement(self) -> str:
        if self.official is None:
            return f"No official score: {self.official_note}"
        if self.difference < 1e-9:
            agree = "The official script and axialkit agree in every class."
            partial = " The official mIoU takes all of val, and is missing here."
            return agree + (partial if self.official_miou is None else "")
        return (
            f"The official script and axialkit differ by up to {100 * self.difference:.2g}: the "
            "panoptic files in gtFine do not fit the instanceIds. Delete "
            f"gtFine/cityscapes_panoptic_{self.split}* and evaluate again."
        )

    def _class_rows(self) -> tuple[list[str], list[list[Any]]]:
        header = ["class", "PQ", "SQ", "RQ", "IoU", "TP", "FP", "FN"]
        keys = ("pq", "sq", "rq", "iou", "tp", "fp", "fn")
        rows = self._per_class().items()
        return header, [[name, *(row[key] for key in keys)] for name, row in rows if _occurs(row)]

    def _cue_rows(self) -> tuple[list[str], list[list[Any]]]:
        bins = [
            f"{low}-{high}" for low, high in zip(DISTANCE_BINS, DISTANCE_BINS[1:], strict=False)
        ]
        header = ["kind", "objects", "right", "pixels", *bins, f"{DISTANCE_BINS[-1]}+ px"]
        rows = []
        for score in self.far_cues:
            kind = score.kind if score.ambiguous else f"{score.kind} (also told nearby)"
            accuracies = [score.object_accuracy, score.pixel_accuracy, *score.accuracy_by_distance]
            rows.append([kind, score.objects, *accuracies])
        return header, rows


def _occurs(row: dict[str, float]) -> bool:
    return row["tp"] + row["fp"] + row["fn"] > 0


def _groups(scores: PanopticScores) -> dict[str, Any]:
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


def _columns(header: list[str], rows: list[list[Any]]) -> str:
    """Lay out rows: the first column to the left, fractions as percent, undefined as a dash."""
    cells = [header] + [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if index == 0 else f"{cell:>{width}}"
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:  # noqa: ANN401
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{100 * value:.1f}" if isinstance(value, float) else str(value)
