"""Why fast is fast: operations per byte, honest clocks, and the terms that survive fusion.

Letters: ``b`` = sequences, ``i`` = query position, ``j`` = key position, ``d``, ``e`` = channels
per head of keys and values; ``r_q``, ``r_k``, ``r_v`` are the position vectors ``[i j d]``.
"""

import statistics
from collections.abc import Callable

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

Pairs = Float[Tensor, "i j d"]


def arithmetic_intensity(op: str, n: int, length: int, depth: int, size: int) -> float:
    """Return the operations per byte that an operation on ``n`` heads of lines moves at least.

    ``op`` is "add", "scores", "stored" or "fused"; ``size`` is in bytes per number.
    """
    vectors, maps = n * length * depth, n * length * length
    flops, numbers = {
        "add": (vectors, 3 * vectors),
        "scores": (2 * maps * depth, 2 * vectors + maps),
        # scores written, read, weights written, read
        "stored": (4 * maps * depth, 4 * vectors + 4 * maps),
        "fused": (4 * maps * depth, 4 * vectors),
    }[op]
    return flops / (numbers * size)


def attainable(intensity: float, peak: float, bandwidth: float) -> float:
    """Return the roofline: operations per second, at most, at that intensity."""
    return min(peak, intensity * bandwidth)


def bench(
    run: Callable[[], object], sync: Callable[[], object], clock: Callable[[], float]
) -> float:
    """Return the median seconds of five runs, after two to warm up.

    ``sync`` waits until the device is done: before the clock starts, else older work is counted,
    and before it stops, else the run's own is not.
    """
    for _ in range(2):
        run()
    seconds = []
    for _ in range(5):
        sync()
        begin = clock()
        run()
        sync()
        seconds.append(clock() - begin)
    return statistics.median(seconds)


def position_bias(
    q: Float[Tensor, "b head i d"], k: Float[Tensor, "b head j d"], tables: tuple[Pairs, Pairs]
) -> Float[Tensor, "b head i j"]:
    """Return ``q . r_q + k . r_k``: added to ``q . k``, it gives position-sensitive logits.

    As ``attn_mask`` of torch's ``scaled_dot_product_attention``, with ``scale=1``.
    """
    r_q, r_k = tables
    query_position = einsum(q, r_q, "b head i d, i j d -> b head i j")
    key_position = einsum(k, r_k, "b head j d, i j d -> b head i j")
    return query_position + key_position


def value_rel_from_lse(
    logits_of: Callable[[slice], Float[Tensor, "b head i some"]],
    lse: Float[Tensor, "b head i"],
    r_v: Float[Tensor, "i j e"],
    block: int,
) -> Float[Tensor, "b head i e"]:
    """Retrieve the positions under weights that were never stored, a block of keys at a time.

    ``logits_of(keys)`` computes the logits of some keys anew; ``lse`` is the logarithm of the sum
    of the exponentials over all keys, which the first pass has kept: ``p = exp(logits - lse)``.
    """
    retrieved = torch.zeros(*lse.shape, r_v.shape[-1], dtype=lse.dtype, device=lse.device)
    for start in range(0, r_v.shape[1], block):
        keys = slice(start, start + block)
        weights = (logits_of(keys) - lse[..., None]).exp()
        retrieved = retrieved + einsum(weights, r_v[:, keys], "b head i j, i j e -> b head i e")
    return retrieved


def logits_moments(
    q: Float[Tensor, "b head i d"], k: Float[Tensor, "b head j d"]
) -> tuple[Float[Tensor, " head"], Float[Tensor, " head"]]:
    """Return mean and variance of all ``q_i . k_j`` per head, without forming one of them.

    The sum of the squares is the product of two Gram matrices, ``sum_i q_i q_i^T`` and
    ``sum_j k_j k_j^T``: depth x depth instead of length x length.
    """
    numbers = q.shape[0] * q.shape[2] * k.shape[2]
    total = einsum(q.sum(2), k.sum(2), "b head d, b head d -> head")
    gram_q = einsum(q, q, "b head i d, b head i c -> b head d c")
    gram_k = einsum(k, k, "b head j d, b head j c -> b head d c")
    squares = einsum(gram_q, gram_k, "b head d c, b head d c -> head")
    mean = total / numbers
    return mean, squares / numbers - mean**2
