"""The picture at the top of README.md, drawn from the shipped weights.

For maintainers, after new weights: `make figures`.
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from axialkit.attention.summaries import layers_with_both_passes
from axialkit.cli.tour_attention import largest_thing, watch
from axialkit.data.minicity import scene
from axialkit.files import atomic_path
from axialkit.inference import segment
from axialkit.visualize.attention import draw_cross
from axialkit.visualize.panoptic import draw_panoptic, enlarge
from axialkit.visualize.render import render
from axialkit.visualize.two_hop import cell_at, map_size, pixel_attention
from axialkit.weights import load_config, load_model

PRESET = "tiny"
SCENE = 15  # of MiniCity's val split
COLORS = 96  # of the picture's file


def draw_readme_picture(number: int = SCENE) -> Figure:
    """Draw a street, its segments, and the row and column of one pixel of its largest thing."""
    model, config = load_model(PRESET), load_config(PRESET)
    drawn = scene(number)
    result = segment(model, drawn.image, config)
    seen, maps = watch(model, config, drawn.image)
    layer = layers_with_both_passes(maps)[-1]
    _, pixel = largest_thing(result.panoptic)
    cell = cell_at(pixel, seen.shape[:2], map_size(maps, layer))

    figure = Figure(figsize=(14.4, 2.9), dpi=100, layout="constrained", facecolor="white")
    street, segments, attention = figure.subplots(1, 3)
    street.imshow(enlarge(drawn.image)[0])
    street.set_axis_off()
    draw_panoptic(segments, drawn.image, result.panoptic)
    draw_cross(attention, seen, pixel_attention(maps, layer, cell))
    titles = ("A drawn street", "Every pixel named, every thing counted", "Where one pixel looks")
    for axes, title in zip((street, segments, attention), titles, strict=True):
        axes.set_title(title, fontsize=15)
    return figure


def write(figure: Figure, path: Path) -> None:
    """Write a figure as a small PNG: pictures in the history of a repository stay there."""
    picture = Image.fromarray(render(figure)).quantize(COLORS, dither=Image.Dither.NONE)
    with atomic_path(path) as temporary:
        picture.save(temporary, optimize=True)


if __name__ == "__main__":
    write(draw_readme_picture(), Path(sys.argv[1]))
