"""The forms of what the page's endpoints answer, as programs get it."""

from typing_extensions import TypedDict

from axialkit.demo.scoring import SegmentScore
from axialkit.demo.tables import SegmentData


class Segmentation(TypedDict):
    """What /segment answers beside the overlay."""

    weights: str
    height: int
    width: int
    note: str
    segments: list[SegmentData]


ClassShare = TypedDict("ClassShare", {"class": str, "share": float})


class Attention(TypedDict):
    """What /attention answers beside the picture; column and row sum to 1."""

    layer: str
    cell: list[int]  # (y, x) of the layer's map
    column: list[float]
    row: list[float]
    description: str
    classes: list[ClassShare]


class TwoHop(TypedDict):
    """What /two_hop answers; the weights sum to 1."""

    layer: str
    cell: list[int]
    weights: list[list[float]]


class Compared(TypedDict):
    """What /compare answers beside the maps."""

    headers: list[str]
    rows: list[list[str]]
    description: str


class LadderStep(TypedDict):
    """The quality with some heads replaced by the truth, in percent."""

    heads: str
    pq: float
    sq: float
    rq: float


class Metrics(TypedDict):
    """What /metrics answers beside the picture; in percent."""

    pq: float
    sq: float
    rq: float
    miou: float
    ap: float | None
    segments: list[SegmentScore]
    ladder: list[LadderStep]
