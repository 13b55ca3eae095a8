"""Drawing the recorded runs of planted bugs: one run's curves, and all bugs' fingerprints."""

from random import Random
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.course.curve_figures import plain_ticks
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION
from axialkit.course.planted_bugs import BUGS, SEEDS, RunCurves, recorded

_STYLES = {
    "front": (SKY, "-"), "block": (BLUE, "--"), "decoder": (GREEN, "-."), "heads": (VERMILION, ":"),
}  # fmt: skip
_FINGERS = (
    "semantic",
    "val semantic",
    "center",
    "offset",
    "gradient heads",
    "moved front",
    "moved decoder",
    "statistics moved",
)


def planted(case: int, seed: int) -> str:
    """Return the bug that a seed plants into case 0, 1, 2 ...; no two cases have the same."""
    names = [name for name in BUGS if name != "none"]
    Random(seed).shuffle(names)
    return names[case]


def draw_run(run: RunCurves, healthy: RunCurves, title: str) -> Figure:
    """Draw the curves of a run in color, the healthy run's as thin black lines of their styles."""
    figure = Figure(figsize=(12.4, 6.2), layout="constrained")
    figure.suptitle(title, fontsize=13)
    panels = figure.subplots(2, 3)
    for axes, head in zip(panels[0], ("semantic", "center", "offset"), strict=True):
        axes.plot(run["step"], run[head], color=BLUE, lw=2.5, label="training")
        axes.plot(
            run["step"], run[f"val {head}"], "s--", ms=4, color=ORANGE, lw=2, label="validation"
        )
        axes.plot(healthy["step"], healthy[head], color=BLACK, lw=1, label="healthy, training")
        axes.plot(
            healthy["step"], healthy[f"val {head}"], "--", color=BLACK, lw=1,
            label="healthy, validation",
        )  # fmt: skip
        _axes(axes, f"loss: {head}", log=True)
    for axes, what in zip(panels[1], ("gradient", "moved"), strict=False):
        for stage, (color, style) in _STYLES.items():
            values = run[f"{what} {stage}"]
            axes.plot(run["step"], values, color=color, ls=style, lw=2.5, label=stage)
            axes.plot(healthy["step"], healthy[f"{what} {stage}"], color=BLACK, ls=style, lw=0.8)
    _axes(panels[1, 0], "norm of the gradient, by stage", log=True)
    _axes(panels[1, 1], "weights moved (of their first size)", log=_end(run, "moved heads") > 3)
    panels[1, 2].plot(run["step"], run["statistics moved"], color=BLUE, lw=2.5)
    panels[1, 2].plot(healthy["step"], healthy["statistics moved"], color=BLACK, lw=1)
    _axes(panels[1, 2], "batch norms' statistics moved", log=_end(run, "statistics moved") > 5)
    _legends(figure, panels[0, 0], panels[1, 0])
    return figure


def _legends(figure: Figure, losses: Axes, stages: Axes) -> None:
    """Put both legends side by side below the plots."""
    style: dict[str, Any] = {"ncols": 4, "frameon": False, "fontsize": 9, "columnspacing": 1.2}
    figure.legend(*losses.get_legend_handles_labels(), loc="outside lower left", **style)
    figure.legend(*stages.get_legend_handles_labels(), loc="outside lower right", **style)


def _axes(axes: Axes, title: str, *, log: bool) -> None:
    axes.set_title(title, fontsize=12)
    axes.set_xlabel("steps", fontsize=10)
    if log:
        axes.set_yscale("log")
        low, high = axes.get_ylim()
        if high / low < 100:  # within two powers of ten there would be hardly any number
            plain_ticks(axes)
        else:
            axes.yaxis.set_major_formatter("{x:g}")
            axes.yaxis.set_minor_formatter("")
    else:
        axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def describe_run(run: RunCurves, healthy: RunCurves) -> str:
    """Say what ``draw_run`` shows, in numbers at the end of the run."""
    said = ", ".join(
        f"{name} {_end(run, name):.3g} ({_end(healthy, name):.3g})" for name in _FINGERS
    )
    return (
        f"Six plots of a run over its steps; at the end, with the healthy run in brackets: {said}."
    )


def _end(run: RunCurves, name: str) -> float:
    return float(run[name][-3:].mean())


def fingerprints(seed: int) -> np.ndarray:
    """Return the ends of all bugs' curves as multiples of the healthy run's, [bug, curve].

    The healthy run has the first seed; with another seed, the row of no bug says what luck does.
    """
    healthy = recorded("none", SEEDS[0])
    return np.array(
        [
            [_end(recorded(bug, seed), name) / _end(healthy, name) for name in _FINGERS]
            for bug in BUGS
        ]
    )


def draw_fingerprints(seed: int) -> Figure:
    """Draw, for every bug, each curve's end as a multiple of the healthy run's."""
    figure = Figure(figsize=(12, 4.6), layout="constrained")
    axes = figure.subplots()
    table = fingerprints(seed)
    shade = np.log2(np.clip(table, 1 / 8, 8))
    axes.imshow(shade, cmap="PuOr_r", vmin=-3.5, vmax=3.5, aspect="auto")
    for (y, x), value in np.ndenumerate(table):
        text = "0" if value == 0 else f"x {value:.1f}" if value < 9.95 else f"x {value:.0f}"
        dark = abs(shade[y, x]) > 2
        axes.text(
            x, y, text, ha="center", va="center", fontsize=11, color="white" if dark else BLACK
        )
    axes.set_xticks(
        range(len(_FINGERS)), [name.replace(" ", "\n") for name in _FINGERS], fontsize=11
    )
    healthy = "healthy, another seed"
    axes.set_yticks(range(len(BUGS)), [healthy if bug == "none" else bug for bug in BUGS])
    axes.spines[:].set_visible(False)
    axes.set_title("end of each curve, as a multiple of the healthy run's", fontsize=12)
    return figure


def describe_fingerprints(seed: int) -> str:
    """Say what ``draw_fingerprints`` shows: what stands out in every row."""
    said = []
    for bug, row in zip(BUGS, fingerprints(seed), strict=True):
        odd = [
            f"{name} x {value:.1f}"
            for name, value in zip(_FINGERS, row, strict=True)
            if not 0.6 < value < 1.6
        ]
        said.append(f"{bug}: {', '.join(odd) if odd else 'nothing stands out'}")
    return f"A table of numbers, bugs by curves, healthy run = 1. {'; '.join(said)}."
