"""The spotlight: bright where the weight is, dark elsewhere, and dim where it is even."""

import numpy as np
from matplotlib.figure import Figure

from axialkit.visualize.spotlight import draw_spotlight, shine

GREY = np.full((33, 65, 3), 120, np.uint8)


def one_cell(y: int, x: int, weight: float = 1.0) -> np.ndarray:
    weights = np.zeros((3, 5))
    weights[y, x] = weight
    return weights


def test_only_the_cell_with_weight_is_lit() -> None:
    lit = shine(GREY, one_cell(1, 2))
    bright = (lit > 120).all(axis=2)  # cells are 16 pixels apart, centered on 0, 16, 32 ...
    expected = np.zeros((33, 65), dtype=bool)
    expected[8:24, 24:40] = True
    np.testing.assert_array_equal(bright, expected)


def test_corner_cells_reach_to_the_border() -> None:
    bright = (shine(GREY, one_cell(0, 4)) > 120).all(axis=2)
    assert bright[:8, 56:].all()
    assert bright.sum() == 8 * 9


def test_more_weight_is_brighter_and_an_even_look_is_dim() -> None:
    weights = one_cell(0, 0, 0.7) + one_cell(2, 4, 0.3)
    lit = shine(GREY, weights)[..., 0].astype(int)
    assert lit[0, 0] > lit[-1, -1] > lit[16, 32]
    even = shine(GREY, np.full((30, 50), 1 / 1500))
    assert even.max() < 100


def test_the_strongest_weights_are_written_where_there_is_room() -> None:
    weights = np.zeros((3, 5))
    weights[1] = (0.5, 0.2, 0.0, 0.25, 0.05)
    axes = Figure().subplots()
    draw_spotlight(axes, GREY, weights, (2, 2), told=2)
    assert [text.get_text() for text in axes.texts] == ["50 %", "25 %"]
    draw_spotlight(axes, GREY, np.full((3, 5), 1 / 15), told=2, least=0.1)
    assert len(axes.texts) == 2  # nothing new: all are below the least
