"""Relative positions: a table of vectors, one row per distance, and the index into it.

Letters: ``i`` = query position, ``j`` = key position, ``d`` = channels per head. Row
``max_distance - 1`` of a table is distance 0; a key to the right of (or below) the query has a
positive distance.

With the keys counted from the last to the first, the distance of query i and key j depends on
``i + j`` only. So the vectors of all pairs are overlapping ``windows`` of one short list, and need
no table of pairs.
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
    """Return the table's vectors of the distances ``length - 1 .. 1 - length``, in this order.

    As ``look_up``, but each distance once: ``[2 * length - 1, d]``.
    """
    reach = (table.shape[0] - 1) // 2
    if length <= reach + 1:
        return table[reach + 1 - length : reach + length].flip(0)
    distance = torch.arange(length - 1, -length, -1, device=table.device)
    return table[distance.clamp(-reach, reach) + reach]


def windows(rows: Float[Tensor, "distance d"], queries: int, keys: int) -> Float[Tensor, "i j d"]:
    """View ``distance_rows`` as the vectors of (query, key) pairs, the keys from last to first.

    Element (i, j) is row ``i + j``: the view takes no memory.
    """
    step, along = rows.stride()  # a table may lie in memory column by column
    return rows.as_strided((queries, keys, rows.shape[1]), (step, step, along))


def add_to_windows(
    rows: Float[Tensor, "distance d"],
    vectors: Float[Tensor, "i j d"],
    buffer: Float[Tensor, "few width d"] | None = None,
) -> None:
    """Add each vector to the row that stands at its place in ``windows``: to row ``i + j``.

    In place: the gradient of ``windows``. ``buffer`` may be lent: of ``min(i, j)`` lines of
    ``i + j - 1`` rows.
    """
    if vectors.shape[0] > vectors.shape[1]:  # the fewer of the two stand below each other
        vectors = vectors.transpose(0, 1)
    few, many, depth = vectors.shape
    width = few + many - 1
    if buffer is None:
        buffer = vectors.new_empty(few, width, depth)
    # each line is written a step further to the right, so that equal sums come to lie in columns
    shape, strides = (few, many, depth), ((width + 1) * depth, depth, 1)
    buffer.zero_().as_strided(shape, strides, buffer.storage_offset()).copy_(vectors)
    rows[:width] += buffer.sum(0)
