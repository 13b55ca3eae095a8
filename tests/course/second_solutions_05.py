"""Right answers to lesson 05, independent of the package: other torch functions, loops, search."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from axialkit.course.recorded_block import WORDS


def block_by_pooling(  # noqa: PLR0913
    x: torch.Tensor,
    reduce: Callable,
    height: Callable,
    width: Callable,
    expand: Callable,
    project: Callable | None = None,
    stride: int = 1,
) -> torch.Tensor:
    active = torch.clamp(x, min=0)
    rows = torch.arange(0, x.shape[2], stride)
    columns = torch.arange(0, x.shape[3], stride)
    seen = width(height(reduce(active)))
    seen = seen.index_select(2, rows).index_select(3, columns)
    if project is not None:
        return torch.add(project(active), expand(F.relu(seen)))
    return active.index_select(2, rows).index_select(3, columns) + expand(F.relu(seen))


def stage_by_loop(
    make_block: Callable, in_channels: int, out_channels: int, depth: int, stride: int
) -> tuple[Any, ...]:
    blocks: tuple[Any, ...] = ()
    while len(blocks) < depth:
        blocks += (make_block(in_channels, out_channels, stride),)
        in_channels, stride = out_channels, 1
    return blocks


def params_by_shapes(table: Any) -> int:
    """Lays out every tensor as a shape, and sums their sizes."""
    shapes: list[tuple[int, ...]] = []
    here = 3
    for kernel, there in table.stem:
        shapes += conv_shapes(kernel, here, there)
        here = there
    for row in table.stages:
        for _ in range(row.depth):
            shapes += branch_shapes(table, row, here)
            shapes += conv_shapes(1, here, row.filters[-1]) * (here != row.filters[-1])
            here = row.filters[-1]
    return int(sum(np.prod(shape) for shape in shapes))


def conv_shapes(k: int, i: int, o: int) -> list[tuple[int, ...]]:
    return [(o, i, k, k), (o,), (o,)]


def hop_shapes(table: Any, i: int, keys: int, values: int) -> list[tuple[int, ...]]:
    every, h, n = 2 * keys + values, table.heads, 2 * table.max_distance - 1
    norms = [(every,), (every,), (3, h), (3, h), (2, values), (2, values)]
    return [(every, i), *norms, (n, keys // h), (n, keys // h), (n, values // h)]


def branch_shapes(table: Any, row: Any, here: int) -> list[tuple[int, ...]]:
    first, *inner, there = row.filters
    if row.block == "basic":
        return conv_shapes(3, here, first) + conv_shapes(3, first, there)
    (base,) = last = inner
    if row.block == "axial":
        keys, values = (base * e for e in table.expansion)
        last = [values]
        middle = hop_shapes(table, first, keys, values) + hop_shapes(table, values, keys, values)
    else:
        middle = conv_shapes(3, first, base)
    return conv_shapes(1, here, first) + middle + conv_shapes(1, last[0], there)


def place_by_search(parts: Any, budget: int) -> list[str]:
    """Decide part by part, and keep the better of both branches."""

    def search(at: int, left: int) -> tuple[int, int, list[str]] | None:
        if left < 0:
            return None
        if at == len(parts):
            return 0, left, []
        part = parts[at]
        without = search(at + 1, left - part.conv)
        chosen = search(at + 1, left - part.axial)
        if chosen is not None:
            chosen = chosen[0] + part.blocks, chosen[1], [part.name, *chosen[2]]
        found = [each for each in (without, chosen) if each is not None]
        return max(found, key=lambda each: each[:2]) if found else None

    return search(0, budget)[2]


def translated(name: str, array: np.ndarray) -> tuple[str, torch.Tensor]:
    ours = ""
    for piece in name.split("/"):
        if WORDS[piece]:
            ours += ("." if ours else "") + WORDS[piece]
    if name.endswith("qkv_kernel"):
        array = np.transpose(array)
    elif name.endswith("/kernel"):
        array = np.einsum("hwio->oihw", array)
    elif "embeddings" not in name:
        array = array.reshape(-1)
    return ours, nn.Parameter(torch.tensor(np.ascontiguousarray(array)), requires_grad=False).data


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "5.1": block_by_pooling,
    "5.2": stage_by_loop,
    "5.3": params_by_shapes,
    "5.4": place_by_search,
    "5.5": translated,
}
