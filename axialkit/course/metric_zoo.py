"""Lesson 11's zoo: panoptic quality with one published mistake each, and a test.

Every rule of the metric is a field; a bug is the right metric with one field turned over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Integer

from axialkit.course.measuring import CLASSES, is_crowd, panoptic_quality
from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.structures import LABEL_DIVISOR, VOID

Metric = Callable[[Sequence[Any], Sequence[Any]], float]  # true and predicted maps -> PQ
_SHIFT = 1 << 20  # above any label


@dataclass(frozen=True)
class Rules:
    """The small print of panoptic quality; the defaults are right."""

    zero_is_void: bool = False
    crowds_count: bool = False
    void_forgives: bool = True
    absent_classes_count: bool = False
    each_image_alone: bool = False
    half_is_enough: bool = False
    any_class_matches: bool = False
    void_in_unions: bool = False

    def __call__(self, truths: Sequence[Any], predictions: Sequence[Any]) -> float:
        """Return the PQ of a set of images; NaN if no class occurs."""
        images = [
            self._count(np.asarray(truth), np.asarray(prediction))
            for truth, prediction in zip(truths, predictions, strict=True)
        ]
        if not self.each_image_alone:
            return self._average(np.sum(images, axis=0))
        scores = [score for score in map(self._average, images) if not np.isnan(score)]
        return float(np.mean(scores)) if scores else float("nan")

    def _average(self, counts: Float[np.ndarray, "19 4"]) -> float:
        iou, tp, fp, fn = counts.T
        size = tp + fp / 2 + fn / 2
        occurs = np.full(CLASSES, True) if self.absent_classes_count else size > 0
        if not occurs.any():
            return float("nan")
        return float(np.mean(iou[occurs] / np.maximum(size[occurs], 0.5)))

    def _count(
        self, truth: Integer[np.ndarray, "*shape"], prediction: Integer[np.ndarray, "*shape"]
    ) -> Float[np.ndarray, "19 4"]:
        """Return sum of IoU, TP, FP, FN per class of one image."""
        if self.zero_is_void:
            truth, prediction = (np.where(map_ == 0, VOID, map_) for map_ in (truth, prediction))
        codes, areas = np.unique(truth.astype(np.int64) * _SHIFT + prediction, return_counts=True)
        pairs = map(divmod, codes.tolist(), [_SHIFT] * len(codes))
        shared = dict(zip(pairs, areas.tolist(), strict=True))
        counts = np.zeros((CLASSES, 4))
        matched = set()
        for (true, found), area in shared.items():
            iou = self._iou(true, found, area, shared)
            if iou > 0.5 or self.half_is_enough and iou == 0.5:
                counts[true // LABEL_DIVISOR, :2] += (iou, 1)
                matched |= {("true", true), ("found", found)}
        for true in {true for true, _ in shared} - {VOID}:
            missed = ("true", true) not in matched and self._is_segment(true)
            counts[true // LABEL_DIVISOR, 3] += missed
        for found in {found for _, found in shared} - {VOID}:
            wrong = ("found", found) not in matched and not self._forgiven(found, shared)
            counts[found // LABEL_DIVISOR, 2] += wrong
        return counts

    def _is_segment(self, true: int) -> bool:
        return self.crowds_count or not is_crowd(true)

    def _iou(self, true: int, found: int, area: int, shared: dict[tuple[int, int], int]) -> float:
        """Return the IoU of two segments that may match, else 0."""
        if VOID in (true, found) or not self._is_segment(true):
            return 0.0
        if true // LABEL_DIVISOR != found // LABEL_DIVISOR and not self.any_class_matches:
            return 0.0
        union = sum(
            pixels
            for (one, other), pixels in shared.items()
            if one == true or other == found and (one != VOID or self.void_in_unions)
        )
        return area / union

    def _forgiven(self, found: int, shared: dict[tuple[int, int], int]) -> bool:
        klass = found // LABEL_DIVISOR
        own_crowd = klass * LABEL_DIVISOR
        below = {true: pixels for (true, other), pixels in shared.items() if other == found}
        spared = below.get(VOID, 0) * self.void_forgives
        if klass in THING_TRAIN_IDS and not self.crowds_count:
            spared += below.get(own_crowd, 0)
        return 2 * spared > sum(below.values())


class Bug(NamedTuple):
    """One animal of the zoo."""

    name: str
    metric: Rules
    thread: str  # where it, or the question that leads to it, was discussed
    says: str  # what to build to see it


_GITHUB = "https://github.com/"
BUGS = (
    Bug(
        "label 0 is void",
        Rules(zero_is_void=True),
        "facebookresearch/detr/issues/442",
        "give it an image of road (label 0) only, all right",
    ),
    Bug(
        "crowds are objects",
        Rules(crowds_count=True),
        "Lightning-AI/torchmetrics/pull/1435",
        "let a prediction say nothing about a crowd: nobody can miss one",
    ),
    Bug(
        "void does not forgive",
        Rules(void_forgives=False),
        "VSainteuf/utae-paps/pull/12",
        "put a predicted car wholly on void: it is neither right nor wrong",
    ),
    Bug(
        "void in the unions",
        Rules(void_in_unions=True),
        "uber-research/UPSNet/issues/95",
        "let a right segment reach into void: its IoU is still 1",
    ),
    Bug(
        "absent classes count",
        Rules(absent_classes_count=True),
        "Lightning-AI/torchmetrics/pull/1527",
        "look at a perfect prediction of few classes: the absent ones must not count as 0",
    ),
    Bug(
        "a mean over images",
        Rules(each_image_alone=True),
        "TissueImageAnalytics/CoNIC/issues/4",
        "give it two images of one class with different numbers of objects",
    ),
    Bug(
        "one half is enough",
        Rules(half_is_enough=True),
        "nicehuster/SymPointV2/issues/10",
        "cut a car into two equal halves: no half matches",
    ),
    Bug(
        "any class matches",
        Rules(any_class_matches=True),
        "",
        "call a whole car a truck: that is one miss and one false alarm",
    ),
)


def thread_of(bug: Bug) -> str:
    """Return the link to a bug's thread in Markdown, or a dash."""
    if not bug.thread:
        return "-"
    owner, project, _, number = bug.thread.split("/")
    return f"[{project}#{number}]({_GITHUB}{owner}/{project}/{bug.thread.split('/', 2)[2]})"


