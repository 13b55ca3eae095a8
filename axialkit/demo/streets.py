"""Drawn streets, which have a ground truth: by number, or the one that a picture shows."""

import random

import numpy as np
from jaxtyping import Int

from axialkit.data.minicity import scene
from axialkit.data.minicity_files import DrawnScene
from axialkit.demo.numbers import Sent, whole
from axialkit.demo.recall import Recall
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture

LAST_STREET = 9999  # numbers of drawn streets: 0..9999
EXAMPLES = (15, 6, 4, 9, 13, 23)  # the first opens the page

_drawn: Recall[DrawnScene] = Recall(
    lambda street: street.image.nbytes + street.instance_ids.nbytes,
    most_bytes=32 * 2**20,
    most_entries=64,
    most_seconds=600.0,
)


def draw_street(number: Sent) -> DrawnScene:
    """Draw a street of MiniCity; the same number gives the same street.

    Raises:
        InputError: no whole number from 0 to 9999.
    """
    seed = whole(number, "The street's number", 0, LAST_STREET)
    return _drawn.get(seed, lambda: scene(0, seed=seed))


def roll() -> int:
    """Return the number of some street."""
    return random.randint(0, LAST_STREET)


def truth_of(picture: Picture, number: Sent) -> Int[np.ndarray, "height width"] | None:
    """Return the ground truth of a picture, if it is the street of that number, else None."""
    try:
        street = draw_street(number)
    except InputError:
        return None
    same = street.image.shape == picture.shape and np.array_equal(street.image, picture)
    return street.instance_ids if same else None
