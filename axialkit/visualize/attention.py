"""Drawing a pixel's attention: the cross of its row and column, and the two-hop map beside it."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator, PercentFormatter

from axialkit.attention.summaries import layers_with_both_passes
from axialkit.attention.two_hop import Head
from axialkit.visualize.attention_parts import (
    draw_distances,
    draw_heads,
    draw_position_tables,
    draw_terms,
)
from axialkit.visualize.colors import Picture
from axialkit.visualize.two_hop import (
    Maps,
    PixelAttention,
    attended_classes,
    cell_at,
    describe_attention,
    map_size,
    pixel_attention,
)

__all__ = [
    "PixelAttention",
    "attended_classes",
    "cell_at",
    "describe_attention",
    "draw_attention",
    "draw_distances",
    "draw_heads",
    "draw_map",
    "draw_maps",
    "draw_pixel_attention",
    "draw_position_tables",
    "draw_terms",
    "map_size",
    "pixel_attention",
]

# perceptually even and safe for color-blind eyes; without the palest end, which white would hide
_COLORS = ListedColormap(colormaps["plasma"](np.linspace(0, 0.95, 256)))
_QUERY = "#00e5ff"  # the asking cell: a color that the map does not have
_PANEL = 6.2  # inches, longer side of one picture
_BARS = 0.75  # inches, thickness of the bars beside the picture


def draw_pixel_attention(
    image: Picture,
    maps: Maps,
    at: tuple[int, int],
    *,
    layer: str | None = None,
    head: Head = None,
) -> Figure:
    """Draw where the pixel ``at`` (y, x) of the picture looks in one layer (None: the last).

    Left: the weights of one hop, on the pixel's own row and column, with their bars beside the
    picture. Right: both hops composed, exact. The picture must be what the network saw.

    Raises:
        InputError: no such layer or head, or a pixel outside the picture.

    Example::

        with record_attention(model) as maps:
            model(images)
        draw_pixel_attention(image, maps, at=(60, 120), head=2)
    """
    layer = layer or layers_with_both_passes(maps)[-1]
    cell = cell_at(at, (image.shape[0], image.shape[1]), map_size(maps, layer))
    attention = pixel_attention(maps, layer, cell, head=head)
    return draw_attention(image, attention, title=f"{layer}, {_head_text(head)}")


def draw_attention(
    image: Picture, attention: PixelAttention, *, title: str = "", order: str = "hw"
) -> Figure:
    """Draw the cross of one hop and the map of two hops over a picture.

    ``order`` is that in which the hops were composed.
    """
    longest = max(image.shape[:2])
    high, wide = (_PANEL * pixels / longest for pixels in image.shape[:2])
    figure = Figure(figsize=(2 * wide + 2.8, high + _BARS + 0.8), dpi=100, facecolor="white")
    left, right, floor = 0.55, wide + _BARS + 1.1, 0.3

    cross = _place(figure, left, floor, wide, high)
    draw_cross(cross, image, attention)
    row_bars = _place(figure, left, floor + high + 0.04, wide, _BARS)
    column_bars = _place(figure, left + wide + 0.04, floor, _BARS, high)
    _draw_bars(row_bars, column_bars, image, attention)
    row_bars.set_title("One hop: the marked cell's row and column", fontsize=13, loc="left")

    two_hops = _place(figure, right, floor, wide, high)
    draw_map(two_hops, image, attention.two_hop, attention.cell, faintest=0.0)
    scale = _place(figure, right + wide + 0.1, floor, 0.14, high)
    shares = ScalarMappable(Normalize(0, attention.two_hop.max()), _COLORS)
    figure.colorbar(shares, cax=scale, format=PercentFormatter(1))
    heading = _place(figure, right, floor + high + 0.04, wide, _BARS)
    heading.set_axis_off()
    heading.set_title("Two hops: the whole picture", fontsize=13, loc="left")
    formula = "weight of (y, x) = share of column x in the marked row\n× share of row y in column x"
    if order == "wh":
        formula = "weight of (y, x) = share of row y in the marked column\n"
        formula += "× share of column x in row y"
    heading.text(0, 0.92, f"{formula}\n{title}", va="top", linespacing=1.4)
    return figure


def draw_maps(
    image: Picture,
    maps: Sequence[tuple[str, Float[np.ndarray, "rows columns"], tuple[int, int] | None]],
    *,
    columns: int = 2,
) -> Figure:
    """Draw several maps over one picture, with one color scale for all.

    Each map comes with its title and the cell that asks, which is framed (None: no single cell).
    """
    rows = -(-len(maps) // columns)
    high = _PANEL * image.shape[0] / image.shape[1]
    size = (_PANEL * columns + 0.9, (high + 0.55) * rows)
    figure = Figure(figsize=size, dpi=100, facecolor="white", layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    strongest = max(float(weights.max()) for _, weights, _ in maps)
    for axes in panels:
        axes.set_axis_off()
    for axes, (title, weights, cell) in zip(panels, maps, strict=False):
        draw_map(axes, image, weights, cell, strongest=strongest)
        axes.set_title(title, fontsize=13, loc="left")
    shares = ScalarMappable(Normalize(0, strongest), _COLORS)
    figure.colorbar(shares, ax=figure.axes, format=PercentFormatter(1), shrink=0.8, pad=0.01)
    return figure


def _place(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches: bars must line up with the picture's pixels."""
    wide, high = figure.get_size_inches()
    return figure.add_axes((left / wide, bottom / high, width / wide, height / high))


