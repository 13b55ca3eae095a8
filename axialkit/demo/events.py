"""What happens on the page: every event as a method, from values of controls to values of controls.

``values`` are those of ``Controls.asked``: the picture's file, the lit segment, the lens, the
brush, the settings of the post-processing, and the pins. Nothing of a visitor is kept here.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from axialkit.config import PostprocessConfig
from axialkit.demo.gradio_quietly import gr
from axialkit.demo.looking import MOST_PINS, Question
from axialkit.demo.numbers import Sent, whole
from axialkit.demo.painting import Painting
from axialkit.demo.placement import Point
from axialkit.demo.plain import plainly
from axialkit.demo.requests import read_painting, read_question, read_settings
from axialkit.demo.streets import EXAMPLES, draw_street, roll
from axialkit.demo.tables import table_rows
from axialkit.demo.tabs import NO_SEGMENT
from axialkit.demo.uploads import read_upload
from axialkit.demo.views import SegmentView, Views, choices
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture

LENS, BRUSH, SETTINGS = slice(2, 9), slice(9, 14), slice(14, 18)  # of the values
PINS = 18
_PIXEL = 6  # place of y and x in everything, behind the answer
Update = dict[str, Any]


class Asked(NamedTuple):
    """The values of the controls, checked."""

    image: Picture
    segment: str  # name of the lit one, or NO_SEGMENT
    question: Question
    painting: Painting
    settings: PostprocessConfig
    pins: list[Point]


class Events:
    """The page's events, for one network."""

    def __init__(self, views: Views) -> None:
        self.views, self.network = views, views.network

    # --- a new picture ----------------------------------------------------------------------------

    @plainly
    def draw(self, number: Sent) -> Picture:
        """Draw the street of a number."""
        return draw_street(number).image

    @plainly
    def roll(self) -> tuple[int, Picture]:
        """Draw a street with a number by chance."""
        number = roll()
        return number, draw_street(number).image

    @plainly
    def example(self, index: Sent) -> tuple[int, Picture]:
        """Draw an example, by its place among them."""
        number = EXAMPLES[whole(index, "The example", 0, len(EXAMPLES) - 1)]
        return number, draw_street(number).image

    @plainly
    def arrive(self, *values: Sent) -> tuple[Any, ...]:
        """Answer everything for a new picture, looking from a telling pixel; blanks without one."""
        if values[0] is None:
            return _blank()
        image = read_upload(values[0])  # type: ignore[arg-type]
        return (*self.first_look(values, image), [])

    # --- another pixel ----------------------------------------------------------------------------

    @plainly
    def move(self, *values: Sent) -> tuple[Any, ...]:
        """Look from the pixel in the boxes."""
        y, x, *_ = values[LENS]
        if y is None or x is None:
            raise InputError("Give both y and x, in pixels from the upper left corner.")
        answer = self.from_pixel(values, y, x)
        return (*answer[:_PIXEL], *answer[_PIXEL + 2 :])

    @plainly
    def choose(self, *values: Sent) -> tuple[Any, ...]:
        """Light up the segment of the dropdown, and look from its middle."""
        return self._choose(values, str(values[1]))

    @plainly
    def choose_row(self, event: gr.SelectData, *values: Sent) -> tuple[Any, ...]:
        """Light up the segment of a row of the table."""
        row = event.row_value
        if not isinstance(row, list) or len(row) < 2:
            raise InputError("Choose a row with a segment.")
        return self._choose(values, str(row[1]))

    def _choose(self, values: Sequence[Sent], name: str) -> tuple[Any, ...]:
        if name == NO_SEGMENT:
            return self._everything(self.read(_with(values, segment=NO_SEGMENT)))
        asked = self.read(_with(values, segment=name))
        label = self._label(self.views.segment(asked.image, asked.settings), name)
        y, x = self.views.pixel_in(asked.image, label, asked.settings)
        return self._everything(self.read(_with(values, y, x, name)))

    # --- another way of looking or painting -------------------------------------------------------

    @plainly
    def look(self, *values: Sent) -> tuple[Any, ...]:
        """Look from the same pixel through another layer, head, order or other terms."""
        return self._look(self.read(values))

    @plainly
    def repaint(self, *values: Sent) -> tuple[Any, ...]:
        """Paint the answer anew, after other post-processing if its settings changed."""
        return self._answer(self.read(values))

    @plainly
    def look_of_group(self, group: Sent, *values: Sent) -> tuple[Any, ...]:
        """Show where a whole segment or class looks."""
        asked = self.read(values)
        view = self.views.of_segment(asked.image, str(group), asked.question, asked.settings)
        return (
            gr.update(value=view.picture, alt_text=view.words, visible=True),
            view.words,
            view.bars,
        )

    @plainly
    def pin(self, *values: Sent) -> tuple[list[Point], Update]:
        """Pin the asking pixel, to compare it with others; the oldest pin makes room."""
        asked = self.read(values)
        pixel = asked.question.y, asked.question.x
        pins = [pin for pin in asked.pins if pin != pixel] + [pixel]
        pins = pins[-MOST_PINS:]
        return pins, self._pinned(asked._replace(pins=pins))

    def unpin(self) -> tuple[list[Point], Update]:
        """Remove all pins."""
        return [], gr.update(visible=False)

    # --- helpers ----------------------------------------------------------------------------------

    def read(self, values: Sequence[Sent], image: Picture | None = None) -> Asked:
        """Check the values of the controls; ``image`` takes the place of the file among them.

        Raises:
            InputError: one of them is not what it should be.
        """
        pins = values[PINS]
        if not isinstance(pins, list) or len(pins) > MOST_PINS:
            raise InputError(f"There can be at most {MOST_PINS} pins.")
        return Asked(
            read_upload(values[0]) if image is None else image,  # type: ignore[arg-type]
            str(values[1]),
            read_question(self.network, values[LENS]),
            read_painting(values[BRUSH]),
            read_settings(self.network, values[SETTINGS]),
            [(int(y), int(x)) for y, x in pins],
        )

    def first_look(self, values: Sequence[Sent], image: Picture) -> tuple[Any, ...]:
        """Return everything for a new picture, looking from a telling pixel, without pins.

        Raises:
            InputError: a value is not what it should be.
        """
        y, x = self.views.telling_pixel(image)
        asked = self.read(_with(values, y, x, NO_SEGMENT), image)
        return self._everything(asked._replace(pins=[]))

    def from_pixel(
        self, values: Sequence[Sent], y: Sent, x: Sent, image: Picture | None = None
    ) -> tuple[Any, ...]:
        """Return everything for another pixel, whose segment is lit.

        Raises:
            InputError: the pixel lies outside the picture, or a value is not what it should be.
        """
        asked = self.read(_with(values, y, x), image)
        pixel = asked.question.y, asked.question.x
        label = self.views.segment_at(asked.image, pixel, asked.settings)
        view = self.views.segment(asked.image, asked.settings)
        name = next((one.name for one in view.segments if one.id == label), NO_SEGMENT)
        return self._everything(asked._replace(segment=name))

    def _everything(self, asked: Asked) -> tuple[Any, ...]:
        """Return the answer, the pixel, and where it looks."""
        pixel = asked.question.y, asked.question.x
        return (*self._answer(asked), *pixel, *self._look(asked))

    def _answer(self, asked: Asked) -> tuple[Any, ...]:
        view = self.views.segment(asked.image, asked.settings)
        names = [segment.name for segment in view.segments]
        chosen = asked.segment if asked.segment in names else NO_SEGMENT
        label = None if chosen == NO_SEGMENT else self._label(view, chosen)
        painted = self.views.paint(
            asked.image, asked.settings, asked.painting._replace(segment=label)
        )
        return (
            painted.overlay,
            painted.legend,
            view.note,
            table_rows(view.segments, label),
            gr.update(choices=[NO_SEGMENT, *names], value=chosen),
            gr.update(choices=choices(view.segments)),
        )

    def _label(self, view: SegmentView, name: str) -> int:
        for segment in view.segments:
            if segment.name == name:
                return segment.id
        names = ", ".join(segment.name for segment in view.segments)
        raise InputError(f"There is no {name[:40]} in this answer. Choose one of: {names}.")

    def _look(self, asked: Asked) -> tuple[Any, ...]:
        view = self.views.attention(asked.image, asked.question, asked.settings)
        picture = gr.update(value=view.picture, alt_text=view.words)
        facts = self.views.facts(asked.image, asked.question)
        return picture, view.words, view.bars, self._pinned(asked), facts

    def _pinned(self, asked: Asked) -> Update:
        picture = self.views.pins(asked.image, asked.pins, asked.question)
        return gr.update(value=picture, visible=picture is not None)


def _with(
    values: Sequence[Sent], y: Sent = None, x: Sent = None, segment: str | None = None
) -> list[Sent]:
    """Return the values with another pixel or another lit segment."""
    changed = list(values)
    if y is not None:
        changed[LENS.start : LENS.start + 2] = y, x
    if segment is not None:
        changed[1] = segment
    return changed


def _blank() -> tuple[Any, ...]:
    """Return what the page shows without a picture."""
    no_choice = gr.update(choices=[NO_SEGMENT], value=NO_SEGMENT)
    answer: tuple[Any, ...] = (None, "", "", [], no_choice, gr.update(choices=[], value=None))
    return (*answer, None, None, None, "", "", gr.update(visible=False), "", [])
