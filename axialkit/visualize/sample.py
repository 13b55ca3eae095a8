"""One training sample with all its targets: what the network sees, and what each head shall say."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Integer, UInt8
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, Rectangle

from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.structures import IGNORE_CLASS, Sample
from axialkit.visualize.colors import PALETTE, Picture, semantic_colors

Map = Float[np.ndarray, "height width"]

_PANEL = 6.0  # inches, the width of a panel
_DIM = 0.45  # brightness of the image below heat and arrows
_MARK = "#ff9f1c"  # of small instances
_ARROWS = 48  # in a row of the picture, where instances fill it
_COLORS = ("#56b4e9", "#e69f00", "#8de07a", "#ff8fb1", "#f0e442", "#c9a6ff", "#40e0d0", "#ff7f50")
_OFF_ON = ListedColormap(["#26264d", "#f4f1de"])  # weights that are 0 or 1


class Instance(NamedTuple):
    """One instance, read off the offset target."""

    center: tuple[int, int]  # (y, x)
    pixels: Int[np.ndarray, "n 2"]  # (y, x) each
    is_small: bool  # its pixels weigh more in the semantic loss


def find_instances(sample: Sample) -> list[Instance]:
    """Find the instances of one sample: the pixels whose offsets end at the same center."""
    targets = sample.targets
    pixels = np.argwhere(targets.offset_weight.numpy() > 0)
    ys, xs = pixels.T
    ends = pixels + targets.offset.numpy()[:, ys, xs].T.round().astype(np.int64)
    heavier = targets.semantic_weight.numpy()[ys, xs] > 1
    centers, owner = np.unique(ends, axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    return [
        Instance((int(y), int(x)), pixels[owner == number], bool(heavier[owner == number].all()))
        for number, (y, x) in enumerate(centers.tolist())
    ]


def draw_sample(sample: Sample, title: str = "") -> Figure:
    """Draw the image and the targets of each head (stride 1), each beside its weights."""
    image, targets = _picture(sample), sample.targets
    instances = find_instances(sample)
    height, width = image.shape[:2]
    rows = 3 * (_PANEL * height / width + 0.55)
    figure = Figure(figsize=(3 * _PANEL, rows + 0.6), dpi=100, layout="constrained")
    panels = figure.subplots(3, 3)
    _show(panels[0, 0], f"What the network gets: {height}x{width} pixels", image)
    _draw_legend(panels[1, 0], targets.semantic.numpy())
    _draw_notes(panels[2, 0], len(instances))

    semantic = semantic_colors(targets.semantic.numpy())
    _show(panels[0, 1], "Semantic head: the class of every pixel (black = ignored)", semantic)
    _draw_semantic_weight(panels[0, 2], targets.semantic_weight.numpy(), instances)
    _draw_heat(panels[1, 1], image, targets.center.numpy(), instances)
    _draw_off_on(panels[1, 2], "Weight in the center loss", targets.center_weight.numpy())
    _draw_offsets(panels[2, 1], image, targets.offset.numpy(), instances)
    _draw_off_on(panels[2, 2], "Weight in the offset loss", targets.offset_weight.numpy())
    figure.suptitle(title, fontsize=15)
    return figure


def _picture(sample: Sample) -> Picture:
    pixels: UInt8[np.ndarray, "3 height width"] = sample.image.numpy().round().astype(np.uint8)
    return np.moveaxis(pixels, 0, -1)


def _show(axes: Axes, title: str, picture: Picture) -> None:
    axes.imshow(picture, interpolation="nearest")
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=12)


def _draw_legend(axes: Axes, semantic: Integer[np.ndarray, "height width"]) -> None:
    """Name the classes that occur, the largest first."""
    classes, counts = np.unique(semantic, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    patches = [
        Patch(
            facecolor=tuple(PALETTE[train_id] / 255),
            edgecolor="black",
            label=f"{_class_name(train_id)}  {100 * count / semantic.size:.1f} %",
        )
        for train_id, count in zip(classes[order].tolist(), counts[order].tolist(), strict=True)
    ]
    axes.set_axis_off()
    axes.set_title("Colors of the classes, and their share of the picture", fontsize=12)
    axes.legend(
        handles=patches, loc="upper center", ncols=2, frameon=False, fontsize=11,
        handlelength=1.4, handleheight=1.2, borderaxespad=0,
    )  # fmt: skip


def _class_name(train_id: int) -> str:
    return "ignored (void)" if train_id == IGNORE_CLASS else TRAIN_CLASSES[train_id].name


def _draw_notes(axes: Axes, count: int) -> None:
    axes.set_axis_off()
    axes.set_title("How an instance is found", fontsize=12)
    axes.text(
        0.02, 0.97,
        f"This picture holds {count} instance{'s' * (count != 1)} (people and vehicles).\n\n"
        "The center head says where instances are: a warm spot\nat the center of each.\n\n"
        "The offset head says for each pixel how far down (dy) and\nright (dx) its center lies. "
        "Pixels whose arrows end at the\nsame center are one instance.\n\n"
        "A weight of 0 means: whatever the network says there,\nit is neither right nor wrong.",
        transform=axes.transAxes, va="top", fontsize=12, linespacing=1.25,
    )  # fmt: skip


def _draw_semantic_weight(axes: Axes, weight: Map, instances: list[Instance]) -> None:
    """Draw the weights, with a frame around every small instance."""
    small = [instance for instance in instances if instance.is_small]
    title = "Weight in the semantic loss"
    title += f": {len(small)} small instance{'s' * (len(small) != 1)}, framed" if small else ""
    _draw_values(axes, title, weight, "cividis", (0.0, max(float(weight.max()), 1.0)))
    for instance in small:
        (top, left), (bottom, right) = instance.pixels.min(0), instance.pixels.max(0)
        axes.add_patch(
            Rectangle(
                (left - 2, top - 2),
                right - left + 4,
                bottom - top + 4,
                fill=False,
                edgecolor=_MARK,
                linewidth=1.6,
            )  # fmt: skip
        )


def _draw_heat(axes: Axes, image: Picture, heat: Map, instances: list[Instance]) -> None:
    """Draw the heat map over the dimmed image, with a circle around every center."""
    axes.imshow(_dimmed(image), interpolation="nearest")
    shown = axes.imshow(
        heat, cmap="inferno", vmin=0, vmax=1, alpha=np.clip(heat * 2, 0, 0.9).astype(np.float64)
    )
    _mark_centers(axes, instances, "o", 15)
    _colorbar(axes, shown, [0.0, 0.5, 1.0])
    axes.set(xticks=[], yticks=[])
    axes.set_title("Center head: warm spots at the centers of instances (circled)", fontsize=12)


def _draw_offsets(
    axes: Axes,
    image: Picture,
    offset: Float[np.ndarray, "2 height width"],
    instances: list[Instance],
) -> None:
    """Draw arrows from some pixels of each instance to its center, one color per instance."""
    axes.imshow(_dimmed(image), interpolation="nearest")
    step = max(2, offset.shape[2] // _ARROWS)
    for number, instance in enumerate(instances):
        ys, xs = instance.pixels[_on_grid(instance, step)].T
        dy, dx = offset[:, ys, xs]
        axes.quiver(
            xs, ys, dx, dy, angles="xy", scale_units="xy", scale=1, width=0.0022,
            color=_COLORS[number % len(_COLORS)], minlength=0, headwidth=3.5,
        )  # fmt: skip
    _mark_centers(axes, instances, ".", 6)
    axes.set(xticks=[], yticks=[])
    axes.set_title("Offset head: arrows from pixels to the center of their instance", fontsize=12)


def _on_grid(instance: Instance, step: int) -> Bool[np.ndarray, " n"]:
    """Choose the pixels on a grid; for an instance between its lines, the one farthest away."""
    chosen = (instance.pixels % step == 0).all(axis=1)
    if not chosen.any():
        distance = ((instance.pixels - np.array(instance.center)) ** 2).sum(axis=1)
        chosen[distance.argmax()] = True
    return chosen


def _mark_centers(axes: Axes, instances: list[Instance], mark: str, size: int) -> None:
    ys = [instance.center[0] for instance in instances]
    xs = [instance.center[1] for instance in instances]
    axes.plot(
        xs, ys, mark, color="white", markersize=size, markeredgewidth=0.9, fillstyle="none",
        linestyle="none",
    )  # fmt: skip


def _draw_off_on(axes: Axes, title: str, weight: Map) -> None:
    title += f": 1 on {100 * float((weight > 0).mean()):.1f} % of the picture"
    _draw_values(axes, title, weight, _OFF_ON, (0.0, 1.0))


def _draw_values(
    axes: Axes, title: str, values: Map, colors: str | Colormap, limits: tuple[float, float]
) -> None:
    low, high = limits
    shown = axes.imshow(values, cmap=colors, vmin=low, vmax=high, interpolation="nearest")
    _colorbar(axes, shown, sorted({low, high, *np.unique(values).tolist()}))
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=12)


def _colorbar(axes: Axes, shown: AxesImage, ticks: list[float]) -> None:
    beside = axes.inset_axes((1.015, 0, 0.025, 1))  # as high as the picture
    beside.figure.colorbar(shown, cax=beside, ticks=ticks)


def _dimmed(image: Picture) -> Picture:
    return (image * _DIM).astype(np.uint8)
