"""Boxes of controls that keep their keys, and whose sliders say all that they stand for.

JupyterLab takes arrow keys for its cells, even where a list or a row of buttons has the focus.
"""

from pathlib import Path

import anywidget
import ipywidgets


class KeepKeys(anywidget.AnyWidget):
    """An invisible part of a box: keys that a control of the box knows do not leave the box."""

    _esm = Path(__file__).with_suffix(".js")
    _css = Path(__file__).with_suffix(".css")


def keeping_keys(box: ipywidgets.Box) -> ipywidgets.VBox:
    """Return a box around ``box`` from which no key gets to the notebook that a control knows."""
    return ipywidgets.VBox([box, KeepKeys()])
