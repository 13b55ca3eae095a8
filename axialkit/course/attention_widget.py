"""The attention explorer: click a cell of a picture, see where it looks, in one hop and in two."""

from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets

from axialkit.errors import InputError
from axialkit.visualize.looks import Looks

MEAN = -1  # in place of a head's number: the mean of all
ORDERS = ("hw", "wh")


class AttentionWidget(anywidget.AnyWidget):
    """A picture to ask with mouse or keyboard, for any network's recorded ``Looks``.

    ``cell`` (y, x), ``layer`` (its number in ``looks.layers``), ``height_head``, ``width_head``
    (-1: the mean of all) and ``order`` ("hw" or "wh") may be set from Python as well; ``weights``
    and ``caption`` then follow. All maps are recorded before, so an answer takes milliseconds.

    Raises:
        InputError: a cell outside the map.

    Example::

        AttentionWidget(Looks.record(model, street, config), cell=(3, 5))
    """

    _esm = Path(__file__).with_suffix(".js")

    picture = traitlets.Bytes(help="RGB, row by row").tag(sync=True)
    picture_size = traitlets.List(traitlets.Int(), help="height, width").tag(sync=True)
    map_size = traitlets.List(traitlets.Int(), help="rows, columns").tag(sync=True)
    weights = traitlets.Bytes(help="float32: two-hop map, column strip, row strip").tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    layers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    heads = traitlets.Int().tag(sync=True)
    cell = traitlets.List(traitlets.Int()).tag(sync=True)
    layer = traitlets.Int(0, min=0).tag(sync=True)
    height_head = traitlets.Int(MEAN, min=MEAN).tag(sync=True)
    width_head = traitlets.Int(MEAN, min=MEAN).tag(sync=True)
    order = traitlets.Enum(ORDERS, "hw").tag(sync=True)

    def __init__(
        self,
        looks: Looks,
        cell: tuple[int, int],
        layer: str | None = None,
        heads: tuple[int | None, int | None] = (None, None),
    ) -> None:
        number = looks.layers.index(layer) if layer else 0
        rows, columns = looks.map_size(looks.layers[number])
        if not (0 <= cell[0] < rows and 0 <= cell[1] < columns):
            raise InputError(f"The cell {cell} lies outside the map of {rows} x {columns} cells.")
        self._looks = looks
        height_head, width_head = (MEAN if head is None else head for head in heads)
        super().__init__(
            picture=np.ascontiguousarray(looks.image).tobytes(),
            picture_size=list(looks.image.shape[:2]),
            layers=looks.layers,
            heads=looks.heads,
            cell=list(cell),
            layer=number,
            height_head=height_head,
            width_head=width_head,
        )
        self._answer()
        self.observe(self._answer, ["cell", "layer", "height_head", "width_head", "order"])

    @traitlets.validate("layer")
    def _known_layer(self, proposal: dict[str, Any]) -> int:
        return min(proposal["value"], len(self._looks.layers) - 1)

    @traitlets.validate("height_head", "width_head")
    def _known_head(self, proposal: dict[str, Any]) -> int:
        return min(proposal["value"], self._looks.heads - 1)

    def _answer(self, _change: Any = None) -> None:  # noqa: ANN401  (traitlets' own kind of event)
        """Look up the weights and send them with their words, in one message."""
        layer = self._looks.layers[self.layer]
        rows, columns = self._looks.map_size(layer)
        y, x = (min(max(0, c), n - 1) for c, n in zip(self.cell, (rows, columns), strict=True))
        heads = tuple(None if h == MEAN else h for h in (self.height_head, self.width_head))
        look = self._looks.ask((y, x), layer, (heads[0], heads[1]), self.order)
        numbers = np.concatenate([look.two_hop.ravel(), look.column, look.row])
        with self.hold_sync():
            self.map_size = [rows, columns]
            self.weights = numbers.astype("<f4").tobytes()
            self.caption = self._looks.describe(look)
