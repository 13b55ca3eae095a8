"""Lesson 10's figures of processes at work: shares of a batch, their time, buckets, speed."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from axialkit.course.palette import BLACK, BLUE, GREEN, LINE, ORANGE, PURPLE, SKY, YELLOW
from axialkit.training.small_timings import PER_PROCESS

COLORS = (SKY, ORANGE, GREEN, PURPLE, YELLOW)  # of the processes, light enough for black ink
HATCHES = ("", "//", "..", "xx", "--")  # so that they can be told apart in grey
Spans = Sequence[tuple[str, float, float]]  # what, start, end in seconds
_WAYS = ("one by one", "in buckets")

# ---- shares of a batch


def draw_shards(images: Sequence[int], ways: dict[str, list[list[int]]]) -> Figure:
    """Show how images are dealt out: a row per process, a column per image, for several ways."""
    figure = Figure(figsize=(11, 2.2), layout="constrained")
    row = figure.subplots(1, len(ways), sharey=True)
    for axes, (title, parts) in zip(row, ways.items(), strict=True):
        for rank, part in enumerate(parts):
            for column, image in enumerate(images):
                times = part.count(image)
                if times:
                    axes.add_patch(
                        Rectangle(
                            (column - 0.5, rank - 0.5), 1, 1, facecolor=COLORS[rank],
                            hatch=HATCHES[rank], edgecolor="white",
                        )
                    )  # fmt: skip
                    axes.text(
                        column, rank, str(image), ha="center", va="center_baseline",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                    )  # fmt: skip
        _mark_wrong(axes, images, parts)
        axes.set(xlim=(-0.6, len(images) + 0.4), ylim=(len(parts) + 0.4, -0.6))
        axes.set_yticks(range(len(parts)), [f"process {rank}" for rank in range(len(parts))])
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.plot([-0.5, len(images) - 0.5], [-0.6, -0.6], color=BLACK, lw=1.2, clip_on=False)
        axes.set_title(title, loc="left", fontsize=12)
    return figure


def _mark_wrong(axes: Axes, images: Sequence[int], parts: list[list[int]]) -> None:
    """Write below a column whether its image is seen twice or not at all."""
    for column, image in enumerate(images):
        times = sum(part.count(image) for part in parts)
        if times != 1:
            axes.text(
                column, len(parts), f"{times}×", ha="center", va="center", weight="bold",
                color="#B03A00", fontsize=10,
            )  # fmt: skip


# ---- time


def draw_timeline(ranks: Sequence[dict[str, Spans]]) -> Figure:
    """Show when each process computes and when it communicates, in both ways of averaging."""
    figure = Figure(figsize=(11, 6.0), layout="constrained")
    titles = (
        "one by one: every gradient alone, after all have been computed",
        "in buckets: many gradients in one message, while others are still being computed",
    )
    for axes, way, title in zip(figure.subplots(2, 1), _WAYS, titles, strict=True):
        first, last = _extent(ranks, way)
        for number, rank in enumerate(ranks):
            for what, start, end in rank[way]:
                _draw_span(axes, number, what, 1e3 * (start - first), 1e3 * (end - first))
        lanes = [
            f"process {number}\n{lane}"
            for number in range(len(ranks))
            for lane in ("compute", "messages")
        ]
        axes.set_yticks(range(len(lanes)), lanes, fontsize=10)
        axes.set(ylim=(len(lanes) - 0.4, -0.6), xlim=(0, 1e3 * (last - first) * 1.02))
        axes.axhline(1.5, color=LINE, lw=1)
        axes.tick_params(axis="y", length=0)
        axes.set_title(f"{title}: {1e3 * (last - first):.0f} ms", loc="left", fontsize=12)
        axes.set_xlabel("milliseconds since the first process began")
    names = (("forward", SKY, ""), ("backward", BLUE, ""), ("messages", ORANGE, "//"))
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=color, hatch=hatch, edgecolor="white", label=name)
        for name, color, hatch in names
    ]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False)
    return figure


def _extent(ranks: Sequence[dict[str, Spans]], way: str) -> tuple[float, float]:
    """Return when the first process began and the last one ended."""
    starts = [start for rank in ranks for _, start, _ in rank[way]]
    return min(starts), max(end for rank in ranks for _, _, end in rank[way])


_LANES = 5  # buckets may travel at the same time: each has its own height


def _draw_span(axes: Axes, rank: int, what: str, start: float, end: float) -> None:
    is_message = what.startswith(("gradient", "bucket"))
    color = {"forward": SKY, "backward": BLUE}.get(what, ORANGE)
    top, height = 2 * rank + is_message - 0.36, 0.72
    if what.startswith("bucket"):
        height /= _LANES
        top += int(what.split()[1]) % _LANES * height
    axes.add_patch(
        Rectangle(
            (start, top), end - start, height, facecolor=color, linewidth=0.4,
            edgecolor="white" if is_message else color, hatch="//" if is_message else None,
        )
    )  # fmt: skip


def describe_timeline(ranks: Sequence[dict[str, Spans]]) -> str:
    """Say how long a step takes both ways, and how much of it comes after the computing."""
    parts = []
    for way in _WAYS:
        first, last = _extent(ranks, way)
        done = max(end for rank in ranks for what, _, end in rank[way] if what == "backward")
        messages = sum(what.startswith(("gradient", "bucket")) for what, _, _ in ranks[0][way])
        parts.append(
            f"{way}, {messages} messages, {1e3 * (last - first):.0f} ms, of which "
            f"{1e3 * (last - done):.0f} ms after the end of backward"
        )
    return f"Bars on a time axis for two processes, compute and messages. {'; '.join(parts)}."


# ---- buckets


def draw_buckets(buckets: Sequence[tuple[list[str], list[int]]]) -> Figure:
    """Show which gradients travel together: one block per gradient, as wide as it has numbers."""
    figure = Figure(figsize=(11, 0.95 + 0.75 * len(buckets)), layout="constrained")
    axes = figure.subplots()
    for row, (names, sizes) in enumerate(buckets):
        left = 0
        for name, size in zip(names, sizes, strict=True):
            part = part_of(name)
            axes.add_patch(
                Rectangle(
                    (left, row - 0.35), size, 0.7, facecolor=_PARTS[part][0],
                    hatch=_PARTS[part][1], edgecolor="white", linewidth=0.5,
                )
            )  # fmt: skip
            left += size
        axes.text(left + 400, row, f"{len(names)} gradients, {left:,} numbers", va="center")
    axes.set(xlim=(0, 1.32 * max(sum(sizes) for _, sizes in buckets)))
    axes.set_ylim(len(buckets) - 0.5, -0.5)
    axes.set_yticks(range(len(buckets)), [f"bucket {row}" for row in range(len(buckets))])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("numbers (the first bucket travels first)")
    present = {part_of(name) for names, _ in buckets for name in names}
    handles = [
        Rectangle((0, 0), 1, 1, facecolor=color, hatch=hatch, edgecolor="white", label=part)
        for part, (color, hatch) in _PARTS.items()
        if part in present
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), frameon=False)
    return figure


_PARTS = {
    "heads and decoder": (ORANGE, ""),
    "stage 4": (PURPLE, "//"),
    "stage 3": (GREEN, ".."),
    "stage 2": (SKY, "xx"),
    "stem": (YELLOW, "--"),
}


def part_of(name: str) -> str:
    """Return the part of the network that a weight belongs to."""
    for part in _PARTS:
        if part.replace(" ", "") in name:
            return part
    return "heads and decoder"


def describe_buckets(buckets: Sequence[tuple[list[str], list[int]]]) -> str:
    """Say what travels in which bucket."""
    rows = []
    for number, (names, sizes) in enumerate(buckets):
        parts = ", ".join(dict.fromkeys(map(part_of, names)))
        rows.append(f"bucket {number}: {len(names)} gradients, {sum(sizes)} numbers ({parts})")
    return f"Rows of blocks, one row per bucket. {'; '.join(rows)}."


# ---- speed


def draw_scaling(seconds: dict[str, float]) -> Figure:
    """Show images per second with 1 and all processes: more images at a time, or the same."""
    (shared,) = (key for key in seconds if not key.startswith("1 x"))
    count = int(shared.split()[0])
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    weak, strong = figure.subplots(1, 2, sharey=True)
    for axes, images, title in (
        (weak, PER_PROCESS, f"weak: {PER_PROCESS} images per process"),
        (strong, count * PER_PROCESS, f"strong: {count * PER_PROCESS} images together"),
    ):
        alone = images / seconds[f"1 x {images}"]
        both = count * PER_PROCESS / seconds[shared]
        axes.plot([1, count], [alone, count * alone], "--", color=BLACK, label="ideal")
        axes.plot([1, count], [alone, both], "o-", color=BLUE, lw=2.4, ms=9, label="measured")
        for place, value in ((1, alone), (count, both)):
            axes.annotate(
                f"{value:.0f}", (place, value), (0, -18), textcoords="offset points", ha="center",
                color=BLUE, weight="bold",
            )  # fmt: skip
        axes.set_title(f"{title}: efficiency {both / alone / count:.0%}", loc="left", fontsize=12)
        axes.set(xlabel="processes", xticks=range(1, count + 1), xlim=(0.8, count + 0.2))
        axes.legend(frameon=False, loc="upper left")
    weak.set(ylabel="images per second", ylim=(0, None))
    weak.margins(y=0.15)
    return figure


def describe_scaling(seconds: dict[str, float]) -> str:
    """Say how many images per second there are."""
    speeds = []
    for key, value in seconds.items():
        images = int(np.prod([int(part) for part in key.split(" x ")]))
        speeds.append(f"{key}: {images / value:.0f}")
    return f"Two line charts of images per second, weak and strong scaling. {', '.join(speeds)}."
