"""The pair explorer's Python side and its page."""

import re

import pytest
import traitlets

from axialkit.course.distances import relative_index
from axialkit.course.page import WIDGET_MIME
from axialkit.course.pair_widget import PairWidget, explore_pairs
from axialkit.errors import InputError


def test_the_row_is_that_of_the_index() -> None:
    widget, index = PairWidget(7, 0, 0), relative_index(7, 7)
    for query in range(7):
        for key in range(7):
            widget.query, widget.key = query, key
            assert widget.row == index[query, key]


@pytest.mark.parametrize("length", [1, 25])
def test_lines_that_cannot_be_clicked_are_refused(length: int) -> None:
    with pytest.raises(InputError, match=f"A line of {length} places cannot"):
        PairWidget(length, 0, 0)
    with pytest.raises(traitlets.TraitError):
        PairWidget().length = length


@pytest.mark.parametrize(("query", "key", "name"), [(9, 0, "query 9"), (0, -1, "key -1")])
def test_places_off_the_line_are_refused(query: int, key: int, name: str) -> None:
    with pytest.raises(InputError, match=f"The {name} is not on a line of 9 places"):
        PairWidget(9, query, key)


def test_the_page_needs_no_network() -> None:
    assert not re.search(r"https?:|import |fetch\(|XMLHttp", str(PairWidget()._esm))


def test_a_page_without_a_kernel_has_the_figure(displayed: list[dict]) -> None:
    explore_pairs(9, query=6, key=2)
    (bundle,) = displayed
    assert "at distance -4, which is row 4 of the table" in bundle["text/html"]
    assert bundle[WIDGET_MIME]["model_id"]
