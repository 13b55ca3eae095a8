"""Small true and predicted maps on which lesson 11's exercises are tried."""

import numpy as np

from axialkit.course import toy_street
from axialkit.course.measuring import Map
from axialkit.course.toy_street import CAR, PERSON, ROAD, SKY, TRUCK
from axialkit.structures import VOID

CROWD = PERSON  # number 0: nobody counted them


def one_row(*parts: tuple[int, int]) -> Map:
    """Return a map of one row: (label, how many pixels), one after the other."""
    return np.array([[label for label, count in parts for _ in range(count)]])


def _blocks(seed: int, shape: tuple[int, int] = (12, 18)) -> tuple[Map, Map]:
    """Return a true and a predicted map of random rectangles, with void and crowds."""
    rng = np.random.default_rng(seed)
    truth = np.full(shape, SKY)
    for label in (ROAD, CAR + 1, CAR + 2, TRUCK + 1, PERSON + 1, CROWD, VOID, VOID):
        y, x = rng.integers(0, shape[0] - 4), rng.integers(0, shape[1] - 5)
        truth[y : y + rng.integers(2, 7), x : x + rng.integers(2, 8)] = label
    prediction = np.roll(truth, rng.integers(-1, 2), axis=rng.integers(0, 2))
    crowds = (prediction == VOID) | (prediction == CROWD)
    prediction = np.where(crowds, rng.choice([ROAD, PERSON + 2, CAR + 3, VOID]), prediction)
    return truth, np.where(prediction == TRUCK + 1, rng.choice([TRUCK, CAR]) + 1, prediction)


_STREETS = tuple(
    (toy_street.true_street(), toy_street.PRESETS[name]())
    for name in ("merge two cars", "split a person", "shift the persons", "call a car a truck")
)
PROBES = (
    *_STREETS,
    *map(_blocks, range(8)),
    (one_row((CAR + 1, 4), (CAR + 2, 2)), one_row((CAR + 1, 6))),
    (one_row((CAR + 1, 4)), one_row((CAR + 1, 2), (CAR + 2, 2))),
    (one_row((CROWD, 3), (SKY, 2)), one_row((PERSON + 1, 3), (SKY, 2))),
    (one_row((CROWD, 3), (SKY, 2)), one_row((CAR + 1, 3), (SKY, 2))),
    (one_row((VOID, 3), (SKY, 2)), one_row((CAR + 1, 3), (SKY, 2))),
    (one_row((VOID, 2), (SKY, 4)), one_row((CAR + 1, 4), (SKY, 2))),
    (one_row((CROWD, 1), (VOID, 1), (SKY, 4)), one_row((PERSON + 1, 3), (SKY, 3))),
)
