"""Lesson 07's figures of times: three causes of speed, and one block part by part."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.course.bands import Band
from axialkit.course.block_times import PARTS
from axialkit.course.causes import WAYS
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, SKY

_STYLES = dict(zip(WAYS, (("s--", ORANGE), ("D:", SKY), ("^-", BLUE)), strict=True))
_PART_COLORS = dict(zip(PARTS, ("#BBBBBB", ORANGE, SKY, "#DDDDDD"), strict=True))
_HATCHES = dict(zip(PARTS, ("", "//", "\\\\", ".."), strict=True))


def draw_lengths(found: Mapping[int, Mapping[str, float]]) -> Figure:
    """Draw the times of three ways to attend, over the length of the lines."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    axes = figure.subplots()
    lengths = sorted(found)
    for way in WAYS:
        style, color = _STYLES[way]
        milliseconds = [found[length][way] * 1e3 for length in lengths]
        axes.plot(
            lengths, milliseconds, style, color=color, lw=2.5, ms=9, markeredgecolor=BLACK,
            label=way,
        )  # fmt: skip
    axes.set(
        xscale="log", yscale="log", xlabel="length of a line (pixels)",
        ylabel="milliseconds for all lines",
        title="The same 8385 pixels, cut into lines: three ways to attend",
    )  # fmt: skip
    axes.set_xticks(lengths, [str(length) for length in lengths])
    _plain_milliseconds(axes)
    axes.legend(frameon=False, loc="upper left")
    axes.grid(color="#E5E5E5", which="both", lw=0.8)
    return figure


def describe_lengths(found: Mapping[int, Mapping[str, float]]) -> str:
    """Say in words what ``draw_lengths`` shows."""
    told = "; ".join(
        f"{way}: "
        + ", ".join(f"{found[length][way] * 1e3:.3g} ms at {length}" for length in sorted(found))
        for way in WAYS
    )
    return f"Three rising curves of time over the length of the lines, 8385 pixels each. {told}."


def draw_gains(band: Band, mine: Mapping[str, float]) -> Figure:
    """Draw how many times faster each cause makes it: stored seeds, and the learner's own run."""
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    axes = figure.subplots()
    names = list(band.values)
    for y, name in enumerate(names):
        values = band.values[name]
        axes.plot([min(values), max(values)], [y, y], "-", lw=9, color="#CCCCCC", zorder=1)
        axes.plot(values, [y] * len(values), "|", ms=14, color=BLACK, zorder=2)
        if name in mine:
            axes.plot(mine[name], y, "o", ms=10, color=GREEN, markeredgecolor=BLACK, zorder=3)
    axes.plot([], [], "|", ms=14, color=BLACK, label="stored, one line per seed")
    axes.plot([], [], "o", ms=10, color=GREEN, markeredgecolor=BLACK, label="your run")
    axes.axvline(1, color=BLACK, lw=1)
    everything = [*mine.values(), *(value for values in band.values.values() for value in values)]
    axes.set(
        xscale="log", xlim=(min(0.7, *everything) / 1.1, max(10, *everything) * 1.3),
        ylim=(len(names) - 0.4, -0.6), xlabel="times faster (1: no difference)",
    )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    ticks = [tick for tick in (0.5, 1, 2, 5, 10, 20, 50) if tick <= axes.get_xlim()[1]]
    axes.set_xticks([tick for tick in ticks if tick >= axes.get_xlim()[0]])
    axes.set_xticklabels([f"{tick:g}" for tick in axes.get_xticks()])
    axes.minorticks_off()
    axes.grid(axis="x", color="#E5E5E5")
    axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=2)
    return figure


def describe_gains(band: Band, mine: Mapping[str, float]) -> str:
    """Say in words what ``draw_gains`` shows."""
    told = "; ".join(
        f"{name}: stored {band.says(name, '.2g')}"
        + (f", your run {mine[name]:.2g}" if name in mine else "")
        for name in band.values
    )
    return f"Marks that say how many times faster each cause makes it. {told}."


def draw_block_times(found: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw one bar of time per backend, cut into the parts of an axial block."""
    figure = Figure(figsize=(11, 0.85 * len(found) + 1.6), layout="constrained")
    axes = figure.subplots()
    longest = max(sum(parts.values()) for parts in found.values()) * 1e3
    for y, parts in enumerate(found.values()):
        left = 0.0
        for part in PARTS:
            width = parts[part] * 1e3
            axes.barh(
                y, width, left=left, height=0.6, color=_PART_COLORS[part], edgecolor=BLACK,
                hatch=_HATCHES[part], label=part if y == 0 else None, lw=0.8,
            )  # fmt: skip
            if width > 0.06 * longest:
                axes.text(
                    left + width / 2, y, f"{width:.0f}", ha="center", va="center", fontsize=11,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                )  # fmt: skip
            left += width
        axes.text(left + longest * 0.01, y, f"{left:.0f} ms", va="center", weight="bold")
    axes.set_yticks(range(len(found)), list(found))
    axes.set(xlim=(0, longest * 1.12), ylim=(len(found) - 0.5, -0.5), xlabel="milliseconds")
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4)
    return figure


def describe_block_times(found: Mapping[str, Mapping[str, float]]) -> str:
    """Say in words what ``draw_block_times`` shows."""
    told = "; ".join(
        f"{backend}: "
        + ", ".join(f"{part} {parts[part] * 1e3:.0f} ms" for part in PARTS)
        + f", together {sum(parts.values()) * 1e3:.0f} ms"
        for backend, parts in found.items()
    )
    return f"A bar of time per backend, cut into the parts of one axial block. {told}."


def _plain_milliseconds(axes: Axes) -> None:
    low, high = axes.get_ylim()
    round_ones = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)
    ticks = [tick for tick in round_ones if low <= tick <= high]
    axes.set_yticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
