"""The ground of MiniCity's streets: sky above, road, kerbs, pavement, markings, shadows."""

from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from axialkit.data.canvas import Color, Light, Number, Sketch, View
from axialkit.data.texture import smooth_noise

NEAR, FAR = 1.2, 130.0  # depths between which ground is drawn, metres
KERB = 0.13  # metres that the pavement lies above the road
MARKING: Color = (226, 226, 220)


class Layout(NamedTuple):
    """Where things are across the street, metres from the camera's axis."""

    left: float  # road edge, negative
    right: float
    walk: float  # width of both pavements
    fronts: tuple[float, float]  # facade planes left (negative) and right
    crossing: float | None  # depth of the street that crosses, or None
    road: Color
    paving: Color

    def edge(self, side: int) -> float:
        """Return the road's edge on a side."""
        return self.right if side > 0 else self.left

    def front(self, side: int) -> float:
        """Return the facades' plane on a side."""
        return self.fronts[1] if side > 0 else self.fronts[0]


def draw_sky(
    view: View, light: Light, rng: np.random.RandomState
) -> UInt8[np.ndarray, "height width 3"]:
    """Return a picture full of sky: deeper blue above, haze at the horizon, drifting clouds."""
    size = (view.height, view.width)
    depth = np.clip((view.horizon - np.arange(view.height)) / view.horizon, 0, 1)[:, None, None]
    haze = np.array(light.haze)
    blue = haze * np.array((0.62, 0.78, 0.98)) * (0.6 + 0.4 * light.sunny) + haze * 0.4 * (
        1 - light.sunny
    )
    sky = haze + (blue - haze) * depth**0.8
    unit = view.height / 128
    cloud = np.zeros(size, np.float32)
    for weight, cell in ((0.5, (9, 40)), (0.3, (5, 18)), (0.2, (2, 7))):
        cells = (max(1, int(cell[0] * unit)), max(1, int(cell[1] * unit)))
        cloud += weight * smooth_noise(size, cells, rng)
    cover = rng.uniform(-0.12, 0.1) if light.sunny > 0.4 else rng.uniform(-0.3, -0.1)
    thick = np.clip((cloud - cover) * 3.2, 0, 1)[..., None] * (0.35 + 0.6 * depth)
    white = np.minimum(255, haze * (1.12 if light.sunny > 0.4 else 0.95) + 8)
    sky = sky + (white - sky) * thick
    return np.clip(np.broadcast_to(sky, (*size, 3)), 0, 255).astype(np.uint8)


def draw_ground(
    view: View, light: Light, layout: Layout, rng: np.random.RandomState
) -> list[Sketch]:
    """Draw everything that lies flat: open ground, pavements, road."""
    base = Sketch(view, light, 20.0)
    lawn = rng.random_sample() < 0.6
    color: Color = (104, 124, 66) if lawn else layout.paving
    ground = view.floor(-300, 300, NEAR, FAR)
    base.label("terrain" if lawn else "sidewalk", ground)
    _bands(base, (-300, 300), color, "grass" if lawn else "pave")
    walks = Sketch(view, light, 10.0)
    for side in (-1, 1):
        _pavement(walks, layout, side)
    road = Sketch(view, light, 10.0)
    road.label("road", view.floor(layout.left, layout.right, NEAR, FAR))
    _bands(road, (layout.left, layout.right), layout.road, "asphalt")
    if layout.crossing is not None:
        near, far = layout.crossing - 2.8, layout.crossing + 4.0
        across = view.floor(-60, 60, near, far)
        road.both("road", across, light.shade(layout.road, layout.crossing), "asphalt")
    _wear(road, layout, rng)
    return [base, walks, road]


def _bands(sketch: Sketch, span: tuple[Number, Number], color: Color, material: str) -> None:
    """Paint ground in strips across, each faded for its own distance."""
    edges = np.geomspace(NEAR, FAR, 16).tolist()
    for near, far in zip(edges[-2::-1], edges[:0:-1], strict=True):
        strip = sketch.view.floor(*span, near, far)
        sketch.fill(strip, sketch.light.shade(color, (near * far) ** 0.5), material)


def _pavement(sketch: Sketch, layout: Layout, side: int) -> None:
    view, light = sketch.view, sketch.light
    edge, outer = layout.edge(side), layout.edge(side) + side * layout.walk
    sketch.label(
        "sidewalk",
        [
            view.at(edge, 0, NEAR),
            view.at(edge, 0, FAR),
            view.at(outer, KERB, FAR),
            view.at(outer, KERB, NEAR),
        ],
    )
    edges = np.geomspace(NEAR, FAR, 16).tolist()
    for near, far in zip(edges[-2::-1], edges[:0:-1], strict=True):
        middle = (near * far) ** 0.5
        top = view.floor(min(edge, outer), max(edge, outer), near, far, KERB)
        sketch.fill(top, light.shade(layout.paving, middle), "pave")
        face = view.side(edge, 0, KERB, near, far)
        sketch.fill(face, light.shade(layout.paving, middle, 0.6), "pave")
        stone = view.floor(
            min(edge, edge + side * 0.16), max(edge, edge + side * 0.16), near, far, KERB
        )
        sketch.fill(stone, light.shade((196, 194, 188), middle), "pave")
    z = 4.0
    while z < 24:
        joint = [view.at(edge, KERB, z), view.at(outer, KERB, z)]
        sketch.line(joint, light.shade(layout.paving, z, 0.8), 0.5)
        z += 1.2
    for share in (0.4, 0.7):
        x = edge + (outer - edge) * share
        sketch.line(
            [view.at(x, KERB, 3), view.at(x, KERB, 40)], light.shade(layout.paving, 8, 0.84), 0.5
        )


