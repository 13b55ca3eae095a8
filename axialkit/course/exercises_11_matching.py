"""Lesson 11, exercise 11.3, matching: what must hold, typical mistakes, hints."""

from collections.abc import Callable

import numpy as np

from axialkit.course.exercises_11_maps import CROWD, PROBES, one_row
from axialkit.course.exercises_11_pixels import leaves_its_input
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.measuring import Map, Pair, is_crowd, match_segments
from axialkit.course.toy_street import CAR, PERSON, ROAD, SKY, TRUCK
from axialkit.structures import LABEL_DIVISOR, VOID


def _pairs(match: Function, truth: Map, prediction: Map) -> list[Pair]:
    """Return the learner's matches as plain triples; say so if they are none."""
    got = leaves_its_input(match, truth, prediction)
    assert isinstance(got, list | tuple), f"a list of triples is expected, got {type(got).__name__}"
    wrong = [one for one in got if not isinstance(one, list | tuple | np.ndarray) or len(one) != 3]
    assert not wrong, f"each match is a triple (true label, predicted label, IoU), got {wrong[0]!r}"
    return [(int(t), int(p), float(iou)) for t, p, iou in got]


def _expect(match: Function, truth: Map, prediction: Map, expected: list[Pair], why: str) -> None:
    got = _pairs(match, truth, prediction)
    same = len(got) == len(expected) and all(
        g[:2] == e[:2] and abs(g[2] - e[2]) < 1e-9 for g, e in zip(got, expected, strict=True)
    )
    assert same, (
        f"truth {truth.tolist()}, prediction {prediction.tolist()}: {why}; expected {expected}, "
        f"got {got}"
    )


def _finds_itself(match: Function) -> None:
    truth = one_row((ROAD, 3), (CAR + 2, 2), (CAR + 1, 2))
    expected = [(ROAD, ROAD, 1.0), (CAR + 1, CAR + 1, 1.0), (CAR + 2, CAR + 2, 1.0)]
    why = "all segments are there, label 0 is the road, and the list is sorted by true label"
    _expect(match, truth, truth.copy(), expected, why)
    numbers = np.where(truth == CAR + 2, CAR + 7, truth)
    expected[2] = (CAR + 2, CAR + 7, 1.0)
    _expect(match, truth, numbers, expected, "how the cars are numbered does not matter")
    swapped = one_row((ROAD, 3), (CAR + 1, 2), (CAR + 2, 2))
    expected[1:] = [(CAR + 1, CAR + 2, 1.0), (CAR + 2, CAR + 1, 1.0)]
    _expect(match, truth, swapped, expected, "sorted by the true label, not by the predicted one")


def _above_one_half(match: Function) -> None:
    truth = one_row((CAR + 1, 4))
    _expect(
        match, truth, one_row((CAR + 1, 2), (CAR + 2, 2)), [], "an IoU of exactly 0.5 is no match"
    )
    _expect(
        match,
        truth,
        one_row((CAR + 1, 1), (CAR + 2, 3)),
        [(CAR + 1, CAR + 2, 0.75)],
        "3 of 4 pixels",
    )
    wide, narrow = one_row((CAR + 1, 5)), one_row((CAR + 1, 2), (TRUCK + 1, 3))
    for one, other in ((wide, narrow), (narrow, wide)):
        _expect(match, one, other, [], "the cars share 2 pixels, and 5 are in one or the other")


def _classes_agree(match: Function) -> None:
    _expect(match, one_row((CAR + 1, 4)), one_row((TRUCK + 1, 4)), [], "a truck is no car")


def _void_is_in_no_union(match: Function) -> None:
    _expect(
        match, one_row((SKY, 2), (VOID, 3)), one_row((SKY, 5)), [(SKY, SKY, 1.0)],
        "what the prediction says on void does not count",
    )  # fmt: skip
    _expect(
        match, one_row((SKY, 5)), one_row((SKY, 3), (VOID, 2)), [(SKY, SKY, 0.6)],
        "where the prediction is void it has missed something: 3 of 5 pixels",
    )  # fmt: skip
    _expect(match, one_row((VOID, 5)), one_row((VOID, 5)), [], "void is no segment")


def _crowds_match_nothing(match: Function) -> None:
    truth = one_row((CROWD, 3), (PERSON + 1, 2))
    _expect(
        match, truth, one_row((PERSON + 2, 3), (PERSON + 1, 2)), [(PERSON + 1, PERSON + 1, 1.0)],
        "a crowd (a thing class, number 0) matches nothing",
    )  # fmt: skip
    _expect(
        match, truth, one_row((VOID, 1), (PERSON + 1, 4)), [],
        "crowd pixels are no void: they stay in the union, 2 / 4 is no match",
    )  # fmt: skip


