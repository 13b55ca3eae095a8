"""The figures say what the functions compute."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.text import Text

from axialkit.course import reach, reach_figures


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_film_lights_what_is_reached() -> None:
    image = np.full((32, 64, 3), 200, np.uint8)
    figure = reach_figures.draw_film(image, (3, 5))
    start = np.zeros((8, 16), dtype=bool)
    start[3, 5] = True
    for axes, hops in zip(figure.axes, ("C", "CC", "C" * 8, "H", "HW", "F"), strict=True):
        lit = np.asarray(axes.images[0].get_array())[2::4, 2::4, 0] == 200
        np.testing.assert_array_equal(lit, reach.reachable(start, hops))
        assert f"{100 * lit.mean():.0f}" in axes.get_title() or lit.mean() < 0.1
    assert figure.axes[0].get_title() == "3×3 conv, 1 layer: 7.0 %"


def test_cross_marks_query_corner_target() -> None:
    figure = reach_figures.draw_cross((5, 3), (1, 12))
    marks = {text.get_text(): text.get_position() for text in figure.axes[2].texts}
    assert marks["Q"] == (3, 5)
    assert marks["T"] == (12, 1)
    assert marks["C"] == (12, 5)
    one_hop = np.asarray(figure.axes[0].images[0].get_array())
    assert (one_hop == 1).sum() == 8 + 16 - 1
    assert (np.asarray(figure.axes[1].images[0].get_array()) > 0).all()


def test_cost_factors() -> None:
    said = texts(reach_figures.draw_cost())
    for (h, w), factor in zip(reach_figures.SIZES, ("× 22", "× 43", "× 86"), strict=True):
        assert round(h * w / (h + w)) == int(factor[2:])
        assert factor in said
        assert f"{h} × {w}" in said


def test_memory_bars() -> None:
    figure = reach_figures.draw_memory(65, 129)
    widths = sorted(bar.get_width() for bar in figure.axes[0].patches)
    np.testing.assert_allclose(widths, [6.50676, 281.2329])
    said = texts(figure)
    assert "281 MB" in said
    assert "6.5 MB" in said
