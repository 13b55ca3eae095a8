"""Lesson 05's counting: the parameters of a backbone, by arithmetic over its rows."""

from axialkit.model.stages import Stage, Table


def conv_parameters(kernel: int, in_channels: int, out_channels: int) -> int:
    """Count a convolution without bias, and the scale and shift of the batch norm behind it."""
    return kernel * kernel * in_channels * out_channels + 2 * out_channels


def hop_parameters(in_channels: int, keys: int, values: int, heads: int, reach: int) -> int:
    """Count one axial attention layer: projection, position tables, three batch norms.

    ``keys`` and ``values`` are channels over all heads; the heads share the tables, which tell
    ``reach`` positions apart in each direction.
    """
    projected = 2 * keys + values
    projection = in_channels * projected
    tables = (2 * reach - 1) * projected // heads
    norms = 2 * (projected + 3 * heads + 2 * values)  # of projection, three logits, two outputs
    return projection + tables + norms


def count_params(table: Table) -> int:
    """Count the trainable numbers of a backbone from its table alone.

    Rows of kind "basic", "bottleneck" and "axial" are known.
    """
    total, channels = 0, 3
    for kernel, out in table.stem:
        total += conv_parameters(kernel, channels, out)
        channels = out
    for row in table.stages:
        for _ in range(row.depth):
            out = row.filters[-1]
            total += branch_parameters(table, row, channels)
            total += conv_parameters(1, channels, out) if channels != out else 0
            channels = out
    return total


def branch_parameters(table: Table, row: Stage, channels: int) -> int:
    """Count the branch of one block of a row, of the three kinds; its shortcut is not in it."""
    if row.block == "basic":
        c1, c2 = row.filters
        return conv_parameters(3, channels, c1) + conv_parameters(3, c1, c2)
    c1, base, c3 = row.filters
    if row.block == "bottleneck":
        middle, inside = conv_parameters(3, c1, base), base
    else:
        keys, inside = (base * factor for factor in table.expansion)
        first = hop_parameters(c1, keys, inside, table.heads, table.max_distance)
        middle = first + hop_parameters(inside, keys, inside, table.heads, table.max_distance)
    return conv_parameters(1, channels, c1) + middle + conv_parameters(1, inside, c3)
