"""Lesson 09's pictures of scenes and samples, of the rate, of one batch, and of the ablation."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from torch import Tensor

from axialkit.config import ExperimentConfig
from axialkit.course.bands import Band
from axialkit.course.ceiling import counts_of, finish, perfect_heads, scores_of
from axialkit.course.film_figures import paint
from axialkit.course.palette import BLACK, BLUE, GREEN, LINE, ORANGE, PURPLE, VERMILION
from axialkit.course.street_networks import NETWORKS
from axialkit.course.streets import FAR, NEAR, Streets
from axialkit.course.things_figures import instance_numbers
from axialkit.data.cityscapes import panoptic_label
from axialkit.data.minicity import DrawnScene
from axialkit.structures import LABEL_DIVISOR, PanopticResult

Crop = Callable[..., tuple[Tensor, Tensor, Tensor]]
_WITHOUT_SIGN = torch.tensor([1.0, -1.0]).view(1, 2, 1, 1)
VOID = 255


def _bare(axes: Axes, title: str = "") -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=11)


def draw_scenes(far: Streets, near: Streets, count: int = 3) -> Figure:
    """Draw scenes of both kinds, with the class of each long vehicle and its telling end."""
    figure = Figure(figsize=(12.4, 4.2), layout="constrained")
    for row, (streets, kind) in zip(
        figure.subplots(2, count), ((far, FAR), (near, NEAR)), strict=True
    ):
        for axes, scene in zip(row, streets.scenes, strict=False):
            axes.imshow(scene.image, interpolation="nearest")
            _bare(axes)
            for special in scene.specials:
                _mark(axes, special.cue, scene.polygons[special.polygon].label)
        row[0].set_ylabel(kind, fontsize=13)
    return figure


def _mark(axes: Axes, cue: tuple[int, int, int, int], name: str) -> None:
    y0, x0, y1, x1 = cue
    axes.add_patch(Rectangle((x0 - 1, y0 - 1), x1 - x0 + 2, y1 - y0 + 2, fill=False, ec="w", lw=2))
    x, side = (x1 + 2, "left") if x0 < 64 else (x0 - 2, "right")
    axes.text(
        x, (y0 + y1) / 2, name, ha=side, va="center", color="white", fontsize=11, weight="bold"
    )


def mirrored(scene: DrawnScene) -> DrawnScene:
    """Mirror a scene's picture and labels."""
    image, ids = (np.ascontiguousarray(x[:, ::-1]) for x in (scene.image, scene.instance_ids))
    return scene._replace(image=image, instance_ids=ids)


def mirror_results(
    scene: DrawnScene, config: ExperimentConfig
) -> tuple[PanopticResult, PanopticResult]:
    """Finish TRUE heads of a mirrored scene: as they are, and with dx in its old sign."""
    heads = perfect_heads(scene, config)
    spoiled = heads._replace(offset=heads.offset * _WITHOUT_SIGN)
    return finish(heads, scene, config), finish(spoiled, scene, config)


def mirror_costs(scenes: Sequence[DrawnScene], config: ExperimentConfig) -> tuple[float, float]:
    """Return the PQ of things of true heads on mirrored scenes, with the sign and without."""
    counts: list[list[np.ndarray]] = [[], []]
    for scene in map(mirrored, scenes):
        for kept, result in zip(counts, mirror_results(scene, config), strict=True):
            kept.append(counts_of(result.panoptic, scene))
    right, wrong = (scores_of(np.sum(kept, axis=0)).things.pq for kept in counts)
    return right, wrong


