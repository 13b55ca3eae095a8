"""Batch norms folded into their neighbours: a network that only answers, with fewer steps.

With its moving statistics a batch norm is ``scale * x + shift`` per channel, which a linear layer
before it can take over.
"""

import copy

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.batch_norm import EPSILON, BatchNorm
from axialkit.attention.layers import AxialAttention1d
from axialkit.attention.positions import look_up
from axialkit.attention.reference import (
    content_logits,
    key_position_logits,
    query_position_logits,
    retrieved_content,
    retrieved_position,
)
from axialkit.model.absolute_positions import AbsolutePositions1d, AbsolutePositions2d
from axialkit.model.convolutions import ConvNormAct, DepthwiseNormAct


def fold_batch_norms(model: nn.Module) -> nn.Module:
    """Return a copy that answers the same without its batch norms, up to rounding.

    For answering only: the copy has other parameters than the model, and must not be trained. The
    norms of switchable convolutions stay, because the global context stands in between.

    Raises:
        ValueError: the model, or a part of it, is in training mode.

    Example::

        fast = fold_batch_norms(axialkit.load_model("tiny"))
    """
    if any(module.training for module in model.modules()):
        raise ValueError(
            "Batch norms can only be folded in evaluation mode, because in training they depend "
            "on the batch. Call model.eval() first."
        )
    with torch.no_grad():
        return _folded(copy.deepcopy(model)).eval().requires_grad_(False)


class FoldedAttention1d(AxialAttention1d):
    """The attention layer without its norms, made from a layer in evaluation mode.

    ``qkv`` takes over the norm of the projection and the scale of the retrieved content. The other
    scales differ between the heads, which share the position tables: they multiply queries, keys
    and retrieved positions, all far smaller than the logits. A shift of the logits only matters
    without softmax.
    """

    logit_scale: Tensor
    logit_shift: Tensor
    position_scale: Tensor
    output_shift: Tensor

    def __init__(self, layer: AxialAttention1d) -> None:
        keys, values = layer.key_channels, layer.value_channels
        with torch.device("meta"):  # every tensor comes from the layer
            super().__init__(layer.qkv.in_features, keys, values, layer.heads, terms=layer.terms)
        self.query_table, self.key_table = layer.query_table, layer.key_table
        self.value_table, self.activation = layer.value_table, layer.activation
        self._fold_logits(layer.norm_logits)
        content_scale = self._fold_outputs(layer.norm_output)
        self.qkv = _folded_projection(layer, content_scale)
        del self.norm_qkv, self.norm_logits, self.norm_output

    def project(
        self, x: Float[Tensor, "b length in_channels"]
    ) -> tuple[
        Float[Tensor, "b head length d"],
        Float[Tensor, "b head length d"],
        Float[Tensor, "b head length e"],
    ]:
        parts = self.qkv(x).split([self.key_channels, self.key_channels, self.value_channels], -1)
        q, k, v = (
            rearrange(part, "b length (head d) -> b head length d", head=self.heads)
            for part in parts
        )
        return q, k, v

    def term_logits(
        self, q: Float[Tensor, "b head length d"], k: Float[Tensor, "b head length d"]
    ) -> Float[Tensor, "term b head length length"]:
        length, scales, terms = q.shape[2], iter(self.logit_scale), []
        if self.terms.content:
            terms.append(content_logits(q * next(scales), k))
        if self.query_table is not None:
            table = look_up(self.query_table, length)
            terms.append(query_position_logits(q * next(scales), table))
        if self.key_table is not None:
            terms.append(key_position_logits(k * next(scales), look_up(self.key_table, length)))
        return torch.stack(terms)

    def logits(
        self, q: Float[Tensor, "b head length d"], k: Float[Tensor, "b head length d"]
    ) -> Float[Tensor, "b head length length"]:
        total = super().logits(q, k)
        return total if isinstance(self.activation, nn.Softmax) else total + self.logit_shift

    def retrieve(
        self,
        weights: Float[Tensor, "b head length length"],
        v: Float[Tensor, "b head length e"],
    ) -> Float[Tensor, "b length value_channels"]:
        total = self.output_shift
        if self.terms.value_content:
            total = total + retrieved_content(weights, v)
        if self.value_table is not None:
            table = look_up(self.value_table, v.shape[2])
            total = total + retrieved_position(weights, table) * self.position_scale
        return rearrange(total, "b head length d -> b length (head d)")

    def _fold_logits(self, norm: BatchNorm) -> None:
        scale, shift = (
            rearrange(part, "(term head) -> term head 1 1", head=self.heads)
            for part in scale_and_shift(norm)
        )
        self.register_buffer("logit_scale", scale)
        self.register_buffer("logit_shift", shift.sum(0))

    def _fold_outputs(self, norm: BatchNorm) -> Tensor:
        """Keep what has to follow the retrieval; return the scales of the values."""
        scale, shift = (
            rearrange(
                part, "(term head d) -> term head 1 d", head=self.heads, term=self.terms.outputs
            )
            for part in scale_and_shift(norm)
        )
        self.register_buffer(
            "position_scale", scale[-1].clone()
        )  # the last term, if it is there at all
        self.register_buffer("output_shift", shift.sum(0))
        return scale[0].flatten()


