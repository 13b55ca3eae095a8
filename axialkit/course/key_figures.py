"""Lesson 01's figures of the two-hop key task."""

import numpy as np
import torch
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.course.bands import Band
from axialkit.course.cells import draw_arrow, draw_lines, mark
from axialkit.course.key_task import CHANCE, GRID, KEY_COLORS, NO_ANSWER, STACKS, KeyTask, Outcome
from axialkit.course.palette import BLACK, SKY, VERMILION
from axialkit.course.reach import corner
from axialkit.visualize.words import percent

_LETTERS = "ABCD"  # the colors' names, so that color is never the only sign
_SOLVED = 0.6  # bars above this share stand out


def draw_task(task: KeyTask, index: int = 0) -> Figure:
    """Show one image of the task beside its answer, with one message's way around the corner."""
    figure = Figure(figsize=(12, 3.5), layout="constrained")
    given, wanted = figure.subplots(1, 2)
    given.set_title("given: one colored key, three grey cells that ask")
    _draw_image(given, task, index)
    wanted.set_title("wanted: each grey cell names the key's color")
    _draw_image(wanted, task, index, task.answer[index])
    key, asked = task.key[index].tolist(), _asked(task, index)
    farthest = asked[np.abs(asked - key).sum(axis=1).argmax()].tolist()
    turn = corner(*farthest, *key)
    for start, end in ((key, turn), (turn, farthest)):
        draw_arrow(wanted, start, end, "white", halo=BLACK)
    wanted.plot(turn[1], turn[0], "o", ms=7, mfc="white", mec=BLACK)
    return figure


def draw_results(outcomes: dict[str, Outcome], stored: Band | None = None) -> Figure:
    """Draw one bar per stack of layers, the line of blind guessing, and stored trainings."""
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots()
    names = list(reversed(outcomes))
    for y, name in enumerate(names):
        share = outcomes[name].accuracy
        color = VERMILION if share > _SOLVED else SKY
        axes.barh(y, 100 * share, color=color, edgecolor=BLACK, lw=0.6, height=0.7)
        axes.text(
            100 * max(share, CHANCE) + 1.5,
            y,
            percent(share),
            va="center",
            weight="bold",
        )
        if stored is not None:
            axes.plot(
                [100 * value for value in stored.values[name]],
                [y - 0.42] * len(stored.seeds),
                "D",
                ms=6,
                mfc="white",
                mec=BLACK,
                clip_on=False,
                label="stored trainings" if y == 0 else None,
            )
    if stored is not None:
        axes.legend(loc="upper right", frameon=False)
    axes.axvline(100 * CHANCE, color=BLACK, ls="--", lw=1.6)
    axes.text(100 * CHANCE + 1, len(names) - 0.5, "blind guessing: 25 %", va="bottom", size=11)
    axes.set_yticks(range(len(names)), [STACKS[name] for name in names])
    axes.set(xlim=(0, 112), ylim=(-0.6, len(names)), xlabel="grey cells answered correctly (%)")
    return figure


@torch.no_grad()
def draw_guesses(outcomes: dict[str, Outcome], task: KeyTask, index: int = 0) -> Figure:
    """Show what each trained net answers on the same image."""
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    for axes, (name, outcome) in zip(figure.subplots(2, 2).flat, outcomes.items(), strict=True):
        guess = outcome.net(task.image[index : index + 1]).argmax(dim=1)[0]
        asked = task.answer[index] != NO_ANSWER
        right = int((guess == task.answer[index])[asked].sum())
        axes.set_title(f"{STACKS[name]}: {right} of {int(asked.sum())} right")
        _draw_image(axes, task, index, guess)
    return figure


def _draw_image(
    axes: Axes,
    task: KeyTask,
    index: int,
    answers: Int[torch.Tensor, "height width"] | None = None,
) -> None:
    """Draw the cells with the key's letter; grey cells show their answer, or a question mark."""
    axes.imshow(task.image[index].permute(1, 2, 0).numpy())
    draw_lines(axes, *GRID, alpha=0.25)
    truth = int(task.answer[index].max())
    mark(axes, task.key[index].tolist(), _LETTERS[truth])
    for point in _asked(task, index).tolist():
        if answers is None:
            mark(axes, point, "?")
            continue
        number = int(answers[tuple(point)])
        sign = "" if number == truth else "✗"
        mark(axes, point, _LETTERS[number] + sign, KEY_COLORS[number].tolist())


def _asked(task: KeyTask, index: int) -> Int[np.ndarray, "n 2"]:
    """Return the points (y, x) of the grey cells."""
    return np.argwhere(task.answer[index].numpy() != NO_ANSWER)
