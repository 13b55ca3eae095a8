"""Lesson 08's pictures of answers: corrupted ones, wrong ones, and the scores of true heads."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from torch import nn

from axialkit.config import ExperimentConfig
from axialkit.course.ceiling import counts_of, finish, noisy, scores_of, with_rules
from axialkit.course.palette import BLACK, BLUE, ORANGE
from axialkit.course.things_figures import (
    COLORS,
    OUTLINE,
    Ids,
    instance_numbers,
    paint,
    show_picture,
    thing_labels,
)
from axialkit.data import minicity
from axialkit.data.cityscapes import TRAIN_CLASSES, panoptic_label
from axialkit.data.minicity import DrawnScene
from axialkit.inference import predict_images
from axialkit.structures import LABEL_DIVISOR, Prediction
from axialkit.visualize.name_spots import name_spots
from axialkit.visualize.words import class_name

Box = tuple[int, int, int, int]  # top, left, bottom, right

_FEW = 20  # pixels: what is smaller is not counted in a part of a street


def _pale(color: str) -> str:
    red, green, blue = (0.35 * part + 0.65 for part in to_rgb(color))
    return to_hex((red, green, blue))


class Answer(NamedTuple):
    """What post-processing made of a street."""

    panoptic: Ids
    centers: np.ndarray
    quality: float  # PQ of the things


def answer(  # noqa: PLR0913
    scene: DrawnScene, heads: Prediction, config: ExperimentConfig,
    noise: float = 0.0, threshold: float = 0.1, kernel: int = 5,
) -> Answer:  # fmt: skip
    """Post-process heads whose offsets got noise, with other rules."""
    rules = with_rules(config, center_threshold=threshold, nms_kernel=kernel)
    result = finish(noisy(heads, noise, seed=0), scene, rules)
    quality = scores_of(counts_of(result.panoptic, scene)).things.pq
    return Answer(result.panoptic, result.centers, quality)


def draw_corrupted(  # noqa: PLR0913
    scene: DrawnScene, heads: Prediction, config: ExperimentConfig,
    noise: float = 0.0, threshold: float = 0.1, kernel: int = 5,
) -> Figure:  # fmt: skip
    """Draw the answer that corrupted heads and other rules give, with its PQ."""
    figure = Figure(figsize=(9, 4.9), layout="constrained")
    _draw_answer(figure.subplots(), scene, answer(scene, heads, config, noise, threshold, kernel))
    return figure


def describe_corrupted(  # noqa: PLR0913
    scene: DrawnScene, heads: Prediction, config: ExperimentConfig,
    noise: float = 0.0, threshold: float = 0.1, kernel: int = 5,
) -> str:  # fmt: skip
    """Say what ``draw_corrupted`` shows."""
    given = answer(scene, heads, config, noise, threshold, kernel)
    return (
        f"The street with {len(thing_labels(given.panoptic))} things from {len(given.centers)} "
        f"centers (crosses), at noise {noise:g}, threshold {threshold:g}, window {kernel}. PQ of "
        f"the things: {100 * given.quality:.1f}."
    )


FAULTS: tuple[tuple[str, float, float, int], ...] = (  # name, noise, threshold, window
    ("as shipped", 0.0, 0.1, 5),
    ("offsets with noise of 10 pixels", 10.0, 0.1, 5),
    ("threshold 0.02", 0.0, 0.02, 5),
    ("threshold 0.7", 0.0, 0.7, 5),
    ("window 1", 0.0, 0.1, 1),
    ("window 25", 0.0, 0.1, 25),
)


def draw_faults(scene: DrawnScene, heads: Prediction, config: ExperimentConfig) -> Figure:
    """Draw the answer as it is, and in five ways of going wrong."""
    figure = Figure(figsize=(10, 8.8), layout="constrained")
    panels = figure.subplots(3, 2).flat
    for axes, (name, noise, threshold, kernel) in zip(panels, FAULTS, strict=True):
        _draw_answer(axes, scene, answer(scene, heads, config, noise, threshold, kernel))
        axes.set_title(f"{name}\n{axes.get_title()}", fontsize=12)
    return figure


def describe_faults(scene: DrawnScene, heads: Prediction, config: ExperimentConfig) -> str:
    """Say what ``draw_faults`` shows."""
    return " ".join(
        f"{name}: {describe_corrupted(scene, heads, config, noise, threshold, kernel)}"
        for name, noise, threshold, kernel in FAULTS
    )


def _draw_answer(axes: Axes, scene: DrawnScene, given: Answer) -> None:
    count = len(thing_labels(given.panoptic))
    title = f"{len(given.centers)} centers, {count} things, PQ of things {100 * given.quality:.1f}"
    show_picture(axes, paint_answer(scene, given.panoptic), title)
    if len(given.centers) <= 100:  # more would hide the picture
        y, x = given.centers.T
        axes.plot(x, y, "x", ms=8, mew=3, color=BLACK)
        axes.plot(x, y, "x", ms=7, mew=1.5, color="white")


def paint_answer(scene: DrawnScene, panoptic: Ids) -> np.ndarray:
    """Paint things as the truth they fit best; a piece or a thing too many gets a pale color."""
    truth, labels = instance_numbers(scene), thing_labels(panoptic)
    numbers = np.zeros(panoptic.shape, np.int64)
    for number, label in enumerate(labels, start=1):
        numbers[panoptic == label] = number
    shared = np.zeros((len(labels) + 1, truth.max() + 1), np.int64)
    np.add.at(shared, (numbers, truth), 1)
    shared[0] = shared[:, 0] = 0
    colors = [_pale(COLORS[n % len(COLORS)]) for n in range(len(labels))]
    while shared.any():
        mine, its = np.unravel_index(shared.argmax(), shared.shape)
        colors[mine - 1] = COLORS[(its - 1) % len(COLORS)]
        shared[mine] = shared[:, its] = 0
    return paint(scene.image, numbers, colors)


class Failure(NamedTuple):
    """A street of which the network gets something wrong, and where: a box of pixels."""

    name: str
    street: int
    box: Box


FAILURES = (
    Failure("a split bus", 280, (16, 26, 96, 222)),
    Failure("a merged crowd", 283, (28, 160, 86, 246)),
    Failure("a wrong class", 111, (20, 40, 110, 246)),
)


def draw_failures(model: nn.Module, config: ExperimentConfig) -> Figure:
    """Draw truth and answer of the streets in FAILURES, things only, with their classes."""
    figure = Figure(figsize=(10, 9.6), layout="constrained")
    heights = [(bottom - top) / (right - left) for _, _, (top, left, bottom, right) in FAILURES]
    rows = figure.subplots(len(FAILURES), 2, height_ratios=heights)
    for (left, right), failure in zip(rows, FAILURES, strict=True):
        scene, panoptic = _failed(failure, model, config)
        truth = panoptic_label(scene.instance_ids)
        for axes, labels, who in ((left, truth, "truth"), (right, panoptic, "answer")):
            found = _count_things(labels, failure.box)
            show_picture(axes, paint_answer(scene, labels), f"{failure.name}, {who}:\n{found}")
            _write_classes(axes, labels, failure.box)
            top, left_end, bottom, right_end = failure.box
            axes.set(xlim=(left_end - 0.5, right_end - 0.5), ylim=(bottom - 0.5, top - 0.5))
    return figure


def describe_failures(model: nn.Module, config: ExperimentConfig) -> str:
    """Say what ``draw_failures`` shows."""
    parts = []
    for failure in FAILURES:
        scene, panoptic = _failed(failure, model, config)
        truth = _count_things(panoptic_label(scene.instance_ids), failure.box)
        found = _count_things(panoptic, failure.box)
        parts.append(f"{failure.name}: in truth {truth}; in the answer {found}.")
    return "Three streets, things in color. " + " ".join(parts)


def _failed(failure: Failure, model: nn.Module, config: ExperimentConfig) -> tuple[DrawnScene, Ids]:
    scene = minicity.scene(failure.street)
    heads = predict_images(model, [scene.image], config)[0]
    return scene, finish(heads, scene, config).panoptic


def _count_things(panoptic: Ids, box: Box) -> str:
    """Count the things in a box by class: "2 x bus, 1 x car"."""
    inside = _cut(panoptic, box)
    labels = [label for label in thing_labels(inside) if (inside == label).sum() >= _FEW]
    classes = [label // LABEL_DIVISOR for label in labels]
    counts = {klass: classes.count(klass) for klass in dict.fromkeys(classes)}
    return ", ".join(f"{count} x {class_name(klass)}" for klass, count in counts.items())


def _cut(panoptic: Ids, box: Box) -> Int[np.ndarray, "part_height part_width"]:
    top, left, bottom, right = box
    return panoptic[top:bottom, left:right]


def _write_classes(axes: Axes, panoptic: Ids, box: Box) -> None:
    for spot in name_spots(_cut(panoptic, box), thinnest=6.0):
        if spot.label % LABEL_DIVISOR:
            axes.text(
                box[1] + spot.x, box[0] + spot.y, class_name(spot.label // LABEL_DIVISOR),
                color="white", fontsize=10, ha="center", va="center", path_effects=OUTLINE,
            )  # fmt: skip


def draw_ladder(scores: dict[str, tuple[float, float]]) -> Figure:
    """Draw the PQ of all classes and of things for each step of the oracle ladder."""
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    for which, name, color in ((0, "all classes", BLUE), (1, "things only", ORANGE)):
        ys = np.arange(len(scores))[::-1] + (0.2 - 0.4 * which)
        values = [100 * pair[which] for pair in scores.values()]
        bars = axes.barh(ys, values, 0.36, color=color, edgecolor=BLACK, lw=0.5, label=name)
        axes.bar_label(bars, fmt="%.1f", padding=3, fontsize=11)
    axes.set_yticks(np.arange(len(scores))[::-1], list(scores))
    axes.set(xlim=(0, 110), xlabel="PQ")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    return figure


def draw_ceiling(table: dict[str, list[float]]) -> Figure:
    """Draw the PQ of true heads by class and setting, with every number."""
    figure = Figure(figsize=(10, 3.9), layout="constrained")
    axes = figure.subplots()
    classes = np.flatnonzero(np.array(list(table.values())).any(axis=0))
    values = 100 * np.array([[row[k] for k in classes] for row in table.values()])
    axes.imshow(values, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for (y, x), value in np.ndenumerate(values):
        color = "black" if value > 55 else "white"
        axes.text(x, y, f"{value:.0f}", ha="center", va="center", color=color, fontsize=11)
    names = [TRAIN_CLASSES[k].name for k in classes]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(table)), list(table))
    axes.axvline((classes < 11).sum() - 0.5, color="white", lw=4)
    axes.set_title("PQ of true heads: stuff left, things right of the white line", fontsize=12)
    axes.spines[:].set_visible(False)
    return figure
