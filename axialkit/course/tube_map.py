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
_SIGNS = {"conv": ("s", BLUE), "attends": ("o", ORANGE), "unread": ("D", _GREY)}


def draw_maps(routes: dict[str, Sequence[Leg]]) -> Figure:
    """Draw the tube map of every backbone, one below the other, with one legend."""
    figure = Figure(figsize=(12, 0.6 + 2.75 * len(routes)), layout="constrained")
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
    for leg in legs:
        y, width = _LEVELS[leg.stride], _width(leg)
        if before is not None:
            axes.plot([x - 0.75, x], [before, y], color=_sign(leg)[1], lw=2.5, zorder=1)
        _draw_leg(axes, leg, x, y)
        x, before = x + width + 0.75, y
    for level in (stride for stride, y in _LEVELS.items() if low <= y <= high):
        axes.axhline(_LEVELS[level], color=LINE, lw=1, zorder=0)
    shown = [stride for stride, y in _LEVELS.items() if low <= y <= high]
    axes.set_yticks([_LEVELS[s] for s in shown], [f"stride {s}" for s in shown])
    axes.set(xlim=(-0.6, max(x, 16.0)), ylim=(low - 0.75, high + 0.75), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def describe_map(name: str, legs: Sequence[Leg]) -> str:
    """Say in words what a tube map shows."""
    told = "; ".join(
        f"stride {leg.stride}: {leg.depth} {leg.kind}, {leg.channels} channels"
        for leg in legs
        if leg.stage not in ("stem", "fuse")
    )
    unread = [leg for leg in legs if leg.stage == "fuse"]
    tail = (
        f". Then, in grey, {len(unread)} blocks at strides "
        f"{', '.join(str(leg.stride) for leg in unread)} that no head reads"
        if unread
        else ""
    )
    return f"{name}, a line that descends from stage to stage. {told}{tail}."


def _width(leg: Leg) -> float:
    return 1.15 if leg.stage == "fuse" else 0.62 * max(min(leg.depth, _STOPS) - 1, 1.5)


def _sign(leg: Leg) -> tuple[str, str]:
    return _SIGNS["unread" if leg.stage == "fuse" else "attends" if leg.attends else "conv"]


def _draw_leg(axes: Axes, leg: Leg, x: float, y: float) -> None:
    marker, color = _sign(leg)
    width, stops = _width(leg), min(leg.depth, _STOPS)
    axes.plot([x, x + width], [y, y], color=color, lw=2.5 + leg.channels**0.5 / 9, zorder=1)
    gap = width / max(stops - 1, 1)
    places = [x + gap * i for i in range(stops)] if stops > 1 else [x + width / 2]
    axes.plot(places, [y] * stops, marker, ms=8.5, mfc="white", mec=color, mew=2, ls="", zorder=3)
    word = "conv" if leg.kind == "stem" else leg.kind
    for text, at, side in (
        (f"{leg.depth} × {word}", y + 0.3, "bottom"),
        (f"{leg.channels} ch", y - 0.3, "top"),
    ):
        shift = 0.3 if side == "bottom" else -0.1  # clear of the line that comes down
        shift = 0 if leg.stage == "fuse" else shift
        halo = [withStroke(linewidth=3, foreground="white")]
        axes.text(x + width / 2 + shift, at, text, ha="center", va=side, size=10, path_effects=halo)


def _legend(routes: dict[str, Sequence[Leg]]) -> list[Line2D]:
    legs = [leg for route in routes.values() for leg in route]
    names = {"conv": "convolutions", "attends": "axial attention", "unread": "no head reads it"}
    used = [name for name in _SIGNS if name != "unread" or any(leg.stage == "fuse" for leg in legs)]
    return [
        Line2D([], [], marker=_SIGNS[n][0], color=_SIGNS[n][1], mfc="white", mew=2, lw=4,
               label=names[n])
        for n in used
    ]  # fmt: skip
