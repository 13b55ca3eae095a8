"""Position-sensitive attention by torch's ``scaled_dot_product_attention``: cuDNN and its likes.

The position terms of the logits become an additive bias. That bias is an attention map, length x
length, in the precision of the queries: one map instead of the definition's three and their sum.
The retrieved positions need the weights, which a kernel does not return: ``kernels.Route`` says how
they are had. Exact on every route, and differentiable.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor
from torch.nn.attention import sdpa_kernel

from axialkit.attention.fused import Attention
from axialkit.attention.kernels import SDPA_BACKENDS, Choice, Kernel, call_depths
from axialkit.attention.operators import fused_attention
from axialkit.attention.positions import windows

Bias = Float[Tensor, "b head i j"]


def sdpa_attention(attention: Attention, choice: Choice) -> Float[Tensor, "b length term head e"]:
    """Retrieve content and position, those that are on, with one kernel and one route.

    The bias is a whole attention map in the precision of the queries, in training kept for the
    backward pass. **No GPU has run this yet, and no GPU time was taken**; on CPUs it is tested with
    every kernel that they have.
    """
    kernel, route, _ = choice
    q, k = _scaled(attention)
    bias = _bias(attention)
    v, rows = attention.v, attention.value_rows
    retrieved = []
    if route == "extended":
        both = _call(kernel, q, k, torch.cat([v, _unit_vectors(v)], dim=-1), bias)
        content, weights = both.split([v.shape[-1], v.shape[2]], dim=-1)
        retrieved = [content, _positions(weights, rows)]
    else:
        if attention.value_content:
            retrieved.append(_call(kernel, q, k, v, bias))
        if route == "identity":
            retrieved.append(_positions(_call(kernel, q, k, _unit_vectors(v), bias), rows))
    outputs = rearrange(retrieved, "term b head length e -> b length term head e")
    if route == "recomputed":
        positions = fused_attention(attention._replace(value_content=False))
        outputs = torch.cat([outputs, positions], dim=2)
    return outputs


def _scaled(
    attention: Attention,
) -> tuple[Float[Tensor, "b head i d"], Float[Tensor, "b head j d"]]:
    """Multiply the content's scale into the queries; zero them where the content is off."""
    scale = attention.scale[0] if attention.content else torch.zeros_like(attention.scale[0])
    # a softmax ignores the shift; yet every parameter gets a gradient: zero
    scale = scale + 0 * attention.shift
    q = attention.q * scale[:, None, None].to(attention.q.dtype)
    return q, attention.k


def _bias(attention: Attention) -> Bias | None:
    """Sum up the position terms; both have their keys from last to first at first."""
    terms = []
    if attention.query_rows is not None:
        scale = attention.scale[1, :, None, None]
        terms.append(_position_logits(attention.q * scale, attention.query_rows))
    if attention.key_rows is not None:
        scale = attention.scale[2, :, None, None]
        terms.append(_position_logits((attention.k * scale).flip(2), attention.key_rows).mT)
    if not terms:
        return None
    return sum(terms[1:], terms[0]).flip(3).to(attention.q.dtype).contiguous()


def _position_logits(
    x: Float[Tensor, "b head i d"], rows: Float[Tensor, "distance d"]
) -> Float[Tensor, "b head i j"]:
    """Multiply with the vectors of all distances; the other side comes back from last to first."""
    length = x.shape[2]
    vectors = windows(rows.to(x.dtype), length, length)
    products = torch.matmul(rearrange(x, "b head i d -> i (b head) d"), vectors.mT)
    return rearrange(products.unflatten(1, x.shape[:2]), "i b head j -> b head i j")


def _positions(
    weights: Float[Tensor, "b head i j"], rows: Float[Tensor, "distance e"] | None
) -> Float[Tensor, "b head i e"]:
    assert rows is not None
    length = weights.shape[2]
    vectors = windows(rows.to(weights.dtype), length, length)
    retrieved = torch.matmul(rearrange(weights.flip(3), "b head i j -> i (b head) j"), vectors)
    return rearrange(retrieved.unflatten(1, weights.shape[:2]), "i b head e -> b head i e")


def _unit_vectors(v: Float[Tensor, "b head j e"]) -> Float[Tensor, "b head j j"]:
    """Return values under which attention retrieves its own weights."""
    sequences, heads, length, _ = v.shape
    return torch.eye(length, dtype=v.dtype, device=v.device).expand(sequences, heads, -1, -1)


def _call(
    kernel: Kernel,
    q: Float[Tensor, "b head i d"],
    k: Float[Tensor, "b head j d"],
    v: Float[Tensor, "b head j e"],
    bias: Bias | None,
) -> Float[Tensor, "b head i e"]:
    depth = v.shape[-1]
    keys, values = call_depths(kernel, q.shape[-1], depth)
    q, k = (F.pad(x, (0, keys - x.shape[-1])) for x in (q, k))
    v = F.pad(v, (0, values - depth))
    with sdpa_kernel([SDPA_BACKENDS[kernel]]):
        return F.scaled_dot_product_attention(q, k, v, bias, scale=1.0)[..., :depth]
