"""Lesson 07's rooflines: the learner's machine with what ran on it, and one to explore."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from axialkit.course.machine import Dot, Machine, sheet
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION
from axialkit.course.roofline import arithmetic_intensity, attainable
from axialkit.visualize.words import percent

SLIDERS = "what the sliders say"
PRESETS = {
    SLIDERS: (0, 0),
    "H hop: 129 lines of 65": (129, 65),
    "W hop: 65 lines of 129": (65, 129),
    "whole image: 1 line of 8385": (1, 8385),
}
SIZES = {"float32": 4, "float16": 2}
_GREY = "#555555"
_MARKS = (
    ("reference", "s", ORANGE),
    ("fused", "o", GREEN),
    ("cudnn", "P", VERMILION),
    ("flash", "^", BLUE),
    ("efficient", "D", PURPLE),
    ("math", "v", SKY),
)
_ROOFS = (("T4", ":", SKY), ("A100", "--", BLUE), ("H100", "-.", PURPLE))


def draw_roofline(machine: Machine, dots: Sequence[Dot]) -> Figure:
    """Draw a machine's roof, and below it what was timed: how fast, at which intensity."""
    shown = [dot for dot in dots if dot.flops]
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes, key = figure.subplots(1, 2, width_ratios=(1.65, 1))
    low = min(0.05, *(dot.intensity / 2 for dot in shown))
    high = max(500.0, *(dot.intensity * 2 for dot in shown))
    _draw_roof(axes, machine, (low, high), BLACK, "-")
    axes.axvline(machine.ridge, color=_GREY, lw=1, ls=":")
    slowest = min(dot.speed for dot in shown) / 3
    axes.text(
        machine.ridge * 1.08, slowest * 1.15, f"ridge: {machine.ridge:.0f} FLOP per byte",
        color=_GREY, fontsize=11,
    )  # fmt: skip
    middle = (low * machine.ridge) ** 0.5
    axes.text(
        middle / 1.3, attainable(middle, machine.peak, machine.bandwidth) * 1.6,
        "slope: memory\nis too slow", ha="right", fontsize=11,
    )  # fmt: skip
    axes.text(
        high / 1.05, machine.peak * 1.25, "flat: calculating takes the time",
        ha="right", fontsize=11,
    )  # fmt: skip
    for dot in shown:
        marker, color = _mark(dot.name)
        axes.plot(
            dot.intensity, dot.speed, marker, ms=11, color=color, markeredgecolor=BLACK, zorder=3
        )
    axes.set(
        xlim=(low, high), ylim=(slowest, machine.peak * 2.5), xscale="log", yscale="log",
        xlabel="intensity: operations per byte moved", ylabel="operations per second",
    )  # fmt: skip
    _name_speeds(axes)
    _draw_key(key, machine, shown)
    return figure


def describe_roofline(machine: Machine, dots: Sequence[Dot]) -> str:
    """Say in words what ``draw_roofline`` shows."""
    told = "; ".join(
        f"{dot.name} at {dot.intensity:.2g} operations per byte, {dot.speed / 1e9:.3g} GFLOP/s"
        for dot in dots
        if dot.flops
    )
    return (
        f"The roofline of {machine.name}: a slope of {machine.bandwidth / 1e9:.3g} GB/s up to "
        f"{machine.ridge:.0f} operations per byte, then flat at {machine.peak / 1e9:.3g} GFLOP/s. "
        f"Dots below it: {told}."
    )


def _mark(name: str) -> tuple[str, str]:
    for word, marker, color in _MARKS:
        if word in name:
            return marker, color
    return ("X" if "product" in name else "d"), "#BBBBBB"


def _draw_roof(
    axes: Axes, machine: Machine, span: tuple[float, float], color: str, style: str
) -> None:
    x = np.geomspace(*span, 200)
    y = [attainable(each, machine.peak, machine.bandwidth) for each in x]
    axes.plot(x, y, style, color=color, lw=2.5)


