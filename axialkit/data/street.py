"""Plan and draw MiniCity's full street scenes: what stands where, who hides whom.

All choices come before the first pixel. Objects become sketches (strokes and integer polygons) in
painter's order; a pass over the polygons alone drops what would hardly be seen; then the remaining
strokes are painted once.
"""

import numpy as np

from axialkit.data.canvas import Point, Sketch, paint
from axialkit.data.cities import City
from axialkit.data.scene import Scene, Special
from axialkit.data.street_plan import Plan, make_plan
from axialkit.data.street_scenery import draw_scenery, draw_special
from axialkit.data.street_traffic import draw_traffic
from axialkit.data.street_visibility import cue_box, prune
from axialkit.data.texture import finish


def draw_street(
    size: tuple[int, int], rng: np.random.RandomState, city: City, ambiguity: float
) -> Scene:
    """Draw one street scene of the given size (height, width).

    ``ambiguity`` (0..1) is the share of objects whose class only a far cue tells; it also draws the
    colors of road and pavement together and puts up glass fronts that mirror the sky.
    """
    plan = make_plan(size, rng, city, ambiguity)
    background, flat, standing = draw_scenery(plan, rng)
    special = draw_special(plan, rng)
    standing += draw_traffic(plan, rng)
    ordered = [*flat, *_in_order(plan, standing, special), *_borders(plan)]
    sketches = prune(ordered, size)
    strokes = [stroke for sketch in sketches for stroke in sketch.strokes]
    image, materials = paint(strokes, background)
    polygons = tuple(polygon for sketch in sketches for polygon in sketch.polygons)
    return Scene(finish(image, materials, plan.light.gain, rng), polygons, _specials(sketches))


def _in_order(plan: Plan, standing: list[Sketch], special: Sketch | None) -> list[Sketch]:
    """Sort back to front: beyond what crosses the street, that, nearer than it.

    Within each stretch the houses come first, then walls and fences: whatever stands free is
    between the rows of houses and so never behind them.
    """
    standing = sorted(standing, key=lambda sketch: (sketch.layer, -sketch.z))
    if special is None:
        return standing
    beyond = [sketch for sketch in standing if sketch.z > plan.depth]
    nearer = [sketch for sketch in standing if sketch.z <= plan.depth]
    return [*beyond, special, *nearer]


def _borders(plan: Plan) -> list[Sketch]:
    """Return what belongs to the camera: its car's hood and the picture's rim."""
    height, width = plan.view.height, plan.view.width
    sketch = Sketch(plan.view, plan.light, 0.0)
    if plan.city.hood:
        hood: list[Point] = [
            (width * a, height * b)
            for a, b in ((0.16, 1.01), (0.27, 0.955), (0.5, 0.93), (0.73, 0.955), (0.84, 1.01))
        ]
        sketch.both("ego vehicle", hood, sketch.tone((48, 52, 60)))
        shine = [(width * a, height * b) for a, b in ((0.3, 0.965), (0.5, 0.945), (0.6, 0.96))]
        sketch.line(shine, sketch.tone((150, 156, 164)), 0.8)
    right, bottom = width - 0.5, height - 0.5
    rims: list[list[Point]] = [
        [(0.5, 0.5), (right, 0.5), (right, 0.5)],
        [(0.5, bottom), (right, bottom), (right, bottom)],
        [(0.5, 0.5), (0.5, bottom), (0.5, bottom)],
        [(right, 0.5), (right, bottom), (right, bottom)],
    ]
    for rim in rims:
        sketch.label("out of roi", rim)
    return [sketch]


def _specials(sketches: list[Sketch]) -> tuple[Special, ...]:
    found, first = [], 0
    for sketch in sketches:
        if sketch.cue is not None:
            kind, ambiguous, alternatives, _ = sketch.cue
            found.append(Special(kind, first, ambiguous, alternatives, cue_box(sketch)))
        first += len(sketch.polygons)
    return tuple(found)
