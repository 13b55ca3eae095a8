import pytest
import torch
from torch import nn

from axialkit.model.convolutions import ConvNormAct, SeparableConv, SqueezeExcite
from tests.golden_layers import check_layer, meta


@pytest.mark.parametrize(
    "case", ["conv3x3s2_even", "conv3x3s2_odd", "conv7x7s2_even", "conv7x7s2_odd"]
)
def test_strided_convolution_equals_the_reference(case, load_golden):
    arrays = load_golden(f"model/layers/{case}.npz")
    size, _, channels_in, channels_out = arrays["var/_conv/kernel"].shape
    act = nn.ReLU if meta(arrays)["kind"].endswith("relu") else nn.Identity
    check_layer(ConvNormAct(channels_in, channels_out, size, stride=2, activation=act), arrays)


def test_separable_convolution_equals_the_reference(load_golden):
    check_layer(SeparableConv(5, 7), load_golden("model/layers/sepconv5x5.npz"))


def test_squeeze_and_excite_equals_the_reference(load_golden):
    check_layer(SqueezeExcite(6), load_golden("model/layers/se_simplified.npz"))


def test_pointwise_product_equals_a_convolution():
    layer = ConvNormAct(3, 5).conv
    x = torch.randn(2, 3, 4, 6)
    torch.testing.assert_close(layer(x), torch.conv2d(x, layer.weight))
