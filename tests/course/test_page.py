"""Figures come with a description, as a picture that fits the page."""

import base64
import html
import io
import re

import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from PIL import Image

from axialkit.course.page import show
from axialkit.errors import InputError

ALT = 'A line that rises, then falls; "a" < "b" & so on.'


def test_the_picture_and_its_description(displayed: list[dict]) -> None:
    show(Figure(figsize=(4, 2)), alt=ALT, caption="Fig. 1 <here>")
    (bundle,) = displayed
    page = bundle["text/html"]
    alt, width, data = re.search(
        r'<img alt="([^"]*)" width="(\d+)".*base64,([^"]+)"', page
    ).groups()
    assert html.unescape(alt) == ALT
    assert bundle["text/plain"] == f"[figure: {ALT}]"
    assert "<figcaption>Fig. 1 &lt;here&gt;</figcaption>" in page
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    assert picture.format == "PNG"
    assert picture.size == (2 * int(width), int(width))  # twice as dense as shown


@pytest.mark.parametrize("alt", ["", "a figure", "   spaces do not   count   "])
def test_no_figure_without_a_description(alt: str, displayed: list[dict]) -> None:
    with pytest.raises(InputError, match="is too short. Say in a sentence what can be seen"):
        show(Figure(), alt=alt)
    assert displayed == []


def test_alt_is_required(displayed: list[dict]) -> None:
    with pytest.raises(TypeError, match="alt"):
        show(Figure())


def test_figures_of_pyplot_are_closed(displayed: list[dict]) -> None:
    figure, _axes = pyplot.subplots()
    show(figure, alt=ALT)
    assert not pyplot.fignum_exists(figure.number)
