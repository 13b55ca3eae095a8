"""Relative positions: a table of vectors, one row per distance, and the index into it.

Letters: ``i`` = query position, ``j`` = key position, ``d`` = channels per head. Row
``max_distance - 1`` of a table is distance 0; a key to the right of (or below) the query has a
positive distance.

*Skewing* turns distances into columns without a copy. Row i of a ``[rows, width]`` buffer, read
with the stride ``width - 1`` from its element ``rows - 1 - i`` on, is shifted by one more than the
row before; so what lies in one column of the buffer has one distance ``j - i``.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

MAX_DISTANCE = 255  # the reference's tables have 2 * 255 - 1 = 509 rows, for every axis length


def relative_index(
    length: int, max_distance: int = MAX_DISTANCE, device: torch.device | None = None
) -> Int[Tensor, "i j"]:
    """Return the table row of every (query, key) pair: ``j - i + max_distance - 1``.

    Distances beyond the table are clipped to its end rows, so any length works.
    """
    position = torch.arange(length, device=device)
    distance = position[None, :] - position[:, None]
    return distance.clamp(1 - max_distance, max_distance - 1) + max_distance - 1


def position_table(channels: int, max_distance: int = MAX_DISTANCE) -> nn.Parameter:
    """Make a table ``[2 * max_distance - 1, channels]``, truncated normal of sigma 1."""
    table = torch.empty(2 * max_distance - 1, channels)
    return nn.Parameter(nn.init.trunc_normal_(table, std=1.0, a=-2.0, b=2.0))


def look_up(table: Float[Tensor, "row d"], length: int) -> Float[Tensor, "i j d"]:
    """Return the table's vector for every (query, key) pair of an axis of that length."""
    max_distance = (table.shape[0] + 1) // 2
    return table[relative_index(length, max_distance, table.device)]


def distance_rows(table: Float[Tensor, "row d"], length: int) -> Float[Tensor, "distance d"]:
    """Return the table's vectors of the distances ``1 - length .. length - 1``, in this order.

    As ``look_up``, but each distance once: ``[2 * length - 1, d]``.
    """
    reach = (table.shape[0] - 1) // 2
    if length <= reach + 1:
        return table[reach + 1 - length : reach + length]
    distance = torch.arange(1 - length, length, device=table.device)
    return table[distance.clamp(-reach, reach) + reach]


def skewed(buffer: Float[Tensor, "pair rows width"]) -> Float[Tensor, "pair rows columns"]:
    """View a contiguous buffer so that element (i, j) of the view has column ``j - i + rows - 1``.

    The view has ``width - rows + 1`` columns; writing to it writes to the buffer.
    """
    pairs, rows, width = buffer.shape
    return buffer.as_strided(
        (pairs, rows, width - rows + 1),
        (rows * width, width - 1, 1),
        buffer.storage_offset() + rows - 1,
    )


def unskewed(maps: Float[Tensor, "pair rows columns"]) -> Float[Tensor, "pair rows width"]:
    """Return a buffer of zeros with ``maps`` in its ``skewed`` view; differentiable."""
    pairs, rows, columns = maps.shape
    width = columns + rows - 1
    return torch.as_strided_scatter(
        maps.new_zeros(pairs, rows, width),
        maps,
        (pairs, rows, columns),
        (rows * width, width - 1, 1),
        rows - 1,
    )
