"""Lesson 08's pictures of targets, of pixels that fly to their centers, and of losses."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Int, UInt8
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, YELLOW
from axialkit.data.cityscapes import panoptic_label
from axialkit.data.minicity import DrawnScene
from axialkit.structures import LABEL_DIVISOR, VOID
from axialkit.visualize.colors import Picture, boundaries
from axialkit.visualize.words import class_name

COLORS = (SKY, ORANGE, GREEN, YELLOW, PURPLE, VERMILION, BLUE, "#B8E186")
OUTLINE = [withStroke(linewidth=2.5, foreground=BLACK)]
SMALL = 64  # pixels: things with fewer weigh more in the class loss of ``tiny``
_DIM = 0.5
Ids = Int[np.ndarray, "height width"]


def instance_numbers(scene: DrawnScene) -> Ids:
    """Number the things of a scene 1, 2, 3 ...; 0 is where none is."""
    label = panoptic_label(scene.instance_ids)
    ids = np.zeros(label.shape, np.int64)
    for number, value in enumerate(thing_labels(label), start=1):
        ids[label == value] = number
    return ids


def thing_labels(panoptic: Ids) -> list[int]:
    """Return the labels of things in a panoptic map, in ascending order."""
    values = np.unique(panoptic)
    return values[(values % LABEL_DIVISOR != 0) & (values < VOID)].tolist()


def name_things(scene: DrawnScene) -> str:
    """Say which thing has which number: "1 person, 2 car"."""
    labels = thing_labels(panoptic_label(scene.instance_ids))
    return ", ".join(
        f"{number} {class_name(label // LABEL_DIVISOR)}"
        for number, label in enumerate(labels, start=1)
    )


def paint(image: Picture, ids: Ids, colors: Sequence[str]) -> Picture:
    """Paint things over a dim street, number n in color n - 1, with dark lines between them."""
    table = np.array([(0.0, 0.0, 0.0), *map(to_rgb, colors)]) * 255
    part = np.where(ids > 0, 0.8, 0.0)[..., None]
    picture = (1 - part) * dim(image) + part * table[ids]
    picture[boundaries(ids)] = 0
    return picture.round().astype(np.uint8)


def dim(image: Picture) -> UInt8[np.ndarray, "height width 3"]:
    """Make a street dark and nearly grey, so that what is drawn over it can be seen."""
    grey = image.mean(axis=2, keepdims=True)
    return (_DIM * (0.3 * image + 0.7 * grey)).astype(np.uint8)


def show_picture(axes: Axes, picture: np.ndarray, title: str) -> None:
    """Draw a picture without ticks and without a frame."""
    axes.imshow(picture, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=12)
    axes.spines[:].set_visible(False)


def draw_targets(scene: DrawnScene, heat: torch.Tensor, offsets: torch.Tensor) -> Figure:
    """Draw the numbered things, heat over the scene, arrows, and what counts as small."""
    figure = Figure(figsize=(10, 5.8), layout="constrained")
    panels = figure.subplots(2, 2)
    ids, dark = instance_numbers(scene), dim(scene.image)
    show_picture(panels[0, 0], paint(scene.image, ids, _colors(ids)), "the truth: numbered things")
    _write_numbers(panels[0, 0], ids, {n: str(n) for n in range(1, ids.max() + 1)})
    show_picture(panels[0, 1], dark, "center: heat, 1 at the white dots")
    warm = heat.numpy()
    panels[0, 1].imshow(warm, cmap="inferno", vmin=0, vmax=1, alpha=np.clip(3 * warm, 0, 1))
    _dots(panels[0, 1], ids, offsets.numpy())
    show_picture(panels[1, 0], dark, "offset: arrows to the dots (some of them)")
    _arrows(panels[1, 0], ids, offsets.numpy())
    small = np.isin(ids, _small_ones(ids))
    show_picture(panels[1, 1], np.where(small, 3, 1), "weight in the class loss")
    panels[1, 1].images[0].set(cmap="cividis", clim=(0.5, 3))
    _write_numbers(panels[1, 1], np.where(small, ids, 0), dict.fromkeys(_small_ones(ids), "3"))
    panels[1, 1].text(8, 118, "1 everywhere else", color="white", path_effects=OUTLINE)
    return figure


def describe_targets(scene: DrawnScene) -> str:
    """Say what ``draw_targets`` shows."""
    ids = instance_numbers(scene)
    return (
        f"Four views of a street with {ids.max()} things ({name_things(scene)}). Things in colors, "
        "with their numbers; dark, with a warm spot at the center of each; dark, with arrows from "
        "pixels to these centers; and the weights: 3 on things of fewer than "
        f"{SMALL} pixels ({', '.join(map(str, _small_ones(ids)))}), 1 elsewhere."
    )


def _colors(ids: Ids) -> list[str]:
    return [COLORS[n % len(COLORS)] for n in range(int(ids.max()))]


def _small_ones(ids: Ids) -> list[int]:
    return [n for n in range(1, ids.max() + 1) if (ids == n).sum() < SMALL]


def _write_numbers(axes: Axes, ids: Ids, words: dict[int, str]) -> None:
    """Write a word above each thing, or below it if another thing is above."""
    for number, word in words.items():
        ys, xs = np.nonzero(ids == number)
        is_free = ids[max(ys.min() - 3, 0), round(xs.mean())] == 0
        y, side = (ys.min() - 2, "bottom") if is_free else (ys.max() + 2, "top")
        axes.text(
            xs.mean(), y, word, color="white", fontsize=11, ha="center", va=side,
            path_effects=OUTLINE,
        )  # fmt: skip


def _dots(
    axes: Axes, ids: Ids, offsets: np.ndarray, colors: Sequence[str] = (), size: float = 4.0
) -> None:
    """Mark the centers, in white or in the colors of the things."""
    for number in range(1, ids.max() + 1):
        fill = colors[number - 1] if colors else "white"
        y, x = np.argwhere(ids == number)[0]
        dy, dx = offsets[:, y, x]
        axes.plot(x + dx, y + dy, "o", ms=size, mfc=fill, mec=BLACK, mew=0.8)


def _arrows(axes: Axes, ids: Ids, offsets: np.ndarray) -> None:
    """Draw the arrows of every few pixels, more of them on small things."""
    y, x = np.mgrid[: ids.shape[0], : ids.shape[1]]
    for number, color in enumerate(_colors(ids), start=1):
        inside = ids == number
        step = int(np.clip(np.sqrt(inside.sum() / 25), 1, 12))
        ys, xs = np.nonzero(inside & (y % step == 0) & (x % step == 0))
        dy, dx = offsets[:, ys, xs]
        axes.quiver(
            xs, ys, dx, dy, angles="xy", scale_units="xy", scale=1, width=0.004, color=color
        )
    _dots(axes, ids, offsets)


def draw_flight(scene: DrawnScene, offsets: torch.Tensor) -> Figure:
    """Let the pixels of all things fly along their offsets, in a strip of pictures."""
    figure = Figure(figsize=(10, 5.7), layout="constrained")
    titles = ("every pixel at home", "one third of the way", "two thirds", "all have arrived")
    for axes, part, title in zip(
        figure.subplots(2, 2).flat, np.linspace(0, 1, 4), titles, strict=True
    ):
        _draw_flying(axes, scene, offsets, part, title, size=1.6)
    return figure


def draw_flying(scene: DrawnScene, offsets: torch.Tensor, way: float = 0.5) -> Figure:
    """Draw the pixels of all things after a part of their way, from 0 to 1."""
    figure = Figure(figsize=(9, 4.9), layout="constrained")
    _draw_flying(figure.subplots(), scene, offsets, way, _way_flown(way), size=2.7)
    return figure


def describe_flying(scene: DrawnScene, offsets: torch.Tensor, way: float = 0.5) -> str:
    """Say what ``draw_flying`` shows."""
    ids = instance_numbers(scene)
    ends = np.argwhere(ids) + way * offsets.numpy()[:, ids > 0].T
    places = len(np.unique(ends.round(), axis=0))
    return (
        f"{_way_flown(way)}: the {len(ends)} pixels of {ids.max()} things, a color each, cover "
        f"{places} pixels of the street."
    )


def _way_flown(way: float) -> str:
    return f"{way:.0%} of the way to the centers".replace("%", " %")


def _draw_flying(  # noqa: PLR0913
    axes: Axes, scene: DrawnScene, offsets: torch.Tensor, part: float, title: str, size: float
) -> None:
    ids = instance_numbers(scene)
    show_picture(axes, dim(scene.image), title)
    ys, xs = np.nonzero(ids)
    dy, dx = offsets.numpy()[:, ys, xs]
    colors = np.array([to_rgb(color) for color in _colors(ids)])[ids[ys, xs] - 1]
    axes.scatter(xs + part * dx, ys + part * dy, s=size**2, c=colors, lw=0, marker="s")
    if part == 1:
        _dots(axes, ids, offsets.numpy(), _colors(ids), size=8.0)
    axes.set(xlim=(-0.5, ids.shape[1] - 0.5), ylim=(ids.shape[0] - 0.5, -0.5))


MISTAKES = {  # what each costs at the authors' factors
    "class: the truth\ngot only 50 %": -np.log(0.5),
    "center: the heat\nis 0.1 too low": 200 * 0.1**2,
    "offset: 10 pixels\ntoo far right": 0.01 * 10 / 2,
}


def draw_losses() -> Figure:
    """Draw the cost of a class, of a heat, and of an offset, as functions of the answer."""
    figure = Figure(figsize=(10, 7), layout="constrained")
    (first, second), (third, fourth) = figure.subplots(2, 2)
    p = np.linspace(0.01, 1, 200)
    first.plot(p, -np.log(p), lw=3, label="weight 1")
    first.plot(p, -3 * np.log(p), "--", lw=2, label="weight 3: small things")
    first.legend(frameon=False)
    first.set(xlabel="probability of the true class", ylabel="cost", title="class: cross entropy")
    error = np.linspace(-0.3, 0.3, 200)
    second.plot(error, 200 * error**2, lw=3)
    second.set(xlabel="heat: answer minus truth", ylabel="cost", title="center: 200 · error²")
    dy, dx = np.mgrid[-20:21, -20:21]
    cost = 0.01 * (abs(dy) + abs(dx)) / 2
    levels = third.contourf(dx, dy, cost, levels=8, cmap="cividis")
    scale = figure.colorbar(levels, ax=third, ticks=np.linspace(0, 0.2, 5))
    scale.ax.set_title("cost", fontsize=11)
    third.set(xlabel="dx: answer minus truth, pixels", ylabel="dy, pixels", aspect="equal")
    third.set(title="offset: 0.01 · (|dy| + |dx|) / 2", xticks=range(-20, 21, 10))
    third.set(yticks=range(-20, 21, 10))
    bars = fourth.barh(list(MISTAKES)[::-1], list(MISTAKES.values())[::-1], color=ORANGE)
    fourth.bar_label(bars, fmt="%.2f", padding=4)
    fourth.set(xlim=(0, 2.4), xlabel="cost", title="one mistake of each kind")
    return figure
