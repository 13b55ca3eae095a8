"""Lesson 11's figures of the small street: who matches whom, and what every mistake costs."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Shaped
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from axialkit.course.measuring import Map, is_crowd, match_segments
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, SKY, VERMILION
from axialkit.course.toy_street import PRESETS, street_scores, true_street
from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.structures import LABEL_DIVISOR, VOID
from axialkit.visualize.panoptic import segment_name

CLASS_COLORS = {0: "#8A8A8A", 2: "#D9CBB2", 10: "#CFE8F7", 11: ORANGE, 13: SKY, 14: "#CC79A7"}
_VOID_COLOR, _MATCH, _WRONG = "#FFFFFF", GREEN, VERMILION


class Judged(NamedTuple):
    """What became of the segments of one pair of maps."""

    matches: dict[int, tuple[int, float]]  # true label -> predicted label, IoU
    missed: list[int]  # true labels
    wrong: list[int]  # predicted labels that nothing forgives


def judge_segments(truth: Map, prediction: Map) -> Judged:
    """Sort the segments into matched, missed and wrong."""
    matches = {true: (found, iou) for true, found, iou in match_segments(truth, prediction)}
    used = {found for found, _ in matches.values()}
    missed = [
        label
        for label in np.unique(truth).tolist()
        if label != VOID and not is_crowd(label) and label not in matches
    ]
    wrong = [
        label
        for label in np.unique(prediction).tolist()
        if label != VOID and label not in used and not _forgiven(truth[prediction == label], label)
    ]
    return Judged(matches, missed, wrong)


def _forgiven(below: np.ndarray, label: int) -> bool:
    own = label // LABEL_DIVISOR * LABEL_DIVISOR
    spared = below == VOID
    if is_crowd(own):
        spared |= below == own
    return bool(spared.mean() > 0.5)


def short_name(label: int) -> str:
    """Return a label in words: "car 2", "person crowd", "sky", "void"."""
    if label == VOID:
        return "void"
    name = segment_name(label)
    return name.replace(" 0", " crowd") if is_crowd(label) else name


def draw_matching(truth: Map, prediction: Map) -> Figure:
    """Draw both maps, missed and wrong segments hatched, and the IoU of all pairs of segments."""
    judged = judge_segments(truth, prediction)
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.05))[0]
    for axes, title, map_, bad in zip(
        left.subplots(2, 1), ("truth", "prediction"), (truth, prediction),
        (judged.missed, judged.wrong), strict=True,
    ):  # fmt: skip
        draw_cells(axes, map_, bad)
        axes.set_title(title)
    handles = [
        Patch(facecolor="white", edgecolor=_WRONG, hatch="xx", label="no match"),
        Patch(facecolor="white", edgecolor=BLACK, hatch="..", label="void"),
    ]
    left.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    _draw_ious(right.subplots(), truth, prediction, judged)
    return figure


def describe_matching(truth: Map, prediction: Map) -> str:
    """Say which segments of two maps match, with their IoU, and which do not."""
    judged = judge_segments(truth, prediction)
    pairs = ", ".join(
        f"{short_name(true)} with {short_name(found)} {iou:.2f}"
        for true, (found, iou) in judged.matches.items()
    )
    missed = ", ".join(map(short_name, judged.missed)) or "none"
    wrong = ", ".join(map(short_name, judged.wrong)) or "none"
    return (
        "Left, the true and the predicted street, segments without a match hatched. Right, a table "
        f"of the IoU of all true (rows) and predicted (columns) segments. Matches: {pairs}. "
        f"Missed: {missed}. False alarms: {wrong}."
    )


def draw_presets(names: Sequence[str] = tuple(PRESETS)) -> Figure:
    """Draw what each mistake does to the street, and what the three metrics say of it."""
    lines = -(-len(names) // 3)
    figure = Figure(figsize=(12, 2.2 * lines + 0.5), layout="constrained")
    grid = list(figure.subplots(lines, 3, squeeze=False).flat)
    for axes in grid[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(grid, names, strict=False):
        prediction = PRESETS[name]()
        judged = judge_segments(true_street(), prediction)
        draw_cells(axes, prediction, judged.wrong, size=7)
        _outline(axes, np.isin(true_street(), judged.missed))
        axes.set_title(f"{name}\n{_says(prediction)}", fontsize=11)
    handles = [
        Patch(facecolor="white", edgecolor=_WRONG, hatch="xx", label="false alarm"),
        Patch(facecolor="none", edgecolor=_WRONG, linestyle="--", lw=2, label="missed (outline)"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def describe_presets(names: Sequence[str] = tuple(PRESETS)) -> str:
    """Say what the metrics are after each mistake."""
    parts = "; ".join(f"{name}: {_says(PRESETS[name]())}" for name in names)
    return f"The small street with one mistake per picture, in percent. {parts}."


def draw_edit(before: str, after: str) -> Figure:
    """Draw two predictions and, as bars, what the metrics say of each."""
    figure = Figure(figsize=(12, 4.4), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.15, 1))[0]
    for axes, name in zip(left.subplots(2, 1), (before, after), strict=True):
        prediction = PRESETS[name]()
        judged = judge_segments(true_street(), prediction)
        draw_cells(axes, prediction, judged.wrong)
        _outline(axes, np.isin(true_street(), judged.missed))
        axes.set_title(name)
    _draw_changes(right.subplots(), before, after)
    return figure


def _draw_changes(axes: Axes, before: str, after: str) -> None:
    one, two = (street_scores(PRESETS[name]()) for name in (before, after))
    names = ("PQ", "mIoU", "AP")
    rows = [(one.pq, two.pq), (one.miou, two.miou), (one.ap, two.ap)]
    for y, (name, (old, new)) in enumerate(zip(names, rows, strict=True)):
        color, sign = (BLUE, "up") if new > old else (VERMILION, "down")
        axes.annotate(
            "", (100 * new, y), (100 * old, y),
            arrowprops={"arrowstyle": "-|>", "lw": 4, "color": color, "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
        axes.plot(100 * old, y, "o", ms=10, mfc="white", mec=BLACK)
        axes.text(
            min(50 * (old + new), 90), y - 0.2,
            f"{name} {sign}: {100 * old:.1f} to {100 * new:.1f}",
            ha="center", va="bottom", weight="bold", color=color,
        )  # fmt: skip
    axes.set_yticks(range(3), names)
    axes.set(xlim=(45, 104), ylim=(2.5, -0.7), xlabel="score, %")
    axes.grid(axis="x", alpha=0.3)


def draw_cells(axes: Axes, map_: Map, bad: Sequence[int] = (), size: int = 10) -> None:
    """Draw a map cell by cell: class colors, lines between segments, names; ``bad`` hatched."""
    axes.imshow(np.array([[_color(label) for label in row] for row in map_.tolist()]))
    axes.set_axis_off()
    _lines_between(axes, map_)
    for label in np.unique(map_).tolist():
        cells = map_ == label
        if label == VOID:
            _hatch(axes, cells, BLACK, "..")
            continue
        if label in bad:
            _hatch(axes, cells, _WRONG, "xx")
        if label // LABEL_DIVISOR in THING_TRAIN_IDS or size >= 10:
            y, x = _middle(cells)
            axes.text(
                x, y, short_name(label), ha="center", va="center", fontsize=size, weight="bold",
                bbox={"facecolor": "white", "alpha": 0.85, "lw": 0, "pad": 1}, clip_on=True,
            )  # fmt: skip


def _middle(cells: Bool[np.ndarray, "h w"]) -> tuple[float, float]:
    """Return where a name has most room: near the middle, with neighbors all round."""
    points = np.argwhere(cells)
    wide = np.sum([np.roll(cells, shift, axis=1) for shift in range(-3, 4)], axis=0)
    high = np.sum([np.roll(wide * cells, shift, axis=0) for shift in (-1, 0, 1)], axis=0)
    room = high[tuple(points.T)]
    middle = points.mean(axis=0)
    if len(points) < 60:  # a thing: it has a middle
        return float(middle[0]), float(middle[1])
    far = np.abs(points - middle).sum(axis=1)
    y, x = points[(room.max() - room + 0.1 * far).argmin()]
    return float(y), float(min(max(x, 2), cells.shape[1] - 3))


def _color(label: int) -> tuple[float, float, float]:
    return to_rgb(CLASS_COLORS.get(label // LABEL_DIVISOR, _VOID_COLOR))


def _lines_between(axes: Axes, map_: Map) -> None:
    axes.add_collection(LineCollection(list(_edges(map_)), colors=BLACK, linewidths=1.3))


def _outline(axes: Axes, cells: Bool[np.ndarray, "h w"]) -> None:
    edges = _edges(np.pad(cells, 1)) - 1
    dashes = LineCollection(list(edges), colors=_WRONG, linewidths=2.5, linestyles=[(0, (2, 1))])
    axes.add_collection(dashes)


def _edges(map_: Shaped[np.ndarray, "h w"]) -> Float[np.ndarray, "edge 2 2"]:
    """Return the lines, from (x, y) to (x, y), between cells of different values."""
    upright = np.argwhere(map_[:, 1:] != map_[:, :-1])[:, ::-1]
    level = np.argwhere(map_[1:] != map_[:-1])[:, ::-1]
    lines = [
        upright[:, None] + [[0.5, -0.5], [0.5, 0.5]],
        level[:, None] + [[-0.5, 0.5], [0.5, 0.5]],
    ]
    return np.concatenate(lines)


def _hatch(axes: Axes, cells: Bool[np.ndarray, "h w"], color: str, hatch: str) -> None:
    squares = [Rectangle((x - 0.5, y - 0.5), 1, 1) for y, x in np.argwhere(cells)]
    axes.add_collection(
        PatchCollection(squares, facecolor="none", hatch=hatch, edgecolor=color, linewidths=0)
    )


def _says(prediction: Map) -> str:
    scores = street_scores(prediction)
    return f"PQ {100 * scores.pq:.0f}, mIoU {100 * scores.miou:.0f}, AP {100 * scores.ap:.0f}"


def _draw_ious(axes: Axes, truth: Map, prediction: Map, judged: Judged) -> None:
    """Draw the IoU of all pairs: matches framed, pairs of different classes grey."""
    rows = [label for label in np.unique(truth).tolist() if label != VOID]
    columns = [label for label in np.unique(prediction).tolist() if label != VOID]
    ious = np.array([[_iou(truth, prediction, t, p) for p in columns] for t in rows])
    alike = np.array([[t // LABEL_DIVISOR == p // LABEL_DIVISOR for p in columns] for t in rows])
    axes.imshow(np.where(alike, ious, np.nan), cmap="Blues", vmin=0, vmax=1.3, aspect="auto")
    for (y, x), iou in np.ndenumerate(ious):
        if iou < 0.005:
            continue
        color = BLACK if alike[y, x] else "#767676"
        axes.text(x, y, f"{iou:.2f}", ha="center", va="center", color=color, fontsize=11)
        if judged.matches.get(rows[y], (None,))[0] == columns[x]:
            axes.add_patch(Rectangle((x - 0.46, y - 0.46), 0.92, 0.92, fill=False, ec=_MATCH, lw=3))
    axes.set_xticks(range(len(columns)), map(short_name, columns), rotation=40, ha="right")
    axes.set_yticks(range(len(rows)), map(short_name, rows))
    axes.set(xlabel="predicted segments", ylabel="true segments")
    axes.set_title("IoU of all pairs; frame: a match; grey: other class")


def _iou(truth: Map, prediction: Map, label: int, other: int) -> float:
    true, found = truth == label, (prediction == other) & (truth != VOID)
    return float((true & found).sum() / max((true | found).sum(), 1))
