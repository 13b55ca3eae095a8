"""The explorer's Python side; what the browser does is tested in test_lab_06.py."""

import re
import time

import numpy as np
import pytest

import axialkit
from axialkit.course.attention_widget import AttentionWidget
from axialkit.data import minicity
from axialkit.errors import InputError
from axialkit.visualize.looks import Looks

LAYER = "stage4.block3"


@pytest.fixture(scope="module")
def looks() -> Looks:
    street = minicity.scene(10).image
    return Looks.record(axialkit.load_model("tiny"), street, axialkit.load_config("tiny"))


def numbers(widget: AttentionWidget) -> np.ndarray:
    return np.frombuffer(widget.weights, "<f4")


def test_it_sends_what_looks_answers(looks: Looks) -> None:
    widget = AttentionWidget(looks, (3, 5), LAYER, heads=(0, None))
    look = looks.ask((3, 5), LAYER, (0, None))
    expected = np.concatenate([look.two_hop.ravel(), look.column, look.row])
    np.testing.assert_allclose(numbers(widget), expected, atol=1e-7)
    assert widget.caption == looks.describe(look)
    assert (widget.map_size, widget.picture_size) == ([9, 17], [129, 257])
    assert widget.picture == looks.image.tobytes()


def test_every_control_changes_the_answer(looks: Looks) -> None:
    widget = AttentionWidget(looks, (3, 5))
    for name, value in (
        ("cell", [5, 9]), ("layer", 2), ("height_head", 1), ("width_head", 3), ("order", "wh"),
    ):  # fmt: skip
        before = widget.weights
        setattr(widget, name, value)
        assert widget.weights != before, name
    look = looks.ask((5, 9), looks.layers[2], (1, 3), "wh")
    np.testing.assert_allclose(numbers(widget)[:153], look.two_hop.ravel(), atol=1e-7)


def test_what_the_page_sends_is_kept_within_bounds(looks: Looks) -> None:
    widget = AttentionWidget(looks, (3, 5))
    widget.cell, widget.layer, widget.width_head = [99, -4], 7, 12
    assert (widget.layer, widget.width_head) == (2, 3)
    assert widget.caption.startswith("Cell (8, 0)")


def test_a_cell_outside_is_refused(looks: Looks) -> None:
    with pytest.raises(InputError, match=r"The cell \(9, 0\) lies outside the map of 9 x 17"):
        AttentionWidget(looks, (9, 0))


def test_an_answer_is_quick(looks: Looks) -> None:
    widget = AttentionWidget(looks, (3, 5))
    start = time.process_time()
    for row in range(9):
        widget.cell = [row, 8]
    assert (time.process_time() - start) / 9 < 0.1


def test_the_page_needs_no_network() -> None:
    assert not re.search(r"https?:|import |fetch\(|XMLHttp", str(AttentionWidget._esm))
