"""The look of MiniCity's cities: each has its own light, stone, road width and habits."""

from typing import NamedTuple

import numpy as np

from axialkit.data.canvas import Color

CITY_NAMES: dict[str, tuple[str, ...]] = {
    "train": ("aldermoor", "brickwater", "corvale", "dunmere", "elmhaven", "farrowgate"),
    "val": ("goldcross", "hartlea", "inkerby"),
    "test": ("juniperton",),
}


class City(NamedTuple):
    """What the streets of one city have in common."""

    name: str
    tint: Color  # factors on R, G, B: the camera's white balance there
    asphalt: Color
    paving: Color
    facades: tuple[Color, ...]
    roofs: tuple[Color, ...]
    road: tuple[float, float]  # half-width of the road, metres, least and most
    storeys: tuple[int, int]
    pitched: float  # share of buildings with a visible sloping roof
    gaps: float  # share of lots left open between buildings
    green: float  # share of lots that hold trees instead of a building
    markings: float  # share of streets with painted lanes
    trees: tuple[int, int]  # street trees per scene, least and most
    cars: tuple[int, int]
    people: tuple[int, int]
    hood: bool  # the camera car's own hood is in the picture


def city_style(split: str, index: int, seed: int) -> City:
    """Return the style of a split's city ``index`` (counted cyclically), fixed by the seed."""
    names = CITY_NAMES[split]
    number = index % len(names)
    rng = np.random.RandomState([seed, list(CITY_NAMES).index(split), number, 77])

    def between(low: float, high: float) -> float:
        return low + (high - low) * float(rng.random_sample())

    def near(color: Color, spread: float) -> Color:
        red, green, blue = (value + between(-spread, spread) for value in color)
        return (red, green, blue)

    grey = between(96.0, 124.0)
    paving = between(128.0, 156.0)
    road = between(2.9, 4.0)
    trees, cars = rng.randint(0, 3), rng.randint(0, 4)
    plaster = [PLASTER[i] for i in rng.permutation(len(PLASTER))[:5]]
    return City(
        name=names[number],
        tint=(between(0.96, 1.04), between(0.97, 1.03), between(0.94, 1.04)),
        asphalt=(grey, grey * between(0.98, 1.02), grey * between(1.0, 1.07)),
        paving=(paving, paving * between(0.95, 1.0), paving * between(0.88, 1.0)),
        facades=tuple(near(color, 10.0) for color in plaster),
        roofs=tuple(near(color, 8.0) for color in ROOFS),
        road=(max(2.7, road * 0.88), min(4.3, road * 1.15)),
        storeys=(2, 3 + int(rng.randint(0, 3))),
        pitched=between(0.3, 0.8),
        gaps=between(0.15, 0.45),
        green=between(0.14, 0.36),
        markings=between(0.45, 0.95),
        trees=(int(trees), int(trees) + 3),
        cars=(9, 16 + int(cars)),
        people=(2 + int(rng.randint(0, 2)), 6 + int(rng.randint(0, 3))),
        hood=bool(rng.randint(0, 2)),
    )


PLASTER: tuple[Color, ...] = (
    (201, 187, 160),  # sand
    (178, 105, 82),  # brick red
    (214, 208, 194),  # chalk
    (165, 126, 98),  # ochre brown
    (186, 160, 108),  # mustard
    (150, 152, 150),  # concrete
    (196, 150, 128),  # salmon
    (128, 92, 78),  # dark brick
    (160, 172, 160),  # sage
    (206, 190, 142),  # cream
)
ROOFS: tuple[Color, ...] = ((142, 74, 58), (96, 68, 60), (88, 90, 98), (120, 92, 74))
