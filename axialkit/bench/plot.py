"""Pictures of what was measured: bars under the machine's limit, curves over the length."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.files import atomic_path

_COLORS = {"reference": "#8c8c8c", "fused": "#0072b2", "sdpa": "#e69f00", "auto": "#009e73"}
Rows = list[dict[str, Any]]
Machine = dict[str, Any]


def draw_roofline(rows: Rows, matmul_gflops: float, machine: Machine) -> Figure:
    """Draw each backend's speed as a bar under the machine's own, and its memory beside it."""
    figure, (speed, memory) = _two_panels(machine)
    names = [row["backend"] for row in rows]
    colors = [_COLORS[name] for name in names]
    bars = speed.bar(names, [row["gflops"] for row in rows], color=colors)
    speed.bar_label(bars, [f"{row['milliseconds']:.0f} ms" for row in rows], padding=3)
    speed.axhline(matmul_gflops, color="black", linestyle="--")
    speed.annotate(
        f"matrix product: {matmul_gflops:.0f} GFLOP/s", (0.02, matmul_gflops),
        xycoords=("axes fraction", "data"), xytext=(0, 4), textcoords="offset points",
    )  # fmt: skip
    speed.set(ylabel="GFLOP/s (higher is better)", ylim=(0, matmul_gflops * 1.15))
    speed.set_title(_title(rows[0]), loc="left", fontsize=11)
    bars = memory.bar(names, [row["peak_extra_mb"] for row in rows], color=colors)
    memory.bar_label(bars, fmt="%.0f", padding=3)
    memory.set(ylabel="peak extra memory in MB (lower is better)")
    memory.margins(y=0.12)
    return figure


def draw_lengths(rows: Rows, matmul_gflops: float, machine: Machine) -> Figure:
    """Draw time and memory over the length, both axes logarithmic."""
    figure, (time, memory) = _two_panels(machine)
    for name in dict.fromkeys(row["backend"] for row in rows):
        own = [row for row in rows if row["backend"] == name]
        lengths = [row["length"] for row in own]
        style = {"color": _COLORS[name], "marker": "o", "label": name}
        time.plot(lengths, [row["milliseconds"] for row in own], **style)
        memory.plot(lengths, [row["peak_extra_mb"] for row in own], **style)
    for axes in (time, memory):
        axes.set(xscale="log", yscale="log", xlabel="length of the axis")
        axes.set_xticks(sorted({row["length"] for row in rows}))
        axes.xaxis.set_major_formatter("{x:.0f}")
        axes.minorticks_off()
        axes.yaxis.set_major_formatter("{x:,g}")
        axes.grid(alpha=0.3)
        axes.legend()
    time.set(ylabel="milliseconds")
    memory.set(ylabel="peak extra memory in MB")
    time.set_title(_title(rows[0], length=False), loc="left", fontsize=11)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a PNG."""
    with atomic_path(path) as inside:
        figure.savefig(inside, format="png")


def _two_panels(machine: Machine) -> tuple[Figure, tuple[Axes, Axes]]:
    figure = Figure(figsize=(10, 4.6), dpi=120, layout="constrained", facecolor="white")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    text = f"{machine['device']}, {machine['threads']} threads, torch {machine['torch']}"
    figure.supxlabel(text, fontsize=9, color="#555555")
    return figure, (left, right)


def _title(row: dict[str, Any], *, length: bool = True) -> str:
    mode = "inference" if row["mode"] == "infer" else "forward + backward"
    size = f"{row['rows']} x {row['length']}" if length else f"{row['rows']} sequences"
    depths = f"{row['in_channels']} -> {row['key_depth']}/{row['value_depth']} channels"
    return f"{mode}, {size}, {depths}, {row['heads']} heads"
