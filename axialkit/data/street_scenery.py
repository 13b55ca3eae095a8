"""What does not move in a street scene: sky, ground, houses, trees, barriers, specials."""

import numpy as np
from jaxtyping import UInt8

from axialkit.data.canvas import SCENERY, Sketch
from axialkit.data.street_buildings import draw_house, draw_skyline, plan_house
from axialkit.data.street_furniture import draw_barrier, draw_tree
from axialkit.data.street_ground import draw_ground, draw_markings, draw_shadows, draw_sky
from axialkit.data.street_plan import LONG_HALF, Plan
from axialkit.data.street_specials import (
    draw_boards,
    draw_gable,
    draw_roofed,
    draw_side,
    draw_side_car,
)
from axialkit.data.street_vehicle_frame import CAR_PAINTS

FIRST, LAST = 2.2, 95.0  # depths between which lots lie


def draw_scenery(
    plan: Plan, rng: np.random.RandomState
) -> tuple[UInt8[np.ndarray, "height width 3"], list[Sketch], list[Sketch]]:
    """Return the painted sky, the flat sketches in painter's order, and those that stand."""
    view, light, layout = plan.view, plan.light, plan.layout
    background = draw_sky(view, light, rng)
    sky = Sketch(view, light, LAST)
    wide, tall = view.width + 4, view.height + 4
    sky.label("sky", [(-4, -4), (wide, -4), (wide, tall), (-4, tall)])
    skyline = draw_skyline(view, light, plan.city, rng)
    ground = draw_ground(view, light, layout, rng)
    standing: list[Sketch] = []
    lots: list[tuple[int, float, float, float]] = []
    for side in (-1, 1):
        standing += _draw_side_of_street(plan, side, lots, rng)
        standing += _draw_barriers(plan, side, rng)
    if plan.gable is not None:
        ambiguous = bool(rng.random_sample() < plan.ambiguity)
        gable = draw_gable(view, light, plan.gable.span, plan.gable.z, ambiguous, rng)
        gable.layer = SCENERY
        standing.append(gable)
    zebra = _zebra(plan, rng)
    lanes = bool(rng.random_sample() < plan.city.markings)
    tram = bool(rng.random_sample() < 0.25)
    marks = draw_markings(view, light, layout, tram=tram, zebra=zebra, lanes=lanes)
    flat = [sky, skyline, *ground, draw_shadows(view, light, layout, lots), marks]
    return background, flat, standing


def _zebra(plan: Plan, rng: np.random.RandomState) -> float | None:
    if plan.layout.crossing is not None:
        return plan.layout.crossing - 6.6 if rng.random_sample() < 0.7 else None
    return rng.uniform(7, 18) if rng.random_sample() < 0.25 else None


def _stretches(plan: Plan, side: int) -> list[tuple[float, float]]:
    """Return the depths between which a side is built up, the far stretch first."""
    first = FIRST
    if plan.gable is not None and plan.gable.side == side:
        first = plan.gable.z + 1.0
    if plan.layout.crossing is None:
        return [(first, LAST)] if plan.special != "boards" else _split(first, plan.depth, 0.2, 0.2)
    return _split(first, plan.layout.crossing, 3.2, 5.0)


def _split(first: float, depth: float, before: float, after: float) -> list[tuple[float, float]]:
    stretches = [(max(first, depth + after), LAST)]
    if depth - before > first + 3:
        stretches.append((first, depth - before))
    return stretches


def _draw_side_of_street(
    plan: Plan, side: int, lots: list[tuple[int, float, float, float]], rng: np.random.RandomState
) -> list[Sketch]:
    sketches = []
    front = plan.layout.front(side)
    for first, last in _stretches(plan, side):
        far = last
        while far > first + 1:
            near = max(first, far - rng.uniform(8, 20))
            corner = plan.special == "roof" and far == last and last < LAST
            if rng.random_sample() < plan.city.green and not corner:
                for _ in range(rng.randint(2, 5)):
                    place = (
                        front + side * rng.uniform(0.5, 4),
                        rng.uniform(max(near, 4.5), max(far, 5)),
                    )
                    tree = draw_tree(plan.view, plan.light, place, (96, 112, 62), rng)
                    tree.layer = SCENERY
                    sketches.append(tree)
            else:
                house = plan_house(side, front, (near, far), plan.city, 0.3 * plan.ambiguity, rng)
                sketches.append(draw_house(plan.view, plan.light, house, rng))
                lots.append((side, near, far, house.height))
            far = near - (rng.uniform(3, 10) if rng.random_sample() < plan.city.gaps else 0)
    return sketches


def _draw_barriers(plan: Plan, side: int, rng: np.random.RandomState) -> list[Sketch]:
    """Draw a wall or fence along some stretch of the pavement's outer edge."""
    if rng.random_sample() < 0.5:
        return []
    stretches = _stretches(plan, side)
    first, last = stretches[-1]
    near = max(first, rng.uniform(4, 14))
    far = min(last, near + rng.uniform(7, 26))
    if far < near + 3:
        return []
    kind = "wall" if rng.random_sample() < 0.5 else "fence"
    color = plan.city.facades[rng.randint(len(plan.city.facades))]
    x = plan.layout.edge(side) + side * (plan.layout.walk + 0.1)
    return [draw_barrier(plan.view, plan.light, x, (near, far), kind, color, rng)]


def draw_special(plan: Plan, rng: np.random.RandomState) -> Sketch | None:
    """Draw what stands across the street, if anything."""
    view, light, layout = plan.view, plan.light, plan.layout
    ambiguous = bool(rng.random_sample() < plan.ambiguity)
    left, right = layout.fronts
    z = plan.depth
    if plan.special == "side":
        x = rng.uniform(left + LONG_HALF, right - LONG_HALF)
        return draw_side(view, light, (x, z), ambiguous, layout.road, rng)
    if plan.special == "roof":
        reach = z / (z - 3.2) * 1.1  # we look past the corner houses under a small angle
        length = max(14.0, (right - left) * reach + 2)
        place = ((left + right) / 2, z)
        return draw_roofed(view, light, place, length, ambiguous, layout.road, rng)
    if plan.special == "boards":
        ends = (left * 1.3, right - 0.3) if rng.randint(2) else (right * 1.3, left + 0.3)
        return draw_boards(view, light, ends, z, ambiguous, rng)
    if plan.special == "car":
        paint = CAR_PAINTS[rng.randint(len(CAR_PAINTS))]
        place = (rng.uniform(-4, 4), z)
        mirror = bool(rng.randint(2))
        return draw_side_car(view, light, place, layout.road, paint, mirror)
    return None
