"""Lesson 08's pictures of targets, of pixels that fly to their centers, and of answers."""

import numpy as np
import torch
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.config import ExperimentConfig
from axialkit.course.ceiling import counts_of, finish, noisy, scores_of, with_rules
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, YELLOW
from axialkit.data.cityscapes import TRAIN_CLASSES, panoptic_label
from axialkit.data.minicity import DrawnScene
from axialkit.structures import VOID, Prediction
from axialkit.visualize.colors import overlay

_COLORS = (SKY, ORANGE, GREEN, YELLOW, PURPLE, VERMILION, BLUE)
_DIM = 0.45
Ids = Int[np.ndarray, "height width"]


def instance_numbers(scene: DrawnScene) -> Ids:
    """Number the instances of a scene 1, 2, 3 ...; 0 is where none is."""
    label = panoptic_label(scene.instance_ids)
    values = np.unique(label)
    things = values[(values % 1000 != 0) & (values < VOID)]
    ids = np.zeros(label.shape, np.int64)
    for number, value in enumerate(things, start=1):
        ids[label == value] = number
    return ids


def _panel(axes: Axes, picture: np.ndarray, title: str) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title)
    axes.spines[:].set_visible(False)


def draw_targets(scene: DrawnScene, heat: torch.Tensor, offsets: torch.Tensor) -> Figure:
    """Draw the scene's labels, heat over the scene, arrows, and what counts as small."""
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    panels = figure.subplots(2, 2)
    ids, dim = instance_numbers(scene), (scene.image * _DIM).astype(np.uint8)
    label = panoptic_label(scene.instance_ids)
    _panel(panels[0, 0], overlay(scene.image, label), "the truth: a label for every pixel")
    _panel(panels[0, 1], dim, "center target: a warm spot for each thing")
    warm = heat.numpy()
    panels[0, 1].imshow(warm, cmap="inferno", vmin=0, vmax=1, alpha=np.clip(2 * warm, 0, 0.95))
    _panel(panels[1, 0], dim, "offset target: arrows to the center")
    _arrows(panels[1, 0], ids, offsets.numpy())
    weight = np.ones(ids.shape)
    for number in range(1, ids.max() + 1):
        weight[ids == number] = 3 if (ids == number).sum() < 64 else 1
    _panel(panels[1, 1], np.where(weight > 1, 255, 60).astype(np.uint8), "")
    panels[1, 1].images[0].set(cmap="cividis", clim=(0, 255))
    panels[1, 1].set_title("weight in the class loss: 3 on small things (bright), 1 elsewhere")
    return figure


