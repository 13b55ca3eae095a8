"""The diagrams of the report, as SVG; no meaning is carried by color alone."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.data.cityscapes import TRAIN_CLASSES
from axialkit.evaluation.image_scores import ImageScores
from axialkit.evaluation.mistakes import PARTS
from axialkit.evaluation.oracle import STEPS
from axialkit.evaluation.panoptic_quality import NUM_CLASSES, PanopticScores, match_segments
from axialkit.visualize.render import svg

NAMES = [klass.name for klass in TRAIN_CLASSES]
# distinguishable with any color vision (Okabe and Ito), and hatched besides
PART_LOOKS = {
    "quality": ("#0072B2", ""),
    "inexact": ("#A6CFE8", ""),
    "mis-shaped": ("#E69F00", "//"),
    "mis-classified": ("#CC79A7", "xx"),
    "missed": ("#D55E00", ".."),
    "spurious": ("#8A8A8A", "\\\\"),
}
_EDGE = "#222222"


def budget_figure(budget: Float[np.ndarray, "klass part"]) -> str:
    """Draw one bar of 100 % per class that occurs, cut into what was scored and what was lost."""
    shown = [k for k in range(NUM_CLASSES) if not np.isnan(budget[k, 0])]
    rows = [np.nanmean(budget, axis=0), *(budget[k] for k in shown)]
    names = ["all classes", *(NAMES[k] for k in shown)]
    figure = Figure(figsize=(10, 0.9 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    left = np.zeros(len(rows))
    for part, (color, hatch) in PART_LOOKS.items():
        width = np.array([row[PARTS.index(part)] for row in rows])
        style: dict[str, Any] = {"color": color, "edgecolor": "white", "hatch": hatch}
        axes.barh(range(len(rows)), 100 * width, left=100 * left, label=part, **style)
        if part == "quality":
            for y, value in enumerate(width):
                inside = value > 0.09
                axes.text(
                    100 * value - 0.8 if inside else 100 * value + 0.8, y, f"{100 * value:.0f}",
                    ha="right" if inside else "left", va="center", fontsize=9,
                    color="white" if inside else "black",
                )  # fmt: skip
        left += width
    axes.set_yticks(range(len(rows)), names)
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.axhline(0.5, color=_EDGE, lw=0.8)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="share of a perfect score, %")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside upper center", ncols=6, frameon=False)
    return svg(figure, "Where panoptic quality goes, class by class")


def confusion_figure(counts: Float[np.ndarray, "true predicted"]) -> str:
    """Draw which class the pixels of each true class were given, in percent of its pixels."""
    shown = [k for k in range(NUM_CLASSES) if counts[k].sum() or counts[:, k].sum()]
    none = counts[:, NUM_CLASSES].any()
    columns = [*shown, NUM_CLASSES] if none else shown
    part = counts[np.ix_(shown, columns)]
    share = 100 * part / np.maximum(counts[shown].sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(10, 0.9 + 0.38 * len(shown)), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=100, aspect="auto")
    for y, x in np.argwhere(share >= 0.95):
        text = f"{share[y, x]:.0f}"
        color = "white" if share[y, x] > 55 else "black"
        axes.text(x, y, text, ha="center", va="center", fontsize=8, color=color)
    names = [*(NAMES[k] for k in shown), "none"]
    axes.set_xticks(range(len(columns)), names[: len(columns)], rotation=55, ha="right")
    axes.set_yticks(range(len(shown)), names[: len(shown)])
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.spines[:].set_visible(False)
    return svg(figure, "Confusion matrix of the pixels, rows are true classes, in percent")


def histogram_figure(images: Sequence[ImageScores]) -> str:
    """Draw how well matched segments fit, and what scores right and wrong things got."""
    figure = Figure(figsize=(10, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2)
    ious, hits, errors = _spreads(images)
    groups = [("things", ious["things"], "#0072B2", ""), ("stuff", ious["stuff"], "#E69F00", "//")]
    _histogram(left, groups, np.linspace(0.5, 1, 21))
    left.set(title="Matched segments", xlabel="IoU with the true segment", ylabel="segments")
    if hits or errors:
        groups = [("right", hits, "#0072B2", ""), ("wrong", errors, "#D55E00", "..")]
        _histogram(right, groups, np.linspace(0, 1, 21))
    else:
        right.text(0.5, 0.5, "the segments have no scores", ha="center", transform=right.transAxes)
    right.set(title="Things", xlabel="score", ylabel="segments")
    return svg(figure, "Histograms of the IoU of matches and of the scores of things")


def ladder_figure(ladder: dict[str, PanopticScores]) -> str:
    """Draw the oracle ladder: PQ of all, things and stuff at each step."""
    figure = Figure(figsize=(10, 3.1), layout="constrained")
    axes = figure.subplots()
    looks = {"all": ("#0072B2", ""), "things": ("#E69F00", "//"), "stuff": ("#A9A9A9", "..")}
    for index, (group, (color, hatch)) in enumerate(looks.items()):
        values = [100 * getattr(ladder[step], group).pq for step in STEPS]
        x = np.arange(len(STEPS)) + 0.27 * (index - 1)
        style: dict[str, Any] = {"color": color, "edgecolor": "white", "hatch": hatch}
        axes.bar(x, values, 0.25, label=group, **style)
        for at, value in zip(x, values, strict=True):
            if not np.isnan(value):
                axes.text(at, value + 1, f"{value:.0f}", ha="center", fontsize=8.5)
    axes.set_xticks(range(len(STEPS)), [step.replace(" and ", "\nand ") for step in STEPS])
    axes.set(ylim=(0, 109), ylabel="PQ, %")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    return svg(figure, "PQ with ground truth in place of one head after the other")


def _spreads(
    images: Sequence[ImageScores],
) -> tuple[dict[str, list[float]], list[float], list[float]]:
    """Return the IoU of all matches, and the scores of right and of wrong things."""
    ious: dict[str, list[float]] = {"things": [], "stuff": []}
    hits: list[float] = []
    errors: list[float] = []
    for image in images:
        match, labels = match_segments(image.overlap), image.overlap.predicted_label
        for row, column in np.argwhere(match.iou > 0):
            is_thing = TRAIN_CLASSES[image.overlap.truth_class[row]].has_instances
            ious["things" if is_thing else "stuff"].append(float(match.iou[row, column]))
        scores = image.scores or {}
        things = {k: v for k, v in scores.items() if TRAIN_CLASSES[k // 1000].has_instances}
        right = set(labels[match.iou.any(axis=0)].tolist())
        wrong = set(labels[match.false_positive].tolist())
        hits += [score for label, score in things.items() if label in right]
        errors += [score for label, score in things.items() if label in wrong]
    return ious, hits, errors


def _histogram(
    axes: Axes, groups: list[tuple[str, list[float], str, str]], bins: Float[np.ndarray, " edge"]
) -> None:
    below = np.zeros(len(bins) - 1)
    for name, values, color, hatch in groups:
        counts = np.histogram(np.clip(values, bins[0], bins[-1]), bins)[0]
        style: dict[str, Any] = {"color": color, "edgecolor": "white", "hatch": hatch}
        label = f"{name} ({len(values)})"
        axes.bar(bins[:-1], counts, np.diff(bins), below, align="edge", label=label, **style)
        below = below + counts
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