Wrong = Callable[[Map, Map], list[Pair]]


def _matcher(  # every rule of the matching as an argument
    *, at: float = 0.5, equal: bool = False, any_class: bool = False, void: str = "out",
    crowds: bool = False, greedy: bool = False,
) -> Wrong:  # fmt: skip
    """Return a matching with other rules; ``void``: "out" of the union, "in" it, or cut "both"."""

    def match(truth: Map, prediction: Map) -> list[Pair]:
        pairs = []
        for label in np.unique(truth).tolist():
            if label == VOID or is_crowd(label) and not crowds:
                continue
            for other in np.unique(prediction).tolist():
                alike = label // LABEL_DIVISOR == other // LABEL_DIVISOR
                if other == VOID or not (alike or any_class):
                    continue
                iou = _iou(truth, prediction, label, other, void)
                if iou > at or equal and iou == at:
                    pairs.append((label, other, iou))
        return pairs

    return match


def _iou(truth: Map, prediction: Map, label: int, other: int, void: str) -> float:
    true, found = truth == label, prediction == other
    union = true | found
    if void != "in":
        union &= truth != VOID
    if void == "both":
        union &= prediction != VOID
    return float((true & found).sum() / max(union.sum(), 1))


def _road_lost(truth: Map, prediction: Map) -> list[Pair]:
    return [pair for pair in match_segments(truth, prediction) if pair[0] != 0]


def _same_number(truth: Map, prediction: Map) -> list[Pair]:
    return [pair for pair in match_segments(truth, prediction) if pair[0] == pair[1]]


MATCH_SEGMENTS = Exercise(
    key="11.3",
    name="match_segments",
    goal="B",
    solution=match_segments,
    properties=(
        Property("a map matches itself, however its things are numbered", _finds_itself),
        Property("only an IoU above one half is a match", _above_one_half),
        Property("classes must agree", _classes_agree),
        Property("pixels that are void in the truth are in no union", _void_is_in_no_union),
        Property("crowds match nothing, and stay in the unions", _crowds_match_nothing),
    ),
    probes=(
        *PROBES,
        (one_row((CAR + 2, 3), (ROAD, 2)), one_row((CAR + 5, 3), (ROAD, 2))),
        (one_row((CAR + 1, 3), (CAR + 2, 2)), one_row((CAR + 5, 3), (CAR + 4, 2))),
        (one_row((CAR + 1, 5)), one_row((CAR + 1, 2), (SKY, 3))),
        (one_row((CAR + 1, 2), (SKY, 3)), one_row((CAR + 1, 5))),
    ),
    mutants=(
        Mutant(
            "one half is enough",
            _matcher(equal=True),
            "an IoU of exactly 0.5 matches. Then two halves of a car would both match it: the rule "
            "is > 0.5, and above one half there is room for one only.",
        ),
        Mutant(
            "classes ignored",
            _matcher(any_class=True),
            "segments of different classes match. label // 1000 is the class: it must agree.",
        ),
        Mutant(
            "void in the union",
            _matcher(void="in"),
            "pixels that are void in the truth stay in the union. Nobody knows what is there: take "
            "them out.",
        ),
        Mutant(
            "predicted void taken out",
            _matcher(void="both"),
            "pixels that are void in the prediction are taken out of the union as well. The truth "
            "knows what is there: they are simply missed, and stay in.",
        ),
        Mutant(
            "crowds match",
            _matcher(crowds=True),
            "a crowd matches. Its label has the number 0 and a thing class: is_crowd(label) skips "
            "it.",
        ),
        Mutant(
            "road lost",
            _road_lost,
            "label 0 is missing, as if it were void. It is the road, a segment like any other; "
            "void is 255000.",
        ),
        Mutant(
            "numbers must agree",
            _same_number,
            "only equal labels match. Numbers of things are arbitrary: car 2 may well match car 7.",
        ),
        Mutant(
            "any overlap",
            _matcher(at=0.0),
            "whatever overlaps is a match. The IoU must be above one half.",
        ),
    ),
    hints=(
        "in: two maps; out: a list of (true label, predicted label, IoU), sorted by true label.",
        "two loops: over the true labels (no void, no crowd), and over the predicted labels of the "
        "same class. The IoU of two masks is shared / union; on void, a predicted mask counts as "
        "empty.",
        "found = (prediction == other) & (truth != VOID); iou = (true & found).sum() / "
        "(true | found).sum(); keep it if iou > 0.5.",
    ),
)