def scale_and_shift(norm: BatchNorm) -> tuple[Float[Tensor, " channel"], Float[Tensor, " channel"]]:
    """Write a batch norm in evaluation mode as ``scale * x + shift``."""
    scale = norm.weight * torch.rsqrt(norm.running_var + EPSILON)
    return scale, norm.bias - norm.running_mean * scale


def _folded(module: nn.Module) -> nn.Module:
    """Fold in place all that lies below; return the module, or what has to replace it."""
    # exact types: a subclass may put something between convolution and norm
    if type(module) is AxialAttention1d:
        return FoldedAttention1d(module)
    if type(module) is ConvNormAct or type(module) is DepthwiseNormAct:
        module.add_module("conv", _folded_conv(module.conv, module.norm))
        module.add_module("norm", nn.Identity())
    elif type(module) is AbsolutePositions2d:
        _fold_table(module, "table", "norm")
    elif type(module) is AbsolutePositions1d:
        _fold_table(module, "height_table", "height_norm")
        _fold_table(module, "width_table", "width_norm")
    else:
        for name, child in module.named_children():
            module.add_module(name, _folded(child))
    return module


def _folded_conv(conv: nn.Conv2d, norm: BatchNorm) -> nn.Conv2d:
    scale, shift = scale_and_shift(norm)
    with torch.device("meta"):  # both tensors follow
        folded = nn.Conv2d(
            conv.in_channels,
            conv.out_channels,
            conv.kernel_size[0],
            conv.stride[0],
            conv.padding[0],
            conv.dilation[0],
            conv.groups,
        )
    folded.weight = nn.Parameter(conv.weight * rearrange(scale, "o -> o 1 1 1"))
    folded.bias = nn.Parameter(shift)
    return folded


def _folded_projection(layer: AxialAttention1d, content_scale: Tensor) -> nn.Linear:
    """Fold the projection's norm and, into the values' columns, that of the retrieved content."""
    scale, shift = scale_and_shift(layer.norm_qkv)
    if layer.terms.value_content:
        after = torch.cat([torch.ones_like(scale[: -layer.value_channels]), content_scale])
        scale, shift = scale * after, shift * after
    with torch.device("meta"):
        folded = nn.Linear(layer.qkv.in_features, layer.qkv.out_features)
    folded.weight = nn.Parameter(layer.qkv.weight * rearrange(scale, "o -> o 1"))
    folded.bias = nn.Parameter(shift)
    return folded


def _fold_table(module: nn.Module, table: str, norm: str) -> None:
    """Normalise a table of absolute positions once and for all."""
    normed = module.get_submodule(norm)(module.get_parameter(table))
    module.register_parameter(table, nn.Parameter(normed))
    module.add_module(norm, nn.Identity())
