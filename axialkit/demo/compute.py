"""What the page's controls compute: plain functions of pictures and numbers, without Gradio."""

from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int
from torch import nn

from axialkit.attention import AxialAttention2d, record_attention
from axialkit.attention.summaries import layers_with_both_passes
from axialkit.config import ExperimentConfig
from axialkit.data.augment import fit_size
from axialkit.data.resize import resize_label
from axialkit.errors import InputError
from axialkit.inference import fit_image, segment
from axialkit.structures import LABEL_DIVISOR, VOID, PanopticResult
from axialkit.visualize.attention import (
    attended_classes,
    cell_at,
    describe_attention,
    draw_attention,
    map_size,
    pixel_attention,
)
from axialkit.visualize.colors import Picture
from axialkit.visualize.panoptic import (
    Segment,
    legend_entries,
    named_overlay,
    segment_name,
    segment_table,
)
from axialkit.visualize.render import render
from axialkit.visualize.two_hop import Maps
from axialkit.weights import load_config, load_model, shipped_names
from axialkit.weights.zoo import read_card

TABLE_HEADERS = [
    *("segment", "id", "class", "area %", "score"),
    *("center (y, x)", "box (top, left, bottom, right)"),
]
OVERLAY_SIDE = 1024  # pixels, longer side of the overlay
_MOST_CLASSES = 5  # named in the description of a map


class SegmentView(NamedTuple):
    """The answer for one picture, ready to be shown."""

    overlay: Picture
    legend: str  # HTML
    table: list[list[Any]]  # rows below TABLE_HEADERS
    note: str  # Markdown: what to think of this answer


class AttentionView(NamedTuple):
    """Where one pixel looks, ready to be shown."""

    picture: Picture
    description: str


class _Frame(NamedTuple):
    """How a picture lies in the network's crop: shrunk if too large, in the upper left corner."""

    size: tuple[int, int]
    fitted: tuple[int, int]
    crop: tuple[int, int]

    @classmethod
    def of(cls, image: Picture, crop: tuple[int, int]) -> "_Frame":
        size = (image.shape[0], image.shape[1])
        return cls(size, fit_size(size, crop), crop)

    def enter(self, pixel: tuple[int, int]) -> tuple[int, int]:
        """Move a pixel of the picture into the crop; outside the picture is an InputError."""
        return cell_at(pixel, self.size, self.fitted)  # corners are aligned here, too

    def crop_in_picture(self) -> tuple[int, int]:
        """Return the crop's size in pixels of the picture."""
        height, width = (
            round((crop - 1) * (size - 1) / max(1, fitted - 1)) + 1
            for size, fitted, crop in zip(*self, strict=True)
        )
        return height, width

    def place(self, labels: Int[np.ndarray, "height width"]) -> Int[np.ndarray, "rows columns"]:
        """Lay the picture's labels into the crop; void elsewhere."""
        placed = np.full(self.crop, VOID, np.int32)
        placed[: self.fitted[0], : self.fitted[1]] = resize_label(labels, self.fitted)
        return placed