def _name_speeds(axes: Axes) -> None:
    low, high = axes.get_ylim()
    ticks = [10.0**n for n in range(6, 17) if low <= 10.0**n <= high]
    names = {6: "1 M", 7: "10 M", 8: "100 M", 9: "1 G", 10: "10 G", 11: "100 G"}
    names |= {12: "1 T", 13: "10 T", 14: "100 T", 15: "1000 T", 16: "10000 T"}
    axes.set_yticks(ticks, [names[round(np.log10(tick))] for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(color="#E5E5E5", lw=0.8)
    axes.set_axisbelow(True)


def _draw_key(axes: Axes, machine: Machine, dots: Sequence[Dot]) -> None:
    axes.set(xlim=(0, 1), ylim=(len(dots) + 0.2, -0.8))
    axes.set_axis_off()
    axes.text(0.61, -0.4, "GFLOP/s", ha="right", weight="bold", fontsize=11)
    axes.text(1.0, -0.4, "of what the\nroof allows", ha="right", weight="bold", fontsize=11)
    for y, dot in enumerate(dots, start=1):
        marker, color = _mark(dot.name)
        axes.plot(-0.06, y - 0.5, marker, ms=10, color=color, markeredgecolor=BLACK, clip_on=False)
        axes.text(-0.01, y - 0.5, dot.name, va="center", fontsize=10.5)
        axes.text(0.78, y - 0.5, f"{dot.speed / 1e9:.3g}", va="center", ha="right", fontsize=10.5)
        share = dot.speed / attainable(dot.intensity, machine.peak, machine.bandwidth)
        axes.text(1.0, y - 0.5, percent(share), va="center", ha="right", fontsize=10.5)


# ---- the one to explore


def draw_explorer(
    mine: Machine,
    preset: str = next(iter(PRESETS)),
    lines: int = 129,
    length: int = 65,
    heads: int = 8,
    depth: int = 32,
    numbers: str = "float32",
) -> Figure:
    """Draw stored and fused attention under the roofs of four machines."""
    lines, length = _sizes(preset, lines, length)
    size, n = SIZES[numbers], lines * heads
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    axes, table = figure.subplots(1, 2, width_ratios=(1.5, 1))
    machines = [mine, *(sheet(name, size) for name, _, _ in _ROOFS)]
    styles = [("-", BLACK), *((style, color) for _, style, color in _ROOFS)]
    span = (0.5, 20_000.0)
    for machine, (style, color) in zip(machines, styles, strict=True):
        _draw_roof(axes, machine, span, color, style)
        name = "this machine" if machine is mine else machine.name
        axes.text(span[1] / 1.1, machine.peak * 1.25, name, ha="right", color=color, fontsize=11)
    for op, marker, color in (("stored", "s", ORANGE), ("fused", "o", GREEN)):
        x = arithmetic_intensity(op, n, length, depth, size)
        axes.axvline(x, color=color, lw=1.5, ls="-" if op == "fused" else "--", zorder=1)
        for machine in machines:
            y = attainable(x, machine.peak, machine.bandwidth)
            axes.plot(x, y, marker, ms=9, color=color, markeredgecolor=BLACK, zorder=3)
    axes.set(
        xlim=span, ylim=(mine.bandwidth / 4, 4e15), xscale="log", yscale="log",
        xlabel="intensity: operations per byte moved", ylabel="operations per second, at most",
        title=f"{_count(lines)} of {length}, {heads} heads of depth {depth}, {numbers}",
    )  # fmt: skip
    _name_speeds(axes)
    _draw_times(table, machines, (n, length, depth, size))
    return figure


def describe_explorer(
    mine: Machine,
    preset: str = next(iter(PRESETS)),
    lines: int = 129,
    length: int = 65,
    heads: int = 8,
    depth: int = 32,
    numbers: str = "float32",
) -> str:
    """Say in words what ``draw_explorer`` shows."""
    lines, length = _sizes(preset, lines, length)
    size, n = SIZES[numbers], lines * heads
    stored, fused = (arithmetic_intensity(op, n, length, depth, size) for op in ("stored", "fused"))
    told = []
    for machine in (mine, *(sheet(name, size) for name, _, _ in _ROOFS)):
        name = "this machine" if machine is mine else f"{machine.name} by its data sheet"
        told.append(
            f"{name}, ridge {machine.ridge:.0f}: stored {_limit(machine, stored)}, "
            f"fused {_limit(machine, fused)}"
        )
    return (
        f"Attention on {_count(lines)} of {length}, {heads} heads of depth {depth}, {numbers}, "
        f"under four roofs. Stored it has {_plain(stored)} operations per byte, "
        f"fused {_plain(fused)}. What limits it: {'; '.join(told)}."
    )


def _sizes(preset: str, lines: int, length: int) -> tuple[int, int]:
    return (lines, length) if preset == SLIDERS else PRESETS[preset]


def _limit(machine: Machine, intensity: float) -> str:
    return "memory" if intensity < machine.ridge else "calculating"


def _draw_times(axes: Axes, machines: Sequence[Machine], sizes: tuple[int, int, int, int]) -> None:
    """List the shortest times that the roofs allow, and what sets them."""
    n, length, depth, _ = sizes
    flops = 4 * n * length * length * depth
    axes.set(xlim=(0, 1), ylim=(6.6, -0.7))
    axes.set_axis_off()
    axes.text(0.0, -0.2, "at best", weight="bold", fontsize=11)
    for x, op, marker, color in ((0.36, "stored", "s", ORANGE), (0.72, "fused", "o", GREEN)):
        axes.plot(x, -0.27, marker, ms=9, color=color, markeredgecolor=BLACK)
        axes.text(x + 0.05, -0.2, op, weight="bold", fontsize=11)
        intensity = arithmetic_intensity(op, *sizes)
        axes.text(x, 0.45, f"{_plain(intensity)} FLOP/byte", fontsize=10.5)
        for y, machine in enumerate(machines):
            seconds = flops / attainable(intensity, machine.peak, machine.bandwidth)
            text = f"{_time(seconds)}\n{_limit(machine, intensity)}"
            axes.text(x, 1.5 + 1.1 * y, text, fontsize=10.5, va="center")
    for y, machine in enumerate(machines):
        name = "this machine" if y == 0 else machine.name
        text = f"{name}\nridge {machine.ridge:.0f}"
        axes.text(0.0, 1.5 + 1.1 * y, text, fontsize=10.5, va="center")
    axes.text(
        0.0, 6.2, "T4, A100, H100: lines of data sheets, nothing\n"
        "was measured there. This machine: its roof in\nfloat32, whatever the numbers.",
        fontsize=10, style="italic", va="center",
    )  # fmt: skip


def _time(seconds: float) -> str:
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms"


def _plain(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.2f}"


def _count(lines: int) -> str:
    return f"{lines} line{'s' if lines > 1 else ''}"
