"""Lesson 03 looks into the network ``tiny``: what its tables say, and what larger maps do to them.

``tiny`` was trained on images of 129 x 257 pixels at stride 16: its lines are 9 places long along
the height and 17 along the width. Its tables have rows for up to 32 places; those for farther
distances than it ever met are still near their random beginnings.
"""

import copy
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from axialkit.attention import AxialAttention1d
from axialkit.attention.switch import axial_layers
from axialkit.config import ExperimentConfig
from axialkit.data import minicity
from axialkit.data.cityscapes import train_ids
from axialkit.inference import InferenceOptions, segment
from axialkit.structures import PanopticResult

Image = UInt8[np.ndarray, "height width 3"]
Resize = Callable[[Tensor, int], Tensor]

LINES = {"height": 9, "width": 17}  # places of a line in training, by the end of a layer's name
TABLES = ("query_table", "key_table", "value_table")
IGNORED = 255


class Street(NamedTuple):
    """An image and the class of each pixel; 255 where there is none."""

    image: Image
    truth: Int[np.ndarray, "height width"]


def position_scores(
    model: nn.Module, layer_name: str, image: Image, config: ExperimentConfig
) -> Float[Tensor, "head row"]:
    """Return what the tables of a layer say about each distance: a score per head and table row.

    Of an average query and an average key of this image, after the batch norms, around the mean of
    each head; the two position terms of the logits are added.
    """
    layer = model.get_submodule(layer_name)
    assert isinstance(layer, AxialAttention1d)
    assert layer.query_table is not None and layer.key_table is not None
    seen: list[Tensor] = []
    handle = layer.register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0]))
    try:
        segment(model, image, config)
    finally:
        handle.remove()
    with torch.no_grad():
        q, k, _ = layer.project(seen[0])
        scale, _ = layer.logit_affine()  # [term, head]: q.k, q.r, k.r
        scores = scale[1, :, None] * (q.mean(dim=(0, 2)) @ layer.query_table.T)
        scores = scores + scale[2, :, None] * (k.mean(dim=(0, 2)) @ layer.key_table.T)
    return scores - scores.mean(dim=1, keepdim=True)


def with_tables(model: nn.Module, lines: dict[str, int], resize: Resize) -> nn.Module:
    """Return a copy for longer lines: every table is cut to its trained rows, then resized.

    ``lines`` gives the places of the new lines, by the end of a layer's name.
    """
    model = copy.deepcopy(model)
    for name, layer in axial_layers(model).items():
        axis = name.rpartition(".")[2]
        for table_name in TABLES:
            table = getattr(layer, table_name).detach()
            center, reach = len(table) // 2, LINES[axis] - 1
            trained = table[center - reach : center + reach + 1]
            resized = resize(trained, lines[axis]).contiguous()  # windows are views of its memory
            setattr(layer, table_name, nn.Parameter(resized))
    return model


def repeat_ends(table: Float[Tensor, "r d"], new_len: int) -> Float[Tensor, "new_r d"]:
    """Give a table rows for ``new_len`` places, one step per place; beyond its ends, their copies.

    As the package does for distances beyond a table.
    """
    reach = len(table) // 2
    distance = torch.arange(1 - new_len, new_len)
    return table[distance.clamp(-reach, reach) + reach]


def street(index: int) -> Street:
    """Return a drawn street of the size that ``tiny`` knows."""
    scene = minicity.scene(index)
    return Street(scene.image, train_ids(scene.label_ids).astype(np.int64))


def enlarged(small: Street, factor: int) -> Street:
    """Return the same street in more pixels: each becomes a square of ``factor`` x ``factor``."""
    return Street(*(each.repeat(factor, axis=0).repeat(factor, axis=1) for each in small))


def side_by_side(left: Street, right: Street) -> Street:
    """Return more street in pixels of the same size: one street beside another."""
    return Street(*(np.concatenate(pair, axis=1) for pair in zip(left, right, strict=True)))


def answer(model: nn.Module, config: ExperimentConfig, image: Image) -> PanopticResult:
    """Segment an image at its own size, however large."""
    return segment(model, image, config, InferenceOptions(full_size=True))


def pixel_accuracy(model: nn.Module, config: ExperimentConfig, streets: Sequence[Street]) -> float:
    """Return the mean share of pixels with the right class on these streets."""
    shares = []
    for image, truth in streets:
        right = answer(model, config, image).semantic == truth
        shares.append(float(right[truth != IGNORED].mean()))
    return float(np.mean(shares))