def draw_mirror_cost(scene: DrawnScene, config: ExperimentConfig) -> Figure:
    """Draw a mirrored scene, and what true heads make of it with and without the sign."""
    flipped = mirrored(scene)
    figure = Figure(figsize=(12.4, 2.6), layout="constrained")
    panels = figure.subplots(1, 3)
    panels[0].imshow(flipped.image)
    _bare(panels[0], "mirrored")
    titles = ("dx with its new sign", "dx with its old sign")
    for axes, result, title in zip(
        panels[1:], mirror_results(flipped, config), titles, strict=True
    ):
        axes.imshow(paint(result.panoptic), interpolation="nearest")
        things = (np.unique(result.panoptic) % LABEL_DIVISOR > 0).sum()
        _bare(axes, f"{title}: {things} things")
    return figure


def sample_parts(scene: DrawnScene) -> tuple[Tensor, Tensor, Tensor]:
    """Return a scene as image, classes, and numbers of its things, counted from 1."""
    label = panoptic_label(scene.instance_ids)
    image = torch.from_numpy(scene.image).permute(2, 0, 1).float()
    semantic = torch.from_numpy(label // LABEL_DIVISOR).long()
    return image, semantic, torch.from_numpy(instance_numbers(scene))


def draw_crops(scene_parts: tuple[Tensor, Tensor, Tensor], crop: Crop, draws: list) -> Figure:
    """Draw the crops that some draws (scale, top, left) give, above them the picture's part."""
    image, semantic, _ = scene_parts
    figure = Figure(figsize=(12.4, 3.9), layout="constrained")
    panels = figure.subplots(2, len(draws))
    for (above, below), draw in zip(panels.T, draws, strict=True):
        part, classes, ids = crop(*scene_parts, draw, tuple(semantic.shape))
        above.imshow(part.permute(1, 2, 0).numpy().round().astype(np.uint8))
        void = VOID * LABEL_DIVISOR
        panoptic = torch.where(classes == VOID, void, classes * LABEL_DIVISOR + ids).numpy()
        below.imshow(paint(panoptic), interpolation="nearest")
        _bare(above, f"scale {draw[0]:g}, from ({draw[1]}, {draw[2]})")
        _bare(below, f"{int(ids.max())} things")
    return figure


def draw_rates(rate: Callable[[int, int, float, int], float], steps: int) -> Figure:
    """Draw the learning rate over all steps for three lengths of the warm-up."""
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    axes = figure.subplots()
    for warmup, color, style in ((0, ORANGE, "-"), (50, BLUE, "--"), (300, GREEN, "-.")):
        rates = [rate(step, steps, 0.01, warmup) for step in range(steps + 1)]
        axes.plot(rates, style, color=color, lw=2, label=f"warm-up of {warmup} steps")
    axes.set(xlabel="step", title="learning rate", ylim=(0, 0.0105))
    axes.legend(frameon=False)
    return figure


def draw_overfit(curves: dict[str, list[float]], threshold: float) -> Figure:
    """Draw the loss on one batch for each kind of labels, and the mark to be reached."""
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    axes = figure.subplots()
    for (name, losses), color, style in zip(
        curves.items(), (BLUE, VERMILION), ("-", "--"), strict=True
    ):
        axes.plot(losses, style, color=color, lw=2, label=name)
    axes.axhline(threshold, color=BLACK, ls=":")
    axes.text(0, threshold, f" to be reached: {threshold:g}", va="bottom", fontsize=10)
    axes.set(xlabel="steps", title="loss on the same four scenes, again and again", ylim=(0, None))
    axes.legend(frameon=False)
    return figure


_MARKS = dict(zip(NETWORKS, ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"), (PURPLE, "v")), strict=True))
LABELS = {
    "hybrid": "hybrid: attention",
    "convolution": "convolution",
    "dilated": "dilated convolution",
    "no positions": "attention without positions",
}
_WHATS = {"vehicles": "long vehicles: right pixels, %", "PQ of things": "PQ of things"}


def draw_ablation(stored: Band, own: dict[str, float]) -> Figure:
    """Draw the stored outcomes of all networks and seeds, and one's own runs as open circles."""
    figure = Figure(figsize=(12.4, 6), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True, sharey="row")
    for row, (what, title) in zip(panels, _WHATS.items(), strict=True):
        for axes, kind in zip(row, (FAR, NEAR), strict=True):
            _draw_outcomes(axes, stored, own, f"{kind}, {what}")
            axes.set_title(f"{kind}: {title}", fontsize=12)
    for axes in panels[:, 0]:
        axes.set_yticks(range(len(NETWORKS)), [LABELS[name] for name in NETWORKS])
        axes.set_ylim(len(NETWORKS) - 0.5, -0.5)
    for axes in panels[0]:
        axes.axvline(100 / 3, color=LINE, ls="--")
        axes.text(34.5, 3.4, "guessing", fontsize=9, va="bottom")
    handles = [
        Line2D([], [], marker="s", ls="", color=BLACK, label="stored, one mark per seed"),
        Line2D([], [], marker="o", ls="", mfc="none", mec=BLACK, ms=11, label="your run"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def _draw_outcomes(axes: Axes, stored: Band, own: dict[str, float], what: str) -> None:
    for y, name in enumerate(NETWORKS):
        color, mark = _MARKS[name]
        values = 100 * np.array(stored.values[f"{name}, {what}"])
        axes.plot(values, [y] * len(values), mark, color=color, ms=8, alpha=0.8)
        if f"{name}, {what}" in own:
            axes.plot(100 * own[f"{name}, {what}"], y, "o", mfc="none", mec=BLACK, ms=13, mew=1.5)
    axes.set_xlim(0, 100)
    axes.grid(axis="y", color=LINE, lw=0.5)


def describe_ablation(stored: Band) -> str:
    """Say what ``draw_ablation`` shows."""
    said = "; ".join(
        f"{kind}: "
        + ", ".join(
            f"{LABELS[name]} {stored.says(f'{name}, {kind}, vehicles')}" for name in NETWORKS
        )
        for kind in (FAR, NEAR)
    )
    return f"Right pixels on long vehicles, over three seeds. {said}. Below it the PQ of things."


def draw_reach(stored: Band) -> Figure:
    """Draw right pixels near the telling end and far from it, for every network and seed."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axes = figure.subplots()
    for name in NETWORKS:
        color, mark = _MARKS[name]
        ends = np.array([stored.values[f"{name}, {FAR}, {end}"] for end in _ENDS])
        axes.plot([0, 1], 100 * ends.mean(1), color=color, marker=mark, lw=2, ms=8)
        axes.plot([0, 1], 100 * ends, mark, color=color, ms=4, alpha=0.6)
    means = [
        (100 * float(np.mean(stored.values[f"{name}, {FAR}, {_ENDS[1]}"])), name)
        for name in NETWORKS
    ]
    for y, name in _apart(means, least=7.0):
        axes.text(1.04, y, LABELS[name], color=BLACK, va="center", fontsize=11)
    axes.axhline(100 / 3, color=LINE, ls="--")
    axes.text(0.5, 34, "guessing", fontsize=9, va="bottom", ha="center")
    axes.set_xticks([0, 1], ["up to 20 pixels from\nthe telling end", "60 pixels and more"])
    axes.set(xlim=(-0.15, 1.75), ylim=(0, 100), title="long vehicles: right pixels, % (far cue)")
    return figure


_ENDS = ("at the end", "far from it")


def _apart(places: list[tuple[float, str]], least: float) -> list[tuple[float, str]]:
    """Move labels apart where they would overlap."""
    spread: list[tuple[float, str]] = []
    for y, name in sorted(places):
        spread.append((max(y, spread[-1][0] + least) if spread else y, name))
    return spread


def describe_reach(stored: Band) -> str:
    """Say what ``draw_reach`` shows."""
    said = "; ".join(
        f"{LABELS[name]} {stored.says(f'{name}, {FAR}, {_ENDS[0]}')} near, "
        f"{stored.says(f'{name}, {FAR}, {_ENDS[1]}')} far"
        for name in NETWORKS
    )
    return f"Right pixels on long vehicles near their telling end and far from it: {said}."
