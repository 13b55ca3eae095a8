"""Lesson 07's functions against torch's attention, stored maps, autograd and a fake clock."""

import pytest
import torch
from torch.nn import functional as F

from axialkit.attention.reference import content_logits, retrieved_position
from axialkit.attention.statistics import materialized_moments
from axialkit.course import roofline


def test_operations_and_bytes_by_hand() -> None:
    shape = (2, 3, 5, 4)
    products = [torch.ones(2, 3, 5, 4), torch.ones(2, 3, 5, 5)]
    assert roofline.attention_flops(*shape) == 2 * (products[1].numel() * 4 * 2)
    fused = roofline.attention_bytes(*shape, 4, fused=True)
    stored = roofline.attention_bytes(*shape, 4, fused=False)
    assert fused == 4 * products[0].nbytes
    assert stored - fused == 4 * products[1].nbytes
    # fused: length / size operations per byte, whatever the depth
    assert roofline.arithmetic_intensity(*shape, 4, fused=True) == pytest.approx(5 / 4)
    assert roofline.attainable(2.0, peak=10.0, bandwidth=3.0) == 6.0
    assert roofline.attainable(9.0, peak=10.0, bandwidth=3.0) == 10.0


@pytest.mark.parametrize("length", [1, 5, 33, 65])
def test_bias_and_second_pass_give_the_definition(length: int) -> None:
    q, k, v = torch.randn(3, 2, 3, length, 4, dtype=torch.float64)
    r_q, r_k, r_v = torch.randn(3, length, length, 4, dtype=torch.float64)
    bias = roofline.position_bias(q, k, (r_q, r_k))
    logits = content_logits(q, k) + bias
    weights = logits.softmax(-1)
    got = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)
    torch.testing.assert_close(got, weights @ v)
    got = roofline.value_rel_from_lse(lambda b: logits[:, :, b], logits.logsumexp(-1), r_v)
    torch.testing.assert_close(got, retrieved_position(weights, r_v))


def test_the_second_pass_has_gradients() -> None:
    logits = torch.randn(1, 2, 5, 5, dtype=torch.float64, requires_grad=True)
    r_v = torch.randn(5, 5, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda x, r: roofline.value_rel_from_lse(lambda b: x[:, :, b], x.logsumexp(-1), r),
        (logits, r_v),
    )


def test_moments_are_those_of_the_stored_logits() -> None:
    q, k = torch.randn(2, 3, 2, 7, 4, dtype=torch.float64) + 1
    expected = materialized_moments([content_logits(q, k)]).mean_and_variance()
    for got, want in zip(roofline.logits_moments(q, k), expected, strict=True):
        torch.testing.assert_close(got, want[0])


def test_bench_waits_warms_up_and_takes_the_median() -> None:
    """A device that works on its own: runs only queue, and one of them is slow."""
    now, queued = [0.0], [0.0]
    costs = iter([50.0, 20.0, 1.0, 1.0, 9.0, 1.0, 1.0])

    def run() -> None:
        queued[0] += next(costs)

    def sync() -> None:
        now[0] += queued[0]
        queued[0] = 0.0

    queued[0] = 100.0  # older work
    assert roofline.bench(run, lambda: now[0], sync) == 1.0
