"""Draw MiniCity's full street scenes."""

import numpy as np

from axialkit.data.cities import City
from axialkit.data.scene import Scene


def draw_street(
    size: tuple[int, int], rng: np.random.RandomState, city: City, ambiguity: float
) -> Scene:
    """Draw one street scene of the given size (height, width)."""
    raise NotImplementedError
