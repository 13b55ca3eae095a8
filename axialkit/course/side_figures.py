"""Lesson 03's figures of the game "left or right of the marker?"."""

import torch
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from axialkit.course.bands import Band
from axialkit.course.cells import draw_lines, mark
from axialkit.course.palette import BLACK, BLUE, GREEN, LINE, ORANGE, SKY, VERMILION
from axialkit.course.side_task import (
    CHANCE,
    LEARNED,
    LENGTH,
    NO_ANSWER,
    POSITIONS,
    SHIFTED,
    Sides,
    SideTask,
)

_LETTERS = ("L", "R")
_SIDE_COLORS = (SKY, ORANGE)
_STYLES = {"none": (BLACK, ":"), "absolute": (VERMILION, "--"), "relative": (BLUE, "-")}


def draw_task(task: SideTask, index: int = 0) -> Figure:
    """Show one line of the game above its answers."""
    figure = Figure(figsize=(12, 1.9), layout="constrained")
    given, wanted = figure.subplots(2, 1)
    _draw_line(given, task, index, None)
    given.set_title("given: a marker M, and four grey cells that ask", loc="left")
    _draw_line(wanted, task, index, task.answer[index])
    wanted.set_title("wanted: left (L) or right (R) of the marker", loc="left")
    return figure


@torch.no_grad()
def draw_answers(outcomes: dict[str, Sides], task: SideTask, index: int = 0) -> Figure:
    """Show what every trained net answers on the same line; a cross marks a wrong answer."""
    figure = Figure(figsize=(12, 0.9 * len(outcomes)), layout="constrained")
    for axes, (name, outcome) in zip(
        figure.subplots(len(outcomes), 1, squeeze=False).flat, outcomes.items(), strict=True
    ):
        answer = outcome.net(task.line[index : index + 1]).argmax(dim=-1)[0]
        asked = task.answer[index] != NO_ANSWER
        right = int((answer == task.answer[index])[asked].sum())
        _draw_line(axes, task, index, answer)
        axes.set_title(f"{POSITIONS[name]}: {right} of {int(asked.sum())} right", loc="left")
    return figure


def draw_shares(outcomes: dict[str, Sides], stored: Band) -> Figure:
    """Draw the right answers where the marker was in training, own run and stored seeds."""
    figure = Figure(figsize=(10, 3.0), layout="constrained")
    axes = figure.subplots()
    names = list(reversed(outcomes))
    for y, name in enumerate(names):
        share = 100 * outcomes[name].share(LEARNED)
        axes.barh(y, share, color=_STYLES[name][0], alpha=0.75, height=0.62)
        axes.text(max(share, 100 * CHANCE) + 2, y, f"{share:.0f} %", va="center", weight="bold")
        dots = [100 * value for value in stored.values[name]]
        axes.plot(
            dots, [y - 0.4] * len(dots), "D", ms=7, mfc="white", mec=BLACK, mew=1.4,
            label="stored, one per seed" if y == 0 else None,
        )  # fmt: skip
    axes.axvline(100 * CHANCE, color=BLACK, ls="--", lw=1.5)
    axes.text(
        100 * CHANCE - 1, len(names) - 0.5, "guessing: 50 %", ha="right", va="bottom", size=11
    )
    axes.set_yticks(range(len(names)), [POSITIONS[name] for name in names])
    axes.set(xlim=(0, 112), ylim=(-0.6, len(names)), xlabel="grey cells answered correctly (%)")
    axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.86), frameon=False, fontsize=11)
    return figure


def draw_places(outcomes: dict[str, Sides], stored: Band) -> Figure:
    """Draw the right answers over the place of the marker; dots: the stored seeds, shifted."""
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    axes = figure.subplots()
    for places, color, text in (
        (LEARNED, GREEN, "marker as in training"),
        (SHIFTED, SKY, f"all moved by {SHIFTED.start - LEARNED.start}"),
    ):
        axes.axvspan(places.start - 0.5, places.stop - 0.5, color=color, alpha=0.16, lw=0)
        middle = (places.start + places.stop - 1) / 2
        axes.text(middle, 109, text, ha="center", va="center", fontsize=12)
    for name, outcome in outcomes.items():
        color, style = _STYLES[name]
        shares = list(outcome.by_place.values())
        axes.plot(
            list(outcome.by_place), [100 * share for share in shares], style, color=color, lw=2.6,
            marker=".", label=POSITIONS[name],
        )  # fmt: skip
        dots = [100 * value for value in stored.values[f"{name} shifted"]]
        axes.plot(
            [SHIFTED.stop - 0.35 + 0.3 * number for number in range(len(dots))], dots, "D", ms=6,
            mfc="white", mec=color, mew=2,
            clip_on=False, zorder=5,
        )  # fmt: skip
    axes.axhline(100 * CHANCE, color=LINE, lw=1.2, zorder=0)
    axes.set(
        xlabel="place of the marker", ylabel="right answers (%)", ylim=(0, 114),
        xlim=(LEARNED.start - 0.5, SHIFTED.stop + 0.6), yticks=range(0, 101, 25),
        xticks=range(LEARNED.start, SHIFTED.stop, 2),
    )  # fmt: skip
    axes.plot([], [], "D", ms=7, mfc="white", mec=BLACK, mew=2, label="stored, one per seed: moved")
    axes.legend(loc="lower left", fontsize=11, framealpha=0.9)
    return figure


def _draw_line(
    axes: Axes, task: SideTask, index: int, answers: Int[Tensor, " length"] | None
) -> None:
    """Draw the cells; grey ones show their answer, or a question mark."""
    axes.imshow(task.line[index][None].numpy().clip(0, 1), aspect="auto")
    draw_lines(axes, 1, LENGTH, alpha=0.25)
    mark(axes, (0, int(task.marker[index])), "M")
    for place in (task.answer[index] != NO_ANSWER).nonzero().flatten().tolist():
        if answers is None:
            mark(axes, (0, place), "?")
            continue
        side = int(answers[place])
        wrong = side != int(task.answer[index, place])
        mark(axes, (0, place), _LETTERS[side] + ("✗" if wrong else ""), _SIDE_COLORS[side])
