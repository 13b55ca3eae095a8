"""Figures of lesson 12: palettes through other eyes, and where two pictures differ."""

import numpy as np
from jaxtyping import Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from axialkit.course.eyes import EYES, nearest_classes, overlay, seen_by
from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.visualize.colors import Picture
from axialkit.visualize.palettes import PALETTES, Palette

Labels = Int[np.ndarray, "height width"]
_SCALE = 3  # overlays are enlarged before they are drawn, so that borders stay thin
_CLASSES = len(TRAIN_CLASSES)


def draw_eyes(image: Picture, panoptic: Labels, eyes: tuple[str, ...] = EYES[:2]) -> Figure:
    """Draw an answer in both palettes, each as some eyes see it, with the pair told apart worst."""
    figure = Figure(figsize=(9.6, 3.0 * len(PALETTES)), layout="constrained")
    panels = figure.subplots(len(PALETTES), len(eyes), squeeze=False)
    for row, (name, palette) in zip(panels, PALETTES.items(), strict=True):
        for axes, eye in zip(row, eyes, strict=True):
            _draw_seen(axes, image, panoptic, palette, eye)
            _title(axes, name, palette, eye)
    return figure


def describe_eyes(image: Picture, panoptic: Labels, eyes: tuple[str, ...] = EYES[:2]) -> str:
    """Say for each palette which classes look most alike."""
    said = [
        f"{name} palette, {eye}: nearest are {_pair(palette, eye)}"
        for name, palette in PALETTES.items()
        for eye in eyes
    ]
    return f"A street as colored segments, {len(said)} times. {'; '.join(said)}."


def draw_one_eye(image: Picture, panoptic: Labels, eyes: str) -> Figure:
    """Draw both palettes as one kind of eyes sees them."""
    figure = Figure(figsize=(9.6, 3.0), layout="constrained")
    for axes, (name, palette) in zip(figure.subplots(1, 2), PALETTES.items(), strict=True):
        _draw_seen(axes, image, panoptic, palette, eyes)
        _title(axes, name, palette, eyes)
    return figure


def describe_one_eye(image: Picture, panoptic: Labels, eyes: str) -> str:
    """Say which classes look most alike to these eyes, in both palettes."""
    return describe_eyes(image, panoptic, (eyes,))


def _draw_seen(axes: Axes, image: Picture, panoptic: Labels, palette: Palette, eyes: str) -> None:
    large, labels = (each.repeat(_SCALE, 0).repeat(_SCALE, 1) for each in (image, panoptic))
    axes.imshow(seen_by(overlay(large, labels, palette.colors), eyes))
    axes.set(xticks=[], yticks=[])
    one, other, _ = nearest_classes(palette.colors[:_CLASSES], eyes)
    chips = seen_by(palette.colors[[one, other]], eyes) / 255
    for number, color in enumerate(chips):
        corner = (0.86 + 0.06 * number, 0.04)
        axes.add_patch(
            Rectangle(
                corner, 0.06, 0.12, transform=axes.transAxes, facecolor=tuple(color),
                edgecolor="white", linewidth=1.5,
            )
        )  # fmt: skip


def _title(axes: Axes, name: str, palette: Palette, eyes: str) -> None:
    axes.set_title(
        f"{name} palette · {eyes}\nmost alike: {_pair(palette, eyes)}", fontsize=11, loc="left"
    )


def _pair(palette: Palette, eyes: str) -> str:
    one, other, distance = nearest_classes(palette.colors[:_CLASSES], eyes)
    return f"{TRAIN_CLASSES[one].name} and {TRAIN_CLASSES[other].name} ({distance:.0f} apart)"


def draw_difference(expected: Picture, got: Picture, names: tuple[str, str]) -> Figure:
    """Draw two pictures, and black where they differ, as a test of screenshots shows them."""
    differs = (expected != got).any(axis=2)
    figure = Figure(figsize=(10.4, 2.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    left.imshow(expected)
    left.set_title(names[0], fontsize=12)
    middle.imshow(got)
    middle.set_title(names[1], fontsize=12)
    right.imshow(differs, cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    right.set_title(f"{100 * differs.mean():.1f} % of the pixels differ", fontsize=12)
    right.spines[:].set_visible(True)
    for axes in (left, middle, right):
        axes.set(xticks=[], yticks=[])
    return figure


def describe_difference(expected: Picture, got: Picture) -> str:
    """Say how many pixels differ, and in which part of the picture."""
    differs = (expected != got).any(axis=2)
    rows = np.nonzero(differs.any(axis=1))[0]
    where = f", between rows {rows[0]} and {rows[-1]}" if len(rows) else ""
    return (
        "Two overlays of one street that look alike, and a white field with black pixels where "
        f"they differ: {int(differs.sum())} of {differs.size}{where}."
    )
