"""Lesson 05's builder: any depth, width and place of attention, and what it would cost.

Nothing is built: the backbone stands on torch's device "meta", where tensors have shapes only. Of
every row of equal blocks two are counted, and multiplied by their number.
"""

from functools import lru_cache
from typing import NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from axialkit.config import BackboneConfig
from axialkit.course.palette import BLACK, BLUE, ORANGE
from axialkit.course.tube_map import describe_map, draw_map
from axialkit.model.backbone import AxialResNet
from axialkit.model.cost import multiply_adds
from axialkit.model.peak import peak_bytes
from axialkit.model.prepare import fold_batch_norms
from axialkit.model.resize import Size
from axialkit.model.route import Leg, read_route
from axialkit.model.tables import backbone_table

SIZE = (1025, 2049)  # the crop of the published networks
FAMILIES = {"wide (SWideRNet)": "axial_swidernet", "slim (ResNet-50)": "max_deeplab_s"}
PLACES = {"nowhere": 0, "stride 16": 16, "stride 8": 8, "stride 4": 4, "stride 2": 2}
_CARD = 24e9  # bytes of a usual graphics card
WEIGHT = 4  # bytes


class Survey(NamedTuple):
    """What a backbone would be."""

    legs: list[Leg]
    parameters: int
    multiply_adds: int
    peak: int  # bytes: results of one image's forward pass, without the weights

    @property
    def memory(self) -> int:
        """Bytes to answer for one image: weights, and results at their peak."""
        return WEIGHT * self.parameters + self.peak


@lru_cache(maxsize=256)  # figure and description ask for the same
def survey(config: BackboneConfig, size: Size = SIZE) -> Survey:
    """Look at a backbone without building it.

    Raises:
        InputError: there is no such backbone.
    """
    table = backbone_table(config)
    depths = [row.depth for row in table.stages]
    # more than two equal blocks in a row add nothing new
    short = table._replace(
        stages=tuple(row._replace(depth=min(row.depth, 2)) for row in table.stages),
        stacked_decoder=(),
    )
    with torch.device("meta"):
        whole, backbone = AxialResNet(table), AxialResNet(short).eval()
        image = torch.empty(1, 3, *size)
    folded = fold_batch_norms(backbone)
    counts = {name: both[0] for name, both in multiply_adds(folded, image).items()}
    total, at = counts[""], dict.fromkeys(backbone.stages, 0)
    for row, depth in zip(short.stages, depths, strict=True):
        stage = f"stage{row.number}"
        at[stage] += row.depth
        total += (depth - row.depth) * counts[f"stages.{stage}.block{at[stage]}"]
    parameters = sum(p.numel() for p in whole.parameters())
    return Survey(read_route(whole), parameters, total, peak_bytes(folded, image))


def draw_builder(family: str, depth: float, width: float, attention: str) -> Figure:
    """Draw the tube map of a backbone to order, and bars of its three costs."""
    found = survey(_config(family, depth, width, attention))
    figure = Figure(figsize=(12, 4.9), layout="constrained")
    grid = figure.add_gridspec(2, 3, height_ratios=(2.6, 1), wspace=0.08)
    draw_map(figure.add_subplot(grid[0, :]), found.legs)
    weights, work, memory = (figure.add_subplot(grid[1, column]) for column in range(3))
    _draw_bar(weights, found.parameters / 1e6, "million parameters", 1e1, 1e4)
    _draw_bar(work, found.multiply_adds / 1e9, "billion multiply-adds", 1e1, 1e5)
    _draw_bar(memory, found.memory / 1e9, "GB of memory", 1e-1, 1e3)
    memory.axvline(_CARD / 1e9, color=BLACK, ls="--", lw=1.6)
    memory.text(0.9 * _CARD / 1e9, 0.55, "24 GB card", ha="right", va="bottom", size=10)
    return figure


def describe_builder(family: str, depth: float, width: float, attention: str) -> str:
    """Say in words what ``draw_builder`` shows."""
    found = survey(_config(family, depth, width, attention))
    name = f"A {family} backbone, depth times {depth:g}, width times {width:g}"
    return (
        f"{describe_map(name, found.legs)} {found.parameters / 1e6:.0f} million parameters, "
        f"{found.multiply_adds / 1e9:,.0f} billion multiply-adds, "
        f"{found.memory / 1e9:.1f} GB of memory."
    )


def _config(family: str, depth: float, width: float, attention: str) -> BackboneConfig:
    return BackboneConfig(
        kind=FAMILIES[family],
        depth_multiplier=depth,
        width_multiplier=width,
        axial_from_stride=PLACES[attention],
    )


def _draw_bar(axes: Axes, value: float, name: str, low: float, high: float) -> None:
    """Draw one number on a logarithmic scale that stays the same at every move."""
    color = ORANGE if "GB" in name else BLUE
    axes.barh(0, value, height=0.8, color=color, edgecolor=BLACK, lw=0.6)
    axes.set(xscale="log", xlim=(low, high), ylim=(-0.5, 1.0), yticks=[])
    axes.xaxis.set_major_formatter("{x:,g}")
    text = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    axes.set_title(f"{text} {name}", weight="bold")
    axes.spines["left"].set_visible(False)
