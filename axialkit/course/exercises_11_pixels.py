"""Lesson 11, exercises 11.1 and 11.2, pixels: what must hold, typical mistakes, hints."""

from typing import Any

import numpy as np
from jaxtyping import Int

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.measuring import confusion, miou

_VOID = 255


def _classes(seed: int, classes: int, shape: tuple[int, int]) -> Int[np.ndarray, "height width"]:
    """Return a map of random classes, every eighth pixel void."""
    rng = np.random.default_rng(seed)
    map_ = rng.integers(0, classes, shape)
    map_[rng.random(shape) < 1 / 8] = _VOID
    return map_


def leaves_its_input(function: Function, *arguments: object) -> Any:  # noqa: ANN401
    """Return the result, or complain that the input was changed."""
    before = [np.array(one) for one in arguments]
    result = function(*arguments)
    assert all(np.array_equal(b, np.asarray(a)) for b, a in zip(before, arguments, strict=True)), (
        "it changes what it was given: work on a copy"
    )
    return result


# ---- 11.1 confusion


def _has_a_shape(count: Function) -> None:
    for classes, shape in ((3, (4, 5)), (19, (1, 7)), (2, (6, 1))):
        maps = _classes(0, classes, shape), _classes(1, classes, shape)
        got = np.asarray(leaves_its_input(count, *maps, classes)).shape
        assert got == (classes, classes + 1), (
            f"{classes} classes need {classes} rows and {classes + 1} columns (the last one is "
            f'"none"), got the shape {got}'
        )


def _counts_by_hand(count: Function) -> None:
    truth, prediction = np.array([[0, 0, 1], [1, 2, 2]]), np.array([[0, 1, 1], [1, 2, 0]])
    got = np.asarray(count(truth, prediction, 3))
    for row, column, expected in ((0, 0, 1), (0, 1, 1), (1, 1, 2), (2, 0, 1), (2, 2, 1), (1, 0, 0)):
        assert got[row, column] == expected, (
            f"truth {truth.tolist()}, prediction {prediction.tolist()}: of the pixels that are "
            f"truly {row} and predicted {column} there are {expected}, you count "
            f"{got[row, column]}"
        )


def _skips_void_truth(count: Function) -> None:
    truth, prediction = np.array([[0, 255, 255, 1]]), np.array([[0, 0, 1, 1]])
    got = np.asarray(count(truth, prediction, 2)).sum()
    assert got == 2, f"of 4 pixels, 2 are void in the truth; 2 are left to count, you count {got}"


def _keeps_void_predictions(count: Function) -> None:
    got = np.asarray(count(np.array([[0, 0, 1, 1]]), np.array([[0, 255, 255, 255]]), 2))
    assert got.tolist() == [[1, 0, 1], [0, 0, 2]], (
        "a true pixel of which the prediction says nothing (255) counts in the last column; "
        f"expected [[1, 0, 1], [0, 0, 2]], got {got.tolist()}"
    )


_CONFUSION_PROBES = tuple(
    (_classes(seed, classes, shape), _classes(seed + 50, classes, shape), classes)
    for seed, (classes, shape) in enumerate(((3, (6, 7)), (5, (9, 4)), (19, (12, 20)), (2, (1, 8))))
)
Counts = Int[np.ndarray, "classes classes_and_none"]


def _with_void_rows(truth: np.ndarray, prediction: np.ndarray, classes: int) -> Counts:
    return confusion(np.minimum(truth, classes), prediction, classes + 1)[:, [*range(classes), -1]]


def _void_as_class_zero(truth: np.ndarray, prediction: np.ndarray, classes: int) -> Counts:
    return confusion(np.where(truth == _VOID, 0, truth), prediction, classes)


def _void_predictions_dropped(truth: np.ndarray, prediction: np.ndarray, classes: int) -> Counts:
    return confusion(np.where(prediction == _VOID, _VOID, truth), prediction, classes)


CONFUSION = Exercise(
    key="11.1",
    name="confusion",
    goal="A",
    solution=confusion,
    properties=(
        Property('one row per class, one column per class and one for "none"', _has_a_shape),
        Property("rows are true classes, columns predicted ones", _counts_by_hand),
        Property("pixels that are void in the truth do not count", _skips_void_truth),
        Property("pixels that are void in the prediction do", _keeps_void_predictions),
    ),
    probes=_CONFUSION_PROBES,
    mutants=(
        Mutant(
            "transposed",
            lambda truth, prediction, classes: np.hstack(
                [
                    confusion(truth, prediction, classes)[:, :-1].T,
                    confusion(truth, prediction, classes)[:, -1:],
                ]
            ),
            "rows and columns have changed places. Rows are true classes, columns predicted ones.",
        ),
        Mutant(
            "no column for none",
            lambda truth, prediction, classes: confusion(truth, prediction, classes)[:, :-1],
            'predicted void has no column. It needs the last one: "none of the classes".',
        ),
        Mutant(
            "void predictions dropped",
            _void_predictions_dropped,
            "pixels without a prediction are left out, so that saying nothing costs nothing. They "
            "belong into the last column.",
        ),
        Mutant(
            "void as class 0",
            _void_as_class_zero,
            "true void is counted as class 0. Choose the pixels with truth != 255 first.",
        ),
        Mutant(
            "a row for void",
            _with_void_rows,
            "true void has got a row of its own. It does not count at all: leave these pixels out.",
        ),
        Mutant(
            "one of each cell",
            lambda truth, prediction, classes: np.minimum(confusion(truth, prediction, classes), 1),
            "every cell holds at most 1: counts[rows, columns] += 1 adds only once per cell. "
            "np.add.at or np.bincount add every time.",
        ),
    ),
    hints=(
        "in: two maps [height, width] and a number n; out: counts [n, n + 1].",
        "leave out the pixels whose truth is 255. Turn a predicted 255 into n: that is the index "
        "of the last column. Then count the pairs.",
        "seen = truth != 255; cell = truth[seen] * (classes + 1) + np.minimum(prediction[seen], "
        "classes); np.bincount(cell, minlength=classes * (classes + 1)) counts all cells.",
    ),
)


