"""Curves of a training: losses, gradient norms, distances of attention, averaged weights."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.course.palette import (
    BLACK,
    BLUE,
    GREEN,
    LINE,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
)
from axialkit.course.training_film import Film


def smooth(values: Sequence[float] | np.ndarray, over: int) -> np.ndarray:
    """Return means over the last ``over`` values (fewer at the beginning)."""
    total = np.cumsum(np.insert(np.asarray(values, float), 0, 0.0))
    last = np.arange(1, len(total))
    first = np.maximum(last - over, 0)
    return (total[last] - total[first]) / (last - first)


def plain_ticks(axes: Axes) -> None:
    """Write numbers such as 0.2, 0.5, 1 at a logarithmic axis of few powers of ten."""
    low, high = axes.get_ylim()
    ticks = [m * 10.0**e for e in range(-4, 4) for m in (1, 2, 5) if low <= m * 10.0**e <= high]
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()


def draw_losses(film: Film) -> Figure:
    """Draw each head's loss: every step, smoothed, and on scenes that are not trained on."""
    figure = Figure(figsize=(12, 3.8), layout="constrained")
    losses = np.array(film.run.curves.losses)
    steps = np.arange(1, len(losses) + 1)
    for axes, head, name in zip(
        figure.subplots(1, 3), range(3), ("semantic", "center", "offset"), strict=True
    ):
        axes.plot(steps, losses[:, head], color=LINE, lw=0.8, label="each step")
        axes.plot(steps, smooth(losses[:, head], 25), color=BLUE, lw=2, label="mean of 25 steps")
        on_val = [frame.losses[head] for frame in film.frames]
        axes.plot(film.steps, on_val, "D--", color=VERMILION, ms=5, label="scenes not trained on")
        axes.set(title=name, xlabel="steps", yscale="log")
        plain_ticks(axes)
    figure.axes[0].legend(frameon=False, fontsize=10)
    return figure


def describe_losses(film: Film) -> str:
    """Say what ``draw_losses`` shows."""
    train, held_out = np.array(film.run.curves.losses)[-25:].mean(axis=0), film.frames[-1].losses
    said = "; ".join(
        f"{name}: {first:.2f} at first, {last:.2f} at the end, {new:.2f} on validation scenes"
        for name, first, last, new in zip(
            ("semantic", "center", "offset"), film.run.curves.losses[0], train, held_out,
            strict=True,
        )
    )  # fmt: skip
    return f"Three plots of losses over the steps. {said}."


def draw_norms(film: Film) -> Figure:
    """Draw the norm of the gradient per stage, smoothed, with the limit of the clipping."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    norms = np.array(film.run.curves.norms)
    for values, name, color, style in zip(
        norms.T,
        ("front: convolutions", "block: attention", "decoder", "heads"),
        (SKY, BLUE, GREEN, VERMILION),
        ("-", "--", "-.", "-"),
        strict=True,
    ):
        axes.plot(smooth(values, 25), color=color, ls=style, lw=2, label=name)
    axes.axhline(film.run.recipe.clip, color=BLACK, ls=":")
    clip = film.run.recipe.clip
    axes.text(len(norms), clip * 1.2, f"clipped above {clip:g} (all together)", ha="right")
    axes.set(yscale="log", xlabel="steps", title="norm of the gradient, mean of 25 steps")
    axes.legend(frameon=False, ncols=2, fontsize=10)
    return figure


def describe_norms(film: Film) -> str:
    """Say what ``draw_norms`` shows."""
    norms = np.array(film.run.curves.norms)
    said = ", ".join(
        f"{name} from {first:.2g} to {last:.2g}"
        for name, first, last in zip(
            ("front", "block", "decoder", "heads"),
            norms[:25].mean(axis=0),
            norms[-25:].mean(axis=0),
            strict=True,
        )
    )
    return f"Norm of the gradient by stage, first and last 25 steps: {said}."


def draw_distances(film: Film) -> Figure:
    """Draw how far each head looks, along columns and along rows, while training."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    distances = np.array([frame.distances for frame in film.frames])
    sizes = (9, 17)  # cells of a column and of a row of the map
    for axis, (axes, name) in enumerate(
        zip(figure.subplots(1, 2), ("along columns", "along rows"), strict=True)
    ):
        for head, (color, mark) in enumerate(
            zip((BLUE, ORANGE, GREEN, PURPLE), "osDv", strict=True)
        ):
            axes.plot(
                film.steps, distances[:, axis, head], color=color, marker=mark, ms=4,
                label=f"head {head}",
            )  # fmt: skip
        even = (sizes[axis] - 1 / sizes[axis]) / 3
        axes.axhline(even, color=BLACK, ls=":", label=f"an even look: {even:.1f}")
        axes.set(title=f"{name} ({sizes[axis]} cells)", xlabel="steps", ylim=(0, None))
        axes.set_ylabel("mean distance of a look, cells")
        axes.legend(frameon=False, fontsize=10, ncols=2, loc="lower left")
    return figure


def describe_distances(film: Film) -> str:
    """Say what ``draw_distances`` shows."""
    first, last = (film.frames[i].distances for i in (0, -1))
    said = "; ".join(
        f"{name} from {low.min():.1f} to {low.max():.1f} cells at first, {high.min():.1f} to "
        f"{high.max():.1f} at the end"
        for name, low, high in zip(("columns", "rows"), first, last, strict=True)
    )
    return f"Mean distance of the looks over the steps, four heads along each axis: {said}."


def draw_averages(film: Film) -> Figure:
    """Draw the loss of the last weights and of the averaged ones, on scenes not trained on."""
    figure = Figure(figsize=(8, 3.8), layout="constrained")
    axes = figure.subplots()
    frames = film.frames[1:]
    steps = [frame.step for frame in frames]
    for name, losses, color, style in (
        ("the weights themselves", [sum(f.losses) for f in frames], ORANGE, "s-"),
        ("averaged weights", [sum(f.averaged) for f in frames], BLUE, "o--"),
    ):
        axes.plot(steps, losses, style, color=color, ms=5, label=name)
    axes.set(xlabel="steps", title="sum of the three losses, scenes not trained on", yscale="log")
    plain_ticks(axes)
    axes.legend(frameon=False)
    return figure


def describe_averages(film: Film) -> str:
    """Say what ``draw_averages`` shows."""
    said = "; ".join(
        f"after {frame.step} steps {sum(frame.losses):.2f} and {sum(frame.averaged):.2f}"
        for frame in (film.frames[1], film.frames[len(film.frames) // 2], film.frames[-1])
    )
    return f"Two curves of the loss on validation scenes, weights and averaged weights: {said}."
