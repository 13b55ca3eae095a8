"""What happens on the page: every event as a method, errors as one plain sentence.

Nothing of a visitor is kept: each answer is computed anew from the picture it is asked about.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from axialkit.data.images import read_rgb
from axialkit.data.minicity import scene
from axialkit.demo.compute import OVERLAY_SIDE, Explorer
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture

# read by Gradio when it is imported: the server calls nobody, and neither does the page
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
try:
    import gradio as gr
except ImportError as error:
    raise InputError('The page needs Gradio. Install it with: pip install -e ".[demo]"') from error

LAST_STREET = 9999  # numbers of drawn streets: 0..9999

Number = int | float  # as browsers and API clients send them
Answer = tuple[Picture, str, str, list[list[Any]]]  # overlay, legend, note, table
Look = tuple[Picture, str]  # picture of the attention, the same in words


class Everything(NamedTuple):
    """All that the page shows about one picture."""

    overlay: Picture | None
    legend: str
    note: str
    table: list[list[Any]]
    y: int | None
    x: int | None
    picture: Picture | None
    words: str


class Handlers:
    """The page's events, for one network."""

    def __init__(self, explorer: Explorer) -> None:
        self.explorer = explorer

    def draw_street(self, number: Number | None) -> Picture:
        """Draw a street of MiniCity; the same number gives the same street."""
        with _plain_errors():
            if number is None or not 0 <= number <= LAST_STREET:
                raise InputError(f"Give a street number from 0 to {LAST_STREET}, not {number}.")
            return scene(0, seed=int(number)).image

    def roll_street(self) -> tuple[int, Picture]:
        """Draw a street with a number by chance."""
        number = random.randint(0, LAST_STREET)
        return number, self.draw_street(number)

    def segment(self, street: str | None) -> Answer:
        """Segment the picture in a file."""
        with _plain_errors():
            view = self.explorer.segment(_read(street))
        return view.overlay, view.legend, view.note, view.table

    def attention(
        self,
        street: str | None,
        y: Number | None,
        x: Number | None,
        layer: Number,
        column_head: Number,
        row_head: Number,
    ) -> Look:
        """Show where pixel (y, x) of the picture in a file looks."""
        with _plain_errors():
            image = _read(street)
            if y is None or x is None:
                raise InputError("Give both y and x, in pixels from the upper left corner.")
            heads = (int(column_head), int(row_head))
            view = self.explorer.attention(image, (int(y), int(x)), int(layer), heads)
        return view.picture, view.description

    def arrive(
        self, street: str | None, layer: Number, column_head: Number, row_head: Number
    ) -> Everything:
        """Answer everything for a new picture, looking from a telling pixel; blanks without one."""
        if street is None:
            return Everything(None, "", "", [], None, None, None, "")
        with _plain_errors():
            y, x = self.explorer.telling_pixel(_read(street))
        look = self.attention(street, y, x, layer, column_head, row_head)
        return Everything(*self.segment(street), y, x, *look)

    def click(
        self,
        street: str | None,
        layer: Number,
        column_head: Number,
        row_head: Number,
        event: gr.SelectData,
    ) -> tuple[int, int, Picture, str]:
        """Look from the clicked pixel of the picture."""
        y, x = _clicked(event)
        return (y, x, *self.attention(street, y, x, layer, column_head, row_head))

    def click_overlay(
        self,
        street: str | None,
        layer: Number,
        column_head: Number,
        row_head: Number,
        event: gr.SelectData,
    ) -> tuple[int, int, Picture, str]:
        """Look from the clicked pixel of the overlay, which is the picture enlarged."""
        with _plain_errors():
            size = _read(street).shape[:2]
        factor = OVERLAY_SIDE / max(size)
        y, x = (
            min(int(clicked / factor), side - 1)
            for clicked, side in zip(_clicked(event), size, strict=True)
        )
        return (y, x, *self.attention(street, y, x, layer, column_head, row_head))


def _read(street: str | None) -> Picture:
    if street is None:
        raise InputError("Choose, roll or upload a street first.")
    try:
        return read_rgb(street)
    except InputError as error:  # visitors know the name of their file, not our folder
        raise InputError(str(error).replace(street, Path(street).name)) from error


def _clicked(event: gr.SelectData) -> tuple[int, int]:
    """Return (y, x) of a click; Gradio tells (x, y), and nothing for a click on the frame."""
    if not event.index:
        raise gr.Error("Click on a pixel of the picture.", print_exception=False)
    x, y = event.index
    return int(y), int(x)


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Show what the visitor did wrong as a message on the page, without a traceback."""
    try:
        yield
    except InputError as error:
        raise gr.Error(str(error), print_exception=False) from error