class Explorer:
    """A network and all that the page asks of it. It keeps no picture from call to call.

    Example::

        explorer = Explorer.load("tiny")
        explorer.segment(read_rgb("street.png")).table
    """

    def __init__(self, model: nn.Module, config: ExperimentConfig, label: str) -> None:
        self.model, self.config, self.label = model, config, label
        height, width = config.data.crop_size
        _, maps = self._run(np.zeros((height, width, 3), np.uint8))
        self.layers = layers_with_both_passes(maps)
        self.heads = min(weights.shape[1] for weights in maps.values())

    @classmethod
    def load(cls, weights: str | Path) -> "Explorer":
        """Load shipped weights or a run folder.

        Raises:
            InputError: no such weights, or a network without axial attention.
        """
        label = f"Weights of {weights}."
        if str(weights) in shipped_names():
            pq = read_card(str(weights))["pq"]
            label = (
                f"Teaching weights “{weights}”, trained on drawn streets (PQ {pq:.0f} on new ones)."
            )
        model = load_model(weights)
        if not any(isinstance(module, AxialAttention2d) for module in model.modules()):
            raise InputError(
                f"{weights} has no axial attention, which this page shows. See its answers with: "
                f"axialkit predict {weights} IMAGE"
            )
        return cls(model, load_config(weights), label)

    def segment(self, image: Picture) -> SegmentView:
        """Segment a picture of any size."""
        result, _ = self._run(image)
        return SegmentView(
            overlay=named_overlay(image, result.panoptic, OVERLAY_SIDE),
            legend=legend_html(result.panoptic),
            table=[_row(row) for row in segment_table(result)],
            note=self._note((image.shape[0], image.shape[1])),
        )

    def attention(
        self, image: Picture, at: tuple[int, int], layer: int, heads: tuple[int, int]
    ) -> AttentionView:
        """Show where the pixel ``at`` (y, x) looks.

        Layers count from 1. ``heads`` are those of the height and the width pass, from 1; 0 is
        the mean of all.

        Raises:
            InputError: a pixel outside the picture, no such layer or head.
        """
        if not 1 <= layer <= len(self.layers):
            raise InputError(f"There is no layer {layer}. Choose 1 to {len(self.layers)}.")
        if not all(0 <= head <= self.heads for head in heads):
            raise InputError(
                f"There is no head {max(heads, key=abs)}. "
                f"Choose 1 to {self.heads}, or 0 for the mean of all."
            )
        name = self.layers[layer - 1]
        result, maps = self._run(image)
        frame = _Frame.of(image, self.config.data.crop_size)
        cell = cell_at(frame.enter(at), frame.crop, map_size(maps, name))
        column, row = (head - 1 if head else None for head in heads)
        found = pixel_attention(maps, name, cell, head=(column, row))

        title = f"layer {layer} of {len(self.layers)} ({name}), {_heads_text(heads)}"
        seen = fit_image(image, frame.crop).permute(1, 2, 0).round().byte().numpy()
        figure = draw_attention(seen, found, title=title)
        text = describe_attention(found, frame.crop_in_picture())
        classes = attended_classes(found.two_hop, frame.place(result.panoptic))
        return AttentionView(render(figure), f"{text} {_classes_text(classes)}")

    def telling_pixel(self, image: Picture) -> tuple[int, int]:
        """Return a pixel worth asking first: the center of the largest thing, or the middle."""
        result, _ = self._run(image)
        things = [row for row in segment_table(result) if row.center is not None]
        if not things:
            return image.shape[0] // 2, image.shape[1] // 2
        top, left, bottom, right = things[0].box
        return (top + bottom) // 2, (left + right) // 2

    def _run(self, image: Picture) -> tuple[PanopticResult, Maps]:
        with record_attention(self.model) as maps:
            result = segment(self.model, image, self.config)
        return result, maps

    def _note(self, size: tuple[int, int]) -> str:
        """Say how far the picture is from what the weights know."""
        height, width = (side - 1 for side in self.config.data.crop_size)
        if size == (height, width):
            return f"A street of {height} × {width} pixels, the size this network was trained on."
        fitted = fit_size(size, self.config.data.crop_size)
        shrunk = "" if fitted == size else f", shrunk to {fitted[0]} × {fitted[1]} for the network"
        return (
            f"**Take care.** Your picture has {size[0]} × {size[1]} pixels{shrunk}. These weights "
            f"were trained on streets of {height} × {width} pixels only: expect mistakes, and on "
            "photos mostly mistakes."
        )


def legend_html(panoptic: Int[np.ndarray, "height width"]) -> str:
    """Return the legend as a list of color chips with text, largest class first."""
    chips = "".join(
        f'<li><span class="chip" style="background:rgb{color}"></span>{escape(text)}</li>'
        for color, text in legend_entries(panoptic)
    )
    return f'<ul class="legend" aria-label="Classes in the picture">{chips}</ul>'


def _row(segment: Segment) -> list[Any]:
    center = "" if segment.center is None else f"{segment.center[0]}, {segment.center[1]}"
    return [
        segment.name,
        segment.id,
        segment.klass,
        round(100 * segment.area, 1),
        round(segment.score, 2),
        center,
        ", ".join(str(side) for side in segment.box),
    ]


def _heads_text(heads: tuple[int, int]) -> str:
    if heads == (0, 0):
        return "mean of all heads"
    column, row = (f"head {head}" if head else "mean of all heads" for head in heads)
    return f"column: {column}, row: {row}"


def _classes_text(classes: list[tuple[int, float]]) -> str:
    """Name the classes under the weight; what rounds to nothing is left out."""
    named = [
        f"{segment_name(train_id * LABEL_DIVISOR).removesuffix(' 0')} {share:.0%}".replace(
            "%", " %"
        )
        for train_id, share in classes[:_MOST_CLASSES]
        if share >= 0.005
    ]
    return f"By class: {', '.join(named)}."
