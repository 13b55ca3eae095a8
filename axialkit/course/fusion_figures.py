"""Lesson 07's figures of fusion: which term survives it, and what is held in memory."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from axialkit.course.memory_story import Story
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION

_STORY_COLORS = (ORANGE, BLUE, GREEN)
_STORY_HATCHES = ("", "//", "..")
TERMS = (
    ("q · k", "the kernel itself", "computes it block by block", "in", GREEN),
    ("q · r_q", "an additive bias", "known before the softmax", "bias", SKY),
    ("k · r_k", "an additive bias", "known before the softmax", "bias", SKY),
    ("weights · v", "the kernel itself", "adds it up block by block", "in", GREEN),
    ("weights · r_v", "a second pass", "needs the weights themselves", "not in", VERMILION),
)


def draw_survival() -> Figure:
    """Draw each term of the formula, and what becomes of it in a fused kernel."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(-0.15, 11), ylim=(5.3, -0.75))
    axes.set_axis_off()
    for x, name in ((0.1, "term"), (3.6, "what becomes of it"), (6.3, "why")):
        axes.text(x, -0.4, name, weight="bold")
    axes.add_patch(
        FancyBboxPatch(
            (-0.02, -0.12),
            10.9,
            4.16,
            boxstyle="round,pad=0.03",
            facecolor="#F7F7F5",
            edgecolor=BLACK,
            linestyle="--",
        )  # fmt: skip
    )
    axes.text(10.75, 0.12, "one call of\na fused kernel", ha="right", va="top", fontsize=11)
    for y, (term, becomes, why, _, color) in enumerate(TERMS):
        at = y if y < 4 else y + 0.25
        axes.add_patch(
            FancyBboxPatch(
                (0.12, at + 0.1),
                2.4,
                0.66,
                boxstyle="round,pad=0.04",
                facecolor=color,
                edgecolor=BLACK,
            )  # fmt: skip
        )
        axes.text(
            1.32, at + 0.44, term, ha="center", va="center", weight="bold",
            color=BLACK if color == SKY else "white",
        )  # fmt: skip
        axes.annotate(
            "", (3.5, at + 0.44), (2.7, at + 0.44), arrowprops={"arrowstyle": "-|>", "lw": 2}
        )
        axes.text(3.6, at + 0.44, becomes, va="center")
        axes.text(6.3, at + 0.44, why, va="center", fontsize=11)
    return figure


def describe_survival() -> str:
    """Say in words what ``draw_survival`` shows."""
    inside = "; ".join(f"{term}: {becomes}, {why}" for term, becomes, why, _, _ in TERMS[:4])
    term, becomes, why, _, _ = TERMS[4]
    return (
        f"Five terms. Four stand inside a box, one call of a fused kernel: {inside}. "
        f"One stands below the box. {term}: {becomes}, {why}."
    )


def draw_memory(stories: Mapping[str, Story]) -> Figure:
    """Draw what each way of computing attention holds, step by step."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots()
    x, ticks, names = 0.0, [], []
    worst = max(moment.most for story in stories.values() for moment in story) / 1e6
    for (name, story), color, hatch in zip(
        stories.items(), _STORY_COLORS, _STORY_HATCHES, strict=False
    ):
        first = x
        for moment in story:
            axes.bar(
                x, moment.most / 1e6, width=0.9, color=color, edgecolor=BLACK, hatch=hatch, lw=0.8
            )
            _tell(axes, x, moment.most / 1e6, worst)
            ticks.append(x)
            names.append(moment.name)
            x += 1
        axes.text(
            (first + x - 1) / 2, worst * 1.2, name.replace(", ", ",\n").replace(" and ", "\nand "),
            ha="center", va="center", weight="bold", fontsize=11,
        )  # fmt: skip
        x += 0.8
    axes.set_xticks(ticks, names, rotation=30, ha="right", fontsize=11)
    axes.set(ylabel="MB held, beside q, k and v", ylim=(0, worst * 1.32))
    return figure


def describe_memory(stories: Mapping[str, Story]) -> str:
    """Say in words what ``draw_memory`` shows."""
    told = "; ".join(
        f"{name}: " + ", ".join(f"{moment.name} {moment.most / 1e6:.0f} MB" for moment in story)
        for name, story in stories.items()
    )
    return f"Bars of memory, step by step, for ways to compute the same attention. {told}."


def _tell(axes: Axes, x: float, height: float, worst: float) -> None:
    axes.text(x, height + worst * 0.015, f"{height:.0f}", ha="center", va="bottom", fontsize=11)
