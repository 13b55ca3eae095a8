"""Lesson 10's figures of the ring: which process has which parts of a sum, step by step."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from axialkit.course.palette import BLACK, LINE
from axialkit.course.process_figures import COLORS, HATCHES

Sums = list[list[set[int]]]  # [process][chunk] -> whose numbers are added up there


def ring_states(count: int) -> list[tuple[Sums, dict[int, int]]]:
    """Return, for every step of the ring, who has what, and which chunk each process then sends.

    The last state has nothing left to send.
    """
    sums: Sums = [[{rank} for _ in range(count)] for rank in range(count)]
    states = []
    for step in range(2 * (count - 1)):
        # the second round begins where the first has ended: with the chunk just finished
        sent = {rank: (rank - step) % count for rank in range(count)}
        states.append(([[set(cell) for cell in row] for row in sums], sent))
        news = {((rank + 1) % count, chunk): set(sums[rank][chunk]) for rank, chunk in sent.items()}
        for (rank, chunk), came in news.items():
            sums[rank][chunk] = came | sums[rank][chunk] if step < count - 1 else came
    states.append((sums, {}))
    return states


def draw_ring(count: int, step: int) -> Figure:
    """Show one step of the ring: what everyone has, and what travels to the right neighbor."""
    states = ring_states(count)
    step = min(step, len(states) - 1)
    figure = Figure(figsize=(7.5, 0.9 * count + 1.3), layout="constrained")
    axes = figure.subplots()
    _draw_state(axes, *states[step], large=True)
    axes.set_title(f"{step} of {len(states) - 1} steps: {_phase(count, step)}", loc="left")
    return figure


def describe_ring(count: int, step: int) -> str:
    """Say who has what after some steps."""
    states = ring_states(count)
    step = min(step, len(states) - 1)
    sums, sent = states[step]
    finished = sum(len(cell) == count for row in sums for cell in row)
    moving = ", ".join(f"{rank} sends chunk {chunk}" for rank, chunk in sent.items())
    return (
        f"{count} processes with {count} chunks each, after {step} of {len(states) - 1} steps: "
        f"{finished} of {count * count} chunks are finished sums. "
        f"{f'Next: {moving}.' if moving else 'All have everything.'}"
    )


def draw_ring_steps(count: int = 3) -> Figure:
    """Show all steps of a ring side by side."""
    states = ring_states(count)
    figure = Figure(figsize=(11, 2.6 + 0.3 * count), layout="constrained")
    for step, axes in enumerate(figure.subplots(1, len(states))):
        _draw_state(axes, *states[step], large=False, first=step == 0)
        axes.set_title(f"{step}: {_phase(count, step)}", loc="left", fontsize=11)
    return figure


def _phase(count: int, step: int) -> str:
    if step == 2 * (count - 1):
        return "done"
    return "adding up" if step < count - 1 else "handing on"


def _draw_state(
    axes: Axes, sums: Sums, sent: dict[int, int], *, large: bool, first: bool = True
) -> None:
    """Draw processes as rows and chunks as columns; a stripe per process in the sum."""
    count = len(sums)
    for rank, row in enumerate(sums):
        for chunk, members in enumerate(row):
            _draw_cell(axes, rank, chunk, members, count, large=large)
    for rank, chunk in sent.items():
        to = (rank + 1) % count
        start = (chunk + 0.3, rank + 0.1)
        end = (chunk + 0.3, to - 0.1 if to > rank else rank + 0.75)
        axes.add_patch(
            FancyArrowPatch(
                start, end, arrowstyle="-|>", mutation_scale=16 if large else 11, color=BLACK,
                linewidth=2 if large else 1.4, zorder=5,
            )
        )  # fmt: skip
        if to == 0:  # the last one's neighbor is the first: the ring closes
            axes.text(
                chunk + 0.2, rank + 0.66, "to 0", ha="right", va="center",
                fontsize=11 if large else 9,
            )  # fmt: skip
    axes.set(xlim=(-0.55, count - 0.45), ylim=(count + 0.05, -0.55))
    axes.set_xticks(range(count), [f"chunk {i}" if large else str(i) for i in range(count)])
    axes.set_yticks(range(count), [f"process {i}" if large else str(i) for i in range(count)])
    if not large:
        axes.set(xlabel="chunk", ylabel="process" if first else "")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _draw_cell(
    axes: Axes, rank: int, chunk: int, members: set[int], count: int, *, large: bool
) -> None:
    left, top, width = chunk - 0.42, rank - 0.36, 0.84
    for place, member in enumerate(sorted(members)):
        share = width / count
        axes.add_patch(
            Rectangle(
                (left + place * share, top), share, 0.72, facecolor=COLORS[member],
                hatch=HATCHES[member], edgecolor="white", linewidth=0.5,
            )
        )  # fmt: skip
    is_whole = len(members) == count
    axes.add_patch(
        Rectangle(
            (left, top), width, 0.72, fill=False, edgecolor=BLACK if is_whole else LINE,
            linewidth=2.4 if is_whole else 1.0, zorder=4,
        )
    )  # fmt: skip
    axes.text(
        chunk - 0.12, rank, "+".join(map(str, sorted(members))), ha="center",
        va="center_baseline", fontsize=11 if large else 8.5, zorder=6,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.85},
    )  # fmt: skip
