"""Buildings along MiniCity's streets, and the skyline where the street ends."""

from typing import NamedTuple

import numpy as np

from axialkit.data.canvas import SCENERY, Color, Light, Number, Point, Sketch, View, unchecked
from axialkit.data.cities import City

PANE: Color = (58, 72, 90)
CURTAIN: Color = (196, 190, 176)
FRAME: Color = (226, 222, 212)
AWNINGS: tuple[Color, ...] = ((176, 52, 46), (44, 104, 84), (212, 172, 72), (52, 82, 136))
DOOR: Color = (84, 54, 38)
STOREY = 3.0  # metres
SHOP = 3.6


class House(NamedTuple):
    """One building: where it stands and how it is dressed."""

    side: int  # -1 left, 1 right of the street
    x: float  # plane of its facade (signed)
    near: float
    far: float
    storeys: int
    facade: Color
    roof: Color | None  # None: flat
    shop: bool
    glass: bool  # a front of glass that mirrors the sky
    bay: float  # metres from window to window

    @property
    def height(self) -> float:
        return SHOP + STOREY * (self.storeys - 1)


def plan_house(
    side: int,
    x: float,
    span: tuple[float, float],
    city: City,
    glass: float,
    rng: np.random.RandomState,
) -> House:
    """Choose how a building looks; ``glass`` is the chance of a mirroring front."""
    facade = city.facades[rng.randint(len(city.facades))]
    bright = rng.uniform(0.86, 1.12)
    return House(
        side=side,
        x=x,
        near=span[0],
        far=span[1],
        storeys=rng.randint(city.storeys[0], city.storeys[1] + 1),
        facade=(facade[0] * bright, facade[1] * bright, facade[2] * bright),
        roof=city.roofs[rng.randint(len(city.roofs))]
        if rng.random_sample() < city.pitched
        else None,
        shop=bool(rng.random_sample() < 0.5),
        glass=bool(rng.random_sample() < glass),
        bay=rng.uniform(2.0, 2.9),
    )


def draw_house(view: View, light: Light, house: House, rng: np.random.RandomState) -> Sketch:
    """Draw a building: roof, the front along the street, and the end that faces us."""
    sketch = Sketch(view, light, house.far)
    sketch.layer = SCENERY
    _roof(sketch, house)
    _end(sketch, house, rng)
    _front(sketch, house)
    if house.glass:
        _glass_front(sketch, house)
    else:
        _windows(sketch, house, rng)
        _ground_floor(sketch, house, rng)
    return sketch


@unchecked
def _tone(
    sketch: Sketch, house: House, color: Color, z: Number, factor: Number = 1.0
) -> tuple[int, int, int]:
    return sketch.light.shade(color, z, factor * 0.92 * sketch.light.facing(house.side))


def _roof(sketch: Sketch, house: House) -> None:
    """Paint a steep roof: only its slope towards the street can be seen from the ground."""
    if house.roof is None:
        return
    x, high, view = house.x, house.height, sketch.view
    back = x + house.side * 1.0
    slope = [
        view.at(x, high, house.near),
        view.at(x, high, house.far),
        view.at(back, high + 2.4, house.far),
        view.at(back, high + 2.4, house.near),
    ]
    sketch.both("building", slope, _tone(sketch, house, house.roof, house.near), "brick")
    end = [*slope[:1], slope[3], view.at(x + house.side * 9, high + 2.4, house.near)]
    end.append(view.at(x + house.side * 10, high, house.near))
    sketch.both("building", end, sketch.light.shade(house.roof, house.near, 0.9), "brick")
    z = house.near + 1.5
    while z < house.far - 1 and z < 45:
        dormer = [
            view.at(x + house.side * 0.2, high + y, z + dz)
            for y, dz in ((0.35, 0), (0.35, 1.1), (1.7, 1.1), (1.7, 0))
        ]
        sketch.fill(dormer, _tone(sketch, house, FRAME, z))
        pane = [
            view.at(x + house.side * 0.2, high + y, z + dz)
            for y, dz in ((0.5, 0.15), (0.5, 0.95), (1.5, 0.95), (1.5, 0.15))
        ]
        sketch.fill(pane, _tone(sketch, house, PANE, z))
        z += house.bay * 2


