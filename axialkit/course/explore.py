"""Sliders over a figure: it is drawn anew at every move, and stands still where nothing can run."""

from collections.abc import Callable
from typing import Any

import ipywidgets
from matplotlib.figure import Figure

from axialkit.course.page import figure_page, show_widget

Draw = Callable[..., Figure]
Describe = Callable[..., str]
_WIDE = "min(100%, 500px)"  # room for a slider and for the name of a choice beside it


def explore(draw: Draw, *, alt: Describe, **controls: ipywidgets.ValueWidget) -> None:
    """Show ``draw(**values)`` under sliders, one per argument.

    ``alt`` takes the same arguments and describes the figure; its words change with the sliders.
    A page without a running kernel shows the figure at the sliders' first values. Controls are
    moved with the mouse or, after Tab, with the arrow keys.
    """
    box = explorer(draw, alt, controls)
    values = {name: control.value for name, control in controls.items()}
    show_widget(box, fallback=box.children[-1].value, text=f"[figure: {alt(**values)}]")


def explorer(
    draw: Draw, alt: Describe, controls: dict[str, ipywidgets.ValueWidget]
) -> ipywidgets.VBox:
    """Return the sliders with the figure, as HTML, below them."""
    picture = ipywidgets.HTML()

    def redraw(_change: Any = None) -> None:  # noqa: ANN401  (ipywidgets' own kind of event)
        values = {name: control.value for name, control in controls.items()}
        picture.value = figure_page(draw(**values), alt(**values))

    for name, control in controls.items():
        control.description = control.description or name
        if isinstance(control, ipywidgets.SelectionSlider):
            control.add_class("axk-choice")  # as keep_keys.css has it
            control.layout.width = _WIDE
        control.observe(redraw, "value")
    redraw()
    return ipywidgets.VBox([*controls.values(), picture])
