"""Axial attention beside attention over all cells at once, with the layer's own q and k."""

import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from axialkit.attention import AxialAttention1d
from axialkit.attention.replay import global_weights
from axialkit.attention.summaries import entropy
from axialkit.bench.timing import medians
from axialkit.demo.comparison import Comparison, Row
from axialkit.demo.looking import Question, attention_at, seen_by
from axialkit.demo.network import Network, Seen
from axialkit.visualize.attention import draw_maps
from axialkit.visualize.render import render

Projected = tuple[Tensor, Tensor, Tensor]  # q, k, v: [sequence, head, length, depth]

SAME_QK = "same q and k, untrained"
_ELEMENTS = 2**22  # of a global map that are formed at a time
_REPEATS, _SLOW = 5, 0.5  # runs whose median is told; one alone where it takes longer, seconds


class _Cost(NamedTuple):
    flops: int
    numbers: int  # of attention maps
    seconds: float


def with_all_cells(network: Network, seen: Seen, question: Question) -> Comparison:
    """Compare a pixel's two-hop map with one hop over all cells, and what both cost.

    Operations are counted by PyTorch while they run: q and k to weights, weights to values.

    Raises:
        InputError: a pixel outside the picture, no such layer or head, or a layer without content.
    """
    layer = network.layer(question.layer)
    found = attention_at(network, seen, question)
    height, width = (network.parts[f"{layer}.{axis}"] for axis in ("height", "width"))
    x, rows_x = (seen.inputs[f"{layer}.{axis}"] for axis in ("height", "width"))
    with torch.no_grad():
        column, row = height.project(x), width.project(rows_x)
    weights = global_weights(height, *column[:2], torch.tensor([found.cell]))[0].double()
    head = question.heads[0]
    everywhere = (weights.mean(0) if head is None else weights[head]).numpy()

    axial = _cost(lambda: _axial(height, column) + _axial(width, row))
    both = _cost(lambda: _global(height, column))
    spread = [float(entropy(torch.from_numpy(w.reshape(1, 1, 1, -1))).exp()) for w in (
        found.two_hop, everywhere
    )]  # fmt: skip
    rows: list[Row] = [
        ("multiplications and additions", _count(axial.flops, "FLOP"), _count(both.flops, "FLOP")),
        (
            "attention maps, if stored",
            _count(4 * axial.numbers, "B"),
            _count(4 * both.numbers, "B"),
        ),
        ("time on this machine", _ms(axial.seconds), _ms(both.seconds)),
        ("spread over cells (exp of entropy)", f"{spread[0]:.0f}", f"{spread[1]:.0f}"),
    ]
    words = (
        f"Both ask from the same cell of a map of {found.two_hop.shape[0]} × "
        f"{found.two_hop.shape[1]} cells. The right one lets it look at all cells in one hop, by "
        f"content alone, with the queries and keys of {layer}'s height pass: {SAME_QK}, since no "
        "network learned to look like that. Counted and timed are queries and keys to weights and "
        "weights to values, by the definition; the left side also computes its terms of position. "
        f"The right one takes {both.flops / axial.flops:.1f} times the arithmetic here, and about "
        "twice that ratio whenever the map gets twice as high and wide."
    )
    if axial.seconds > both.seconds:
        words += (
            " Its shorter time is no contradiction: on so few cells a handful of large operations "
            "beats many small ones."
        )
    maps = [
        ("Axial: two hops", found.two_hop, found.cell),
        (f"All cells at once ({SAME_QK})", everywhere, found.cell),
    ]
    picture = render(draw_maps(seen_by(network, seen), maps))
    return Comparison(("", "axial", "all cells at once"), rows, words, picture)


def _axial(layer: AxialAttention1d, projected: Projected) -> int:
    """Attend along one axis by the definition; return how many weights were formed."""
    q, k, v = projected
    weights = layer.activation(layer.logits(q, k))
    layer.retrieve(weights, v)
    return weights.numel()


def _global(layer: AxialAttention1d, projected: Projected) -> int:
    """Attend from all cells to all cells, some queries at a time; count the weights."""
    q, k, v = projected
    columns, heads, rows, _ = q.shape
    cells = torch.cartesian_prod(torch.arange(rows), torch.arange(columns))
    at_once = max(1, _ELEMENTS // (heads * len(cells)))
    values = rearrange(v, "column head y e -> head (y column) e")
    formed = 0
    for part in cells.split(at_once):
        weights = rearrange(
            global_weights(layer, q, k, part), "n head y column -> head n (y column)"
        )
        _ = weights @ values
        formed += weights.numel()
    return formed


def _cost(run: Callable[[], int]) -> _Cost:
    """Count the operations of a run, and take its time."""
    with torch.no_grad():
        with FlopCounterMode(display=False) as counter:
            numbers = run()
        begin = time.perf_counter()
        run()
        seconds = time.perf_counter() - begin
        if seconds < _SLOW:
            seconds = medians({"": run}, _REPEATS)[""]
    return _Cost(counter.get_total_flops(), numbers, seconds)


def _count(number: int, unit: str) -> str:
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= factor:
            return f"{number / factor:.3g} {prefix}{unit}"
    return f"{number} {unit}"


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.2f} ms"
