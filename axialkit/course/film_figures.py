"""Drawing the film of a training: strip, one frame by head, jump."""

import numpy as np
from jaxtyping import Int, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from axialkit.course.palette import (
    BLACK,
    BLUE,
    GREEN,
    LINE,
    ORANGE,
    PURPLE,
    VERMILION,
    YELLOW,
)
from axialkit.course.training_film import Film, Frame
from axialkit.data.cityscapes import BY_NAME, panoptic_label
from axialkit.data.minicity import DrawnScene
from axialkit.structures import LABEL_DIVISOR, VOID

# the nine classes of avenue scenes
COLORS = {
    "road": "#8A8A86", "building": "#5A5A5E", "vegetation": GREEN, "sky": "#CFE6F5",
    "person": PURPLE, "car": YELLOW, "truck": ORANGE, "bus": BLUE, "train": VERMILION,
}  # fmt: skip
LONG = ("truck", "bus", "train")
HEADS = ("answer", "classes", "centers", "offsets")
_NAME = {BY_NAME[name].train_id: name for name in COLORS}
_HALO = [withStroke(linewidth=2, foreground="white")]
_LEAST = 60  # pixels of a segment that gets its name written on it

Labels = Int[np.ndarray, "height width"]


def _rgb(color: str) -> tuple[int, ...]:
    return tuple(int(color[i : i + 2], 16) for i in (1, 3, 5))


