"""Networks with a part switched off, against layers whose parameters say the same."""

import copy

import pytest
import torch

from axialkit.attention import AxialAttention2d, attention_backend
from axialkit.attention.ablate import without_axis, without_positions
from axialkit.errors import InputError


@pytest.fixture
def layer():
    torch.manual_seed(1)
    layer = AxialAttention2d(6, 4, 8, heads=2).eval()
    for part in (layer.height, layer.width):
        for norm in (part.norm_qkv, part.norm_logits, part.norm_output):
            torch.nn.init.uniform_(norm.weight, 0.5, 2)
            torch.nn.init.normal_(norm.bias)
            torch.nn.init.normal_(norm.running_mean)
    return layer


@pytest.fixture
def image():
    return torch.randn(2, 6, 3, 5)


@pytest.mark.parametrize("backend", ["reference", "fused"])
def test_without_positions_is_a_layer_with_empty_tables(layer, image, backend):
    bare = copy.deepcopy(layer)
    for part in (bare.height, bare.width):
        for table in (part.query_table, part.key_table, part.value_table):
            torch.nn.init.zeros_(table)
    before = layer(image)
    with torch.no_grad(), attention_backend(layer, backend), without_positions(layer):
        found = layer(image)
    torch.testing.assert_close(found, bare(image))
    torch.testing.assert_close(layer(image), before, rtol=0, atol=0)


def test_without_the_width_pass_no_column_hears_of_another(layer, image):
    changed = image.clone()
    changed[..., 0] += 1
    with torch.no_grad(), without_axis(layer, "width"):
        one, other = layer(image), layer(changed)
    torch.testing.assert_close(one[..., 1:], other[..., 1:])
    assert not torch.allclose(one[..., 0], other[..., 0])


def test_without_the_height_pass_each_row_is_on_its_own(layer, image):
    changed = image.clone()
    changed[:, :, 2] += 1
    with torch.no_grad(), without_axis(layer, "height"):
        one, other = layer(image), layer(changed)
    torch.testing.assert_close(one[:, :, :2], other[:, :, :2])
    assert not torch.allclose(one[:, :, 2], other[:, :, 2])


def test_a_map_of_one_row_needs_no_height_pass(layer):
    image = torch.randn(1, 6, 1, 5)
    with torch.no_grad(), without_axis(layer, "height"):
        found = layer(image)
    torch.testing.assert_close(found, layer(image))


def test_errors(layer, image):
    with pytest.raises(InputError, match='no axis "depth"'), without_axis(layer, "depth"):
        pass
    with pytest.raises(InputError, match="model.eval"), without_positions(layer.train()):
        pass
