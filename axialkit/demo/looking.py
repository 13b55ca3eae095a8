"""Where a pixel, or a whole segment, looks: strips, both hops, classes, and the same in words."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from axialkit.attention.replay import ALL_TERMS, LogitTerms
from axialkit.attention.two_hop import passes
from axialkit.demo.network import Network, Seen
from axialkit.demo.placement import Point
from axialkit.errors import InputError
from axialkit.inference import fit_image
from axialkit.structures import PanopticResult
from axialkit.visualize.attention import draw_attention, draw_maps
from axialkit.visualize.colors import Picture
from axialkit.visualize.panoptic import segment_name
from axialkit.visualize.render import render
from axialkit.visualize.two_hop import (
    PixelAttention,
    attended_classes,
    describe_attention,
    pixel_attention,
)
from axialkit.visualize.words import class_name, percent

MOST_PINS = 3
TERM_NAMES = ("content q·k", "query position q·r", "key position k·r")
_MOST_CLASSES = 5  # named in the description of a map


class Question(NamedTuple):
    """Whose attention is asked for."""

    y: int  # a pixel of the picture
    x: int
    layer: int  # from 1
    column_head: int = 0  # from 1; 0 is the mean of all
    row_head: int = 0
    order: str = "hw"  # the hop along the height first, as the network does, or "wh"
    terms: LogitTerms = ALL_TERMS  # that count when the weights are formed

    @property
    def heads(self) -> tuple[int | None, int | None]:
        """The heads of the height and the width pass, from 0; None is the mean."""
        column, row = (head - 1 if head else None for head in (self.column_head, self.row_head))
        return column, row


class Look(NamedTuple):
    """Where a pixel looks."""

    attention: PixelAttention
    classes: list[tuple[int, float]]  # (train id, share of the weight), largest first
    words: str


def look(network: Network, seen: Seen, result: PanopticResult, question: Question) -> Look:
    """Find where a pixel looks, and what the network takes that for.

    Raises:
        InputError: a pixel outside the picture, no such layer, head or order.
    """
    found = attention_at(network, seen, question)
    placed = seen.placement.place(result.panoptic, found.two_hop.shape)
    classes = attended_classes(found.two_hop, placed)
    words = describe_attention(found, seen.placement.crop_in_picture)
    padded = _padding(seen) if 255 in dict(classes) else ""
    return Look(found, classes, f"{words} {classes_text(classes)}{padded}{_caveat(question)}")


def attention_at(
    network: Network, seen: Seen, question: Question, off: str | None = None
) -> PixelAttention:
    """Find where a pixel looks; ``off`` switches one of both hops off: "height" or "width".

    Raises:
        InputError: a pixel outside the picture, no such layer, head or order.
    """
    check_heads(network, question)
    layer = network.layer(question.layer)
    maps = dict(network.maps(seen, layer, question.terms))
    if off is not None:  # then each cell looks at itself
        weights = maps[f"{layer}.{off}"]
        maps[f"{layer}.{off}"] = torch.eye(weights.shape[-1]).expand_as(weights)
    stride = network.stride(layer)
    cell = seen.placement.cell((question.y, question.x), network.cells(seen, question.layer))
    return pixel_attention(
        maps, layer, cell, head=question.heads, order=question.order, stride=stride
    )


def check_heads(network: Network, question: Question) -> None:
    """Refuse heads that no layer has.

    Raises:
        InputError: there is no such head.
    """
    heads = question.column_head, question.row_head
    if not all(0 <= head <= network.heads for head in heads):
        raise InputError(
            f"There is no head {max(heads, key=abs)}. "
            f"Choose 1 to {network.heads}, or 0 for the mean of all."
        )


def draw_look(network: Network, seen: Seen, found: Look, question: Question) -> Picture:
    """Draw the cross of one hop, with the strips, and the map of both hops."""
    layers = len(network.layers)
    title = f"layer {question.layer} of {layers} ({found.attention.layer}), {heads_text(question)}"
    seen_picture = seen_by(network, seen)
    return render(draw_attention(seen_picture, found.attention, title=title, order=question.order))


def draw_pins(network: Network, seen: Seen, pins: list[Point], question: Question) -> Picture:
    """Draw the two-hop maps of several pixels side by side, in one color scale."""
    looks = [
        (f"pin {number}: y={y}, x={x}", attention_at(network, seen, question._replace(y=y, x=x)))
        for number, (y, x) in enumerate(pins, 1)
    ]
    maps = [(title, found.two_hop, found.cell) for title, found in looks]
    return render(draw_maps(seen_by(network, seen), maps, columns=len(maps)))


def segment_map(
    network: Network, seen: Seen, result: PanopticResult, labels: list[int], question: Question
) -> Float[np.ndarray, "rows columns"]:
    """Return where segments look: the mean of the maps of their cells. Sums to 1.

    The question's pixel does not matter.

    Raises:
        InputError: no cell has its center on one of the segments.
    """
    check_heads(network, question)
    layer = network.layer(question.layer)
    maps, stride = network.maps(seen, layer, question.terms), network.stride(layer)
    height, width = maps[f"{layer}.height"], maps[f"{layer}.width"]
    found = passes(height, width, order=question.order, head=question.heads, stride=stride)
    placed = seen.placement.place(result.panoptic, found.size)
    ys, xs = (
        np.linspace(0, pixels - 1, -(-cells // stride)).round().astype(int)
        for pixels, cells in zip(placed.shape, found.size, strict=True)
    )
    inside = np.isin(placed[ys[:, None], xs], labels)
    if not inside.any():
        raise InputError(
            f"{segment_name(labels[0]).capitalize()} is too small: no cell of this layer has its "
            "center on it. Choose a larger segment, or ask for one of its pixels."
        )
    return found.spread(torch.from_numpy(inside / inside.sum())).numpy()


def draw_segment_map(
    network: Network, seen: Seen, weights: Float[np.ndarray, "rows columns"], name: str
) -> Picture:
    """Draw where a segment looks."""
    maps = [(f"Two hops, mean over the cells of {name}", weights, None)]
    return render(draw_maps(seen_by(network, seen), maps, columns=1))


def seen_by(network: Network, seen: Seen) -> Picture:
    """Return the picture as the network sees it: fitted into its crop."""
    return fit_image(seen.image, network.crop).permute(1, 2, 0).round().byte().numpy()


def heads_text(question: Question) -> str:
    """Say which heads are looked at."""
    heads = question.column_head, question.row_head
    if heads == (0, 0):
        return "mean of all heads"
    column, row = (f"head {head}" if head else "mean of all heads" for head in heads)
    return f"column: {column}, row: {row}"


def classes_text(classes: list[tuple[int, float]]) -> str:
    """Name the classes under the weight; what rounds to nothing is left out."""
    named = [
        f"{class_name(train_id)} {percent(share)}"
        for train_id, share in classes[:_MOST_CLASSES]
        if share >= 0.005
    ]
    return f"By class: {', '.join(named)}."


def _padding(seen: Seen) -> str:
    """Say where the grey comes from, if a good part of the map is not on the picture."""
    sides = zip(seen.placement.fitted, seen.placement.crop, strict=True)
    if all(fitted > 0.9 * crop for fitted, crop in sides):
        return ""
    return (
        " Unlabelled are also the grey cells beside your picture, where the network sees nothing."
    )


def _caveat(question: Question) -> str:
    """Say what is not as in the network."""
    if not any(question.terms):
        return " Without any term of the logits all keys weigh the same."
    off = [name for name, on in zip(TERM_NAMES, question.terms, strict=True) if not on]
    said = f" Left out of the logits: {', '.join(off)}." if off else ""
    if question.order == "wh":
        said += " Both hops are composed the other way round, which is not what the network does."
    return said
