"""Lesson 05's figures of the published networks: what they cost, beside what they score."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from axialkit.config import PRESETS
from axialkit.course.backbone_builder import SIZE, WEIGHT
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION
from axialkit.model.backbone import AxialResNet
from axialkit.model.build import build_model
from axialkit.model.cost import network_cost
from axialkit.model.peak import peak_bytes
from axialkit.model.prepare import fold_batch_norms
from axialkit.model.resize import Size
from axialkit.weights.zoo import PUBLISHED

_HATCHED: dict[str, Any] = {"color": SKY, "hatch": "//", "edgecolor": BLACK, "lw": 0.6}


class Facts(NamedTuple):
    """One network: counted, but for the score."""

    name: str
    parameters: int
    unread: int  # of the parameters, those that a prediction skips
    multiply_adds: int  # of a prediction
    peak: int  # bytes, of one image's results, weights not counted
    pq: float  # published by the authors: official script, Cityscapes val


def backbones() -> dict[str, AxialResNet]:
    """Return the five published backbones on the meta device: modules and shapes, no numbers."""
    with torch.device("meta"):
        models = {score.network: build_model(name) for name, score in PUBLISHED.items()}
    found = {}
    for name, model in models.items():
        assert isinstance(model.backbone, AxialResNet)
        found[name] = model.backbone
    return found


def zoo_facts(size: Size = SIZE) -> dict[str, Facts]:
    """Count the five published networks with their decoders, by preset."""
    return {name: _facts(name, size) for name in PUBLISHED}


def draw_zoo(facts: Mapping[str, Facts]) -> Figure:
    """Draw bars of parameters, multiply-adds and memory, and dots of the published scores."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    weights, work, memory, score = figure.subplots(1, 4, sharey=True)
    rows = list(facts.values())[::-1]
    _draw_bars(
        weights,
        [row.parameters / 1e6 for row in rows],
        BLUE,
        "million parameters\n(hatched: the grey line)",
    )
    _draw_bars(work, [row.multiply_adds / 1e9 for row in rows], GREEN, "billion multiply-adds")
    kept = [WEIGHT * (row.parameters - row.unread) / 1e9 for row in rows]
    results = [row.peak / 1e9 for row in rows]
    both = [a + b for a, b in zip(kept, results, strict=True)]
    _draw_bars(memory, both, ORANGE, "GB: weights (hatched)\nand results", ".1f")
    memory.barh(range(len(rows)), kept, height=0.62, **_HATCHED)
    for y, row in enumerate(rows):
        if row.unread:
            read = (row.parameters - row.unread) / 1e6
            weights.barh(y, row.unread / 1e6, left=read, height=0.62, **_HATCHED)
    score.plot([row.pq for row in rows], range(len(rows)), "D", ms=9, color=VERMILION)
    for y, row in enumerate(rows):
        score.text(row.pq + 0.3, y, f"{row.pq:.1f}", va="center", weight="bold")
    score.set(xlim=(63.5, 70), xlabel="PQ, published\nby the authors")
    score.grid(axis="y", color="#DDDDDD")
    weights.set_yticks(range(len(rows)), [_short(row.name) for row in rows])
    for axes in (weights, work, memory, score):
        axes.tick_params(axis="y", length=0)
    return figure


def describe_zoo(facts: Mapping[str, Facts]) -> str:
    """Say in words what ``draw_zoo`` shows."""
    told = "; ".join(
        f"{row.name}: {row.parameters / 1e6:.0f} million parameters, "
        f"{row.multiply_adds / 1e9:,.0f} billion multiply-adds, "
        f"{row.peak / 1e9:.2f} GB of results, PQ {row.pq}"
        for row in facts.values()
    )
    return (
        f"Bars of three costs and dots of the published PQ for five networks. {told}. Hatched: of "
        "MaX-DeepLab-L's parameters those that no prediction head reads, of all memory the weights "
        "that are read."
    )


def _facts(preset: str, size: Size) -> Facts:
    cost, score = network_cost(PRESETS[preset], size), PUBLISHED[preset]
    with torch.device("meta"):
        model = fold_batch_norms(build_model(preset).eval())
        peak = peak_bytes(model, torch.empty(1, 3, *size))
    return Facts(
        score.network,
        cost.total.parameters,
        cost.unread.parameters,
        cost.used.multiply_adds,
        peak,
        score.pq_official,
    )


def _draw_bars(axes: Axes, values: list[float], color: str, name: str, form: str = ",.0f") -> None:
    axes.barh(range(len(values)), values, height=0.62, color=color, edgecolor=BLACK, lw=0.6)
    for y, value in enumerate(values):
        axes.text(value + max(values) * 0.02, y, format(value, form), va="center", weight="bold")
    axes.set(xlim=(0, max(values) * 1.42), xlabel=name)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter("{x:,g}")


def _short(name: str) -> str:
    return name.replace(" backbone", "").replace("Axial-SWideRNet-", "Axial-SWideRNet\n")
