"""From a matplotlib figure to pixels, without a window, a file or pyplot's global state."""

import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def render(figure: Figure) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a figure into an RGB array of its size in inches times its dpi."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
