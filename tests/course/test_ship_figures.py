"""Figures of lesson 12 show what they were given, and say it in words."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from axialkit.course import ship_figures
from axialkit.course.latency import STAGES, Point

TIMES = {
    "slow": dict(zip(STAGES, (2.0, 1.0, 17.0, 5.0, 130.0), strict=True)),
    "quick": dict(zip(STAGES, (2.0, 1.0, 17.0, 5.0, 3.0), strict=True)),
}


def _texts(figure: Figure) -> list[str]:
    figure.canvas.draw()
    return [text.get_text().strip() for axes in figure.axes for text in axes.texts]


def test_bars_stand_end_to_end() -> None:
    figure = ship_figures.draw_budget(TIMES, budget=100.0)
    for row, (name, times) in enumerate(TIMES.items()):
        bars = [container[row] for container in figure.axes[0].containers]
        assert [bar.get_width() for bar in bars] == list(times.values())
        starts = np.cumsum([0, *times.values()])[:-1]
        np.testing.assert_allclose([bar.get_x() for bar in bars], starts, err_msg=name)
    assert _texts(figure) == ["155 ms", "28 ms", "budget: 100 ms"]
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.texts] == list(STAGES)
    said = ship_figures.describe_budget(TIMES, budget=100.0)
    assert "slow: 155 ms, of which draw takes 130." in said
    assert "quick: 28 ms, of which network takes 17." in said


def test_bits_are_drawn_in_order() -> None:
    fine, coarse = {8: 0.69, 4: 0.5}, {8: 0.68, 4: 0.1}
    axes = ship_figures.draw_bits(fine, coarse, 0.692).axes[0]
    whole, first, second = axes.lines
    assert whole.get_label() == "32-bit floats: 69.2"
    np.testing.assert_allclose(first.get_xydata(), [(4, 50), (8, 69)])
    np.testing.assert_allclose(second.get_xydata(), [(4, 10), (8, 68)])
    said = ship_figures.describe_bits(fine, coarse)
    assert "output channel: 8 bits 69, 4 bits 50. With one scale per tensor: 8 bits 68, 4" in said


def test_the_line_of_the_frontier_joins_the_best() -> None:
    points = [
        Point("plain, 65 × 129", 12.0, 0.3), Point("plain, 129 × 257", 20.0, 0.7),
        Point("folded, 65 × 129", 10.0, 0.3), Point("folded, 129 × 257", 18.0, 0.7),
    ]  # fmt: skip
    figure = ship_figures.draw_frontier(points)
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.lines[0].get_xydata(), [(10, 30), (18, 70)])
    marks = {mark.get_label(): mark.get_offsets().tolist() for mark in axes.collections}
    assert marks == {"plain": [[12, 30], [20, 70]], "folded": [[10, 30], [18, 70]]}
    assert _texts(figure) == ["65 × 129", "129 × 257"]
    said = ship_figures.describe_frontier(points)
    assert "for 4 settings" in said
    assert "folded, 65 × 129: 10 ms, PQ 30; folded, 129 × 257: 18 ms, PQ 70." in said


@pytest.mark.parametrize(
    ("click", "title", "words", "corner"),
    [
        ((160, 32), "cell (2, 10) at stride 16", "cell (row 2, column 10), framed", (152, 24)),
        ((300, 32), "beside the picture: no cell", "leads to no cell", None),
    ],
)
def test_a_click_and_its_cell(
    click: tuple[int, int], title: str, words: str, corner: tuple[int, int] | None
) -> None:
    image = np.full((128, 256, 3), 200, np.uint8)
    left, right = ship_figures.draw_click(image, (129, 257), 16, *click).axes
    assert left.get_title() == f"picture 128 × 256: click [{click[0]}, {click[1]}]"
    assert left.lines[0].get_xydata().tolist() == [list(map(float, click))]
    assert right.get_title() == f"crop 129 × 257: {title}"
    assert [frame.get_xy() for frame in right.patches] == ([corner] if corner else [])
    seen = right.images[0].get_array()
    assert (seen[:128, :256] == 200).all() and (seen[128:] == 127).all()
    assert words in ship_figures.describe_click(image, (129, 257), 16, *click)


def test_a_picture_is_drawn_pixel_by_pixel() -> None:
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    figure = ship_figures.draw_received(picture)
    assert np.array_equal(figure.axes[0].images[0].get_array(), picture)
    assert figure.get_size_inches().tolist() == pytest.approx([9.6, 6.4])
