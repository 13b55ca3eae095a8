"""What a layer really does with its attention frozen: Jacobians, the truth for composed maps."""

import copy

import torch
from einops import einsum, rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention import AxialAttention1d, AxialAttention2d, record_attention
from axialkit.attention.switch import set_attention_backend
from axialkit.attention.two_hop import head_pairs
from axialkit.config import ExperimentConfig
from axialkit.inference import evaluating, fit_image
from axialkit.visualize.colors import Picture

Cell = tuple[int, int]


class Frozen(nn.Module):
    """In place of the softmax: weights that no longer depend on what the layer sees."""

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.weights = weights

    def forward(self, logits: Tensor) -> Tensor:
        return self.weights


def frozen_error(
    layer: AxialAttention2d, x: Float[Tensor, "1 channel height width"], cell: Cell
) -> float:
    """Return how far the composed maps are from the layer's Jacobian with frozen attention.

    In float64, for one output cell: autograd's derivative of all its channels by all channels of
    all input cells, against the sum over pairs of heads of (two-hop map) x (how channels are
    mixed). Batch norms and position terms are all in place.
    """
    layer, x = copy.deepcopy(layer).double().eval(), x.detach().double()
    with torch.no_grad(), record_attention(layer) as maps:
        layer(x)
    height, width = maps["height"], maps["width"]
    pairs = head_pairs(height, width, cell, stride=layer.stride)
    expected = einsum(_mixing(layer), pairs, "a b c d, a b h w -> b c d h w")
    set_attention_backend(layer, "reference")
    layer.height.add_module("activation", Frozen(height))
    layer.width.add_module("activation", Frozen(width))
    truth = torch.autograd.functional.jacobian(lambda y: layer(y)[0, :, cell[0], cell[1]], x)
    return float((truth[:, 0] - rearrange(expected, "b c d h w -> (b c) d h w")).abs().max())


def _mixing(layer: AxialAttention2d) -> Float[Tensor, "a b c d"]:
    """Return what an input channel d adds to channel c of head b, having passed through head a."""
    first, second = _values(layer.height), _values(layer.width)
    second = rearrange(second, "b c (a e) -> b c a e", a=layer.height.heads)
    return einsum(first, second, "a e d, b c a e -> a b c d").detach()


def _values(layer: AxialAttention1d) -> Float[Tensor, "head e in_channel"]:
    """Return the path of the values through one pass, norms included, attention left out."""
    weight, _ = layer.projection()
    values = rearrange(weight[2 * layer.key_channels :], "(head e) d -> head e d", head=layer.heads)
    scale, _ = layer.output_affine()  # the first term is that of the values
    return values * rearrange(scale[0], "head e -> head e 1")


def influence(
    model: nn.Module, image: Picture, config: ExperimentConfig, blocks: list[str], cell: Cell
) -> Float[Tensor, "rows columns"]:
    """Return how strongly every cell in front of some blocks moves a cell behind them; sums to 1.

    The size (Frobenius norm) of the true Jacobian, attention not frozen: of all channels of the
    cell behind by all channels of each cell in front. ``blocks`` follow each other, such as
    ``["stage4.block2", "stage4.block3"]``.
    """
    modules = [model.get_submodule(f"backbone.stages.{name}") for name in blocks]
    kept: list[Tensor] = []
    hook = modules[0].register_forward_hook(lambda module, inputs, answer: kept.append(inputs[0]))
    try:
        with evaluating(model):
            model(fit_image(image, config.data.crop_size)[None])
    finally:
        hook.remove()
    chain = copy.deepcopy(nn.Sequential(*modules)).eval().requires_grad_(requires_grad=False)

    def behind(x: Tensor) -> Tensor:
        return chain(x)[0, :, cell[0], cell[1]]

    jacobian = torch.autograd.functional.jacobian(behind, kept[0].clone())
    size = jacobian[:, 0].pow(2).sum(dim=(0, 1)).sqrt().double()
    return size / size.sum()


def agreement(
    one: Float[Tensor, "height width"], other: Float[Tensor, "height width"], cell: Cell
) -> float:
    """Return the correlation of two maps over all cells but the one that asks."""
    elsewhere = torch.ones_like(one, dtype=torch.bool)
    elsewhere[cell] = False
    return float(torch.corrcoef(torch.stack([one[elsewhere], other[elsewhere]]))[0, 1])
