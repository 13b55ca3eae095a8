"""Which objects of a planned scene stay: decided on the polygons, before a pixel is painted."""

import numpy as np
from jaxtyping import Int32
from PIL import Image, ImageDraw

from axialkit.data.canvas import FREE, Sketch
from axialkit.data.cityscapes import BY_NAME

MIN_PIXELS = 10  # a thing with less in sight is noise in recognition quality
MAX_HIDDEN = 0.3  # share of a cue that may be covered
MAX_POLYGONS = 64  # of one sketch; a house has four
MIN_SPECIAL = 150 / (128 * 256)  # share of the picture that a scored object fills at least


def prune(sketches: list[Sketch], size: tuple[int, int]) -> list[Sketch]:
    """Return the sketches, in order, without those that are hardly seen or hide a cue.

    Removing one can only uncover others, so this is repeated until nothing changes.
    """
    sketches = _clear_cues(sketches)
    while True:
        owners = _owners(sketches, size)
        kept = [s for i, s in enumerate(sketches) if _is_seen(s, i, owners, size)]
        if len(kept) == len(sketches):
            return kept
        sketches = kept


def cue_box(sketch: Sketch) -> tuple[int, int, int, int]:
    """Return the pixels of a sketch's cue: y0, x0, y1, x1, inclusive."""
    assert sketch.cue is not None
    (xa, ya), (xb, yb) = sketch.cue.corners
    x0, x1 = sorted((xa, xb))
    y0, y1 = sorted((ya, yb))
    left, top = round(x0), round(y0)
    return (top, left, max(top, round(y1) - 1), max(left, round(x1) - 1))


def _clear_cues(sketches: list[Sketch]) -> list[Sketch]:
    """Drop the free objects that stand nearer than a cue, on its columns."""
    dropped = set()
    for i, owner in enumerate(sketches):
        if owner.cue is None:
            continue
        _, left, _, right = cue_box(owner)
        for j in range(i + 1, len(sketches)):
            other = sketches[j]
            columns = [x for polygon in other.polygons for x, _ in polygon.points]
            beside = not columns or max(columns) < left - 1 or min(columns) > right + 1
            if other.layer == FREE and other.cue is None and other.z > 0 and not beside:
                dropped.add(j)
    return [sketch for j, sketch in enumerate(sketches) if j not in dropped]


def _owners(sketches: list[Sketch], size: tuple[int, int]) -> Int32[np.ndarray, "2 height width"]:
    """Return for each pixel which sketch it shows and which polygon of it."""
    height, width = size
    canvas = Image.new("I", (width, height), 0)
    draw = ImageDraw.Draw(canvas)
    for i, sketch in enumerate(sketches):
        for j, polygon in enumerate(sketch.polygons):
            if BY_NAME.get(polygon.label) is None or BY_NAME[polygon.label].id >= 0:
                draw.polygon(list(polygon.points), fill=(i + 1) * MAX_POLYGONS + j)
    owners = np.asarray(canvas, np.int32)
    return np.stack([owners // MAX_POLYGONS - 1, owners % MAX_POLYGONS])


def _is_seen(
    sketch: Sketch, index: int, owners: Int32[np.ndarray, "2 height width"], size: tuple[int, int]
) -> bool:
    things = [j for j, polygon in enumerate(sketch.polygons) if _is_thing(polygon.label)]
    if not things and sketch.cue is None:
        return True
    mine = owners[1][owners[0] == index]
    if any((mine == j).sum() < MIN_PIXELS for j in things):
        return False
    if sketch.cue is None:
        return True
    top, left, bottom, right = cue_box(sketch)
    inside = top >= 1 and left >= 1 and bottom < size[0] - 1 and right < size[1] - 1
    if not inside or (mine == 0).sum() < MIN_SPECIAL * size[0] * size[1]:
        return False
    hidden = owners[0][top : bottom + 1, left : right + 1] > index
    return bool(hidden.mean() <= MAX_HIDDEN)


def _is_thing(label: str) -> bool:
    klass = BY_NAME.get(label.removesuffix("group"))
    return klass is not None and klass.has_instances