def _wear(sketch: Sketch, layout: Layout, rng: np.random.RandomState) -> None:
    """Paint what use leaves on asphalt: mended patches, manholes, tire tracks."""
    view, light = sketch.view, sketch.light
    for _ in range(rng.randint(1, 4)):
        near, x = rng.uniform(4, 22), rng.uniform(layout.left, layout.right - 1.6)
        patch = view.floor(x, x + rng.uniform(0.8, 2.2), near, near + rng.uniform(1.5, 7))
        sketch.fill(patch, light.shade(layout.road, near, rng.uniform(0.84, 1.06)), "asphalt")
    for _ in range(rng.randint(0, 3)):
        z = rng.uniform(5, 20)
        spot = view.at(rng.uniform(layout.left + 0.6, layout.right - 0.6), 0, z)
        wide = 0.3 * view.focal / z
        sketch.disc(spot, (wide, wide * view.eye / z), light.shade(layout.road, z, 0.7), "asphalt")


def draw_markings(
    view: View, light: Light, layout: Layout, *, tram: bool, zebra: float | None, lanes: bool
) -> Sketch:
    """Draw painted lines, a zebra crossing at depth ``zebra`` and the rails of a tram."""
    sketch = Sketch(view, light, 8.0)
    if tram:
        _rails(sketch, layout)
    if lanes:
        _lanes(sketch, layout)
    if zebra is not None:
        x = layout.left + 0.35
        while x < layout.right - 0.5:
            bar = view.floor(x, x + 0.5, zebra, zebra + 3.0)
            sketch.fill(bar, light.shade(MARKING, zebra), "asphalt")
            x += 1.05
    return sketch


def _rails(sketch: Sketch, layout: Layout) -> None:
    view, light = sketch.view, sketch.light
    for x in (layout.left * 0.72, layout.left * 0.72 + 1.45):
        for near, far in ((3, 8), (8, 20), (20, 70)):
            rail = view.floor(x - 0.07, x + 0.07, near, far)
            sketch.fill(rail, light.shade((70, 68, 70), near), "flat")
            shine = view.floor(x - 0.02, x + 0.02, near, far)
            sketch.fill(shine, light.shade((190, 190, 192), near), "flat")


def _lanes(sketch: Sketch, layout: Layout) -> None:
    view, light = sketch.view, sketch.light
    middle = (layout.left + layout.right) / 2
    z = 3.2
    while z < 70:
        if layout.crossing is None or abs(z + 1 - layout.crossing) > 5:
            dash = view.floor(middle - 0.08, middle + 0.08, z, z + 1.8)
            sketch.fill(dash, light.shade(MARKING, z), "asphalt")
        z += 4.2
    if layout.crossing is not None:
        return
    for side in (-1, 1):
        x = layout.edge(side) - side * 0.32
        line = view.floor(x - 0.06, x + 0.06, 3, 80)
        sketch.fill(line, light.shade(MARKING, 12, 0.92), "asphalt")


def draw_shadows(
    view: View, light: Light, layout: Layout, lots: list[tuple[int, float, float, float]]
) -> Sketch:
    """Darken the ground beside houses on the sun's side; lots are (side, near, far, height)."""
    sketch = Sketch(view, light, 10.0)
    for side, near, far, height in lots:
        if side != light.sun:
            continue
        front, edge = layout.front(side), layout.edge(side)
        reach = front - side * height * 0.62
        dim = 1 - 0.42 * light.sunny
        for a, b in zip(
            np.geomspace(near, far, 4)[:-1], np.geomspace(near, far, 4)[1:], strict=True
        ):
            inner = max(layout.left, min(layout.right, reach))
            z = float((a * b) ** 0.5)
            on_road = view.floor(min(inner, edge), max(inner, edge), float(a), float(b))
            if (inner - edge) * side < 0:
                sketch.fill(on_road, light.shade(layout.road, z, dim), "asphalt")
            outer = edge + side * layout.walk
            start = edge if (reach - edge) * side < 0 else reach
            if (outer - start) * side > 0:
                walk = view.floor(min(start, outer), max(start, outer), float(a), float(b), KERB)
                sketch.fill(walk, light.shade(layout.paving, z, dim), "pave")
    return sketch
