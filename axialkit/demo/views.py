"""What the page shows for what was asked, as plain values: no Gradio here.

A handler of the page and an endpoint of its API that show the same call the same method.
"""

from html import escape
from typing import NamedTuple

import numpy as np
from jaxtyping import UInt8

from axialkit.config import PostprocessConfig
from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES
from axialkit.demo.looking import (
    MOST_PINS,
    Look,
    Question,
    classes_text,
    draw_look,
    draw_pins,
    draw_segment_map,
    look,
    segment_map,
)
from axialkit.demo.network import Network, Seen
from axialkit.demo.painting import PLAIN, Painting, paint
from axialkit.demo.placement import Placement, Point
from axialkit.demo.tables import Cell, legend_html, segments_of, table_rows
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR, PanopticResult
from axialkit.visualize.colors import Picture
from axialkit.visualize.panoptic import Segment, segment_name
from axialkit.visualize.two_hop import attended_classes
from axialkit.visualize.words import class_name, percent

ALL = "all of class "  # in front of a class, among the segments to choose from
_MOST_BARS = 8


class Painted(NamedTuple):
    """The answer over its picture."""

    overlay: Picture
    legend: str  # HTML


class SegmentView(NamedTuple):
    """The answer for one picture in words and numbers."""

    segments: list[Segment]  # largest first
    note: str  # Markdown: what to think of this answer

    @property
    def table(self) -> list[list[Cell]]:
        """Rows below ``tables.HEADERS``."""
        return table_rows(self.segments)


class AttentionView(NamedTuple):
    """Where one pixel, or one segment, looks, ready to be shown."""

    picture: Picture
    words: str
    bars: str  # HTML: the classes under the weight
    look: Look | None = None


