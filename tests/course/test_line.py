"""Lesson 02's functions against torch's own attention, and its figures against what they show."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from axialkit.course import line_figures
from axialkit.course.line import as_columns, as_rows, attend, attention_weights, axial_attend
from axialkit.data import minicity
from axialkit.errors import InputError


def test_attend_is_torchs_attention() -> None:
    q, k, v = torch.randn(3, 4, 6, 8)
    torch.testing.assert_close(attend(q, k, v), F.scaled_dot_product_attention(q, k, v))
    weights = attention_weights(q, k)
    torch.testing.assert_close(torch.einsum("nij,njd->nid", weights, v), attend(q, k, v))


@pytest.mark.parametrize("axis", ["H", "W"])
def test_every_line_attends_alone(axis: str) -> None:
    x = torch.randn(2, 3, 4, 5)
    out = axial_attend(x, axis)
    lines = as_columns if axis == "H" else as_rows
    for before, after in zip(lines(x), lines(out), strict=True):
        expected = F.scaled_dot_product_attention(before[None], before[None], before[None])[0]
        torch.testing.assert_close(after, expected)


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(InputError, match="axis is \"H\".*got 'D'"):
        axial_attend(torch.zeros(1, 1, 2, 2), "D")


def test_patterns_are_read() -> None:
    assert line_figures.parse_side(" n l (head d) ") == [("n",), ("l",), ("head", "d")]
    figure = line_figures.draw_patterns(["a (b c) -> (a b) c"], {"a": 2, "b": 3, "c": 4})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("a") == texts.count("b") == texts.count("c") == 2
    assert {"2", "3 · 4 = 12", "2 · 3 = 6", "4"} <= set(texts)


def test_effective_number_counts_equal_shares() -> None:
    shares = torch.tensor([[0.25] * 4 + [0.0] * 4, [1.0] + [0.0] * 7])
    torch.testing.assert_close(line_figures.effective_number(shares), torch.tensor([4.0, 1.0]))


def test_a_pixel_looks_for_its_own_color() -> None:
    image = minicity.scene(3).image
    x = line_figures.row_features(image, 70)
    weights = attention_weights(x, x)[0]
    colors = torch.from_numpy(image[70].astype(np.float32))
    best = weights.argmax(dim=-1)
    assert torch.equal(colors[best], colors)  # itself, or a pixel of the very same color
    distance = (colors[:, None] - colors).norm(dim=-1)
    assert (weights * distance).sum(-1).mean() < distance.mean() / 2


def test_a_higher_temperature_spreads_the_attention() -> None:
    image = minicity.scene(3).image
    x = line_figures.row_features(image, 70)
    found = [
        float(line_figures.effective_number(attention_weights(x, x, t)[0, 120]))
        for t in line_figures.TEMPERATURES
    ]
    assert found == sorted(found)
    assert found[0] < found[-1] / 2
    told = line_figures.describe_row(image, 70, 120, line_figures.TEMPERATURES[0])
    assert f"among about {found[0]:.0f} pixels" in told


def test_swapped_columns_are_not_noticed() -> None:
    x = torch.randn(1, 3, 4, 9)
    swapped = line_figures.swap(x, 1, 6, wide=2)
    np.testing.assert_array_equal(swapped[..., [1, 2, 6, 7]], x[..., [6, 7, 1, 2]])
    assert line_figures.swap_error(axial_attend, x, "H", 1, 6) == 0
    assert line_figures.swap_error(axial_attend, x, "W", 1, 6) < 1e-5
    with_places = x + torch.arange(9.0)  # told where they are, pixels do notice
    told = axial_attend(line_figures.swap(x, 1, 6) + torch.arange(9.0), "W")
    assert (told - line_figures.swap(axial_attend(with_places, "W"), 1, 6)).abs().max() > 0.1
