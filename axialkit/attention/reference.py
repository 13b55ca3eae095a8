"""Position-sensitive attention as the paper writes it, one line per term: the definition.

Axial-DeepLab (Wang et al., ECCV 2020), equation 4, with deeplab2's batch norms. Everything here
stores whole attention maps: made for reading, recording and as the truth of every test.

Letters: ``b`` = sequences, ``i`` = query position, ``j`` = key position, ``d`` = channels per
head; ``r_q``, ``r_k``, ``r_v`` are the relative position vectors ``[i j d]`` that all heads share.
"""

from typing import NamedTuple

from einops import einsum
from jaxtyping import Float
from torch import Tensor


class Terms(NamedTuple):
    """Which terms of the formula are used; all of them in the published networks."""

    content: bool = True  # q . k in the logits
    query_position: bool = True  # q . r_q
    key_position: bool = True  # k . r_k
    value_content: bool = True  # v in the output
    value_position: bool = True  # r_v

    @property
    def logits(self) -> int:
        """Number of terms in the logits, 1..3."""
        return sum(self[:3])

    @property
    def outputs(self) -> int:
        """Number of terms in the output, 1 or 2."""
        return sum(self[3:])


def content_logits(
    q: Float[Tensor, "b head i d"], k: Float[Tensor, "b head j d"]
) -> Float[Tensor, "b head i j"]:
    """``q . k``: what the query looks for meets what the key offers. No 1/sqrt(d)."""
    return einsum(q, k, "b head i d, b head j d -> b head i j")


def query_position_logits(
    q: Float[Tensor, "b head i d"], r_q: Float[Tensor, "i j d"]
) -> Float[Tensor, "b head i j"]:
    """``q . r_q``: the query prefers certain distances."""
    return einsum(q, r_q, "b head i d, i j d -> b head i j")


def key_position_logits(
    k: Float[Tensor, "b head j d"], r_k: Float[Tensor, "i j d"]
) -> Float[Tensor, "b head i j"]:
    """``k . r_k``: the key wants to be seen from certain distances."""
    return einsum(k, r_k, "b head j d, i j d -> b head i j")


def retrieved_content(
    weights: Float[Tensor, "b head i j"], v: Float[Tensor, "b head j d"]
) -> Float[Tensor, "b head i d"]:
    """Gather the values under the weights: *what* is there."""
    return einsum(weights, v, "b head i j, b head j d -> b head i d")


def retrieved_position(
    weights: Float[Tensor, "b head i j"], r_v: Float[Tensor, "i j d"]
) -> Float[Tensor, "b head i d"]:
    """Gather the position vectors under the weights: *where* it is."""
    return einsum(weights, r_v, "b head i j, i j d -> b head i d")
