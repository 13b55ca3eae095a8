"""Colors and text sizes of the course's figures; never the only carrier of a meaning."""

import matplotlib
from cycler import cycler

# Okabe and Ito's palette, distinct for color-blind readers
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
PAPER, LINE = "#F4F4F2", "#C9C9C4"  # cells that nothing has reached; the lines between cells


def set_figure_style() -> None:
    """Large type, no box around plots, cividis for maps."""
    matplotlib.rcParams.update(
        {
            "font.size": 12,
            "axes.titlesize": 13,
            "axes.labelsize": 12,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "image.cmap": "cividis",
            "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW]),
        }
    )
