"""Lesson 04's functions: position-sensitive attention whole, and the layer from its parts."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from einops import einsum, rearrange, reduce
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention import AxialAttention1d
from axialkit.attention.positions import look_up
from axialkit.attention.reference import (
    Terms,
    content_logits,
    key_position_logits,
    query_position_logits,
    retrieved_content,
    retrieved_position,
)
from axialkit.attention.switch import axial_layers
from axialkit.weights.tf_names import reference_keys, to_our_layout

Queries = Float[Tensor, "b head l d"]
Values = Float[Tensor, "b head l e"]
Rows = Float[Tensor, "b l c"]
Maps = Float[Tensor, "b head i j"]

_GOLDEN = Path(__file__).with_name("golden_axial1d.npz")


class Tables(NamedTuple):
    """Relative positions for the queries, the keys and the values."""

    query: Float[Tensor, "row d"]
    key: Float[Tensor, "row d"]
    value: Float[Tensor, "row e"]


def position_sensitive_attention(
    q: Queries, k: Queries, v: Values, tables: Tables
) -> Float[Tensor, "b head l e"]:
    """Attend with all three position terms, without batch norms.

    Axial-DeepLab (Wang et al., ECCV 2020), equation 4.
    """
    r_q, r_k, r_v = (look_up(table, q.shape[2]) for table in tables)
    content = einsum(q, k, "b head i d, b head j d -> b head i j")
    query_position = einsum(q, r_q, "b head i d, i j d -> b head i j")
    key_position = einsum(k, r_k, "b head j d, i j d -> b head i j")
    weights = (content + query_position + key_position).softmax(dim=-1)
    what = einsum(weights, v, "b head i j, b head j e -> b head i e")
    where = einsum(weights, r_v, "b head i j, i j e -> b head i e")
    return what + where


def axial_forward(
    layer: AxialAttention1d, x: Float[Tensor, "b l c"]
) -> Float[Tensor, "b l value_channels"]:
    """Compute the whole layer from its parts, the batch norms included."""
    qkv = layer.norm_qkv(rearrange(layer.qkv(x), "b l c -> b c l"))
    sizes = [layer.key_channels, layer.key_channels, layer.value_channels]
    q, k, v = (
        rearrange(part, "b (head d) l -> b head l d", head=layer.heads)
        for part in qkv.split(sizes, dim=1)
    )
    tables = layer.query_table, layer.key_table, layer.value_table
    r_q, r_k, r_v = (look_up(table, x.shape[1]) for table in tables if table is not None)
    logits = torch.cat(
        [content_logits(q, k), query_position_logits(q, r_q), key_position_logits(k, r_k)], dim=1
    )
    logits = layer.norm_logits(logits)  # channels: (term head)
    weights = reduce(logits, "b (term head) i j -> b head i j", "sum", term=3).softmax(dim=-1)
    found = torch.cat([retrieved_content(weights, v), retrieved_position(weights, r_v)], dim=1)
    found = layer.norm_output(rearrange(found, "b term_head l e -> b (term_head e) l"))
    return reduce(found, "b (term c) l -> b l c", "sum", term=2)


def golden_layer() -> tuple[
    AxialAttention1d, Float[Tensor, "b l c"], Float[Tensor, "b l value_channels"]
]:
    """Return a layer with recorded weights, an input, and what the authors' code answers to it.

    Recorded from deeplab2's axial layer (TensorFlow) in inference, on random weights.
    """
    with np.load(_GOLDEN) as arrays:
        golden = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    layer = AxialAttention1d(8, key_channels=16, value_channels=16, heads=4)
    keys = reference_keys(layer)
    weights = {name: to_our_layout(key, golden[f"var/{key}"]) for name, key in keys.items()}
    layer.load_state_dict(weights)
    return layer.eval().requires_grad_(False), golden["in/x"], golden["out_eval"]


@torch.no_grad()
def rows_of(model: nn.Module, image: np.ndarray, name: str) -> tuple[AxialAttention1d, Rows]:
    """Return a trained layer and the sequences that it gets for an image ``[h, w, 3]``.

    ``name`` is as in ``record_attention``, such as ``stage4.block3.width``.
    """
    block, _, axis = name.rpartition(".")
    layers = axial_layers(model).items()
    layer = next(each for path, each in layers if path.endswith(f"{block}.branch.attention.{axis}"))
    caught: list[Tensor] = []
    hook = layer.register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
    try:
        model(rearrange(torch.from_numpy(image), "h w c -> 1 c h w"))
    finally:
        hook.remove()
    return layer, caught[0]


@torch.no_grad()
def attend_with(
    layer: AxialAttention1d, rows: Rows, terms: Terms, span: int | None = None
) -> tuple[Maps, Float[Tensor, "b l value_channels"]]:
    """Return weights and answers of a trained layer with some of its terms switched off.

    ``span`` lets a pixel look that many places to either side only.
    """
    q, k, v = layer.project(rows)
    parts = layer.term_logits(q, k)
    logits = sum((part for part, on in zip(parts, terms[:3], strict=True) if on), 0 * parts[0])
    if span is not None:
        place = torch.arange(rows.shape[1])
        far = (place[:, None] - place[None, :]).abs() > span
        logits = logits.masked_fill(far, -torch.inf)
    weights = logits.softmax(dim=-1)
    assert layer.value_table is not None
    r_v = look_up(layer.value_table, rows.shape[1])
    found = [
        retrieved_content(weights, v) * terms.value_content,
        retrieved_position(weights, r_v) * terms.value_position,
    ]
    return weights, layer.sum_outputs(rearrange(found, "term b head l e -> b l term head e"))


def layer_cost(
    layer: AxialAttention1d, length: int, terms: Terms, span: int | None = None
) -> tuple[int, int]:
    """Count the parameters and the multiply-adds of one sequence, without batch norms."""
    reach = length - 1 if span is None else min(span, length - 1)
    pairs = sum(min(length - 1, i + reach) - max(0, i - reach) + 1 for i in range(length))
    key, value = layer.key_channels, layer.value_channels
    rows = 2 * reach + 1
    depth = key * (terms.query_position + terms.key_position) + value * terms.value_position
    parameters = layer.qkv.weight.numel() + rows * depth // layer.heads
    products = pairs * (key * sum(terms[:3]) + value * sum(terms[3:]))
    return parameters, length * layer.qkv.weight.numel() + products
