"""From figures and pictures to pixels and to pages, without a window, a file or global state."""

import base64
import io

import matplotlib
import numpy as np
from jaxtyping import UInt8
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image


def render(figure: Figure) -> UInt8[np.ndarray, "height width 3"]:
    """Draw a figure into an RGB array of its size in inches times its dpi."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def picture_uri(picture: UInt8[np.ndarray, "height width 3"], quality: int = 90) -> str:
    """Return a picture as a JPEG inside an address, so that a page needs no other file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "jpeg", quality=quality, subsampling=0)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def svg(figure: Figure, alt: str) -> str:
    """Return a figure as an SVG element with a description, the same every time."""
    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "axialkit", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    element = text[text.index("<svg") :]
    return element.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)
