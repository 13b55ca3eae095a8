"""Lesson 03's functions against loops and the package's own layer, its figures against the data."""

import numpy as np
import pytest
import torch

from axialkit.attention import positions
from axialkit.course import distance_figures, table_figures
from axialkit.course.distances import lookup_rel, relative_index, resize_table, skew


@pytest.mark.parametrize("length", [1, 2, 7])
def test_a_square_index_is_the_packages(length: int) -> None:
    assert torch.equal(relative_index(length, length), positions.relative_index(length, length))
    table = torch.randn(2 * length - 1, 3)
    looked_up = lookup_rel(table, relative_index(length, length))
    assert torch.equal(looked_up, positions.look_up(table, length))


def test_skewed_products_are_products_with_looked_up_vectors() -> None:
    q, table = torch.randn(2, 3, 6, 4).double(), torch.randn(11, 4).double()
    direct = torch.einsum("nhid,ijd->nhij", q, positions.look_up(table, 6))
    torch.testing.assert_close(skew(q @ table.T), direct)


@pytest.mark.parametrize(("old", "new"), [(65, 97), (9, 4), (2, 5), (4, 1), (1, 3)])
def test_resized_tables_are_numpys_interpolation(old: int, new: int) -> None:
    table = torch.randn(2 * old - 1, 2).double()
    places = np.linspace(1 - old, old - 1, 2 * new - 1) if new > 1 else np.zeros(1)
    distances = np.arange(1 - old, old)
    expected = [np.interp(places, distances, channel) for channel in table.T.numpy()]
    np.testing.assert_allclose(resize_table(table, new).T.numpy(), expected, atol=1e-12)


def test_a_resized_table_may_be_put_into_a_layer() -> None:
    """The fused layer reads windows of the table's memory, so that must lie row by row."""
    assert resize_table(torch.randn(9, 4), 8).is_contiguous()


def test_distances_in_words() -> None:
    words = [distance_figures.say_distance(d) for d in (-3, 0, 1)]
    assert words == ["3 to the left", "itself", "1 to the right"]
    assert [distance_figures.signed(d) for d in (-3, 0, 1)] == ["−3", "0", "+1"]


def test_the_index_is_drawn_with_its_rows() -> None:
    matrix, table = distance_figures.draw_index(5).axes
    assert [int(text.get_text()) for text in matrix.texts] == relative_index(
        5, 5
    ).flatten().tolist()
    assert [bar.get_width() for bar in table.patches] == [1, 2, 3, 4, 5, 4, 3, 2, 1]
    assert "main one" in distance_figures.describe_index(5)


def test_a_pair_is_marked_and_told() -> None:
    line, matrix, table = distance_figures.draw_index(9, 6, 2).axes
    assert "row −4 + 8 = 4" in line.get_title()
    assert [text.get_text() for text in line.texts] == list("01K345Q78")
    (frame,) = [patch for patch in matrix.patches if not patch.get_fill()]
    assert frame.get_xy() == (1.5, 5.5)
    thick = [row for row, bar in enumerate(table.patches) if bar.get_linewidth() > 3]
    assert thick == [4]
    assert "query 6, key 2, 4 to the left, row 4" in distance_figures.describe_index(9, 6, 2)


def test_stripes_repeat_along_diagonals() -> None:
    table = torch.rand(5, 2)
    _, pairs = distance_figures.draw_lookup(table).axes
    shown = pairs.images[0].get_array().reshape(3, 3, 2)
    for i, j in np.ndindex(3, 3):
        np.testing.assert_array_equal(shown[i, j], table[j - i + 2].numpy())


def test_the_film_ends_with_the_skew() -> None:
    length = 4
    pictures = table_figures.draw_skew(length).axes
    last = [text.get_text() for text in pictures[-1].texts]
    distances = torch.arange(1.0 - length, length).expand(length, -1)
    expected = skew(distances).flatten().tolist()
    assert last == [distance_figures.signed(int(d)) for d in expected]
    cells = [len(picture.patches) for picture in pictures]
    assert cells == [28, 32, 32, 28, 16]


def test_a_resized_curve_has_its_peak_farther_out() -> None:
    old, kept, stretched = table_figures.draw_resize(65, 97).axes
    peaks = [next(t.get_text() for t in axes.texts) for axes in (old, kept, stretched)]
    assert peaks == ["+16", "+16", "+24"]
    curves = [axes.lines[1].get_xydata() for axes in (old, kept, stretched)]
    assert [len(curve) for curve in curves] == [129, 193, 193]
    np.testing.assert_allclose(curves[0][[0, 64, -1], 1], curves[2][[0, 96, -1], 1], atol=1e-6)
    np.testing.assert_allclose(curves[0][:, 1], curves[1][32:-32, 1], atol=1e-6)
