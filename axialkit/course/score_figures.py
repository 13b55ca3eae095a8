"""Lesson 11's figures of scores: an answer with three numbers, PQ's map, precision, the zoo."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float, Integer
from matplotlib.figure import Figure

from axialkit.course.measuring import CLASSES, Map, class_map, confusion, miou, pq, pq_counts
from axialkit.course.palette import BLACK, BLUE, ORANGE, SKY, VERMILION
from axialkit.course.telling_apart import Scored
from axialkit.data.cityscapes import THING_TRAIN_IDS, TRAIN_CLASSES
from axialkit.evaluation.mistakes import PARTS
from axialkit.structures import VOID
from axialkit.visualize.panoptic import draw_legend, draw_panoptic

CLASS_NAMES = tuple(klass.name for klass in TRAIN_CLASSES)


# ---- an answer


def draw_answer(seen: Scored) -> Figure:
    """Draw a street, its truth and what the network makes of it."""
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    for axes, title, map_ in zip(
        figure.subplots(1, 3), ("image", "truth", "prediction"),
        (None, seen.truth, seen.prediction), strict=True,
    ):  # fmt: skip
        axes.set_title(title)
        if map_ is None:
            axes.imshow(seen.image)
            axes.set_axis_off()
        else:
            draw_panoptic(axes, seen.image, map_, long_side=768)
    draw_legend(figure, seen.truth, seen.prediction, columns=5)
    return figure


def describe_answer(seen: Scored) -> str:
    """Say how many things the street has, and how many the network sees."""
    counts = [_things(map_) for map_ in (seen.truth, seen.prediction)]
    right = (class_map(seen.truth) == class_map(seen.prediction))[seen.truth != VOID].mean()
    return (
        "Three pictures of one drawn street: the image, its true segments, the predicted ones, in "
        f"the colors of their classes. {counts[0]} things are there, {counts[1]} are predicted; "
        f"{100 * right:.0f} % of the pixels have the right class."
    )


def _things(map_: Map) -> int:
    labels = np.unique(map_)
    return int(np.isin(labels // 1000, THING_TRAIN_IDS).sum())


def describe_confusion(table: Integer[np.ndarray, "19 20"]) -> str:
    """Say which true classes lose most of their pixels."""
    share = table.diagonal() / np.maximum(table.sum(axis=1), 1)
    worst = ", ".join(f"{CLASS_NAMES[k]} {share[k]:.0%}" for k in np.argsort(share)[:3])
    return (
        "A table of 19 true classes (rows) by 19 predicted ones and none, in percent of each row. "
        f"Most of it is on the diagonal, least in the rows of {worst}."
    )


def describe_budget(parts: Float[np.ndarray, "19 part"]) -> str:
    """Say where PQ is lost, on the mean over the classes."""
    means = np.nanmean(parts, axis=0)
    rows = ", ".join(f"{name} {mean:.0%}" for name, mean in zip(PARTS, means, strict=True))
    return f"One bar of 100 % per class, cut into PQ and what was lost. All classes: {rows}."


# ---- PQ = SQ x RQ


def draw_quality_map(counts: Float[np.ndarray, "19 4"]) -> Figure:
    """Draw every class at its SQ and RQ, over the lines of equal PQ."""
    figure = Figure(figsize=(9.5, 6), layout="constrained")
    axes = figure.subplots()
    sq, rq = np.meshgrid(np.linspace(0.5, 1, 101), np.linspace(0, 1, 101))
    axes.contourf(100 * sq, 100 * rq, 100 * sq * rq, levels=range(0, 101, 10), alpha=0.45)
    lines = axes.contour(
        100 * sq, 100 * rq, 100 * sq * rq, levels=range(10, 100, 10), colors=BLACK, linewidths=0.8
    )
    axes.clabel(lines, fmt="PQ %d", fontsize=10)
    found = class_qualities(counts)
    heights = _place_names(
        {CLASS_NAMES[klass]: (100 * sq, 100 * rq) for klass, (sq, rq) in found.items()}
    )
    for klass, (one, two) in found.items():
        is_thing = klass in THING_TRAIN_IDS
        axes.plot(
            100 * one, 100 * two, "o" if is_thing else "s", ms=9, mec=BLACK,
            mfc=ORANGE if is_thing else "white", clip_on=False, zorder=4,
        )  # fmt: skip
        y = heights[CLASS_NAMES[klass]]
        axes.annotate(
            CLASS_NAMES[klass], (100 * one, 100 * two), (100 * one + 0.7, y), fontsize=10, zorder=5,
            va="center", bbox={"facecolor": "white", "alpha": 0.75, "lw": 0, "pad": 0.6},
            arrowprops={"arrowstyle": "-", "lw": 0.6, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
    axes.plot([], [], "o", ms=9, mec=BLACK, mfc=ORANGE, label="things")
    axes.plot([], [], "s", ms=9, mec=BLACK, mfc="white", label="stuff")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    axes.set(
        xlabel="SQ: how well the matches fit, %", ylabel="RQ: how many segments match, %",
        xlim=(50, 100), ylim=(0, 113), yticks=range(0, 101, 20),
    )  # fmt: skip
    return figure


def class_qualities(counts: Float[np.ndarray, "19 4"]) -> dict[int, tuple[float, float]]:
    """Return (SQ, RQ) of every class with a match."""
    return {
        klass: pq(counts[klass : klass + 1])[1:]
        for klass in range(len(counts))
        if counts[klass, 1] > 0
    }


def describe_quality_map(counts: Float[np.ndarray, "19 4"]) -> str:
    """Say where the best and the worst class lie."""
    found = class_qualities(counts)
    order = sorted(found, key=lambda klass: found[klass][0] * found[klass][1])
    ends = ", ".join(
        f"{CLASS_NAMES[klass]} at SQ {100 * found[klass][0]:.0f} and RQ {100 * found[klass][1]:.0f}"
        for klass in (order[0], order[-1])
    )
    return (
        f"{len(found)} classes as points over SQ (across) and RQ (up), with lines of equal PQ that "
        f"bend like hyperbolas. The lowest and the highest PQ: {ends}."
    )


def _place_names(points: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Return for each name a height, near its point, at which it covers no name and no point."""
    heights: dict[str, float] = {}
    for name, (x, y) in points.items():
        for shift in sorted(np.arange(-30, 31, 0.5), key=abs):
            at = y + float(shift)
            names = [(points[other][0], heights[other], len(other)) for other in heights]
            marks = [(one - 1.2, two, 1) for each, (one, two) in points.items() if each != name]
            boxes = [*names, *marks]
            if 1 <= at <= 111 and not any(_meet((x, at, len(name)), box) for box in boxes):
                break
        heights[name] = at
    return heights


