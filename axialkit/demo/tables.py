"""The segments of an answer as a table, a legend and plain data."""

from html import escape

from typing_extensions import TypedDict

from axialkit.demo.network import Seen
from axialkit.demo.painting import PLAIN, Painting
from axialkit.structures import PanopticResult
from axialkit.visualize.palettes import PALETTES
from axialkit.visualize.panoptic import Segment, legend_entries, segment_table

HEADERS = [
    "",
    "segment",
    "id",
    "class",
    "area %",
    "score",
    "center y, x",
    "box",
]
CHOSEN = "▶"  # in the first column of the chosen segment: no color needed
_ID_COLUMN = HEADERS.index("id")

Cell = str | int | float

SegmentData = TypedDict(
    "SegmentData",
    {
        "id": int,  # panoptic label: train id * 1000 + instance
        "name": str,
        "class": str,
        "area": float,  # share of the picture
        "score": float,
        "center": list[int] | None,  # [y, x], pixels of the picture
        "box": list[int],  # [top, left, bottom, right], the last two excluded
    },
)


def segments_of(seen: Seen, result: PanopticResult) -> list[Segment]:
    """List the segments, largest first, in pixels of the picture."""
    factors = [
        size / answered
        for size, answered in zip(seen.placement.size, result.panoptic.shape, strict=True)
    ]
    if factors == [1, 1]:
        return segment_table(result)
    return [_scaled(segment, *factors) for segment in segment_table(result)]


def _scaled(segment: Segment, down: float, right: float) -> Segment:
    top, left, bottom, end = (
        round(side * factor)
        for side, factor in zip(segment.box, (down, right, down, right), strict=True)
    )
    center = segment.center
    if center is not None:
        center = int((center[0] + 0.5) * down), int((center[1] + 0.5) * right)
    return segment._replace(box=(top, left, bottom, end), center=center)


def table_rows(segments: list[Segment], chosen: int | None = None) -> list[list[Cell]]:
    """Return rows below HEADERS; the chosen segment is marked in the first column."""
    return [_row(segment, segment.id == chosen) for segment in segments]


def _row(segment: Segment, is_chosen: bool) -> list[Cell]:  # noqa: FBT001
    center = "" if segment.center is None else f"{segment.center[0]}, {segment.center[1]}"
    return [
        CHOSEN if is_chosen else "",
        segment.name,
        segment.id,
        segment.klass,
        round(100 * segment.area, 1),
        round(segment.score, 2),
        center,
        ", ".join(str(side) for side in segment.box),
    ]


def id_in_row(row: list[Cell]) -> int:
    """Return the segment that a row of the table is about."""
    return int(row[_ID_COLUMN])


def as_data(segment: Segment) -> SegmentData:
    """Return a segment as JSON can hold it."""
    return {
        "id": segment.id,
        "name": segment.name,
        "class": segment.klass,
        "area": segment.area,
        "score": segment.score,
        "center": None if segment.center is None else list(segment.center),
        "box": list(segment.box),
    }


def legend_html(result: PanopticResult, painting: Painting = PLAIN) -> str:
    """Return the legend as a list of color chips with text, largest class first."""
    if painting.coloring == "confidence":
        return (
            '<p class="legend">Probability of the class: '
            '<span class="scale" aria-hidden="true"></span> dark blue 0 %, yellow 100 %</p>'
        )
    if painting.coloring == "offsets":
        return (
            '<p class="legend">The hue is the direction in which a pixel looks for the center of '
            "its thing, strong colors are far from it, white is none.</p>"
        )
    entries = legend_entries(result.panoptic, palette=PALETTES[painting.palette])
    if painting.coloring in ("none", "instances"):
        return ""
    chips = "".join(
        f'<li><span class="chip" style="background:rgb{color}"></span>{escape(text)}</li>'
        for color, text in entries
    )
    return f'<ul class="legend" aria-label="Classes in the picture">{chips}</ul>'