def _arrows(axes: Axes, ids: Ids, offsets: np.ndarray) -> None:
    for number in range(1, ids.max() + 1):
        pixels = np.argwhere(ids == number)
        chosen = pixels[:: max(1, len(pixels) // 14)]
        ys, xs = chosen.T
        dy, dx = offsets[:, ys, xs]
        axes.quiver(
            xs, ys, dx, dy, angles="xy", scale_units="xy", scale=1, width=0.003,
            color=_COLORS[number % len(_COLORS)],
        )  # fmt: skip
        axes.plot(xs[0] + dx[0], ys[0] + dy[0], "o", ms=4, mfc="white", mec=BLACK)


def draw_flight(scene: DrawnScene, offsets: torch.Tensor, steps: int = 4) -> Figure:
    """Let the pixels of all things fly along their offsets, in a strip of pictures."""
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    ids, dim = instance_numbers(scene), (scene.image * 0.3).astype(np.uint8)
    ys, xs = np.nonzero(ids)
    dy, dx = offsets.numpy()[:, ys, xs]
    colors = [_COLORS[number % len(_COLORS)] for number in ids[ys, xs]]
    titles = ("every thing pixel at home", "one third of the way", "two thirds", "at the center")
    for axes, part, title in zip(
        figure.subplots(2, 2).flat, np.linspace(0, 1, steps), titles, strict=True
    ):
        _panel(axes, dim, title)
        axes.scatter(xs + part * dx, ys + part * dy, s=3, c=colors, lw=0)
        axes.set(xlim=(-0.5, ids.shape[1] - 0.5), ylim=(ids.shape[0] - 0.5, -0.5))
    return figure


def draw_losses() -> Figure:
    """Draw the cost of a class, of a heat, and of an offset, as functions of the answer."""
    figure = Figure(figsize=(14, 4.2), layout="constrained")
    panels = figure.subplots(1, 3)
    p = np.linspace(0.01, 1, 200)
    panels[0].plot(p, -np.log(p), lw=3)
    panels[0].plot(p, -3 * np.log(p), "--", lw=2)
    panels[0].text(0.06, 9.2, "small thing (x 3)")
    panels[0].text(0.16, 0.25, "else")
    panels[0].set(xlabel="probability of the true class", title="class: cross entropy")
    error = np.linspace(-0.3, 0.3, 200)
    panels[1].plot(error, 200 * error**2, lw=3)
    panels[1].set(xlabel="heat, answer minus truth", title="center: 200 · squared error")
    dy, dx = np.mgrid[-20:21, -20:21]
    lines = panels[2].contourf(dx, dy, 0.01 * (abs(dy) + abs(dx)) / 2, levels=8, cmap="cividis")
    figure.colorbar(lines, ax=panels[2], label="cost of the pixel")
    panels[2].set(
        xlabel="dx, answer minus truth", ylabel="dy", aspect="equal", title="offset: 0.01 · L1"
    )
    for axes in panels[:2]:
        axes.set_ylabel("cost of the pixel")
    return figure


def _answer(  # noqa: PLR0913
    scene: DrawnScene, heads: Prediction, config: ExperimentConfig,
    noise: float, threshold: float, kernel: int,
) -> tuple[Ids, np.ndarray, float]:  # fmt: skip
    rules = with_rules(config, center_threshold=threshold, nms_kernel=kernel)
    result = finish(noisy(heads, noise, seed=0), scene, rules)
    return result.panoptic, result.centers, scores_of(counts_of(result.panoptic, scene)).things.pq


def draw_corrupted(  # noqa: PLR0913
    scene: DrawnScene, heads: Prediction, config: ExperimentConfig,
    noise: float = 0.0, threshold: float = 0.1, kernel: int = 5,
) -> Figure:  # fmt: skip
    """Draw the answer that corrupted heads and other rules give, with its PQ."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    _draw_answer(figure.subplots(), scene, *_answer(scene, heads, config, noise, threshold, kernel))
    return figure


def describe_corrupted(  # noqa: PLR0913
    scene: DrawnScene, heads: Prediction, config: ExperimentConfig,
    noise: float = 0.0, threshold: float = 0.1, kernel: int = 5,
) -> str:  # fmt: skip
    """Say what ``draw_corrupted`` shows."""
    panoptic, centers, quality = _answer(scene, heads, config, noise, threshold, kernel)
    return (
        f"The street with {_things(panoptic)} things from {len(centers)} centers (crosses), at "
        f"noise {noise:g}, threshold {threshold:g}, window {kernel}. PQ of the things: "
        f"{100 * quality:.1f}."
    )


def _things(panoptic: Ids) -> int:
    return int((np.unique(panoptic) % 1000 > 0).sum())


def _draw_answer(
    axes: Axes, scene: DrawnScene, panoptic: Ids, centers: np.ndarray, quality: float
) -> None:
    title = f"{len(centers)} centers, {_things(panoptic)} things, PQ of things {100 * quality:.1f}"
    _panel(axes, overlay(scene.image, panoptic), title)
    axes.plot(centers[:, 1], centers[:, 0], "x", ms=6, mew=2, color="white")
    axes.plot(centers[:, 1], centers[:, 0], "x", ms=6, mew=1, color=BLACK)


FAULTS = (
    ("as shipped", 0.0, 0.1, 5),
    ("noise of 6 pixels", 6.0, 0.1, 5),
    ("threshold 0.5", 0.0, 0.5, 5),
    ("window 41", 0.0, 0.1, 41),
)


def draw_gallery(scene: DrawnScene, heads: Prediction, config: ExperimentConfig) -> Figure:
    """Draw the answer as it is, and in three ways of going wrong."""
    figure = Figure(figsize=(12, 7), layout="constrained")
    for axes, (name, noise, threshold, kernel) in zip(
        figure.subplots(2, 2).flat, FAULTS, strict=True
    ):
        panoptic, centers, quality = _answer(scene, heads, config, noise, threshold, kernel)
        _draw_answer(axes, scene, panoptic, centers, quality)
        axes.set_title(f"{name}: {axes.get_title()}", fontsize=11)
    return figure


def draw_ladder(scores: dict[str, tuple[float, float]]) -> Figure:
    """Draw the PQ of all classes and of things for each step of the oracle ladder."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots()
    for y, values in enumerate(reversed(scores.values())):
        for value, shift, color in zip(values, (0.2, -0.2), (BLUE, ORANGE), strict=True):
            axes.barh(y + shift, 100 * value, 0.36, color=color, edgecolor=BLACK, lw=0.5)
            axes.text(100 * value + 1, y + shift, f"{100 * value:.1f}", va="center", fontsize=11)
    axes.set_yticks(range(len(scores)), [*reversed(scores)])
    axes.set(xlim=(0, 110), xlabel="PQ: above (blue) all classes, below (orange) things only")
    return figure


def draw_ceiling(table: dict[str, list[float]]) -> Figure:
    """Draw the PQ of true heads by class and setting, with every number."""
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    axes = figure.subplots()
    classes = np.flatnonzero(np.array(list(table.values())).any(axis=0))
    values = 100 * np.array([[row[k] for k in classes] for row in table.values()])
    axes.imshow(values, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    for (y, x), value in np.ndenumerate(values):
        color = "black" if value > 55 else "white"
        axes.text(x, y, f"{value:.0f}", ha="center", va="center", color=color)
    names = [TRAIN_CLASSES[k].name for k in classes]
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(table)), list(table))
    axes.spines[:].set_visible(False)
    return figure
