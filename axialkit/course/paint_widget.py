"""The paint box of lesson 11: change a prediction cell by cell, and watch the metrics."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from axialkit.course.measuring import Map
from axialkit.course.page import figure_page, show_widget
from axialkit.course.toy_street import PRESETS, perfect, street_scores, true_street
from axialkit.course.toy_street_figures import (
    CLASS_COLORS,
    describe_matching,
    draw_matching,
    judge_segments,
    short_name,
)
from axialkit.errors import InputError
from axialkit.structures import LABEL_DIVISOR, VOID

Scores = dict[str, float]
Measure = Callable[[Map], Scores]

BRUSHES = (0, 2_000, 10_000, 11_001, 11_002, 11_003, 13_001, 13_002, 14_001, VOID)  # keys 1 to 9, 0


def kit_scores(prediction: Map) -> Scores:
    """Return the scores of a prediction of the small street, as the kit computes them."""
    scores = street_scores(prediction)
    return {"PQ": scores.pq, "SQ": scores.sq, "RQ": scores.rq, "mIoU": scores.miou, "AP": scores.ap}


class PaintWidget(anywidget.AnyWidget):
    """The small street, to be painted with the mouse or from the keyboard.

    ``cells`` is the prediction, row after row; whenever it changes, ``measure`` is asked for the
    scores. Both may be read and set from Python as well.

    Raises:
        InputError: a start that is none of the street's presets.

    Example::

        box = PaintWidget(start="merge two cars")
        box
    """

    _esm = Path(__file__).with_suffix(".js")

    truth = traitlets.List(traitlets.Int()).tag(sync=True)
    cells = traitlets.List(traitlets.Int()).tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    brushes: traitlets.List = traitlets.List().tag(sync=True)  # of [label, name, color]
    presets = traitlets.Dict().tag(sync=True)  # name -> cells
    scores: traitlets.List = traitlets.List().tag(
        sync=True
    )  # of [name, percent, change since the last stroke]
    missed = traitlets.List(traitlets.Int()).tag(sync=True)  # true labels
    wrong = traitlets.List(traitlets.Int()).tag(sync=True)  # predicted labels
    says = traitlets.Unicode().tag(sync=True)  # the same in words, for a screen reader

    def __init__(self, measure: Measure = kit_scores, start: str = "no mistake") -> None:
        if start not in PRESETS:
            raise InputError(f'There is no preset "{start}". Presets: {", ".join(PRESETS)}.')
        truth = true_street()
        self.measure = measure
        self._last: Scores = measure(perfect())
        super().__init__(
            truth=truth.ravel().tolist(),
            width=truth.shape[1],
            brushes=[[label, short_name(label), _color(label)] for label in BRUSHES],
            presets={name: make().ravel().tolist() for name, make in PRESETS.items()},
        )
        self.observe(self._measure, "cells")
        self.cells = PRESETS[start]().ravel().tolist()

    @property
    def prediction(self) -> Map:
        """The painted map."""
        return np.array(self.cells).reshape(-1, self.width)

    def _measure(self, _change: object) -> None:
        truth, now = true_street(), self.measure(self.prediction)
        judged = judge_segments(truth, self.prediction)
        with self.hold_sync():
            self.missed, self.wrong = judged.missed, judged.wrong
            self.scores = [
                [name, round(100 * value, 1), round(100 * (value - self._last[name]), 1)]
                for name, value in now.items()
            ]
            self.says = _in_words(now, judged.missed, judged.wrong)
        self._last = now


def paint(measure: Measure = kit_scores, start: str = "no mistake") -> None:
    """Show the paint box; a page where nothing runs has a figure of what it starts with."""
    widget = PaintWidget(measure, start)
    maps = true_street(), widget.prediction
    alt = f"{describe_matching(*maps)} {widget.says}"
    show_widget(widget, fallback=figure_page(draw_matching(*maps), alt), text=f"[figure: {alt}]")


def _color(label: int) -> str:
    return CLASS_COLORS.get(label // LABEL_DIVISOR, "#FFFFFF")


def _in_words(scores: Scores, missed: list[int], wrong: list[int]) -> str:
    numbers = ", ".join(f"{name} {100 * value:.1f}" for name, value in scores.items())
    parts = [f"{numbers}."]
    for what, labels in (("Missed", missed), ("False alarms", wrong)):
        if labels:
            parts.append(f"{what}: {', '.join(map(short_name, labels))}.")
    return " ".join(parts)
