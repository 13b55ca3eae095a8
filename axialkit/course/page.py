"""What cells put on the page: figures with a description, widgets that also work on paper."""

import base64
import html
import io
import sys
from typing import Any

import ipywidgets
from IPython.display import display
from matplotlib.figure import Figure

from axialkit.course.keep_keys import keeping_keys
from axialkit.errors import InputError

_DPI = 110
_SHORTEST_ALT = 30  # characters; anything shorter does not describe a figure
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"


def show(figure: Figure, *, alt: str, caption: str = "") -> None:
    """Show a figure with its description for readers who cannot see it.

    Raises:
        InputError: ``alt`` is too short to describe anything.
    """
    show_html(figure_page(figure, alt, caption), f"[figure: {' '.join(alt.split())}]")


def show_svg(svg: str, *, alt: str, caption: str = "") -> None:
    """Show a drawing (one ``<svg>`` element) with its description.

    Its ``<title>`` elements appear where the mouse rests.

    Raises:
        InputError: ``alt`` is too short to describe anything.
    """
    alt = _described(alt)
    page = (
        f'<figure style="margin:0" role="img" aria-label="{html.escape(alt)}">'
        f"{svg}{_caption(caption)}</figure>"
    )
    show_html(page, f"[figure: {alt}]")


def show_html(page: str, text: str) -> None:
    """Show HTML, or ``text`` where there is none."""
    display({"text/html": page, "text/plain": text}, raw=True)


def figure_page(figure: Figure, alt: str, caption: str = "") -> str:
    """Return a figure with its description as HTML.

    Raises:
        InputError: ``alt`` is too short to describe anything.
    """
    alt = _described(alt)
    width = round(_DPI * figure.get_size_inches()[0])
    page = (
        f'<figure style="margin:0"><img alt="{html.escape(alt)}" width="{width}" '
        f'style="max-width:100%;height:auto" src="data:image/png;base64,{_png(figure)}">'
        f"{_caption(caption)}</figure>"
    )
    _close(figure)
    return page


def show_widget(widget: Any, *, fallback: str, text: str) -> None:  # noqa: ANN401
    """Show a widget; where no widget can run, the page has ``fallback`` (HTML) or ``text``."""
    if isinstance(widget, ipywidgets.Box):
        widget = keeping_keys(widget)
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    display({WIDGET_MIME: view, "text/html": fallback, "text/plain": text}, raw=True)


def _described(alt: str) -> str:
    alt = " ".join(alt.split())
    if len(alt) < _SHORTEST_ALT:
        raise InputError(f'The alt text "{alt}" is too short. Say in a sentence what can be seen.')
    return alt


def _png(figure: Figure) -> str:
    memory = io.BytesIO()
    figure.savefig(memory, format="png", dpi=2 * _DPI)  # sharp on dense screens
    return base64.b64encode(memory.getvalue()).decode()


def _caption(caption: str) -> str:
    return f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""


def _close(figure: Figure) -> None:
    """Figures made by pyplot would be drawn again at the end of the cell."""
    if (pyplot := sys.modules.get("matplotlib.pyplot")) is not None:
        pyplot.close(figure)
