"""Lesson 05's figure of influence: whose answers change when one pixel of a map does."""

import copy
from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Float
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from torch import Tensor, nn

from axialkit.course.cells import draw_lines, mark
from axialkit.course.palette import PAPER, SKY, VERMILION

Point = tuple[int, int]  # (y, x)


@torch.no_grad()
def influence(
    block: nn.Module, x: Float[Tensor, "1 c h w"], point: Point
) -> Bool[np.ndarray, "h_out w_out"]:
    """Return which answers change at all when one pixel does.

    In evaluation mode, in float64, on a copy of the block.
    """
    block = copy.deepcopy(block).double().eval()
    x = x.double()
    changed = x.clone()
    changed[0, :, point[0], point[1]] += 1
    moved = block(x.clone()) - block(changed)
    return (moved.abs().amax(dim=1)[0] > 0).numpy()


def draw_influence(
    blocks: Mapping[str, nn.Module], x: Float[Tensor, "1 c h w"], point: Point
) -> Figure:
    """Show, for each block, who hears from one pixel."""
    figure = Figure(figsize=(12, 2.5), layout="constrained")
    panels = figure.subplots(1, len(blocks))
    for axes, (name, block) in zip(panels, blocks.items(), strict=True):
        heard = influence(block, x, point)
        axes.imshow(heard, cmap=ListedColormap([PAPER, SKY]), vmin=0, vmax=1)
        draw_lines(axes, *heard.shape)
        mark(axes, point, "P", VERMILION, ink="white")
        axes.set_title(f"{name}: {int(heard.sum())} of {heard.size} hear P")
    return figure