def _front(sketch: Sketch, house: House) -> None:
    view, high = sketch.view, house.height
    middle = (house.near * house.far) ** 0.5
    face = view.side(house.x, 0, high, house.near, house.far)
    material = "metal" if house.glass else "plaster"
    sketch.both("building", face, _tone(sketch, house, house.facade, middle), material)
    # A long front fades with distance: repaint it in pieces, each with its own haze.
    edges = np.geomspace(house.near, house.far, 5).tolist()
    for near, far in zip(edges[:-1], edges[1:], strict=True):
        color = _tone(sketch, house, house.facade, (near * far) ** 0.5)
        sketch.fill(view.side(house.x, 0, high, near, far), color, material)
    eaves = view.side(house.x, high - 0.35, high, house.near, house.far)
    sketch.fill(eaves, _tone(sketch, house, house.facade, middle, 1.16), "plaster")
    shadow = view.side(house.x, high - 0.6, high - 0.35, house.near, house.far)
    sketch.fill(shadow, _tone(sketch, house, house.facade, middle, 0.74), "plaster")
    plinth = view.side(house.x, 0, 0.55, house.near, house.far)
    sketch.fill(plinth, _tone(sketch, house, house.facade, middle, 0.66), "brick")


def _end(sketch: Sketch, house: House, rng: np.random.RandomState) -> None:
    """Paint the end wall that faces us, plain but for a few windows."""
    view, light, high = sketch.view, sketch.light, house.height
    left, right = sorted((house.x, house.x + house.side * 11))
    bright = 0.98 - 0.1 * light.sunny
    wall = view.front(left, right, 0, high, house.near)
    sketch.both("building", wall, light.shade(house.facade, house.near, bright), "plaster")
    edge = view.front(left, right, high - 0.35, high, house.near)
    sketch.fill(edge, light.shade(house.facade, house.near, bright * 1.12), "plaster")
    if rng.random_sample() < 0.35:
        return
    for floor in range(house.storeys):
        low = 1.0 + STOREY * floor
        for step in (1.6, 4.6, 7.6):
            a = house.x + house.side * step
            b = a + house.side * 1.1
            window = view.front(min(a, b), max(a, b), low, low + 1.5, house.near)
            sketch.fill(window, light.shade(FRAME, house.near, bright * 0.9))
            pane = view.front(min(a, b) + 0.12, max(a, b) - 0.12, low + 0.1, low + 1.4, house.near)
            sketch.fill(pane, light.shade(PANE, house.near, bright))


def _bays(house: House, limit: float) -> list[float]:
    """Return the depths where windows start."""
    count = max(1, int((house.far - house.near - 0.6) / house.bay))
    step = (house.far - house.near) / count
    starts = [house.near + step * (i + 0.22) for i in range(count)]
    return [z for z in starts if z < limit]


def _windows(sketch: Sketch, house: House, rng: np.random.RandomState) -> None:
    view = sketch.view
    width = house.bay * 0.52
    curtained = rng.random_sample() < 0.5
    trim = rng.uniform(0.8, 1.25)
    for z in _bays(house, 60.0):
        fine = view.focal * abs(house.x) * width / z**2 > 2.2  # pixels across
        for floor in range(1, house.storeys):
            low = SHOP + STOREY * (floor - 1) + 0.75
            if fine:
                frame = view.side(house.x, low - 0.12, low + 1.72, z - 0.12, z + width + 0.12)
                sketch.fill(frame, _tone(sketch, house, FRAME, z, trim))
            pane = view.side(house.x, low, low + 1.6, z, z + width)
            bright = 0.8 + 0.5 * rng.random_sample()
            sketch.fill(pane, _tone(sketch, house, PANE, z, bright))
            if not fine:
                continue
            if curtained and rng.random_sample() < 0.5:
                drape = view.side(house.x, low + 0.7, low + 1.6, z, z + width)
                sketch.fill(drape, _tone(sketch, house, CURTAIN, z, 0.85))
            cross = view.side(house.x, low, low + 1.6, z + width * 0.46, z + width * 0.54)
            sketch.fill(cross, _tone(sketch, house, FRAME, z, trim))
            sill = view.side(house.x, low - 0.25, low - 0.1, z - 0.15, z + width + 0.15)
            sketch.fill(sill, _tone(sketch, house, house.facade, z, 0.7))


