"""Lesson 03's functions: from two places to a distance, from a distance to a vector or a score.

Letters: ``i`` = query place, ``j`` = key place, ``r`` = row of a table, ``d`` = channels. For a
line of L places a table has 2 L - 1 rows, for the distances 1 - L .. L - 1; row L - 1 is
distance 0.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, Int
from torch import Tensor


def relative_index(lq: int, lk: int) -> Int[Tensor, "i j"]:
    """Return the table row of every pair of a query and a key: their distance, from 0 up."""
    query, key = torch.arange(lq), torch.arange(lk)
    distance = rearrange(key, "j -> 1 j") - rearrange(query, "i -> i 1")
    return distance + lq - 1


def lookup_rel(table: Float[Tensor, "r d"], idx: Int[Tensor, "i j"]) -> Float[Tensor, "i j d"]:
    """Return the table's vector of every pair."""
    return table[idx]


def skew(x: Float[Tensor, "*any i r"]) -> Float[Tensor, "*any i j"]:
    """Turn scores per distance into scores per key: ``[..., L, 2 L - 1]`` -> ``[..., L, L]``.

    With a pad, rows are 2 L long. Laid one after the other and cut into rows of 2 L - 1 again, each
    begins one place further to the left than the row above: the step from query to query.
    """
    length = x.shape[-2]
    padded = F.pad(x, (0, 1))
    flat = rearrange(padded, "... i r -> ... (i r)")[..., length - 1 : -1]
    return rearrange(flat, "... (i r) -> ... i r", i=length)[..., :length]


def resize_table(table: Float[Tensor, "r d"], new_len: int) -> Float[Tensor, "new_r d"]:
    """Stretch or shrink a table for lines of ``new_len`` places; the center stays the center.

    The farthest distance becomes the farthest one, and those between are interpolated linearly.
    """
    if new_len == 1:  # the only distance is 0
        return table[len(table) // 2][None]
    stretched = F.interpolate(
        rearrange(table, "r d -> 1 d r"), size=2 * new_len - 1, mode="linear", align_corners=True
    )
    return rearrange(stretched, "1 d r -> r d").contiguous()
