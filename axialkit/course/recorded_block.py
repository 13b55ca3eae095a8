"""Lesson 05's recorded block: the authors' TensorFlow code, its variables and its answer.

The block is an axial one that halves the map, with a projection on its shortcut. Its weights are
random (nothing is trained); what counts is that the same numbers give the same answer.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.layers import AxialAttention2d
from axialkit.model.blocks import AttentionBranch, ResidualBlock

STORE = Path(__file__).with_name("recorded_block.npz")
WORDS = {  # a piece of a TensorFlow name -> the same in ours
    "_conv1_bn_act": "branch.conv1",
    "_conv3_bn": "branch.conv3",
    "_attention": "branch.attention",
    "_shortcut": "shortcut",
    "_height_axis": "height",
    "_width_axis": "width",
    "_conv": "conv",
    "kernel": "weight",
    "qkv_kernel": "qkv.weight",
    "_batch_norm": "norm",
    "_batch_norm_qkv": "norm_qkv",
    "_batch_norm_similarity": "norm_logits",
    "_batch_norm_retrieved_output": "norm_output",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "_query_rpe": "query_table",
    "_key_rpe": "key_table",
    "_value_rpe": "value_table",
    "embeddings": "",  # ours are tables at once: an empty word is left out
}


class Recording(NamedTuple):
    """What the authors' code held and said."""

    variables: dict[str, np.ndarray]  # under TensorFlow's names, in its order of axes
    x: Float[Tensor, "b c h w"]
    answer: Float[Tensor, "b c_out h_out w_out"]


def read_recording() -> Recording:
    """Return the recorded block; images in torch's order of axes."""
    with np.load(STORE) as stored:
        arrays = dict(stored)
    images = (
        rearrange(torch.from_numpy(arrays.pop(name)), "b h w c -> b c h w")
        for name in ("x", "answer")
    )
    x, answer = images
    return Recording(arrays, x, answer)


def empty_block() -> ResidualBlock:
    """Return a block of the recorded one's sizes, with fresh random weights."""
    attention = partial(_attention, heads=4)
    branch = AttentionBranch(12, (32, 8, 24), attention, stride=2)
    return ResidualBlock(branch, 12, 24, stride=2).eval()


def to_torch(name: str, array: np.ndarray) -> tuple[str, Tensor]:
    """Return a TensorFlow variable under our name, in torch's order of axes.

    Kernels of convolutions are ``[height, width, in, out]`` there, those of qkv ``[in, out]``;
    norms within the attention have axes of size 1; position tables are alike.
    """
    words = [WORDS[piece] for piece in name.split("/")]
    tensor = torch.from_numpy(np.array(array))
    if name.endswith("qkv_kernel"):
        tensor = tensor.T
    elif name.endswith("kernel"):
        tensor = tensor.permute(3, 2, 0, 1)
    elif "_batch_norm" in name:
        tensor = tensor.flatten()
    return ".".join(word for word in words if word), tensor


def _attention(channels: int, base: int, *, heads: int, stride: int) -> AxialAttention2d:
    """Make the attention of the wide family: keys twice, values four times the base filters."""
    return AxialAttention2d(channels, 2 * base, 4 * base, heads, stride=stride)
