"""The pair explorer: click a query and a key, see their distance and the row of the table."""

from pathlib import Path

import anywidget
import traitlets

from axialkit.course.distance_figures import draw_index
from axialkit.course.page import figure_page, show_widget
from axialkit.errors import InputError

SHORTEST, LONGEST = 2, 24  # places of a line that can still be clicked on


class PairWidget(anywidget.AnyWidget):
    """The index matrix of a line and its table, to explore with mouse or keyboard.

    A click chooses a pair; arrows move the key (left, right) and the query (up, down); plus and
    minus change the length. ``length``, ``query`` and ``key`` may be read and set from Python too.

    Raises:
        InputError: a line that is too short or too long, or a pair that is not on it.

    Example::

        PairWidget(9, query=6, key=2)
    """

    _esm = Path(__file__).with_suffix(".js")

    length = traitlets.Int(min=SHORTEST, max=LONGEST).tag(sync=True)
    query = traitlets.Int(min=0).tag(sync=True)
    key = traitlets.Int(min=0).tag(sync=True)
    shortest = traitlets.Int(SHORTEST).tag(sync=True)
    longest = traitlets.Int(LONGEST).tag(sync=True)

    def __init__(self, length: int = 9, query: int = 6, key: int = 2) -> None:
        if not SHORTEST <= length <= LONGEST:
            raise InputError(
                f"A line of {length} places cannot be explored: use {SHORTEST} to {LONGEST}."
            )
        for name, place in (("query", query), ("key", key)):
            if not 0 <= place < length:
                raise InputError(f"The {name} {place} is not on a line of {length} places.")
        super().__init__(length=length, query=query, key=key)

    @property
    def row(self) -> int:
        """The row of the table that the pair uses."""
        return self.key - self.query + self.length - 1


def explore_pairs(length: int, query: int, key: int) -> None:
    """Show the explorer; a page where nothing runs has the figure of the same pair."""
    widget = PairWidget(length, query, key)
    alt = (
        f"The index matrix of {length} places; query {query} and key {key} are marked, at distance "
        f"{key - query}, which is row {widget.row} of the table."
    )
    page = figure_page(draw_index(length, query, key), alt)
    show_widget(widget, fallback=page, text=f"[figure: {alt}]")
