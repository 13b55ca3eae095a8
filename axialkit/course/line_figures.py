"""Lesson 02's figures: what a pattern of einops does, attention along one row, swapped columns."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, UInt8
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor

from axialkit.course.line import attention_weights
from axialkit.course.palette import BLACK, BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION

Image = UInt8[np.ndarray, "height width 3"]
Attention = Callable[[Tensor, str], Tensor]  # images and an axis

_LETTER_COLORS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
TEMPERATURES = (0.1, 1.0, 10.0)
_SHARPNESS = 12.0  # length of the vectors of colors: how much a pixel cares


# ---- patterns


def draw_patterns(patterns: Sequence[str], sizes: Mapping[str, int]) -> Figure:
    """Draw the axes on both sides of each pattern; letters in brackets share a box.

    ``sizes`` gives every letter its length.
    """
    colors = dict(zip(sizes, _LETTER_COLORS, strict=False))
    figure = Figure(figsize=(11, 1.05 * len(patterns) + 0.2), layout="constrained")
    for axes, pattern in zip(
        figure.subplots(len(patterns), 1, squeeze=False)[:, 0], patterns, strict=True
    ):
        _draw_pattern(axes, pattern, sizes, colors)
    return figure


def parse_side(side: str) -> list[tuple[str, ...]]:
    """Return the axes of one side of a pattern, each as its letters: ``"(b h) w"`` -> 2 axes."""
    axes: list[tuple[str, ...]] = []
    inside: list[str] | None = None
    for word in side.replace("(", " ( ").replace(")", " ) ").split():
        if word == "(":
            inside = []
        elif word == ")":
            axes.append(tuple(inside or ()))
            inside = None
        elif inside is not None:
            inside.append(word)
        else:
            axes.append((word,))
    return axes


def _draw_pattern(
    axes: Axes, pattern: str, sizes: Mapping[str, int], colors: Mapping[str, str]
) -> None:
    left, right = (parse_side(side) for side in pattern.split("->"))
    axes.set(xlim=(0, 22), ylim=(0, 2.1))
    axes.set_axis_off()
    _draw_axes(axes, 0.2, left, sizes, colors)
    axes.annotate(
        "", (10.9, 1.15), (9.5, 1.15), arrowprops={"arrowstyle": "-|>", "lw": 2, "color": BLACK}
    )
    _draw_axes(axes, 11.2, right, sizes, colors)


def _draw_axes(
    axes: Axes,
    x: float,
    groups: Sequence[Sequence[str]],
    sizes: Mapping[str, int],
    colors: Mapping[str, str],
) -> None:
    for letters in groups:
        width = 1.7 * len(letters) + 0.3 * (len(letters) - 1)
        if len(letters) > 1:
            box = FancyBboxPatch(
                (x - 0.12, 0.48), width + 0.24, 1.34, boxstyle="round,pad=0.04",
                facecolor="none", edgecolor=BLACK, linestyle="--",
            )  # fmt: skip
            axes.add_patch(box)
            total = int(np.prod([sizes[letter] for letter in letters]))
            product = " · ".join(str(sizes[letter]) for letter in letters)
            axes.text(
                x + width / 2, 0.2, f"{product} = {total}", ha="center", va="center", fontsize=11
            )
        for number, letter in enumerate(letters):
            at = x + 2.0 * number
            axes.add_patch(
                FancyBboxPatch(
                    (at, 0.6),
                    1.7,
                    1.1,
                    boxstyle="round,pad=0.02",
                    facecolor=colors[letter],
                    edgecolor=BLACK,
                )  # fmt: skip
            )
            axes.text(
                at + 0.85, 1.15, letter, ha="center", va="center", fontsize=14, weight="bold",
                color="white",
            )  # fmt: skip
            if len(letters) == 1:
                axes.text(
                    at + 0.85, 0.25, str(sizes[letter]), ha="center", va="center", fontsize=11
                )
        x += width + 0.55


# ---- attention along one row


def row_features(image: Image, row: int) -> Float[Tensor, "1 w 6"]:
    """Return vectors for the colors of one row, all of one length, alike where the colors are.

    Each of red, green and blue becomes a direction, from 0 to 90 degrees. Of vectors of one length
    no two fit better than two equal ones; colors as they are would all prefer the bright ones.
    """
    angle = torch.from_numpy(image[row].astype(np.float32)) / 255 * (torch.pi / 2)
    return _SHARPNESS * torch.cat([angle.cos(), angle.sin()], dim=-1)[None]


def effective_number(weights: Float[Tensor, "*any j"]) -> Float[Tensor, "*any"]:
    """Return among how many keys each query divides its attention: exp of the entropy."""
    entropy = -(weights * weights.clamp(min=1e-12).log()).sum(dim=-1)
    return entropy.exp()


def draw_row(image: Image, row: int, query: int, temperature: float = 1.0) -> Figure:
    """Show a row, what one of its pixels takes from the others, the whole matrix, the answers."""
    x = row_features(image, row)
    weights = attention_weights(x, x, temperature)[0]
    colors = image[row].astype(np.float32) / 255
    figure = Figure(figsize=(11, 4.9), layout="constrained")
    grid = figure.add_gridspec(4, 2, width_ratios=(1.55, 1), height_ratios=(4.4, 2.6, 0.7, 0.7))
    picture, bars, strip, answer = (figure.add_subplot(grid[line, 0]) for line in range(4))
    _draw_picture(picture, image, row, query)
    _draw_bars(bars, weights[query].numpy(), query)
    bars.set(xticks=[], xlabel="")
    _draw_strip(strip, colors, "the row")
    _draw_strip(answer, weights.numpy() @ colors, "answers")
    answer.set_xticks(range(0, len(colors), 50))
    answer.set_xlabel("pixel of the row")
    _draw_matrix(figure, figure.add_subplot(grid[:, 1]), weights.numpy(), query)
    return figure


def describe_row(image: Image, row: int, query: int, temperature: float = 1.0) -> str:
    """Say in words what ``draw_row`` shows."""
    x = row_features(image, row)
    weights = attention_weights(x, x, temperature)[0, query]
    best = weights.argsort(descending=True)[:3].tolist()
    return (
        f"Row {row} of a drawn street as a strip of {len(weights)} colors. Pixel {query}, at "
        f"temperature {temperature:g}, divides its attention among about "
        f"{float(effective_number(weights)):.0f} pixels, most of it to {best[0]}, {best[1]} and "
        f"{best[2]}. Beside it the matrix of all weights; below, the strip of answers."
    )


def draw_temperatures(image: Image, row: int, query: int) -> Figure:
    """Show the weights of one query at three temperatures, and among how many it divides."""
    x = row_features(image, row)
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    panels = figure.subplots(1, len(TEMPERATURES), sharey=True)
    for axes, temperature in zip(panels, TEMPERATURES, strict=True):
        weights = attention_weights(x, x, temperature)[0, query]
        _draw_bars(axes, weights.numpy(), query)
        number, length = float(effective_number(weights)), len(weights)
        axes.set_title(f"temperature {temperature:g}: among {number:.0f} of {length}")
    return figure


def describe_temperatures(image: Image, row: int, query: int) -> str:
    """Say in words what ``draw_temperatures`` shows."""
    x = row_features(image, row)
    shares = [attention_weights(x, x, t)[0, query] for t in TEMPERATURES]
    told = ", ".join(
        f"{float(effective_number(w)):.0f} at {t:g}"
        for t, w in zip(TEMPERATURES, shares, strict=True)
    )
    return (
        f"Three bar charts of the weights of pixel {query} over its row of {len(shares[0])}. By "
        f"temperature it divides its attention among so many pixels: {told}."
    )


def _draw_picture(axes: Axes, image: Image, row: int, query: int) -> None:
    axes.imshow(image, aspect="auto")
    axes.axhline(row, color="white", lw=3)
    axes.axhline(row, color=VERMILION, lw=1.5)
    axes.plot(query, row, "o", ms=9, mfc="none", mec=VERMILION, mew=2.5)
    axes.set_title(f"row {row} of the street; the ring is the query, pixel {query}")
    axes.set_axis_off()


def _draw_strip(axes: Axes, colors: Float[np.ndarray, "w 3"], name: str) -> None:
    axes.imshow(colors[None].clip(0, 1), aspect="auto")
    axes.set_yticks([0], [name])
    axes.set_xticks([])
    axes.tick_params(length=0)


def _draw_bars(axes: Axes, weights: Float[np.ndarray, " w"], query: int) -> None:
    axes.bar(range(len(weights)), weights, width=1.0, color=BLUE)
    axes.axvline(query, color=VERMILION, lw=1.5, ls="--")
    axes.set(xlim=(-0.5, len(weights) - 0.5), ylabel="weight", xlabel="key (pixel of the row)")


def _draw_matrix(figure: Figure, axes: Axes, weights: Float[np.ndarray, "w w"], query: int) -> None:
    shown = axes.imshow(weights, vmin=0, vmax=float(np.quantile(weights, 0.99)))
    axes.axhline(query, color=VERMILION, lw=1.5)
    axes.set(title="all weights: one row per query", xlabel="key", ylabel="query")
    figure.colorbar(shown, ax=axes, shrink=0.7, label="weight", extend="max")


# ---- swapped columns


def swap(x: Tensor, one: int, other: int, wide: int = 1) -> Tensor:
    """Return the images with two strips of ``wide`` columns swapped, which begin at these."""
    order = torch.arange(x.shape[-1])
    order[one : one + wide] = torch.arange(other, other + wide)
    order[other : other + wide] = torch.arange(one, one + wide)
    return x[..., order]


def swap_error(
    attention: Attention, x: Float[Tensor, "b c h w"], axis: str, one: int, other: int
) -> float:
    """Return how far "swap, then attend" is from "attend, then swap": 0 if nothing is noticed."""
    noticed = attention(swap(x, one, other), axis) - swap(attention(x, axis), one, other)
    return float(noticed.abs().max())


def draw_swap(attention: Attention, image: Image, one: int, other: int, wide: int) -> Figure:
    """Show an image and its answers along both axes, before and after two strips are swapped.

    The colors are made three times as strong for the attention, so that it is choosy.
    """
    small = torch.from_numpy(image.astype(np.float32) / 128 - 1).permute(2, 0, 1)[None]
    swapped = swap(small, one, other, wide)
    rows = (("as it is", small), ("swapped", swapped))
    names = ("the image", "H attention", "W attention")
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    for panels, (name, x) in zip(figure.subplots(2, 3), rows, strict=True):
        shown = (x, attention(3 * x, "H") / 3, attention(3 * x, "W") / 3)
        for axes, what, y in zip(panels, names, shown, strict=True):
            axes.imshow((y[0].permute(1, 2, 0).numpy() + 1) / 2)
            for begin, style in ((one, "-"), (other, "--")):
                for column in (begin - 0.5, begin + wide - 0.5):
                    axes.axvline(column, color=VERMILION, lw=1.8, ls=style)
            axes.set_title(f"{what}, {name}")
            axes.set_axis_off()
    return figure
