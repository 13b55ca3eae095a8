"""Lesson 11's figure of the ablation: how wide a PQ's band is, and what tells networks apart."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.course.bands import Band
from axialkit.course.palette import BLACK, BLUE, GREEN, LINE, PURPLE, SKY, VERMILION
from axialkit.course.telling_apart import SIZES


def draw_standings(run: Mapping[str, float], stored: Band | None = None) -> Figure:
    """Draw how wide the PQ of n images is, and how surely n images tell two networks apart."""
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    sizes = [size for size in SIZES if f"low {size}" in run]
    _draw_bands(left, run, sizes)
    _draw_wins(right, run, sizes, stored)
    for axes in (left, right):
        axes.set_xticks(range(len(sizes)), map(str, sizes))
        axes.set(xlabel="images in the set (n)")
    return figure


def _draw_bands(axes: Axes, run: Mapping[str, float], sizes: Sequence[int]) -> None:
    x = list(range(len(sizes)))
    low, high = ([100 * run[f"{end} {size}"] for size in sizes] for end in ("low", "high"))
    axes.bar(
        x, np.subtract(high, low), bottom=low, width=0.5, color=SKY, edgecolor=BLACK,
        label="95 % of the better one's sets",
    )  # fmt: skip
    for name, color, form in (("better", BLUE, "-"), ("worse", VERMILION, "--")):
        axes.axhline(100 * run[name], color=color, ls=form, lw=2.2, label=f"the {name} network")
    axes.set_title("where 95 % of the PQs of n images lie")
    axes.set(ylabel="PQ, %", ylim=(min(low) - 2, max(high) + 2))
    axes.legend(loc="lower right", frameon=False)


def _draw_wins(
    axes: Axes, run: Mapping[str, float], sizes: Sequence[int], stored: Band | None
) -> None:
    x = list(range(len(sizes)))
    looks = (
        ("same", "both on the same images", GREEN, "o-"),
        ("apart", "each on its own", PURPLE, "s--"),
    )
    for name, label, color, form in looks:
        axes.plot(
            x, [100 * run[f"{name} {size}"] for size in sizes], form, color=color, lw=2.5, ms=8,
            label=label,
        )  # fmt: skip
        if stored is not None:
            for at, size in enumerate(sizes):
                values = [100 * value for value in stored.values[f"{name} {size}"]]
                axes.plot([at + 0.13] * len(values), values, "D", ms=5, mfc="white", mec=color)
    if stored is not None:
        axes.plot([], [], "D", ms=5, mfc="white", mec=BLACK, label="stored: other streets")
    for height, words, form in ((95, "19 of 20", "-"), (50, "luck alone", ":")):
        axes.axhline(height, color=LINE, lw=1.5, ls=form, zorder=0)
        axes.text(-0.18, height + 0.8, words, fontsize=11)
    axes.set_title("how often the better network wins")
    axes.set(ylabel="draws, %", ylim=(40, 103))
    axes.legend(loc="lower right", edgecolor="white", framealpha=1)


def describe_standings(run: Mapping[str, float]) -> str:
    """Say how wide the bands are and how often the better network wins, by number of images."""
    rows = "; ".join(
        f"{size} images: PQ {100 * run[f'low {size}']:.0f} to {100 * run[f'high {size}']:.0f}, "
        f"wins {100 * run[f'same {size}']:.0f} % on the same images and "
        f"{100 * run[f'apart {size}']:.0f} % on its own"
        for size in SIZES
        if f"low {size}" in run
    )
    return (
        f"Left, bars that shrink as n grows; right, two rising lines. The better network has PQ "
        f"{100 * run['better']:.1f}, the worse {100 * run['worse']:.1f}. {rows}."
    )
