"""Lesson 03's figures of what ``tiny``'s tables say, and of streets larger than it knows."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from axialkit.config import ExperimentConfig
from axialkit.course.distance_figures import signed
from axialkit.course.palette import BLACK, BLUE, LINE, VERMILION
from axialkit.course.tiny_positions import IGNORED, Street, answer
from axialkit.visualize.colors import overlay


def draw_scores(scores: Float[Tensor, "head row"], trained: int) -> Figure:
    """Draw a curve per head: its position score over the distance; hatched: never trained.

    ``trained`` is the number of places of the longest line in training.
    """
    heads, rows = scores.shape
    reach = rows // 2
    distance = np.arange(-reach, reach + 1)
    used = np.abs(distance) < trained
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    panels = figure.subplots(2, -(-heads // 2), sharex=True, sharey=True)
    for head, (axes, values) in enumerate(zip(panels.flat, scores.numpy(), strict=True)):
        for begin, end in ((-reach, 0.5 - trained), (trained - 0.5, reach)):
            axes.axvspan(begin, end, facecolor="#F4F4F2", edgecolor=LINE, hatch="//", lw=0)
        axes.axvline(0, color=LINE, lw=1.5)
        axes.axhline(0, color=LINE, lw=1.0)
        axes.plot(distance, values, color="#9A9A95", lw=1.2)
        axes.plot(distance[used], values[used], color=BLUE, lw=2.4)
        best = int(distance[used][values[used].argmax()])
        worst = int(distance[used][values[used].argmin()])
        for place, color, sign in ((best, BLACK, "^"), (worst, VERMILION, "v")):
            axes.plot(place, values[place + reach], sign, color=color, ms=9)
        axes.margins(y=0.15)
        axes.set_title(f"head {head}: most for {signed(best)}, least for {signed(worst)}")
    figure.supxlabel("distance of the key, in cells (hatched: farther than any in training)")
    figure.supylabel("position score, around the mean")
    return figure


def describe_scores(scores: Float[Tensor, "head row"], trained: int) -> str:
    """Say in words what ``draw_scores`` shows."""
    reach = scores.shape[1] // 2
    used = scores[:, reach - trained + 1 : reach + trained]
    told = ", ".join(
        f"head {head} most for {signed(int(row.argmax()) - trained + 1)} and least for "
        f"{signed(int(row.argmin()) - trained + 1)}"
        for head, row in enumerate(used)
    )
    return (
        f"Curves of position scores over the distance, one panel per head: {told}. "
        f"Beyond {trained - 1} cells the curves are hatched and jagged: never trained."
    )


def draw_answers(
    models: Mapping[str, nn.Module], config: ExperimentConfig, street: Street
) -> Figure:
    """Show a street, and what each of at most three networks sees in it, with its right pixels."""
    image, truth = street
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    first, *others = figure.subplots(2, 2).flat
    first.imshow(image)
    first.set_title("the street")
    first.set_axis_off()
    for axes in others[len(models) :]:
        axes.remove()
    for axes, (name, model) in zip(others, models.items(), strict=False):
        result = answer(model, config, image)
        right = (result.semantic == truth)[truth != IGNORED].mean()
        axes.imshow(overlay(image, result.panoptic, alpha=0.75, line=2))
        axes.set_title(f"{name}: {100 * right:.0f} %")
        axes.set_axis_off()
    return figure