# ---- 11.2 miou

_TABLE = np.array([[6, 2, 0, 0], [1, 3, 0, 0], [0, 0, 0, 0]])


def _ious(counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """Return hits and unions, as in the solution."""
    hits = counts.diagonal()
    return hits, counts.sum(axis=1) + counts[:, :-1].sum(axis=0) - hits


def _one_when_perfect(mean: Function) -> None:
    got = float(leaves_its_input(mean, np.array([[5, 0, 0], [0, 7, 0]])))
    assert abs(got - 1) < 1e-9, f"all pixels right: the mean IoU is 1, yours is {got:.4g}"


def _two_by_hand(mean: Function) -> None:
    got = float(mean(_TABLE[:2, [0, 1, 3]]))
    expected = (6 / 9 + 3 / 6) / 2
    assert abs(got - expected) < 1e-9, (
        "counts [[6, 2, 0], [1, 3, 0]]: class 0 has 6 hits of 6 + 2 + 1 pixels, class 1 has 3 of "
        f"3 + 1 + 2; the mean is {expected:.4f}, yours is {got:.4f}"
    )


def _absent_classes_are_skipped(mean: Function) -> None:
    got, expected = float(mean(_TABLE)), (6 / 9 + 3 / 6) / 2
    assert abs(got - expected) < 1e-9, (
        "class 2 is neither true nor predicted anywhere: it has no IoU, and the mean is over the "
        f"other two: {expected:.4f}, yours is {got:.4f}"
    )
    got = float(mean(np.array([[4, 2, 0], [0, 0, 0]])))
    assert abs(got - 1 / 3) < 1e-9, (
        "class 1 is never true, but it is predicted: its IoU is 0, and it counts; "
        f"(4 / 6 + 0) / 2 = {1 / 3:.4f}, yours is {got:.4f}"
    )


def _saying_nothing_costs(mean: Function) -> None:
    got = float(mean(np.array([[3, 0, 3], [0, 4, 0]])))
    assert abs(got - 0.75) < 1e-9, (
        "3 of the 6 pixels of class 0 got no class (last column): its IoU is 3 / 6, the mean 0.75, "
        f"yours is {got:.4f}"
    )


def _mean_of_present_truth(counts: Counts) -> float:
    hits, union = _ious(counts)
    true = counts.sum(axis=1) > 0
    return float(np.mean(hits[true] / union[true]))


def _double_union(counts: Counts) -> float:
    hits, union = _ious(counts)
    return float(np.mean((hits / np.maximum(union + hits, 1))[union > 0]))


MIOU = Exercise(
    key="11.2",
    name="miou",
    goal="A",
    solution=miou,
    properties=(
        Property("a perfect prediction scores 1", _one_when_perfect),
        Property("hits over union, then the mean over the classes", _two_by_hand),
        Property("pixels without a prediction are part of the union", _saying_nothing_costs),
        Property("only classes count that occur somewhere", _absent_classes_are_skipped),
    ),
    probes=(
        (_TABLE,),
        (np.array([[4, 2, 0], [0, 0, 0]]),),
        *((confusion(*probe),) for probe in _CONFUSION_PROBES),
        (confusion(_classes(7, 3, (8, 9)), _classes(8, 6, (8, 9)), 6),),
    ),
    mutants=(
        Mutant(
            "absent classes are 0",
            lambda counts: float(np.mean(_ious(counts)[0] / np.maximum(_ious(counts)[1], 1))),
            "classes that do not occur count as 0. They have no IoU: leave them out of the mean.",
        ),
        Mutant(
            "accuracy of pixels",
            lambda counts: float(counts.diagonal().sum() / counts.sum()),
            "this is the share of right pixels. Compute the IoU of each class first, then their "
            "mean: so the few pixels of a person weigh as much as all the road.",
        ),
        Mutant(
            "mean recall",
            lambda counts: float(
                np.mean([row[i] / row.sum() for i, row in enumerate(counts) if row.sum()])
            ),
            "hits are divided by the true pixels only. The union has the predicted ones as well.",
        ),
        Mutant(
            "hits counted twice",
            _double_union,
            "row plus column counts the hits twice: subtract them once.",
        ),
        Mutant(
            "only true classes",
            _mean_of_present_truth,
            "classes that are predicted but never true are left out. They occur: their IoU is 0.",
        ),
        Mutant(
            "none left out",
            lambda counts: miou(np.hstack([counts[:, :-1], 0 * counts[:, -1:]])),
            "the last column is left out, so that saying nothing costs nothing. Those pixels are "
            "part of the row: counts.sum(axis=1) has them.",
        ),
        Mutant(
            "one IoU for all",
            lambda counts: float(_ious(counts)[0].sum() / _ious(counts)[1].sum()),
            "all hits over all unions: large classes swallow the small ones. First an IoU per "
            "class, then the mean.",
        ),
    ),
    hints=(
        "in: counts [n, n + 1]; out: one number.",
        "hits are on the diagonal. The union of a class is its row plus its column minus its hits; "
        "the last column belongs to no class, but to the rows.",
        "hits = counts.diagonal(); union = counts.sum(axis=1) + counts[:, :-1].sum(axis=0) - hits; "
        "then the mean of hits / union where union > 0.",
    ),
)
