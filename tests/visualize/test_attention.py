import numpy as np
import pytest
import torch
from einops import rearrange
from torch import nn

from axialkit.attention import AxialAttention2d, record_attention, set_attention_backend
from axialkit.attention.summaries import layers_with_both_passes
from axialkit.attention.two_hop import two_hop
from axialkit.errors import InputError
from axialkit.visualize.attention import (
    cell_at,
    describe_attention,
    draw_pixel_attention,
    map_size,
    pixel_attention,
)

HEADS, CHANNELS = 2, 4


class Frozen(nn.Module):
    """In place of the softmax: weights that no longer depend on the input."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def forward(self, logits):
        return self.weights


@pytest.fixture(params=[1, 2], ids=["stride1", "stride2"])
def layer(request):
    torch.manual_seed(0)
    layer = AxialAttention2d(3, CHANNELS, CHANNELS, HEADS, stride=request.param).double().eval()
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=1.5)
    return layer


def record(layer, x):
    with record_attention(layer) as maps:
        layer(x)
    return maps["height"], maps["width"]


@pytest.mark.parametrize("pair", [(0, 0), (0, 1), (1, 0)])
def test_two_hop_map_is_the_jacobian_with_frozen_attention(layer, pair):
    x = torch.randn(1, 3, 5, 7, dtype=torch.float64)
    height, width = record(layer, x)
    set_attention_backend(layer, "reference")
    layer.height.activation, layer.width.activation = Frozen(height), Frozen(width)
    # let only one head of the first pass through to the values of the second
    other = torch.arange(CHANNELS) // (CHANNELS // HEADS) != pair[0]
    layer.width.qkv.weight.data[:, other] = 0

    jacobian = torch.autograd.functional.jacobian(layer, x)[0, :, :, :, 0]  # c i j, d y x
    jacobian = rearrange(jacobian, "(head c) i j d y x -> head i j c d y x", head=HEADS)[pair[1]]
    mixing = jacobian.sum(dim=(-2, -1))  # what is left of it if the map sums to 1
    for i, j in np.ndindex(jacobian.shape[:2]):
        found = two_hop(height, width, (i, j), head=pair, stride=layer.stride)
        expected = torch.einsum("cd,yx->cdyx", mixing[i, j], torch.as_tensor(found))
        torch.testing.assert_close(jacobian[i, j], expected, rtol=0, atol=1e-12)
    # one and the same channel mixing everywhere, and not a trivial one
    torch.testing.assert_close(mixing, mixing[:1, :1].expand_as(mixing), rtol=0, atol=1e-12)
    assert mixing.abs().max() > 0.1


def test_every_map_sums_to_one(layer):
    height, width = record(layer, torch.randn(2, 3, 6, 5, dtype=torch.float64))
    maps = {"a.height": height, "a.width": width}
    for head in (None, 1, (0, 1)):
        found = pixel_attention(maps, "a", (1, 2), head=head, stride=layer.stride, sample=1)
        for weights in (found.row, found.column, found.two_hop):
            assert weights.sum() == pytest.approx(1, abs=1e-12)


def test_strips_are_the_cells_own_column_and_row(layer):
    stride = layer.stride
    height, width = record(layer, torch.randn(2, 3, 6, 5, dtype=torch.float64))
    maps = {"a.height": height, "a.width": width}
    found = pixel_attention(maps, "a", (2, 1), head=(1, 0), stride=stride, sample=1)
    assert found.cell == (2 * stride, stride)
    rows = -(-6 // stride)
    np.testing.assert_array_equal(found.column, height[1 * 5 + stride, 1, 2 * stride])
    np.testing.assert_array_equal(found.row, width[1 * rows + 2, 0, stride])


def test_mean_of_all_heads_is_the_mean_over_head_pairs(layer):
    height, width = record(layer, torch.randn(1, 3, 4, 4, dtype=torch.float64))
    pairs = [
        two_hop(height, width, (1, 1), head=(a, b), stride=layer.stride)
        for a in range(HEADS)
        for b in range(HEADS)
    ]
    together = two_hop(height, width, (1, 1), stride=layer.stride)
    np.testing.assert_allclose(together, np.mean(pairs, axis=0), atol=1e-14)


@pytest.fixture
def maps():
    generator = torch.Generator().manual_seed(0)
    height = torch.randn(17, 2, 9, 9, generator=generator).softmax(-1)
    width = torch.randn(9, 2, 17, 17, generator=generator).softmax(-1)
    return {
        f"stage4.block{n}.{axis}": weights
        for n in (1, 2)
        for axis, weights in (("height", height), ("width", width))
    }


def test_layers_are_listed_in_order(maps):
    assert layers_with_both_passes(maps) == ["stage4.block1", "stage4.block2"]
    assert map_size(maps, "stage4.block2") == (9, 17)


def test_cells_are_aligned_with_the_corners_of_the_picture():
    # 129x257 pixels and 9x17 cells: a cell every 16 pixels, the nearest one is chosen
    assert [cell_at((y, 0), (129, 257), (9, 17))[0] for y in (0, 7, 8, 64, 120, 128)] == [
        0, 0, 1, 4, 8, 8,
    ]  # fmt: skip
    assert cell_at((0, 256), (129, 257), (9, 17)) == (0, 16)
    assert cell_at((0, 0), (1, 1), (1, 1)) == (0, 0)


def test_wrong_requests_name_the_remedy(maps):
    image = np.zeros((129, 257, 3), np.uint8)
    with pytest.raises(InputError, match="outside the picture of 129x257"):
        draw_pixel_attention(image, maps, (129, 0))
    with pytest.raises(InputError, match='Did you mean "stage4.block'):
        draw_pixel_attention(image, maps, (0, 0), layer="stage4.blok1")
    with pytest.raises(InputError, match=r"no head 2; this layer has heads 0\.\.1"):
        draw_pixel_attention(image, maps, (0, 0), head=2)
    with pytest.raises(InputError, match="lies outside the 9x17 map"):
        pixel_attention(maps, "stage4.block1", (9, 0))


@pytest.mark.parametrize("head", [None, 1, (0, 1)])
def test_figure_shows_cross_bars_and_map(maps, head):
    image = np.zeros((129, 257, 3), np.uint8)
    figure = draw_pixel_attention(image, maps, (64, 100), head=head)
    found = pixel_attention(
        maps, "stage4.block2", cell_at((64, 100), (129, 257), (9, 17)), head=head
    )
    cross, row_bars, column_bars, two_hops = figure.axes[:4]
    shown = cross.images[1].get_alpha() > 0
    assert shown.sum() == 9 + 17 - 1  # the column and the row, which share a cell
    assert shown[found.cell[0]].all()
    assert shown[:, found.cell[1]].all()
    np.testing.assert_allclose([bar.get_height() for bar in row_bars.patches], found.row)
    np.testing.assert_allclose([bar.get_width() for bar in column_bars.patches], found.column)
    strongest = np.unravel_index(two_hops.images[1].get_array().argmax(), (9, 17))
    assert found.two_hop[strongest] == found.two_hop.max()
    figure.canvas.draw()  # nothing fails when it is rendered


def test_description_tells_the_strongest_places():
    height, width = torch.zeros(3, 1, 2, 2), torch.zeros(2, 1, 3, 3)
    height[:, :, :, 1] = width[:, :, :, 2] = 1.0  # everybody looks at the last row and column
    found = pixel_attention({"a.height": height, "a.width": width}, "a", (0, 0))
    text = describe_attention(found, (33, 65))
    assert "asked from y=0, x=0" in text
    assert "along its row it looks most at x=64 (100 %)" in text.lower()
    assert "strongest place is y=32, x=64 (100 %)" in text
    assert "on 1 of the 6 cells" in text