def _meet(one: tuple[float, float, int], other: tuple[float, float, int]) -> bool:
    """Return whether two names of so many letters, each right of its x, cover each other."""
    first, second = sorted((one, other))
    return abs(one[1] - other[1]) < 3.6 and second[0] - first[0] < 1.2 + 0.62 * first[2]


# ---- average precision


def draw_precision(
    scores: Float[np.ndarray, " n"], ious: Float[np.ndarray, " n"], objects: int, threshold: float
) -> Figure:
    """Draw precision over recall, detection by detection, and the best from each recall on."""
    recall, precision, hit = precision_curve(scores, ious, objects, threshold)
    wanted = np.linspace(0, 1, 101)
    best = [precision[recall >= r].max(initial=0) for r in wanted]
    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.fill_between(100 * wanted, 100 * np.array(best), step="post", color=SKY, alpha=0.4)
    axes.step(
        100 * wanted,
        100 * np.array(best),
        where="post",
        color=BLUE,
        lw=2,
        label="the best from here on",
    )
    axes.plot(100 * recall[hit], 100 * precision[hit], "o", color=BLACK, ms=5, label="a hit")
    axes.plot(
        100 * recall[~hit], 100 * precision[~hit], "x", color=VERMILION, ms=7, mew=2,
        label="a false alarm",
    )  # fmt: skip
    axes.set(
        xlabel="recall: objects found so far, %", ylabel="precision: hits so far, %",
        xlim=(0, 101), ylim=(0, 104),
    )  # fmt: skip
    axes.set_title(f"IoU from {threshold:g}: AP {100 * np.mean(best):.1f} (the blue area)")
    axes.legend(loc="lower left", frameon=False)
    return figure


