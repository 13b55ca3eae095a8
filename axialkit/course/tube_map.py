"""Lesson 05's tube map: a backbone as a line that descends from stride to stride."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from axialkit.course.palette import BLUE, LINE, ORANGE
from axialkit.model.route import Leg

_LEVELS = {1: 5.0, 2: 4.0, 4: 3.0, 8: 2.0, 16: 1.0, 32: 0.0}
_STOPS = 5  # blocks drawn one by one; more are told by number
_GREY = "#6B6B6B"
_HALO = [withStroke(linewidth=3, foreground="white")]
_SIGNS = {"conv": ("s", BLUE), "attends": ("o", ORANGE), "unread": ("D", _GREY)}


def draw_maps(routes: dict[str, Sequence[Leg]]) -> Figure:
    """Draw the tube map of every backbone, one below the other, with one legend."""
    figure = Figure(figsize=(12, 0.6 + 3.2 * len(routes)), layout="constrained")
    panels = figure.subplots(len(routes), 1, squeeze=False)[:, 0]
    for axes, (name, legs) in zip(panels, routes.items(), strict=True):
        axes.set_title(name, loc="left", weight="bold")
        draw_map(axes, legs)
    longest = max(axes.get_xlim()[1] for axes in panels)  # one scale for all
    for axes in panels:
        axes.set_xlim(right=longest)
    figure.legend(handles=_legend(routes), loc="outside lower center", ncols=4, frameon=False)
    return figure


def draw_map(axes: Axes, legs: Sequence[Leg]) -> None:
    """Draw one tube map: every leg a piece of line at the height of its stride."""
    low = min(_LEVELS[leg.stride] for leg in legs)
    high = max(_LEVELS[leg.stride] for leg in legs)
    x, before = 0.0, None
    places: dict[str, list[tuple[float, float]]] = {}
    for leg in legs:
        y, width = _LEVELS[leg.stride], _width(leg)
        if before is not None:
            axes.plot([x - 0.75, x], [before, y], color=_sign(leg)[1], lw=2.5, zorder=1)
        _draw_leg(axes, leg, x, y)
        places.setdefault(leg.stage, []).extend([(x, y), (x + width, y)])
        x, before = x + width + 0.75, y
    for stage, points in places.items():
        _name_stage(axes, stage, points)
    for level in (stride for stride, y in _LEVELS.items() if low <= y <= high):
        axes.axhline(_LEVELS[level], color=LINE, lw=1, zorder=0)
    shown = [stride for stride, y in _LEVELS.items() if low <= y <= high]
    axes.set_yticks([_LEVELS[s] for s in shown], [f"stride {s}" for s in shown])
    axes.set(xlim=(-0.6, max(x, 16.0)), ylim=(low - 1.05, high + 0.8), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def describe_map(name: str, legs: Sequence[Leg]) -> str:
    """Say in words what a tube map shows."""
    told = "; ".join(
        f"{_stage_name(leg.stage)} at stride {leg.stride}: {_label(leg).replace(' ×', '')}, "
        f"{leg.channels} channels"
        for leg in legs
        if leg.stage != "fuse"
    )
    unread = [leg for leg in legs if leg.stage == "fuse"]
    tail = (
        f". Then, in grey, {len(unread)} blocks at strides "
        f"{', '.join(str(leg.stride) for leg in unread)} that no prediction head reads"
        if unread
        else ""
    )
    return f"{name}, a line that descends from stage to stage. {told}{tail}."


def _stage_name(stage: str) -> str:
    return {"stem": "stem", "fuse": "stacked decoder"}.get(stage, f"stage {stage}")


def _name_stage(axes: Axes, stage: str, points: Sequence[tuple[float, float]]) -> None:
    """Write the name of a stage below all its legs; that of the decoder above its highest one."""
    xs, ys = zip(*points, strict=True)
    below = stage != "fuse"
    y = min(ys) - 0.66 if below else max(ys) + 0.62
    shift = -0.1 if below else 0.0  # as the numbers of channels
    axes.text(
        (min(xs) + max(xs)) / 2 + shift, y, _stage_name(stage), ha="center", size=10.5,
        va="top" if below else "bottom", weight="bold", path_effects=_HALO,
    )  # fmt: skip


def _width(leg: Leg) -> float:
    if leg.stage == "fuse":
        return 1.15
    return max(0.62 * max(min(leg.depth, _STOPS) - 1, 1.5), 0.105 * len(_label(leg)))


def _label(leg: Leg) -> str:
    return f"{leg.depth} × {'conv' if leg.kind == 'stem' else leg.kind}"


def _sign(leg: Leg) -> tuple[str, str]:
    return _SIGNS["unread" if leg.stage == "fuse" else "attends" if leg.attends else "conv"]


def _draw_leg(axes: Axes, leg: Leg, x: float, y: float) -> None:
    marker, color = _sign(leg)
    width, stops = _width(leg), min(leg.depth, _STOPS)
    axes.plot([x, x + width], [y, y], color=color, lw=2.5 + leg.channels**0.5 / 9, zorder=1)
    gap = width / max(stops - 1, 1)
    places = [x + gap * i for i in range(stops)] if stops > 1 else [x + width / 2]
    axes.plot(places, [y] * stops, marker, ms=8.5, mfc="white", mec=color, mew=2, ls="", zorder=3)
    # above, from the start on: clear of lines that come down there or go up behind
    start = (x + width / 2, "center") if leg.stage == "fuse" else (x - 0.1, "left")
    below = (x + width / 2 + (0 if leg.stage == "fuse" else -0.1), "center")
    for text, (left, align), at, side in (
        (_label(leg), start, y + 0.3, "bottom"),
        (f"{leg.channels} ch", below, y - 0.3, "top"),
    ):
        axes.text(left, at, text, ha=align, va=side, size=10, path_effects=_HALO)


def _legend(routes: dict[str, Sequence[Leg]]) -> list[Line2D]:
    legs = [leg for route in routes.values() for leg in route]
    names = {
        "conv": "convolutions",
        "attends": "axial attention",
        "unread": "no prediction head reads it",
    }
    used = [name for name in _SIGNS if name != "unread" or any(leg.stage == "fuse" for leg in legs)]
    return [
        Line2D([], [], marker=_SIGNS[n][0], color=_SIGNS[n][1], mfc="white", mew=2, lw=4,
               label=names[n])
        for n in used
    ]  # fmt: skip
