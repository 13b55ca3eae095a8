"""Pictures of answers and of attention."""

from axialkit.visualize.attention import draw_pixel_attention, pixel_attention
from axialkit.visualize.panoptic import draw_prediction, overlay, panoptic_colors, segment_table

__all__ = [
    "draw_pixel_attention",
    "draw_prediction",
    "overlay",
    "panoptic_colors",
    "pixel_attention",
    "segment_table",
]
