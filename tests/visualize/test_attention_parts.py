import numpy as np
import pytest
import torch

from axialkit.attention import AxialAttention1d, Terms, entropy, mean_distance, record_attention
from axialkit.errors import InputError
from axialkit.visualize.attention import (
    draw_distances,
    draw_heads,
    draw_position_tables,
    draw_terms,
)


@pytest.fixture(scope="module")
def recorded():
    torch.manual_seed(0)
    layer = AxialAttention1d(12, 20, 30, heads=5).eval()
    with torch.no_grad(), record_attention(layer, terms=True) as maps:
        layer(torch.randn(3, 9, 12))
    return layer, maps


def test_heads_show_their_weights_on_one_scale(recorded):
    _, maps = recorded
    weights = maps["attention"]
    figure = draw_heads(weights, sequence=2)
    panels = [axes for axes in figure.axes if axes.images]
    assert len(panels) == 5
    one = weights[2:3]
    for head, axes in enumerate(panels):
        (image,) = axes.images
        np.testing.assert_allclose(image.get_array(), weights[2, head], rtol=1e-6)
        assert image.get_clim() == (0, pytest.approx(float(weights[2].max())))
        title = axes.get_title()
        assert f"head {head}" in title
        assert f"{float(mean_distance(one)[head]):.1f} cells" in title
        assert f"{float(entropy(one)[head].exp()):.1f} keys" in title
    with pytest.raises(InputError, match=r"no sequence 3; there are 0\.\.2"):
        draw_heads(weights, sequence=3)


def test_terms_add_up_to_the_weights(recorded):
    _, maps = recorded
    terms, weights = maps.terms["attention"], maps["attention"]
    figure = draw_terms(terms, query=4, head=1, sequence=2)
    above, below = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in above.lines}
    names = [name for name in lines if not name.startswith("_") and name != "sum"]
    assert [name.split("  ")[0] for name in names] == ["content", "query position", "key position"]
    np.testing.assert_allclose(sum(lines[name] for name in names), lines["sum"], atol=1e-6)
    for name, term in zip(names, terms[:, 2, 1, 4].double().numpy(), strict=True):
        np.testing.assert_allclose(lines[name], term - term.mean(), atol=1e-6)
    heights = [bar.get_height() for bar in below.patches]
    np.testing.assert_allclose(heights, weights[2, 1, 4], rtol=1e-5)
    for wrong in ({"query": 9}, {"head": 5}, {"sequence": -1}):
        with pytest.raises(InputError, match=f"no {next(iter(wrong))}"):
            draw_terms(terms, **({"query": 4, "head": 1} | wrong))


def test_tables_are_drawn_by_distance(recorded):
    layer, _ = recorded
    figure = draw_position_tables(layer, length=9)
    panels = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left").split(":")[0] for axes in panels] == [
        "query", "key", "value"
    ]  # fmt: skip
    (image,) = panels[0].images
    middle = layer.query_table.shape[0] // 2
    expected = layer.query_table.detach()[middle - 8 : middle + 9].T
    np.testing.assert_allclose(image.get_array(), expected, rtol=1e-6)
    assert panels[0].get_xlim() == (-8.5, 8.5)
    partly = AxialAttention1d(12, 20, 30, heads=5, terms=Terms(key_position=False))
    assert len([axes for axes in draw_position_tables(partly).axes if axes.images]) == 2
    content = Terms(query_position=False, key_position=False, value_position=False)
    with pytest.raises(InputError, match="no relative positions"):
        draw_position_tables(AxialAttention1d(12, 20, 30, heads=5, terms=content))
    with pytest.raises(InputError, match="length must be at least 1"):
        draw_position_tables(layer, length=0)


def test_distances_layer_by_layer():
    distances = {
        "stage4.block2.height": torch.tensor([1.0, 3.0]),
        "stage4.block2.width": torch.tensor([2.0, 6.0]),
    }
    (axes,) = draw_distances(distances).axes
    assert [bar.get_height() for bar in axes.patches] == [2.0, 4.0]
    assert [len(dots.get_offsets()) for dots in axes.collections] == [2, 2]
    assert [label.get_text() for label in axes.get_xticklabels()] == list(distances)
    assert len(axes.get_legend().get_texts()) == 2
    with pytest.raises(InputError, match="no layer to draw"):
        draw_distances({})
