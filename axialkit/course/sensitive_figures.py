"""Lesson 04's figures: the terms as maps, switches, what each half of the layer is, the games."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from axialkit.attention import AxialAttention1d
from axialkit.attention.reference import Terms
from axialkit.course.bands import Band
from axialkit.course.palette import BLACK, BLUE, ORANGE, VERMILION
from axialkit.course.sensitive import Rows, attend_with, layer_cost
from axialkit.course.term_tasks import GAMES, NEEDS, VARIANTS
from axialkit.visualize.words import percent

Image = UInt8[np.ndarray, "height width 3"]
Scores = Mapping[str, Mapping[str, float]]  # game -> variant -> share of right answers


class Look(NamedTuple):
    """A trained layer with its input, and the row and the head to look at."""

    layer: AxialAttention1d
    rows: Rows
    row: int
    head: int


TERM_TITLES = ("q·k: what is there", "q·r: the query's distances", "k·r: the key's distances")


def draw_row(axes: Axes, image: Image, row: int, rows: int) -> None:
    """Show the strip of the image that one row of the feature map covers."""
    height = image.shape[0] // rows
    axes.imshow(image[row * height : (row + 1) * height], aspect="auto")
    axes.set_axis_off()


@torch.no_grad()
def draw_term_maps(look: Look, image: Image) -> Figure:
    """Show the three kinds of scores of one row as maps, and the weights that come of their sum."""
    layer, rows, row, head = look
    q, k, _ = layer.project(rows)
    terms = layer.term_logits(q, k)[:, row, head]
    terms = terms - terms.mean(-1, keepdim=True)  # a softmax feels differences within a row only
    weights = terms.sum(0).softmax(-1)
    figure = Figure(figsize=(13, 3.9), layout="constrained")
    panels = figure.subplots(2, 4, height_ratios=(1, 5))
    limit = float(terms.abs().max())
    for strip, axes, title, term in zip(panels[0], panels[1], TERM_TITLES, terms, strict=False):
        draw_row(strip, image, row, rows.shape[0])
        shown = axes.imshow(term, cmap="PuOr_r", vmin=-limit, vmax=limit)
        axes.set(title=title, xlabel="key")
    figure.colorbar(shown, ax=list(panels[1, :3]), label="score, around its row's mean", shrink=0.9)
    draw_row(panels[0, 3], image, row, rows.shape[0])
    shown = panels[1, 3].imshow(weights, vmin=0)
    panels[1, 3].set(title="added, then softmax", xlabel="key")
    figure.colorbar(shown, ax=panels[1, 3], label="weight", shrink=0.9)
    panels[1, 0].set_ylabel("query")
    return figure


def draw_switches(
    look: Look,
    query_position: bool = True,  # noqa: FBT001, FBT002  (a checkbox each)
    key_position: bool = True,  # noqa: FBT001, FBT002
    value_position: bool = True,  # noqa: FBT001, FBT002
    span: int = 15,
) -> Figure:
    """Show the weights of one row, and how much its answers change, with terms switched off."""
    layer, rows, row, head = look
    terms = Terms(True, query_position, key_position, True, value_position)
    weights, answer = attend_with(layer, rows, terms, span)
    _, whole = attend_with(layer, rows, Terms())
    change = (answer - whole)[row].norm(dim=-1) / whole[row].norm(dim=-1)
    parameters, products = layer_cost(layer, rows.shape[1], terms, span)
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = left.imshow(weights[row, head].numpy(), vmin=0, vmax=1)
    left.set(title="weights of this head", xlabel="key", ylabel="query")
    figure.colorbar(shown, ax=left)
    right.bar(range(len(change)), 100 * change.numpy(), color=BLUE, edgecolor=BLACK)
    right.set(
        ylim=(0, max(100, 105 * float(change.max()))),
        xlabel="pixel of the row",
        ylabel="change (% of the answer)",
    )
    if float(change.max()) < 1e-3:
        right.text(0.5, 0.5, "not at all: everything is on", ha="center", transform=right.transAxes)
    right.set_title("how much the answers change")
    figure.suptitle(f"{parameters:,} parameters, {products:,} multiply-adds per row", fontsize=13)
    return figure


def describe_switches(look: Look, **switches: int) -> str:
    """Say what ``draw_switches`` shows."""
    layer, rows, row, head = look
    terms = Terms(
        True, bool(switches.get("query_position", True)), bool(switches.get("key_position", True)),
        True, bool(switches.get("value_position", True)),
    )  # fmt: skip
    span = switches.get("span", rows.shape[1] - 1)
    weights, answer = attend_with(layer, rows, terms, span)
    _, whole = attend_with(layer, rows, Terms())
    change = float((answer - whole)[row].norm() / whole[row].norm())
    off = [name for name, on in zip(("q·r", "k·r", "r^v"), terms[1:3] + terms[4:], strict=True)
           if not on]  # fmt: skip
    return (
        f"Left, a map of the weights of head {head}, largest {float(weights[row, head].max()):.0%}."
        f" Right, bars: with {', '.join(off) or 'nothing'} off and a span of {span}, the row's "
        f"answers change by {change:.0%} on average."
    )


@torch.no_grad()
def draw_halves(look: Look, query: int) -> Figure:
    """Show the layer without positions, then without content, before and after a change.

    Above, the other pixels of the row are shuffled; below, they are replaced by another row's.
    """
    layer, rows, row, head = look
    order = torch.randperm(rows.shape[1], generator=torch.Generator().manual_seed(1))
    where = int((order == query).nonzero())
    other = rows[(row + 3) % len(rows)].clone()
    other[query] = rows[row, query]
    no_positions = Terms(query_position=False, key_position=False, value_position=False)
    no_content = Terms(content=False, key_position=False)
    cases = (
        ("as it is", rows[row], no_positions, query),
        ("pixels shuffled: the weights go with them", rows[row][order], no_positions, where),
        ("as it is", rows[row], no_content, query),
        ("all other pixels replaced: nothing changes", other, no_content, query),
    )
    figure = Figure(figsize=(12, 5.2), layout="constrained")
    names = ("q·k only:\na bag of pixels", "q·r only: a learned\ndynamic convolution")
    for number, (axes, (title, line, terms, place)) in enumerate(
        zip(figure.subplots(2, 2, sharey="row").flat, cases, strict=True)
    ):
        weights, _ = attend_with(layer, line[None], terms)
        labels = order.tolist() if number == 1 else list(range(len(line)))
        colors = [ORANGE if i == place else BLUE for i in range(len(line))]
        axes.bar(
            range(len(line)), 100 * weights[0, head, place].numpy(), color=colors, edgecolor=BLACK
        )
        axes.set_xticks(range(len(line)), labels)
        axes.set(title=title, xlabel="pixel (its number before shuffling)")
        if number % 2 == 0:
            axes.set_ylabel(f"{names[number // 2]}\n\nweight (%)")
    return figure


def draw_games(own: Scores, stored: Band) -> Figure:
    """Show the games as rows and what is left out as columns: stored means, and the own runs."""
    figure = Figure(figsize=(11.5, 4.2), layout="constrained")
    axes = figure.subplots()
    means = np.array([[np.mean(stored.values[f"{game}, {v}"]) for v in VARIANTS] for game in GAMES])
    shown = axes.imshow(100 * means, vmin=25, vmax=100, aspect="auto")
    for y, game in enumerate(GAMES):
        for x, variant in enumerate(VARIANTS):
            text = stored.says(f"{game}, {variant}")
            if variant in own.get(game, {}):
                text += f"\nyours: {percent(own[game][variant])}"
            if variant == NEEDS[game]:
                axes.add_patch(
                    Rectangle((x - 0.48, y - 0.47), 0.96, 0.94, fill=False, lw=3, ec=VERMILION)
                )
            ink = BLACK if means[y, x] > 0.7 else "white"
            axes.text(x, y, text, ha="center", va="center", color=ink, size=11)
    axes.set_xticks(range(len(VARIANTS)), VARIANTS)
    axes.set_yticks(range(len(GAMES)), GAMES.values())
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    figure.colorbar(shown, ax=axes, label="right answers (%)")
    return figure
