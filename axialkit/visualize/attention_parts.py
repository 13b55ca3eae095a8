"""What attention is made of: its heads, its logit terms, its position tables, its reach."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, PercentFormatter
from torch import Tensor

from axialkit.attention import AxialAttention1d
from axialkit.attention.summaries import entropy, mean_distance
from axialkit.errors import InputError

Weights = Float[Tensor, "sequence head query key"]
TERM_NAMES = ("content  q·k", "query position  q·r", "key position  k·r")
_TERM_COLORS = ("#0072b2", "#e69f00", "#009e73")
_PASS_COLORS = {"height": "#0072b2", "width": "#e69f00"}
_SUM = "#222222"


def draw_heads(weights: Weights, *, sequence: int = 0, title: str = "") -> Figure:
    """Draw the weights of every head of one sequence, queries down and keys across.

    Above each map stand how far the head looks on average, and how many keys it spreads over (the
    exponential of its entropy) in this sequence. A bright diagonal is a head that looks at itself.

    Raises:
        InputError: no such sequence.

    Example::

        draw_heads(maps["stage4.block2.width"], sequence=4)
    """
    one = _sequence(weights, sequence)
    heads, length = one.shape[1], one.shape[-1]
    columns = min(heads, 4)
    rows = -(-heads // columns)
    figure = _figure(2.6 * columns + 1.0, 2.9 * rows + 0.7)
    panels = figure.subplots(rows, columns, squeeze=False).flat
    distances, spreads = mean_distance(one).tolist(), entropy(one).exp().tolist()
    highest = float(one.max())
    for head, axes in enumerate(panels):
        if head >= heads:
            axes.set_axis_off()
            continue
        shown = axes.imshow(one[0, head].numpy(), cmap="magma", vmin=0, vmax=highest)
        axes.set_title(
            f"head {head}\n{distances[head]:.1f} cells away, over {spreads[head]:.1f} keys",
            fontsize=9,
        )
        axes.set(xticks=[0, length - 1], yticks=[0, length - 1])
    figure.supxlabel("key")
    figure.supylabel("query")
    figure.colorbar(shown, ax=figure.axes, format=PercentFormatter(1), shrink=0.8)
    figure.suptitle(title or "Weights of each head", fontsize=12)
    return figure


def draw_terms(
    terms: Float[Tensor, "term sequence head query key"],
    *,
    query: int,
    head: int,
    sequence: int = 0,
    names: Sequence[str] = TERM_NAMES,
) -> Figure:
    """Draw what each logit term says about every key, and the weights that follow from the sum.

    A weight depends on differences of logits only, so each term is drawn around its own mean.

    Args:
        terms: as ``record_attention(model, terms=True)`` collects them.
        query: the position that asks.
        head: one head.
        sequence: number of the row or column.
        names: of the terms, where some are off.

    Raises:
        InputError: no such query, head or sequence.

    Example::

        draw_terms(maps.terms["stage4.block2.width"], query=6, head=1)
    """
    count, sequences, heads, length, _ = terms.shape
    for what, value, limit in (
        ("sequence", sequence, sequences), ("head", head, heads), ("query", query, length)
    ):  # fmt: skip
        if not 0 <= value < limit:
            raise InputError(f"There is no {what} {value}; there are 0..{limit - 1}.")
    rows = terms[:, sequence, head, query].double().cpu().numpy()
    total = rows.sum(0)
    figure = _figure(8.5, 5.6)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    positions = np.arange(length)
    for row, name, color in zip(rows, names[:count], _TERM_COLORS, strict=False):
        above.plot(positions, row - row.mean(), marker=".", color=color, label=name)
    above.plot(positions, total - total.mean(), color=_SUM, linewidth=2.5, alpha=0.5, label="sum")
    above.axhline(0, color="#bbbbbb", linewidth=0.8, zorder=0)
    above.set(ylabel="logit, around its mean")
    above.legend(fontsize=9, ncols=2)
    weights = np.exp(total - total.max())
    below.bar(positions, weights / weights.sum(), color=_SUM)
    below.set(ylabel="weight (softmax)", xlabel="key position")
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    below.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axes in (above, below):
        axes.axvline(query, color="#d55e00", linestyle="--", linewidth=1.2, zorder=0)
    above.annotate(
        "query", (query, 1), xycoords=("data", "axes fraction"), color="#d55e00",
        xytext=(3, -12), textcoords="offset points", fontsize=9,
    )  # fmt: skip
    figure.suptitle(f"Why the query at {query} looks there: head {head}", fontsize=12)
    return figure


def draw_position_tables(layer: AxialAttention1d, length: int | None = None) -> Figure:
    """Draw the layer's relative position vectors: one column per distance, one row per channel.

    Only the distances that an axis of ``length`` has, if given. Left of the middle are keys before
    the query (left or above), right of it keys after it.

    Raises:
        InputError: the layer has no positions, or the length is not positive.

    Example::

        draw_position_tables(model.get_submodule(name), length=17)
    """
    tables = {
        "query: q·r": layer.query_table,
        "key: k·r": layer.key_table,
        "value: retrieved": layer.value_table,
    }
    used = {name: table for name, table in tables.items() if table is not None}
    if not used:
        raise InputError("This layer has no relative positions, all its position terms are off.")
    if length is not None and length < 1:
        raise InputError(f"The length must be at least 1, got {length}.")
    figure = _figure(9.0, 2.2 * len(used) + 0.6)
    for axes, (name, table) in zip(
        figure.subplots(len(used), 1, squeeze=False).flat, used.items(), strict=True
    ):
        vectors = table.detach().cpu().double().numpy().T
        reach = vectors.shape[1] // 2
        shown = reach if length is None else min(reach, length - 1)
        vectors = vectors[:, reach - shown : reach + shown + 1]
        largest = max(float(np.abs(vectors).max()), 1e-9)
        image = axes.imshow(
            vectors, aspect="auto", cmap="RdBu_r", norm=TwoSlopeNorm(0, -largest, largest),
            extent=(-shown - 0.5, shown + 0.5, len(vectors) - 0.5, -0.5), interpolation="nearest",
        )  # fmt: skip
        axes.set_title(name, loc="left", fontsize=10)
        axes.set(ylabel="channel")
        figure.colorbar(image, ax=axes)
    axes.set(xlabel="distance: key - query, in cells")
    return figure


def draw_distances(distances: Mapping[str, Float[Tensor, " head"]]) -> Figure:
    """Draw how far each head of each layer looks, in cells of its map; a bar is their mean.

    Takes ``mean_distance`` by layer, which ``record_attention`` can keep in place of the weights,
    so that it works for any network at any size.

    Raises:
        InputError: no layers.

    Example::

        with record_attention(model, keep=lambda name, weights: mean_distance(weights)) as maps:
            model(images)
        draw_distances(maps)
    """
    if not distances:
        raise InputError("There is no layer to draw: run the network inside record_attention.")
    figure = _figure(max(5.0, 0.5 * len(distances) + 2.5), 4.6)
    axes = figure.subplots()
    for place, (name, values) in enumerate(distances.items()):
        color = _PASS_COLORS.get(name.rpartition(".")[2], _SUM)
        axes.bar(place, float(values.mean()), color=color, alpha=0.35, width=0.7)
        axes.scatter([place] * len(values), values.tolist(), color=color, s=18, zorder=2)
    axes.set_xticks(range(len(distances)), list(distances), rotation=60, ha="right", fontsize=8)
    axes.set(ylabel="mean distance in cells")
    names = {"height": "height pass: along columns", "width": "width pass: along rows"}
    passes = [p for p in names if any(name.endswith(p) for name in distances)]
    handles = [Patch(color=_PASS_COLORS[p], label=names[p]) for p in passes]
    axes.legend(handles=handles, loc="upper left", fontsize=9, ncols=2)
    axes.margins(y=0.15)
    axes.set_title("How far each head looks (dots), layer by layer", loc="left", fontsize=11)
    _plain(axes)
    return figure


def _sequence(weights: Weights, sequence: int) -> Float[Tensor, "1 head query key"]:
    if not 0 <= sequence < len(weights):
        raise InputError(f"There is no sequence {sequence}; there are 0..{len(weights) - 1}.")
    return weights[sequence : sequence + 1].detach().double().cpu()


def _figure(width: float, height: float) -> Figure:
    return Figure(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
