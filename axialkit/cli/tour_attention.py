"""The tour's pictures of attention: one pixel of a validation scene, one of a drawn avenue."""

import base64
import html
import io
from typing import NamedTuple

import numpy as np
from einops import rearrange
from jaxtyping import Bool, UInt8
from matplotlib.figure import Figure

from axialkit.attention import record_attention
from axialkit.attention.record import AttentionMaps
from axialkit.attention.summaries import layers_with_both_passes
from axialkit.config import ExperimentConfig
from axialkit.data.cityscapes import THING_TRAIN_IDS
from axialkit.data.minicity import DrawnScene, scene
from axialkit.data.rasterize import owners
from axialkit.data.scene import Special
from axialkit.inference import evaluating, fit_image
from axialkit.model import AxialDeepLab
from axialkit.structures import IGNORE_CLASS, LABEL_DIVISOR
from axialkit.visualize.attention import (
    cell_at,
    describe_attention,
    draw_attention,
    map_size,
    pixel_attention,
)
from axialkit.visualize.colors import Picture
from axialkit.visualize.panoptic import Labels, enlarge, segment_name
from axialkit.visualize.render import picture_uri
from axialkit.weights import load_config, load_model, shipped_names

AVENUE = "tiny_avenue"
AVENUE_SCENE = 0
AVENUE_SECTION = """
<section>
  <h2>Why far cues need it</h2>
  <p>A long vehicle on a drawn avenue, seen from the side. Along most of its length it could be any
     of these: {names}. Only the end in the dashed box tells that it is a <b>{label}</b>, and the
     circled pixel lies at the other end. A network trained on such scenes (shipped as
     <i>tiny_avenue</i>) lets it look there, along the row; convolutions of the same size guess.</p>
  <div class="compare scene">
    <img src="{scene}" alt="A drawn avenue with a {label} seen from the side">
    <svg viewBox="0 0 {width} {height}" fill="none" stroke-width="1" aria-hidden="true">
      <rect x="{left}" y="{top}" width="{across}" height="{down}" stroke="#fff"
            stroke-dasharray="2 1"/>
      <circle cx="{x}" cy="{y}" r="2.5" stroke="#00e5ff"/>
    </svg>
  </div>
  <img src="{picture}" alt="{words}">
</section>
"""


class Look(NamedTuple):
    """A picture of where one pixel looks, and the same in words."""

    picture: str  # data URI
    words: str


def look(
    model: AxialDeepLab, config: ExperimentConfig, image: Picture, at: tuple[int, int]
) -> Look:
    """Draw where the pixel ``at`` (y, x) looks in the last attention layer, mean of all heads."""
    seen, maps = watch(model, config, image)
    layer = layers_with_both_passes(maps)[-1]
    cell = cell_at(at, seen.shape[:2], map_size(maps, layer))
    attention = pixel_attention(maps, layer, cell)
    return Look(
        figure_uri(draw_attention(seen, attention)), describe_attention(attention, seen.shape[:2])
    )


def watch(
    model: AxialDeepLab, config: ExperimentConfig, image: Picture
) -> tuple[UInt8[np.ndarray, "crop_height crop_width 3"], AttentionMaps]:
    """Run the network on an image; return what it saw (fitted to the crop) and its attention."""
    seen = fit_image(image, config.data.crop_size)
    with evaluating(model), record_attention(model) as maps:
        model(seen[None])
    return rearrange(seen, "c h w -> h w c").round().byte().numpy(), maps


def largest_thing(labels: Labels) -> tuple[str, tuple[int, int]]:
    """Return the name of the largest thing (of the largest segment, without one) and its middle."""
    values, counts = np.unique(labels, return_counts=True)
    classes = values // LABEL_DIVISOR
    rank = np.where(classes == IGNORE_CLASS, 0, counts)
    rank[np.isin(classes, THING_TRAIN_IDS)] += labels.size
    label = int(values[rank.argmax()])
    return segment_name(label), inner_pixel(labels == label)


def inner_pixel(mask: Bool[np.ndarray, "height width"]) -> tuple[int, int]:
    """Return the pixel (y, x) of a mask that is nearest to its mean point."""
    points = np.argwhere(mask)
    y, x = points[((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin()]
    return int(y), int(x)


def far_pixel(drawn: DrawnScene, special: Special) -> tuple[int, int]:
    """Return a pixel (y, x) of a special object, at half its height, far from its cue."""
    height, width = drawn.label_ids.shape
    visible = owners(drawn.polygons, (height, width)) == special.polygon
    points = np.argwhere(visible)
    y = int(np.median(points[:, 0]))
    xs = points[points[:, 0] == y, 1]
    cue = (special.cue[1] + special.cue[3]) / 2
    by_distance = xs[np.abs(xs - cue).argsort()]
    return y, int(by_distance[int(0.93 * (len(xs) - 1))])  # near the other end, not on its edge


def avenue_section() -> str:
    """Return the part of the page about long range, or nothing if its weights are not shipped."""
    if AVENUE not in shipped_names():
        return ""
    drawn = scene(AVENUE_SCENE, scenes="avenue")
    special = drawn.specials[0]
    y, x = far_pixel(drawn, special)
    shown = look(load_model(AVENUE), load_config(AVENUE), drawn.image, (y, x))
    top, left, bottom, right = special.cue
    return AVENUE_SECTION.format(
        names=", ".join(special.alternatives), label=drawn.polygons[special.polygon].label,
        scene=picture_uri(enlarge(drawn.image, long_side=1024)[0]),
        height=drawn.image.shape[0], width=drawn.image.shape[1],
        top=top - 1, left=left - 1, down=bottom - top + 3, across=right - left + 3,
        y=y + 0.5, x=x + 0.5, picture=shown.picture, words=html.escape(shown.words),
    )  # fmt: skip


def figure_uri(figure: Figure) -> str:
    """Return a figure as a PNG inside an address."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