def paint(panoptic: Labels) -> UInt8[np.ndarray, "height width 3"]:
    """Color a panoptic map by class, things with a dark line around each; black is unknown."""
    classes = panoptic // LABEL_DIVISOR
    picture = np.zeros((*panoptic.shape, 3), np.uint8)
    for train_id, name in _NAME.items():
        picture[classes == train_id] = _rgb(COLORS[name])
    is_thing = (panoptic % LABEL_DIVISOR > 0) & (panoptic < VOID)
    edge = np.zeros(panoptic.shape, bool)
    edge[:, 1:] |= panoptic[:, 1:] != panoptic[:, :-1]
    edge[1:] |= panoptic[1:] != panoptic[:-1]
    picture[edge & is_thing] = 0
    return picture


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def _show(axes: Axes, panoptic: Labels) -> None:
    """Draw one answer, with the names of its long vehicles."""
    axes.imshow(paint(panoptic), interpolation="nearest")
    _bare(axes)
    for label in np.unique(panoptic):
        name = _NAME.get(int(label) // LABEL_DIVISOR, "")
        at = panoptic == label
        if name in LONG and at.sum() >= _LEAST:
            y, x = np.argwhere(at).mean(axis=0)
            axes.text(
                x, y, name, ha="center", va="center", fontsize=9, weight="bold", color=BLACK,
                path_effects=_HALO,
            )  # fmt: skip


def _legend(figure: Figure) -> None:
    handles = [Patch(fc=color, ec=BLACK, lw=0.5, label=name) for name, color in COLORS.items()]
    handles.append(Patch(fc=BLACK, label="no answer"))
    figure.legend(
        handles=handles, loc="outside lower center", ncols=10, fontsize=9, frameon=False,
        handlelength=1.2, columnspacing=1.0,
    )  # fmt: skip


def chosen(film: Film, count: int) -> list[Frame]:
    """Return that many frames, evenly spread, first and last among them."""
    places = np.linspace(0, len(film.frames) - 1, min(count, len(film.frames))).round()
    return [film.frames[int(place)] for place in places]


def draw_strip(film: Film, count: int = 5) -> Figure:
    """Draw the watched scenes (rows) after more and more steps (columns), and the truth."""
    frames, scenes = chosen(film, count), film.watched.scenes
    figure = Figure(figsize=(12.4, 4.6), layout="constrained")
    panels = figure.subplots(len(scenes), len(frames) + 2, squeeze=False)
    for row, scene in zip(panels, scenes, strict=True):
        row[0].imshow(scene.image)
        _bare(row[0])
        _show(row[-1], panoptic_label(scene.instance_ids))
    for column, frame in zip(panels.T[1:-1], frames, strict=True):
        for axes, result in zip(column, frame.results, strict=True):
            _show(axes, result.panoptic)
        column[0].set_title(f"after {frame.step} steps", fontsize=11)
    panels[0, 0].set_title("picture", fontsize=11)
    panels[0, -1].set_title("truth", fontsize=11)
    _legend(figure)
    return figure


def describe_strip(film: Film, count: int = 5) -> str:
    """Say what ``draw_strip`` shows."""
    said = "; ".join(
        f"after {frame.step} steps {_vehicles_right(film, frame)} of {_vehicles(film)} long "
        "vehicles mostly in their true class"
        for frame in chosen(film, count)
    )
    return f"{len(film.watched.scenes)} scenes, not trained on, as the network sees them: {said}."


def _vehicles(film: Film) -> int:
    return sum(map(len, film.watched.vehicles))


def _vehicles_right(film: Film, frame: Frame) -> int:
    pairs = zip(frame.results, film.watched.vehicles, strict=True)
    return sum(
        int((result.semantic[v.visible] == v.train_id).mean() > 0.5)
        for result, vehicles in pairs
        for v in vehicles
    )


def draw_frame(film: Film, number: int = 0, head: str = "answer") -> Figure:
    """Draw one frame of the film: the answers, or what one of the heads says."""
    frame = film.frames[number]
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    panels = figure.subplots(2, 4)
    for i, scene in enumerate(film.watched.scenes):
        above, below = panels[0, i], panels[1, i]
        above.imshow(scene.image)
        _bare(above)
        _draw_head(below, frame, i, head, scene)
    panels[0, 0].set_title("picture", fontsize=11, loc="left")
    panels[1, 0].set_title(f"{head}, after {frame.step} steps", fontsize=11, loc="left")
    if head in ("answer", "classes"):
        _legend(figure)
    return figure


def _draw_head(axes: Axes, frame: Frame, i: int, head: str, scene: DrawnScene) -> None:
    height, width = scene.image.shape[:2]
    if head == "answer":
        _show(axes, frame.results[i].panoptic)
        return
    if head == "classes":
        axes.imshow(paint(frame.results[i].semantic.astype(np.int64) * LABEL_DIVISOR))
    elif head == "centers":
        heat = frame.heads.center[i, 0, :height, :width].numpy()
        axes.imshow(heat, cmap="cividis", vmin=0, vmax=1)
        centers = frame.results[i].centers
        axes.plot(centers[:, 1], centers[:, 0], "x", color="white", ms=6, mew=1.5)
    else:
        axes.imshow((scene.image * 0.5).astype(np.uint8))
        _draw_arrows(axes, frame.heads.offset[i, :, :height, :width].numpy(), scene)
    _bare(axes)


def _draw_arrows(axes: Axes, offset: np.ndarray, scene: DrawnScene) -> None:
    """Draw every so many arrows of the pixels that truly belong to things."""
    label = panoptic_label(scene.instance_ids)
    points = np.argwhere((label % LABEL_DIVISOR > 0) & (label < VOID))[::23]
    ys, xs = points.T
    dy, dx = offset[:, ys, xs]
    axes.quiver(xs, ys, dx, dy, angles="xy", scale_units="xy", scale=1, width=0.006, color=YELLOW)
    axes.set(xlim=(-0.5, label.shape[1] - 0.5), ylim=(label.shape[0] - 0.5, -0.5))


def describe_frame(film: Film, number: int = 0, head: str = "answer") -> str:
    """Say what ``draw_frame`` shows."""
    frame = film.frames[number]
    centers = sum(len(result.centers) for result in frame.results)
    return (
        f"Four scenes above, below them the network's {head} after {frame.step} steps: "
        f"{_vehicles_right(film, frame)} of {_vehicles(film)} long vehicles mostly in their true "
        f"class, {centers} centers found."
    )


def draw_jump(films: dict[str, Film]) -> Figure:
    """Draw how the share of right pixels on the long vehicles grows, and PQ of stuff beside it."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for (name, film), color, mark in zip(films.items(), (BLUE, ORANGE), "os", strict=False):
        scores = [frame.score for frame in film.frames]
        for axes, values in (
            (left, [s.vehicles for s in scores]),
            (right, [s.stuff for s in scores]),
        ):
            axes.plot(
                film.steps, 100 * np.array(values), color=color, marker=mark, ms=5, label=name
            )
    left.axhline(100 / 3, color=LINE, ls="--")
    left.text(film.steps[-1], 32, "guessing: one of three", fontsize=10, va="top", ha="right")
    left.set(title="long vehicles: right pixels, %", xlabel="steps", ylim=(0, 100))
    right.set(title="stuff: PQ", xlabel="steps")
    left.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, 0.95))
    right.legend(frameon=False, loc="lower right")
    return figure


def describe_jump(films: dict[str, Film]) -> str:
    """Say what ``draw_jump`` shows."""
    said = "; ".join(
        f"{name}: {100 * film.frames[0].score.vehicles:.0f} % of the long vehicles' pixels right "
        f"at first, {100 * film.frames[len(film.frames) // 2].score.vehicles:.0f} % at half time, "
        f"{100 * film.frames[-1].score.vehicles:.0f} % at the end, stuff PQ "
        f"{100 * film.frames[-1].score.stuff:.0f}"
        for name, film in films.items()
    )
    return f"Two curves over the steps, guessing at 33 %. {said}."
