"""The reach explorer: click a pixel, see whom it hears from in one hop and in two, and how."""

from pathlib import Path

import anywidget
import traitlets

from axialkit.course.page import figure_page, show_widget
from axialkit.course.reach import corner
from axialkit.course.reach_figures import draw_cross
from axialkit.errors import InputError

Point = tuple[int, int]  # (y, x)


class ReachWidget(anywidget.AnyWidget):
    """A grid of cells to explore with mouse or keyboard.

    The first click sets the query, the second one the target; the path between them runs around a
    corner. ``query``, ``target`` (empty until there is one), ``order`` ("HW" or "WH") and ``hops``
    (1 or 2) may be read and set from Python as well.

    Raises:
        InputError: a grid that is too small or too large to click on.

    Example::

        explorer = ReachWidget(8, 16)
        explorer
    """

    _esm = Path(__file__).with_suffix(".js")

    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    cell = traitlets.Int(36, help="side of a cell on the screen, in pixels").tag(sync=True)
    query = traitlets.List(traitlets.Int()).tag(sync=True)
    target = traitlets.List(traitlets.Int()).tag(sync=True)
    order = traitlets.Enum(["HW", "WH"], "HW").tag(sync=True)
    hops = traitlets.Int(1, min=1, max=2).tag(sync=True)
    asked = traitlets.Bool(False, help="whether the query was chosen by hand").tag(sync=True)

    def __init__(self, height: int = 8, width: int = 16, query: Point = (5, 3)) -> None:
        if not (2 <= height <= 40 and 2 <= width <= 60):
            raise InputError(
                f"A grid of {height} x {width} cells cannot be explored: "
                "use 2 to 40 rows and 2 to 60 columns."
            )
        y, x = query
        if not (0 <= y < height and 0 <= x < width):
            raise InputError(
                f"The query {query} lies outside the grid of {height} x {width} cells."
            )
        super().__init__(height=height, width=width, query=[y, x])

    @property
    def corner(self) -> Point | None:
        """Where the target's message stands between the two hops; None without a target."""
        if not self.target:
            return None
        asks, knows = (self.query[0], self.query[1]), (self.target[0], self.target[1])
        # W, then H is the same journey told backwards
        return corner(*asks, *knows) if self.order == "HW" else corner(*knows, *asks)


def explore_reach(height: int, width: int, query: Point, target: Point) -> None:
    """Show the explorer; a page where nothing runs has the figure for ``query`` and ``target``."""
    widget = ReachWidget(height, width, query)
    alt = (
        f"Grids of {height} by {width} cells: what Q {query} hears in one hop and in two, and the "
        f"path of a message from T {target} around a corner."
    )
    figure = draw_cross(query, target, (height, width))
    show_widget(widget, fallback=figure_page(figure, alt), text=f"[figure: {alt}]")
