"""Every kernel of this machine, by every way to the positions under the weights."""

import pytest
import torch

from axialkit.attention import AxialAttention1d
from axialkit.attention.fused import Attention
from axialkit.attention.kernels import Choice
from axialkit.attention.sdpa import sdpa_attention

ROUTES = ["extended", "identity", "recomputed"]


def example(dtype):
    torch.manual_seed(0)
    layer = AxialAttention1d(12, 8, 16, heads=2).eval()
    with torch.no_grad():
        q, k, v = layer.project(torch.randn(5, 9, 12))
        expected = layer.retrieve(layer.activation(layer.logits(q, k)), v)
        attention = Attention(*(x.to(dtype) for x in (q, k, v)), *layer.formula(9))
    return layer, attention, expected


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("kernel", ["flash", "math"])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)], ids=["f32", "bf16"]
)
def test_equals_the_definition(kernel, route, dtype, tolerance):
    layer, attention, expected = example(dtype)
    with torch.no_grad():
        outputs = sdpa_attention(attention, Choice(kernel, route, {}))
        assert outputs.dtype == dtype
        found = layer.sum_outputs(outputs.float())
    assert (found - expected).abs().max() <= tolerance * expected.abs().max()


@pytest.mark.parametrize("route", ROUTES)
def test_gradients_on_every_route(route):
    _, attention, _ = example(torch.float64)
    attention = Attention(*(x.double() for x in attention[:8]), *attention[8:])
    sources = [x.detach().requires_grad_() for x in attention[:7]]

    def outputs(*sources):
        return sdpa_attention(Attention(*sources, *attention[7:]), Choice("math", route, {}))

    assert torch.autograd.gradcheck(outputs, sources, fast_mode=True)