def draw_cross(axes: Axes, image: Picture, attention: PixelAttention) -> None:
    """Draw one hop over the picture: the weights on the asking cell's row and column."""
    y, x = attention.cell
    shares = np.full(attention.two_hop.shape, np.nan)
    shares[:, x] = attention.column / attention.column.max()
    shares[y] = attention.row / attention.row.max()
    draw_map(axes, image, shares, attention.cell, faintest=0.5)


def draw_map(
    axes: Axes,
    image: Picture,
    shares: Float[np.ndarray, "rows columns"],
    cell: tuple[int, int] | None,
    *,
    faintest: float = 0.0,
    strongest: float | None = None,
) -> None:
    """Color the cells over the picture in grey; the more weight, the less shines through.

    ``shares`` are NaN where nothing is to be drawn, ``cell`` is framed as the one that asks.
    Weights of ``faintest`` opacity are 0; the color scale ends at ``strongest`` (the largest).
    """
    axes.imshow(70 + image.mean(axis=2) * 0.7, cmap="gray", vmin=0, vmax=255)
    pitch_y, pitch_x = _pitch(image, shares.shape)
    known = ~np.isnan(shares)
    strength = np.where(known, shares, 0) / (strongest or np.nanmax(shares))
    height, width = shares.shape
    axes.imshow(
        strength,
        cmap=_COLORS,
        vmin=0,
        vmax=1,
        alpha=np.where(known, faintest + (0.9 - faintest) * np.sqrt(strength), 0),
        extent=(
            *(-pitch_x / 2, (width - 0.5) * pitch_x),
            *((height - 0.5) * pitch_y, -pitch_y / 2),
        ),
        interpolation="nearest",
    )
    if cell is not None:
        corner = ((cell[1] - 0.5) * pitch_x, (cell[0] - 0.5) * pitch_y)
        axes.add_patch(
            Rectangle(
                corner, pitch_x, pitch_y, fill=False, edgecolor=_QUERY, linewidth=2.2,
                path_effects=[withStroke(linewidth=4.5, foreground="black")],
            )
        )  # fmt: skip
    axes.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    axes.set(xticks=[], yticks=[])


def _draw_bars(top: Axes, right: Axes, image: Picture, attention: PixelAttention) -> None:
    """Draw the row's weights above the picture and the column's weights to its right."""
    pitch_y, pitch_x = _pitch(image, attention.two_hop.shape)
    row, column = attention.row, attention.column
    xs, ys = np.arange(len(row)) * pitch_x, np.arange(len(column)) * pitch_y
    top.bar(xs, row, pitch_x * 0.9, color=_COLORS(row / row.max()))
    right.barh(ys, column, pitch_y * 0.9, color=_COLORS(column / column.max()))
    top.set(xlim=(-0.5, image.shape[1] - 0.5), xticks=[])
    right.set(ylim=(image.shape[0] - 0.5, -0.5), yticks=[])
    for axes, axis in ((top, top.yaxis), (right, right.xaxis)):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
        axis.set_major_locator(MaxNLocator(2))
        axes.spines[["top", "right"]].set_visible(False)


def _pitch(image: Picture, size: tuple[int, ...]) -> tuple[float, float]:
    """Pixels between the centres of neighbouring cells, (y, x)."""
    y, x = (
        (pixels - 1) / (cells - 1) if cells > 1 else float(pixels)
        for pixels, cells in zip(image.shape[:2], size, strict=True)
    )
    return y, x


def _head_text(head: Head) -> str:
    height, width = head if isinstance(head, tuple) else (head, head)
    names = ["mean of all heads" if h is None else f"head {h}" for h in (height, width)]
    return names[0] if height == width else f"column: {names[0]}, row: {names[1]}"