def _ground_floor(sketch: Sketch, house: House, rng: np.random.RandomState) -> None:
    view = sketch.view
    starts = _bays(house, 50.0)
    door = int(rng.randint(len(starts))) if starts else 0
    width = house.bay * (0.72 if house.shop else 0.5)
    band = AWNINGS[rng.randint(len(AWNINGS))]
    for i, z in enumerate(starts):
        if i == door:
            frame = view.side(house.x, 0.05, 2.75, z - 0.1, z + 1.3)
            sketch.fill(frame, _tone(sketch, house, FRAME, z, 0.9))
            leaf = view.side(house.x, 0.05, 2.5, z + 0.05, z + 1.15)
            sketch.fill(leaf, _tone(sketch, house, DOOR, z))
            continue
        low, high = (0.5, 2.6) if house.shop else (1.1, 2.6)
        frame = view.side(house.x, low - 0.1, high + 0.1, z - 0.12, z + width + 0.12)
        sketch.fill(frame, _tone(sketch, house, FRAME, z, 0.8 if house.shop else 1.0))
        pane = view.side(house.x, low, high, z, z + width)
        lit = house.shop and rng.random_sample() < 0.5
        sketch.fill(pane, _tone(sketch, house, (206, 186, 140) if lit else PANE, z, 0.9))
    if house.shop:
        sign = view.side(house.x, 2.8, 3.4, house.near + 0.3, house.far - 0.3)
        sketch.fill(sign, _tone(sketch, house, band, house.near))
        for z in starts[::2]:
            _awning(sketch, house, z, width, band)


def _awning(sketch: Sketch, house: House, z: float, width: float, color: Color) -> None:
    """Paint a pleated awning that leans out over the pavement."""
    out = house.x - house.side * 0.8
    for i in range(4):
        near, far = z + width * i / 4, z + width * (i + 1) / 4
        strip: list[Point] = [
            sketch.view.at(house.x, 2.9, near),
            sketch.view.at(house.x, 2.9, far),
            sketch.view.at(out, 2.4, far),
            sketch.view.at(out, 2.4, near),
        ]
        sketch.fill(strip, _tone(sketch, house, color, z, 1.15 if i % 2 else 0.9), "cloth")


def _glass_front(sketch: Sketch, house: House) -> None:
    """Paint a front that mirrors the sky between thin mullions."""
    view, light = sketch.view, sketch.light
    middle = (house.near * house.far) ** 0.5
    mirror = (light.haze[0] * 0.93, light.haze[1] * 0.95, light.haze[2] * 0.98)
    for floor in range(house.storeys + 1):
        low = 0.5 + floor * STOREY
        high = min(house.height - 0.4, low + STOREY - 0.35)
        if high <= low:
            break
        glass = view.side(house.x, low, high, house.near + 0.2, house.far - 0.2)
        fade = 0.9 + 0.04 * floor
        sketch.fill(glass, (int(mirror[0] * fade), int(mirror[1] * fade), int(mirror[2] * fade)))
    for z in _bays(house, 40.0):
        mullion = view.side(house.x, 0.5, house.height - 0.4, z, z + 0.12)
        sketch.fill(mullion, _tone(sketch, house, (120, 130, 140), middle))


def draw_skyline(view: View, light: Light, city: City, rng: np.random.RandomState) -> Sketch:
    """Draw what closes the view at the end of the street: houses or trees, pale with distance."""
    sketch = Sketch(view, light, 75.0)
    x, base = -2.0, view.horizon + 3
    wooded = rng.random_sample() < 0.4
    outline: list[Point] = [(x, base)]
    unit = view.height / 128
    while x < view.width + 2:
        wide = (rng.uniform(4, 9) if wooded else rng.uniform(9, 24)) * unit
        top = view.horizon - rng.uniform(5, 15) * unit
        if wooded:
            outline += [
                (x + wide * 0.15, top + 2 * unit),
                (x + wide * 0.5, top),
                (x + wide * 0.85, top + 2 * unit),
            ]
        else:
            outline += [(x, top), (x + wide, top)]
        x += wide
    outline.append((x, base))
    if wooded:
        sketch.both("vegetation", outline, sketch.tone((84, 112, 66)), "leaf")
        return sketch
    sketch.both("building", outline, sketch.tone((150, 138, 128)), "plaster")
    tops = [(a, b) for a, b in zip(outline[1:-1:2], outline[2:-1:2], strict=False)]
    for (left, top), (right, _) in tops:
        color = city.facades[rng.randint(len(city.facades))]
        face: list[Point] = [(left, base), (left, top), (right, top), (right, base)]
        sketch.fill(face, sketch.tone(color, 0.9), "plaster")
        y = top + 2 * unit
        while y < base - 3 * unit:
            row: list[Point] = [
                (left + unit, y),
                (right - unit, y),
                (right - unit, y + unit),
                (left + unit, y + unit),
            ]
            sketch.fill(row, sketch.tone(PANE, 1.2))
            y += 3 * unit
    return sketch
