import pytest
import torch

from axialkit.attention import batch_norm
from axialkit.attention.batch_norm import BatchNorm, exact_batch_norm, native_batch_norm
from tests.golden_layers import check_layer


@pytest.mark.parametrize(("case", "unbiased"), [("bn4d_sync", False), ("bn4d_plain", True)])
def test_equals_the_reference(case, unbiased, load_golden):
    check_layer(BatchNorm(5, unbiased=unbiased), load_golden(f"model/layers/{case}.npz"))


def test_moving_variance_is_biased():
    norm = BatchNorm(2)
    x = torch.randn(2, 2, 2)
    norm(x)
    biased = x.transpose(0, 1).flatten(1).var(dim=1, unbiased=False)
    torch.testing.assert_close(norm.running_var, 0.99 + 0.01 * biased)


@pytest.mark.parametrize(
    ("shape", "terms"), [((3, 4), 1), ((5, 4), 2), ((2, 3, 5), 1), ((2, 6, 5, 7), 3)]
)
def test_gradients_are_exact(shape, terms, monkeypatch):
    monkeypatch.setattr(batch_norm, "_BLOCK", 2 * shape[1])  # several blocks, the last smaller
    torch.manual_seed(0)
    channels = shape[1]
    x = torch.randn(*shape, dtype=torch.float64, requires_grad=True)
    weight, bias = (torch.randn(channels, dtype=torch.float64, requires_grad=True) for _ in "wb")
    assert torch.autograd.gradcheck(
        lambda *args: exact_batch_norm(*args, terms)[0], (x, weight, bias)
    )
    *ours, count = exact_batch_norm(x, weight, bias, terms)
    *truths, true_count = native_batch_norm(x, weight, bias, terms)
    assert float(count) == true_count
    for value, truth in zip(ours, truths, strict=True):
        torch.testing.assert_close(value, truth)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_large_maps_stay_precise(layout):
    """Torch's own kernel is off by 1e-5 here in channels-last order."""
    torch.manual_seed(0)
    x = (torch.randn(2, 8, 129, 257) * 3 + 2).contiguous(memory_format=layout)
    weight, bias = torch.ones(8), torch.zeros(8)
    ours = exact_batch_norm(x, weight, bias)
    truth = native_batch_norm(x.double(), weight.double(), bias.double())
    for value, exact in zip(ours[:3], truth[:3], strict=True):
        assert (value - exact).abs().max() < 2e-6
    assert ours[0].is_contiguous(memory_format=layout)


def test_half_precision_activations_meet_float32_statistics():
    torch.manual_seed(0)
    norm = BatchNorm(8)
    x = torch.randn(2, 8, 9, 17).contiguous(memory_format=torch.channels_last)
    exact = norm(x)
    mixed = norm(x.bfloat16())
    assert mixed.dtype == torch.bfloat16 and norm.running_mean.dtype == torch.float32
    torch.testing.assert_close(mixed.float(), exact, rtol=0.02, atol=0.02)