def other_rounding(truths: Sequence[Any], predictions: Sequence[Any]) -> float:
    """Return a right PQ whose last digits differ, as those of another right program would."""
    return panoptic_quality(truths, predictions) * (1 + 1e-12) + 1e-13


RIGHT: tuple[Metric, ...] = (Rules(), panoptic_quality, other_rounding)


def quality_test(metric: Metric) -> None:
    """Fail with an AssertionError if a panoptic quality makes one of the eight mistakes."""
    road, sky, car, crowd = 0, 10_000, 13_001, 13_000

    def has(truth: list[int], prediction: list[int], expected: int) -> None:
        got = metric([np.array([truth])], [np.array([prediction])])
        assert abs(got - expected) < 1e-6, f"{truth}, {prediction}: {got}, expected {expected}"

    has([road, road], [road, road], 1)  # label 0 is a segment; the other 18 classes are absent
    has([sky, sky, crowd], [sky, sky, VOID], 1)  # nobody can miss a crowd
    has([sky, sky, VOID], [sky, sky, car], 1)  # void forgives
    has([sky, sky, VOID], [sky, sky, sky], 1)  # void is in no union
    has([car, car], [car, car + 1], 0)  # one half is not enough
    has([car, car], [car + 1000, car + 1000], 0)  # a truck is no car
    row = np.array([[car, car + 1, car + 2, car + 3]])
    two = [row[:, :1], row], [row[:, :1], np.full_like(row, VOID)]
    assert abs(metric(*two) - 1 / (1 + 4 / 2)) < 1e-6  # counts of all images together
