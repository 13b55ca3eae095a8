"""Lesson 11, exercises 11.3 and 11.4, segments: what must hold, typical mistakes, hints."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Integer

from axialkit.course import toy_street
from axialkit.course.exercises_11_pixels import leaves_its_input
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.measuring import Map, Pair, is_crowd, match_segments, pq_counts
from axialkit.course.toy_street import CAR, PERSON, ROAD, SKY, TRUCK
from axialkit.structures import LABEL_DIVISOR, VOID

_CROWD = PERSON  # number 0: nobody counted them


def _row(*parts: tuple[int, int]) -> Map:
    """Return a map of one row: (label, how many pixels), one after the other."""
    return np.array([[label for label, count in parts for _ in range(count)]])


def _blocks(seed: int, shape: tuple[int, int] = (12, 18)) -> tuple[Map, Map]:
    """Return a true and a predicted map of random rectangles, with void and crowds."""
    rng = np.random.default_rng(seed)
    truth = np.full(shape, SKY)
    for label in (ROAD, CAR + 1, CAR + 2, TRUCK + 1, PERSON + 1, _CROWD, VOID, VOID):
        y, x = rng.integers(0, shape[0] - 4), rng.integers(0, shape[1] - 5)
        truth[y : y + rng.integers(2, 7), x : x + rng.integers(2, 8)] = label
    prediction = np.roll(truth, rng.integers(-1, 2), axis=rng.integers(0, 2))
    crowds = (prediction == VOID) | (prediction == _CROWD)
    prediction = np.where(crowds, rng.choice([ROAD, PERSON + 2, CAR + 3, VOID]), prediction)
    return truth, np.where(prediction == TRUCK + 1, rng.choice([TRUCK, CAR]) + 1, prediction)


_STREETS = tuple(
    (toy_street.true_street(), toy_street.PRESETS[name]())
    for name in ("merge two cars", "split a person", "shift the persons", "call a car a truck")
)
_PROBES = (
    *_STREETS,
    *map(_blocks, range(8)),
    (_row((CAR + 1, 4), (CAR + 2, 2)), _row((CAR + 1, 6))),
    (_row((CAR + 1, 4)), _row((CAR + 1, 2), (CAR + 2, 2))),
    (_row((_CROWD, 3), (SKY, 2)), _row((PERSON + 1, 3), (SKY, 2))),
    (_row((_CROWD, 3), (SKY, 2)), _row((CAR + 1, 3), (SKY, 2))),
    (_row((VOID, 3), (SKY, 2)), _row((CAR + 1, 3), (SKY, 2))),
    (_row((VOID, 2), (SKY, 4)), _row((CAR + 1, 4), (SKY, 2))),
    (_row((_CROWD, 1), (VOID, 1), (SKY, 4)), _row((PERSON + 1, 3), (SKY, 3))),
)


# ---- 11.3 match_segments


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
    truth = _row((ROAD, 3), (CAR + 2, 2), (CAR + 1, 2))
    expected = [(ROAD, ROAD, 1.0), (CAR + 1, CAR + 1, 1.0), (CAR + 2, CAR + 2, 1.0)]
    why = "all segments are there, label 0 is the road, and the list is sorted by true label"
    _expect(match, truth, truth.copy(), expected, why)
    numbers = np.where(truth == CAR + 2, CAR + 7, truth)
    expected[2] = (CAR + 2, CAR + 7, 1.0)
    _expect(match, truth, numbers, expected, "how the cars are numbered does not matter")


def _above_one_half(match: Function) -> None:
    truth = _row((CAR + 1, 4))
    _expect(
        match, truth, _row((CAR + 1, 2), (CAR + 2, 2)), [], "an IoU of exactly 0.5 is no match"
    )
    _expect(
        match, truth, _row((CAR + 1, 1), (CAR + 2, 3)), [(CAR + 1, CAR + 2, 0.75)], "3 of 4 pixels"
    )


def _classes_agree(match: Function) -> None:
    _expect(match, _row((CAR + 1, 4)), _row((TRUCK + 1, 4)), [], "a truck is no car")


def _void_is_in_no_union(match: Function) -> None:
    _expect(
        match, _row((SKY, 2), (VOID, 3)), _row((SKY, 5)), [(SKY, SKY, 1.0)],
        "what the prediction says on void does not count",
    )  # fmt: skip
    _expect(
        match, _row((SKY, 5)), _row((SKY, 3), (VOID, 2)), [(SKY, SKY, 0.6)],
        "where the prediction is void it has missed something: 3 of 5 pixels",
    )  # fmt: skip
    _expect(match, _row((VOID, 5)), _row((VOID, 5)), [], "void is no segment")


def _crowds_match_nothing(match: Function) -> None:
    truth = _row((_CROWD, 3), (PERSON + 1, 2))
    _expect(
        match, truth, _row((PERSON + 2, 3), (PERSON + 1, 2)), [(PERSON + 1, PERSON + 1, 1.0)],
        "a crowd (a thing class, number 0) matches nothing",
    )  # fmt: skip
    _expect(
        match, truth, _row((VOID, 1), (PERSON + 1, 4)), [],
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
    probes=(*_PROBES, (_row((CAR + 2, 3), (ROAD, 2)), _row((CAR + 5, 3), (ROAD, 2)))),
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


# ---- 11.4 pq_counts


def _counts_are(
    count: Function, truth: Map, prediction: Map, expected: dict[int, list[float]], why: str
) -> None:
    """``expected`` has the rows that are not all 0, by class."""
    got = np.asarray(leaves_its_input(count, truth, prediction), float)
    assert got.shape == (19, 4), f"expected 19 classes with 4 numbers each, got {got.shape}"
    for klass in range(19):
        row = expected.get(klass, [0.0] * 4)
        assert np.allclose(got[klass], row, atol=1e-9), (
            f"truth {truth.tolist()}, prediction {prediction.tolist()}: {why}; class {klass} has "
            f"[IoU, TP, FP, FN] = {row}, you have {got[klass].tolist()}"
        )


def _perfect(count: Function) -> None:
    truth = _row((ROAD, 3), (CAR + 1, 2), (CAR + 2, 2))
    _counts_are(
        count, truth, truth.copy(), {0: [1, 1, 0, 0], 13: [2, 2, 0, 0]}, "all segments match"
    )


def _misses_and_false_alarms(count: Function) -> None:
    _counts_are(
        count, _row((CAR + 1, 4)), _row((TRUCK + 1, 4)), {13: [0, 0, 0, 1], 14: [0, 0, 1, 0]},
        "the car is missed (FN of class 13), the truck a false alarm (FP of class 14)",
    )  # fmt: skip
    _counts_are(
        count, _row((CAR + 1, 4)), _row((CAR + 1, 2), (CAR + 2, 2)), {13: [0, 0, 2, 1]},
        "no half matches",
    )  # fmt: skip
    _counts_are(
        count, _row((CAR + 1, 4)), _row((CAR + 1, 3), (VOID, 1)), {13: [0.75, 1, 0, 0]},
        "predicted void is no false alarm",
    )  # fmt: skip


def _void_forgives(count: Function) -> None:
    sky, row = [(SKY, 4)], {10: [1, 1, 0, 0]}
    _counts_are(
        count, _row((VOID, 3), *sky), _row((CAR + 1, 3), *sky), row,
        "the car lies on void: neither right nor wrong",
    )  # fmt: skip
    _counts_are(
        count, _row((VOID, 2), (SKY, 6)), _row((CAR + 1, 4), (SKY, 4)),
        {10: [4 / 6, 1, 0, 0], 13: [0, 0, 1, 0]},
        "exactly half of the car lies on void, and that is not enough: more than half is",
    )  # fmt: skip


def _crowds_forgive(count: Function) -> None:
    sky, right = [(SKY, 4)], {10: [1, 1, 0, 0]}
    crowd = _row((_CROWD, 3), *sky)
    _counts_are(count, crowd, _row((PERSON + 1, 3), *sky), right, "a crowd forgives persons")
    _counts_are(count, crowd, _row((VOID, 3), *sky), right, "nobody can miss a crowd")
    _counts_are(
        count, crowd, _row((CAR + 1, 3), *sky), {**right, 13: [0, 0, 1, 0]},
        "a crowd of persons does not forgive a car",
    )  # fmt: skip
    _counts_are(
        count, _row((_CROWD, 1), (VOID, 1), (SKY, 5)), _row((PERSON + 1, 3), (SKY, 4)),
        {10: [0.8, 1, 0, 0]},
        "crowd and void forgive together: 2 of the 3 pixels of the person",
    )  # fmt: skip
    _counts_are(
        count, _row((ROAD, 3), (SKY, 4)), _row((SKY, 7)), {0: [0, 0, 0, 1], 10: [4 / 7, 1, 0, 0]},
        "road has the number 0 and is no crowd: stuff is never counted",
    )  # fmt: skip


def _recount(
    match: Wrong = match_segments,
    forgives: Callable[[Integer[np.ndarray, " pixel"], int], float] | None = None,
    enough: Callable[[float], bool] = lambda share: share > 0.5,
    miss_crowds: bool = False,
) -> Callable[[Map, Map], Float[np.ndarray, "19 4"]]:
    """Return the counting with other rules for what is forgiven."""

    def count(truth: Map, prediction: Map) -> Float[np.ndarray, "19 4"]:
        counts, pairs = np.zeros((19, 4)), match(truth, prediction)
        for label, _, iou in pairs:
            counts[label // LABEL_DIVISOR, :2] += (iou, 1)
        for other in set(np.unique(prediction).tolist()) - {p for _, p, _ in pairs} - {VOID}:
            share = (forgives or _spared)(truth[prediction == other], other // LABEL_DIVISOR)
            counts[other // LABEL_DIVISOR, 2] += not enough(share)
        for label in set(np.unique(truth).tolist()) - {t for t, _, _ in pairs} - {VOID}:
            counts[label // LABEL_DIVISOR, 3] += miss_crowds or not is_crowd(label)
        return counts

    return count


def _on_void(below: Integer[np.ndarray, " pixel"]) -> float:
    return float((below == VOID).mean())


def _on_crowd(below: Integer[np.ndarray, " pixel"], klass: int) -> float:
    own = klass * LABEL_DIVISOR
    return float((below == own).mean()) if is_crowd(own) else 0.0


def _spared(below: Integer[np.ndarray, " pixel"], klass: int) -> float:
    return _on_void(below) + _on_crowd(below, klass)


PQ_COUNTS = Exercise(
    key="11.4",
    name="pq_counts",
    goal="B",
    solution=pq_counts,
    properties=(
        Property("a perfect map has nothing but matches", _perfect),
        Property("what does not match is missed, or a false alarm, of its class", _misses_and_false_alarms),
        Property("void forgives what lies on it by more than half", _void_forgives),
        Property("crowds forgive their own class, and cannot be missed", _crowds_forgive),
    ),
    probes=_PROBES,
    mutants=(
        Mutant(
            "nothing is forgiven",
            _recount(forgives=lambda below, klass: 0.0),
            "predictions on void or on a crowd count as false alarms. More than half of the "
            "segment there, and it is forgiven.",
        ),
        Mutant(
            "crowds do not forgive",
            _recount(forgives=lambda below, klass: _on_void(below)),
            "only void forgives. A crowd of the prediction's own class (label class * 1000) does, "
            "too.",
        ),
        Mutant(
            "crowds forgive all",
            _recount(
                forgives=lambda below, klass: _on_void(below) + float((below == _CROWD).mean())
            ),
            "a crowd forgives whatever lies on it. It forgives its own class only.",
        ),
        Mutant(
            "each alone",
            _recount(
                forgives=lambda below, klass: max(_on_void(below), _on_crowd(below, klass))
            ),
            "void and crowd are looked at one by one. It is their sum that must be more than half.",
        ),
        Mutant(
            "half is forgiven",
            _recount(enough=lambda share: share >= 0.5),
            "exactly half on void is forgiven. It must be more than half.",
        ),
        Mutant(
            "any touch forgives",
            _recount(enough=lambda share: share > 0),
            "one pixel on void is enough to be forgiven. It must be more than half of the segment.",
        ),
        Mutant(
            "crowds are missed",
            _recount(miss_crowds=True),
            "crowds without a match are counted as missed. Nobody can miss a crowd: skip it.",
        ),
        Mutant(
            "FP and FN swapped",
            lambda truth, prediction: pq_counts(truth, prediction)[:, [0, 1, 3, 2]],
            "the last two columns have changed places: FP are predicted segments, FN true ones.",
        ),
    ),
    hints=(
        "in: two maps; out: an array [19, 4] with IoU, TP, FP, FN per class.",
        "the matches give IoU and TP. Then go through the predicted labels without a match: how "
        "much of each lies on void or on its own crowd? Then through the true ones.",
        "below = truth[prediction == other] are the true labels under a predicted segment; it is "
        "forgiven if ((below == VOID) | own).mean() > 0.5, where own is below == klass * 1000 for "
        "things, else False.",
    ),
)
