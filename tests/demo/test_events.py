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


def test_the_facts_tell_the_cell_and_what_the_arrow_keys_need(events, street_file):
    facts = events.move(*values(street_file, 17, 250))[-1]
    assert "Pixel (17, 250) lies in cell (1, 16) of the layer's 9 × 17" in facts
    assert 'data-pitch-y="16.000000" data-pitch-x="16.000000"' in facts
    assert 'data-last-y="127" data-last-x="255"' in facts


def test_a_move_does_not_write_into_the_boxes(events, street_file):
    everything, moved = (answer(*values(street_file)) for answer in (events.arrive, events.move))
    assert len(moved) == len(everything) - 3  # y, x and pins


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
        (0, None, "Choose, roll or upload one first"),
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


def test_memory_goes_back_to_the_system_now_and_then(monkeypatch):
    from axialkit.demo import tidy

    calls = []
    monkeypatch.setattr(tidy.gc, "collect", lambda: calls.append(1))
    for _ in range(3 * tidy._EVERY):
        tidy.tidy()
    assert len(calls) == (3 if tidy.sys.platform.startswith("linux") else 0)
