"""Why fast is fast: operations per byte, the terms that survive fusion, and honest clocks.

Letters: ``b`` = sequences, ``i`` = query position, ``j`` = key position, ``d``, ``e`` = channels
per head of keys and values; ``r_q``, ``r_k``, ``r_v`` are the position vectors ``[i j d]``.
"""

import statistics
from collections.abc import Callable

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.reference import key_position_logits, query_position_logits

_BLOCK = 32  # queries worked on at a time
WARM_UP, REPEATS = 2, 5


def attention_flops(sequences: int, heads: int, length: int, depth: int) -> int:
    """Count the operations of q . k and of the weighted values, two per multiply-add."""
    return 2 * 2 * sequences * heads * length * length * depth


def attention_bytes(
    sequences: int, heads: int, length: int, depth: int, size: int, *, fused: bool
) -> int:
    """Count the bytes that must move between memory and processor, ``size`` per number.

    Fused: q, k and v are read, the answer is written. Materialized: beside these the scores are
    written and read by the softmax, and the weights are written and read by the values.
    """
    vectors = 4 * sequences * heads * length * depth
    maps = 0 if fused else 4 * sequences * heads * length * length
    return (vectors + maps) * size


def arithmetic_intensity(
    sequences: int, heads: int, length: int, depth: int, size: int, *, fused: bool
) -> float:
    """Return the operations per byte moved: what decides which roof attention stands under."""
    moved = attention_bytes(sequences, heads, length, depth, size, fused=fused)
    return attention_flops(sequences, heads, length, depth) / moved


def attainable(intensity: float, peak: float, bandwidth: float) -> float:
    """Return the roofline: operations per second, at most, at that intensity."""
    return min(peak, intensity * bandwidth)


def position_bias(
    q: Float[Tensor, "b head i d"],
    k: Float[Tensor, "b head j d"],
    tables: tuple[Float[Tensor, "i j d"], Float[Tensor, "i j d"]],
) -> Float[Tensor, "b head i j"]:
    """Return ``q . r_q + k . r_k``: added to ``q . k``, it gives position-sensitive logits.

    As ``attn_mask`` of torch's ``scaled_dot_product_attention``, with ``scale=1``.
    """
    r_q, r_k = tables
    return query_position_logits(q, r_q) + key_position_logits(k, r_k)


def value_rel_from_lse(
    logits_of: Callable[[slice], Float[Tensor, "b head block j"]],
    lse: Float[Tensor, "b head i"],
    r_v: Float[Tensor, "i j e"],
) -> Float[Tensor, "b head i e"]:
    """Retrieve the positions under weights that were never stored, a block of queries at a time.

    ``logits_of(block)`` computes the logits of some queries anew; ``lse`` is the logarithm of the
    sum of their exponentials, which the first pass has kept: ``p = exp(logits - lse)``.
    """
    retrieved = []
    for start in range(0, lse.shape[2], _BLOCK):
        block = slice(start, min(start + _BLOCK, lse.shape[2]))
        weights = (logits_of(block) - lse[:, :, block, None]).exp()
        retrieved.append(einsum(weights, r_v[block], "b head i j, i j e -> b head i e"))
    return torch.cat(retrieved, dim=2)


def logits_moments(
    q: Float[Tensor, "b head i d"], k: Float[Tensor, "b head j d"]
) -> tuple[Float[Tensor, " head"], Float[Tensor, " head"]]:
    """Return mean and biased variance of all ``q_i . k_j`` per head, without forming one of them.

    The sum of the squares is the product of two Gram matrices, ``sum_i q_i q_i^T`` and
    ``sum_j k_j k_j^T``: depth x depth instead of length x length.
    """
    numbers = q.shape[0] * q.shape[2] * k.shape[2]
    total = einsum(q.sum(2), k.sum(2), "b head d, b head d -> head")
    gram_q, gram_k = (einsum(x, x, "b head l d, b head l c -> b head d c") for x in (q, k))
    squares = einsum(gram_q, gram_k, "b head d c, b head d c -> head")
    mean = total / numbers
    return mean, (squares / numbers - mean * mean).clamp(min=0)


def bench(
    run: Callable[[], object], clock: Callable[[], float], sync: Callable[[], object]
) -> float:
    """Return the median seconds of a run, after some to warm up.

    ``sync`` waits until the device is done: before the clock starts, else older work is counted,
    and before it stops, else the run's own is not.
    """
    seconds = []
    for number in range(WARM_UP + REPEATS):
        sync()
        begin = clock()
        run()
        sync()
        if number >= WARM_UP:
            seconds.append(clock() - begin)
    return statistics.median(seconds)
