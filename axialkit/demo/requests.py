"""What is asked of the page, from the values of its controls: checked before anything is done."""

from collections.abc import Sequence
from dataclasses import replace

from axialkit.attention.replay import LogitTerms
from axialkit.config import PostprocessConfig
from axialkit.demo.links import ORDERS
from axialkit.demo.looking import TERM_NAMES, Question
from axialkit.demo.network import Network
from axialkit.demo.numbers import Sent, between, one_of, some_of, whole
from axialkit.demo.painting import COLORINGS, MARKS, SHOWN, Painting
from axialkit.errors import InputError
from axialkit.visualize.palettes import PALETTES

ORDER_NAMES = dict(zip(ORDERS, ("column first, as the network does", "row first"), strict=True))
_FAR = 10**6  # no picture is that large; what lies outside of it is told when it is known

_SHARE = "center_threshold"
LIMITS = {
    # of the post-processing: name on the page, smallest, largest
    _SHARE: ("Smallest heat of a center", 0.0, 1.0),
    "nms_kernel": ("Window with one center, pixels", 1, 63),
    "keep_k": ("At most this many centers", 1, 400),
    "stuff_area_limit": ("Smallest area of stuff, pixels", 0, 16384),
}


def read_question(network: Network, values: Sequence[Sent]) -> Question:
    """Read y, x, layer, column head, row head, order and logit terms.

    Raises:
        InputError: one of them is not what it should be.
    """
    y, x, layer, column_head, row_head, order, terms = values
    if y is None or x is None:
        raise InputError("Give both y and x, in pixels from the upper left corner.")
    counted = some_of(terms, "Terms", TERM_NAMES)
    return Question(
        y=whole(y, "y", -_FAR, _FAR),
        x=whole(x, "x", -_FAR, _FAR),
        layer=whole(layer, "Layer", 1, len(network.layers)),
        column_head=whole(column_head, "Column head", 0, network.heads),
        row_head=whole(row_head, "Row head", 0, network.heads),
        order=one_of(order, "Order", ORDERS),
        terms=LogitTerms(*(name in counted for name in TERM_NAMES)),
    )


def read_settings(network: Network, values: Sequence[Sent]) -> PostprocessConfig:
    """Read the settings of the post-processing, in the order of LIMITS.

    Raises:
        InputError: one of them is not what it should be.
    """
    named = dict(zip(LIMITS, values, strict=True))
    counts = {
        field: whole(named[field], name, int(low), int(high))
        for field, (name, low, high) in LIMITS.items()
        if field != _SHARE
    }
    threshold = between(named[_SHARE], *LIMITS[_SHARE])
    return replace(network.config.postprocess, center_threshold=threshold, **counts)  # type: ignore[arg-type]


def read_painting(values: Sequence[Sent], segment: int | None = None) -> Painting:
    """Read coloring, marks, palette, opacity and the kinds that are colored.

    Raises:
        InputError: one of them is not what it should be.
    """
    coloring, marks, palette, opacity, shown = values
    return Painting(
        one_of(coloring, "Colors", COLORINGS),
        some_of(marks, "Marks", MARKS),
        one_of(palette, "Palette", tuple(PALETTES)),
        between(opacity, "Opacity", 0, 1),
        some_of(shown, "Kinds", SHOWN),
        segment,
    )