class Views:
    """A network and what the page shows of it. It keeps no picture beyond the network's memory.

    Example::

        views = Views(Network.load("tiny"))
        views.segment(read_rgb("street.png")).table
    """

    def __init__(self, network: Network) -> None:
        self.network = network

    def segment(self, image: Picture, settings: PostprocessConfig | None = None) -> SegmentView:
        """Segment a picture of any size."""
        seen = self.network.see(image)
        segments = segments_of(seen, self.network.answer(seen, settings))
        return SegmentView(segments, self.note(seen.placement))

    def paint(
        self,
        image: Picture,
        settings: PostprocessConfig | None = None,
        painting: Painting = PLAIN,
    ) -> Painted:
        """Paint the answer over its picture."""
        seen = self.network.see(image)
        result = self.network.answer(seen, settings)
        return Painted(paint(seen, result, painting), legend_html(result, painting))

    def attention(
        self, image: Picture, question: Question, settings: PostprocessConfig | None = None
    ) -> AttentionView:
        """Show where a pixel looks.

        Raises:
            InputError: a pixel outside the picture, no such layer, head or order.
        """
        seen = self.network.see(image)
        found = look(self.network, seen, self.network.answer(seen, settings), question)
        picture = draw_look(self.network, seen, found, question)
        return AttentionView(picture, found.words, bars_html(found.classes), found)

    def facts(self, image: Picture, question: Question) -> str:
        """Say which cell a pixel lies in, HTML; the attributes are for the arrow keys.

        Raises:
            InputError: a pixel outside the picture, or no such layer.
        """
        placement = self.network.see(image).placement
        rows, columns = cells = self.network.cells(self.network.see(image), question.layer)
        row, column = placement.cell((question.y, question.x), cells)
        high, wide = placement.pitch(cells)
        last = placement.center((rows - 1, columns - 1), cells)
        return (
            f'<p data-pitch-y="{high:.6f}" data-pitch-x="{wide:.6f}" data-last-y="{last[0]}" '
            f'data-last-x="{last[1]}">Pixel ({question.y}, {question.x}) lies in cell '
            f"({row}, {column}) of the layer's {rows} × {columns}; a cell covers about "
            f"{high:.0f} × {wide:.0f} pixels. The tab <em>Attention</em> shows where it looks.</p>"
        )

    def of_segment(
        self,
        image: Picture,
        name: str,
        question: Question,
        settings: PostprocessConfig | None = None,
    ) -> AttentionView:
        """Show where all cells of a segment, or of a class, look on average.

        ``name`` is one of ``choices``. The question's pixel does not matter.

        Raises:
            InputError: no such segment here, or it is too small.
        """
        seen = self.network.see(image)
        result = self.network.answer(seen, settings)
        labels = self._labels(seen, result, name)
        weights = segment_map(self.network, seen, result, labels, question)
        classes = attended_classes(weights, seen.placement.place(result.panoptic, weights.shape))
        who = f"all of {name.removeprefix(ALL)}" if name.startswith(ALL) else name
        words = f"Where {who} looks, after both hops, mean over its cells. {classes_text(classes)}"
        picture = draw_segment_map(self.network, seen, weights, who)
        return AttentionView(picture, words, bars_html(classes))

    def pins(
        self, image: Picture, pins: list[Point], question: Question
    ) -> UInt8[np.ndarray, "rows columns 3"] | None:
        """Draw the two-hop maps of the last pinned pixels side by side; None without pins.

        Raises:
            InputError: a pin outside the picture.
        """
        if not pins:
            return None
        return draw_pins(self.network, self.network.see(image), pins[-MOST_PINS:], question)

    def telling_pixel(self, image: Picture) -> Point:
        """Return a pixel worth asking first: the center of the largest thing, or the middle."""
        seen = self.network.see(image)
        things = [
            row for row in segments_of(seen, self.network.answer(seen)) if row.center is not None
        ]
        if not things:
            return image.shape[0] // 2, image.shape[1] // 2
        top, left, bottom, right = things[0].box
        return (top + bottom) // 2, (left + right) // 2

    def segment_at(
        self, image: Picture, pixel: Point, settings: PostprocessConfig | None = None
    ) -> int:
        """Return the panoptic label of the segment at a pixel.

        Raises:
            InputError: the pixel lies outside the picture.
        """
        seen = self.network.see(image)
        result = self.network.answer(seen, settings)
        return int(result.panoptic[seen.placement.in_answer(pixel)])

    def pixel_in(
        self, image: Picture, label: int, settings: PostprocessConfig | None = None
    ) -> Point:
        """Return a pixel inside a segment, near its middle.

        Raises:
            InputError: no such segment in this picture.
        """
        seen = self.network.see(image)
        result = self.network.answer(seen, settings)
        ys, xs = (result.panoptic == label).nonzero()
        if not len(ys):
            raise InputError(f"There is no {segment_name(label)} in this answer. Choose another.")
        nearest = (abs(ys - ys.mean()) + abs(xs - xs.mean())).argmin()
        answer = Placement.of(seen.placement.size, result.panoptic.shape)
        return answer.leave((float(ys[nearest]), float(xs[nearest])))

    def _labels(self, seen: Seen, result: PanopticResult, name: str) -> list[int]:
        """Return the labels of a segment or a class by its name."""
        there = {segment.name: segment.id for segment in segments_of(seen, result)}
        if name in there:
            return [there[name]]
        klass = name.removeprefix(ALL)
        labels = [
            label
            for label in there.values()
            if TRAIN_CLASSES[label // LABEL_DIVISOR].name == klass and name.startswith(ALL)
        ]
        if not labels:
            raise InputError(
                f"There is no {name[:40]} in this answer. Choose one of: {', '.join(there)}."
            )
        return labels

    def note(self, placement: Placement) -> str:
        """Say how far a picture is from what the weights know."""
        height, width = placement.size
        crop_height, crop_width = (side - 1 for side in placement.crop)
        fitted = placement.fitted
        shrunk = "" if fitted == placement.size else (
            f", shrunk to {fitted[0]} × {fitted[1]} for the network"
        )  # fmt: skip
        if self.network.card is None:
            return f"Your picture has {height} × {width} pixels{shrunk}."
        if placement.size == (crop_height, crop_width):
            return f"A street of {height} × {width} pixels, the size this network was trained on."
        return (
            f"**Take care.** Your picture has {height} × {width} pixels{shrunk}. These weights "
            f"were trained on drawn streets of {crop_height} × {crop_width} pixels only: expect "
            "mistakes, and on photos mostly mistakes."
        )


def choices(segments: list[Segment]) -> list[str]:
    """Return what segment mode offers: every segment, and classes with several things."""
    names = [segment.name for segment in segments]
    classes = [segment.id // LABEL_DIVISOR for segment in segments]
    several = [c for c in dict.fromkeys(classes) if classes.count(c) > 1 and c in THING_TRAIN_IDS]
    return names + [f"{ALL}{TRAIN_CLASSES[c].name}" for c in several]


def bars_html(classes: list[tuple[int, float]]) -> str:
    """Return a bar for each class under the weight, as a table that can be read aloud."""
    rows = "".join(
        f'<tr><th scope="row">{escape(class_name(klass))}</th><td>{percent(share)}</td>'
        f'<td aria-hidden="true"><span style="width:{100 * share:.1f}%"></span></td></tr>'
        for klass, share in classes[:_MOST_BARS]
        if share >= 0.005
    )
    return (
        '<table class="bars"><caption>Where the weight lies, by class of the answer</caption>'
        f"<tbody>{rows}</tbody></table>"
    )
