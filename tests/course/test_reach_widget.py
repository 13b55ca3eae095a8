"""The explorer's Python side; what the browser does is tested in test_lab*.py."""

import re

import numpy as np
import pytest
import traitlets

from axialkit.course.page import WIDGET_MIME
from axialkit.course.reach import reachable
from axialkit.course.reach_widget import ReachWidget, explore_reach
from axialkit.errors import InputError


@pytest.mark.parametrize("order", ["HW", "WH"])
def test_corner_of_either_order(order: str) -> None:
    widget = ReachWidget(6, 9, query=(4, 2))
    assert widget.corner is None
    widget.target, widget.order = [1, 7], order
    told, tells = (np.zeros((6, 9), dtype=bool) for _ in range(2))
    told[1, 7], tells[4, 2] = True, True
    way = reachable(told, order[0]) & reachable(tells, order[1])
    assert [widget.corner] == [tuple(point) for point in np.argwhere(way).tolist()]


def test_wrong_states_are_refused() -> None:
    widget = ReachWidget()
    with pytest.raises(traitlets.TraitError):
        widget.order = "HH"
    with pytest.raises(traitlets.TraitError):
        widget.hops = 3


@pytest.mark.parametrize("size", [(1, 9), (9, 1), (41, 9), (9, 61)])
def test_unusable_grids_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"A grid of {size[0]} x {size[1]} cells cannot"):
        ReachWidget(*size)


def test_a_query_outside_is_refused() -> None:
    with pytest.raises(InputError, match=r"The query \(8, 0\) lies outside the grid of 8 x 16"):
        ReachWidget(8, 16, query=(8, 0))


def test_a_page_without_a_kernel_has_the_figure(displayed: list[dict]) -> None:
    explore_reach(6, 9, query=(4, 2), target=(1, 7))
    (bundle,) = displayed
    assert "Q (4, 2) hears in one hop and in two" in bundle["text/html"]
    assert 'src="data:image/png' in bundle["text/html"]
    assert bundle[WIDGET_MIME]["model_id"]


def test_the_page_needs_no_network() -> None:
    assert not re.search(r"https?:|import |fetch\(|XMLHttp", str(ReachWidget()._esm))
