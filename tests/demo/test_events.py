"""Events of the page, as functions of the values of its controls."""

import pytest

gr = pytest.importorskip("gradio")

from axialkit.demo.events import Events  # noqa: E402
from axialkit.demo.looking import TERM_NAMES  # noqa: E402
from axialkit.demo.tab_events import TabEvents  # noqa: E402
from axialkit.demo.views import Views  # noqa: E402
from tests.demo.conftest import STREET  # noqa: E402


@pytest.fixture(scope="module")
def events(tiny):
    return Events(Views(tiny))


def values(street_file, y=64, x=128, pins=(), segment="none"):
    lens = [y, x, 3, 0, 0, "hw", list(TERM_NAMES)]
    brush = ["segments", ["borders"], "cityscapes", 0.6, ["stuff", "things"]]
    return [street_file, segment, *lens, *brush, 0.1, 5, 400, 16, list(pins)]


def chosen(row):
    return gr.SelectData(target=None, data={"index": [0, 0], "value": "", "row_value": row})


def test_a_removed_picture_leaves_a_blank_page(events):
    answer = events.arrive(*values(None))
    assert answer[0] is None
    assert answer[3] == []
    assert answer[-1] == []  # no pins


@pytest.mark.parametrize(
    ("by", "start", "end"),
    [
        ((1, 0), (64, 128), (80, 128)),
        ((0, -1), (64, 128), (64, 112)),
        ((-1, 0), (3, 128), (0, 128)),  # at the border it stays in the picture
        ((1, 0), (127, 255), (127, 255)),
        ((0, 1), (0, 250), (0, 255)),
    ],
)
def test_steps_go_from_cell_to_cell(events, street_file, by, start, end):
    answer = events.step(*by)(*values(street_file, *start))
    assert answer[6:8] == end


def test_rows_of_the_table_choose_segments(events, street_file, street):
    segments = events.views.segment(street).segments
    row = ["", segments[1].name, segments[1].id]
    answer = events.choose_row(chosen(row), *values(street_file))
    assert answer[4]["value"] == segments[1].name
    assert events.views.segment_at(street, answer[6:8]) == segments[1].id


@pytest.mark.parametrize("row", [None, [], ["x"], 5, ["", "unicorn 3", 7], ["", None, None]])
def test_rows_that_are_none_are_refused(events, street_file, row):
    with pytest.raises(gr.Error, match="Choose"):
        events.choose_row(chosen(row), *values(street_file))


def test_at_most_three_pins_and_each_once(events, street_file):
    pins = []
    for x in (10, 60, 60, 110, 160):
        pins, shown = events.pin(*values(street_file, x=x, pins=pins))
        assert shown["visible"]
    assert pins == [(64, 60), (64, 110), (64, 160)]
    assert events.unpin() == ([], gr.update(visible=False))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, None, "Choose, roll or upload"),
        (2, None, "Give both y and x"),
        (4, 7, "Layer must lie in 1 to 3"),
        (7, "zz", "Order must be one of"),
        (9, "plaid", "Colors must be one of"),
        (12, 2, "Opacity must lie in 0 to 1"),
        (15, 0, "Window with one center"),
    ],
)
def test_values_that_no_control_has_are_refused_in_words(
    events, street_file, place, value, message
):
    changed = values(street_file)
    changed[place] = value
    with pytest.raises(gr.Error, match=message):
        events.move(*changed)


def test_a_picture_without_truth_cannot_be_scored(events, street_file):
    tabs = TabEvents(events)
    with pytest.raises(gr.Error, match="no ground truth. Roll a street"):
        tabs.score(STREET + 1, *values(street_file))
    assert "PQ" in tabs.score(STREET, *values(street_file))[0]
