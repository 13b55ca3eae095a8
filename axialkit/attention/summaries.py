"""Attention in few numbers: how far, how spread, and through several layers.

All take what ``record_attention`` yields and compute in float64.
"""

from collections.abc import Mapping

import torch
from einops import einsum
from jaxtyping import Float
from torch import Tensor

from axialkit.attention.two_hop import Head, OtherWeights, Passes, Weights, passes
from axialkit.errors import InputError


def mean_distance(weights: Weights) -> Float[Tensor, " head"]:
    """Return how far each head looks: the mean of ``|key - query|`` in cells under the weights.

    Uniform attention has ``(length - 1/length) / 3``.
    """
    position = torch.arange(weights.shape[-1], device=weights.device, dtype=torch.float64)
    distance = (position[None, :] - position[:, None]).abs()
    total = einsum(weights.double(), distance, "b head i j, i j -> head")
    return total / (weights.shape[0] * weights.shape[2])


def entropy(weights: Weights) -> Float[Tensor, " head"]:
    """Return how spread each head's weights are: their mean entropy in nats.

    ``exp`` of it is the number of keys that a head with equal weights would look at.
    """
    wide = weights.double()
    return torch.special.entr(wide).sum(-1).mean((0, 2))


def rollout(
    maps: Mapping[str, Tensor],
    query: tuple[int, int],
    *,
    layers: list[str] | None = None,
    head: Head = None,
    sample: int = 0,
) -> Float[Tensor, "height width"]:
    """Follow attention from a cell of the last layer's output back to the first layer's input.

    Attention rollout (Abnar and Zuidema, 2020): each layer hands on half of the weight where it is,
    for the residual connection, and half by its two hops. The convolutions in between are left
    out. Sums to 1. No matrix of all pixels is formed.

    Args:
        maps: weights by layer, both passes of each, height first.
        query: a cell (y, x) of the last layer's output.
        layers: names of blocks, first to last; by default all in ``maps``.
        head: as in ``two_hop``.
        sample: number of the image in the batch.

    Raises:
        InputError: no layers, or layers whose maps do not follow each other in size.
    """
    names = layers or layers_with_both_passes(maps)
    if not names:
        raise InputError("There is no layer with both a height and a width pass in these maps.")
    weight: Tensor | None = None
    for name in reversed(names):
        height, width = _both(maps, name)
        found = passes(height, width, head=head, stride=stride_of(height, width), sample=sample)
        size = tuple(-(-cells // found.stride) for cells in found.size)
        if weight is None:
            weight = _one_at(query, size, height)
        if weight.shape != size:
            raise InputError(
                f"The answer of {name} has {size[0]}x{size[1]} cells, but the layer after it "
                f"takes {weight.shape[0]}x{weight.shape[1]}. Choose layers that follow each other."
            )
        weight = _back(weight, found)
    assert weight is not None
    return weight


def layers_with_both_passes(maps: Mapping[str, Tensor]) -> list[str]:
    """Return the names of the layers with a height and a width pass, in the network's order."""
    names = [name.removesuffix(".height") for name in maps if name.endswith(".height")]
    return [name for name in names if f"{name}.width" in maps]


def stride_of(height: Weights, width: OtherWeights) -> int:
    """Return a layer's stride, which shows in the number of rows that its width pass has."""
    images = len(height) // width.shape[-1]
    rows = height.shape[-1]
    return -(-rows // (len(width) // images))


def _both(maps: Mapping[str, Tensor], name: str) -> tuple[Weights, OtherWeights]:
    try:
        return maps[f"{name}.height"], maps[f"{name}.width"]
    except KeyError as error:
        raise InputError(
            f"There is no {error} in these maps. Layers with both passes: "
            f"{', '.join(layers_with_both_passes(maps))}."
        ) from None


def _one_at(
    query: tuple[int, int], size: tuple[int, ...], like: Tensor
) -> Float[Tensor, "height width"]:
    if not all(0 <= q < cells for q, cells in zip(query, size, strict=True)):
        raise InputError(f"The cell {query} lies outside the {size[0]}x{size[1]} map.")
    weight = torch.zeros(*size, dtype=torch.float64, device=like.device)
    weight[query] = 1
    return weight


def _back(
    weight: Float[Tensor, "out_height out_width"], found: Passes
) -> Float[Tensor, "height width"]:
    """Hand weight on a layer's output back to its input: half stays, half takes both hops."""
    stayed = weight.new_zeros(found.size)
    stayed[:: found.stride, :: found.stride] = weight
    return (stayed + found.spread(weight)) / 2