def precision_curve(
    scores: Float[np.ndarray, " n"], ious: Float[np.ndarray, " n"], objects: int, threshold: float
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
    """Return recall and precision after each detection, best score first, and which are hits."""
    hit = ious[np.argsort(-scores, kind="stable")] >= threshold
    so_far = np.cumsum(hit)
    return so_far / objects, so_far / np.arange(1, len(hit) + 1), hit


def describe_precision(
    scores: Float[np.ndarray, " n"], ious: Float[np.ndarray, " n"], objects: int, threshold: float
) -> str:
    """Say how many detections there are, how many of them are hits, and how far recall gets."""
    recall, _, hit = precision_curve(scores, ious, objects, threshold)
    return (
        f"Precision over recall for {objects} objects and {len(hit)} detections at IoU "
        f"{threshold:g}: {int(hit.sum())} are hits. A staircase falls from left to right and ends "
        f"at a recall of {100 * recall.max(initial=0):.0f} %; the area below it is the "
        "average precision."
    )


# ---- one edit, two metrics


def erase_small(prediction: Map, limit: int) -> Map:
    """Return the prediction with all segments below ``limit`` pixels turned into void."""
    labels, areas = np.unique(prediction, return_counts=True)
    return np.where(np.isin(prediction, labels[areas < limit]), VOID, prediction)


def erasing(seen: Sequence[Scored], limits: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Return PQ and mIoU after erasing all predicted segments below each limit."""
    found = {}
    for limit in limits:
        maps = [(one.truth, erase_small(one.prediction, limit)) for one in seen]
        counts = np.sum([confusion(class_map(t), class_map(p), CLASSES) for t, p in maps], axis=0)
        quality = pq(np.sum([pq_counts(t, p) for t, p in maps], axis=0))[0]
        found[limit] = (quality, miou(counts))
    return found


def draw_erasing(found: Mapping[int, tuple[float, float]]) -> Figure:
    """Draw how PQ and mIoU change when small predicted segments are erased."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    axes = figure.subplots()
    limits, start = list(found), next(iter(found.values()))
    for column, (name, color, form) in enumerate((("PQ", BLUE, "o-"), ("mIoU", VERMILION, "s--"))):
        change = [100 * (scores[column] - start[column]) for scores in found.values()]
        axes.plot(range(len(limits)), change, form, color=color, lw=2.5, ms=8)
        axes.text(
            len(limits) - 0.85, change[-1], name, color=color, weight="bold", va="center",
            fontsize=14,
        )  # fmt: skip
    axes.axhline(0, color=BLACK, lw=1)
    axes.set_xticks(range(len(limits)), [str(limit) if limit else "none" for limit in limits])
    axes.set(
        xlabel="predicted segments below this many pixels are erased", ylabel="change, points",
        xlim=(-0.3, len(limits) - 0.1),
    )  # fmt: skip
    axes.grid(axis="y", alpha=0.3)
    return figure


def describe_erasing(found: Mapping[int, tuple[float, float]]) -> str:
    """Say what PQ and mIoU are at every limit."""
    rows = "; ".join(
        f"{limit} pixels: PQ {100 * one:.1f}, mIoU {100 * two:.1f}"
        for limit, (one, two) in found.items()
    )
    return f"Two lines over the limit below which predicted segments are erased. {rows}."


# ---- the zoo


def draw_zoo(right: float, wrong: Mapping[str, float]) -> Figure:
    """Draw by how many points each bug moves the same network's PQ."""
    figure = Figure(figsize=(9.5, 3.9), layout="constrained")
    axes = figure.subplots()
    names = sorted(wrong, key=lambda name: wrong[name])
    for y, name in enumerate(names):
        shift = 100 * (wrong[name] - right)
        axes.barh(
            y, shift, color=BLUE if shift > 0 else VERMILION, edgecolor=BLACK, lw=0.6,
            hatch="//" if shift > 0 else "", height=0.7,
        )  # fmt: skip
        side = 0.08 if shift >= 0 else -0.08
        number = f"{shift:+.1f}" if abs(shift) >= 0.05 else "0.0"
        axes.text(shift + side, y, number, va="center", ha="left" if shift >= 0 else "right")
    axes.axvline(0, color=BLACK, lw=1)
    edge = 1.3 * max(abs(100 * (value - right)) for value in wrong.values()) + 0.5
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(-edge, edge), xlabel=f"points beside the right PQ of {100 * right:.1f}")
    return figure


def describe_zoo(right: float, wrong: Mapping[str, float]) -> str:
    """Say what each bug makes of the PQ."""
    rows = ", ".join(f"{name} {100 * (value - right):+.1f}" for name, value in wrong.items())
    return f"One bar per bug: points by which it moves the PQ of {100 * right:.1f}. {rows}."
