"""Batch norms folded into their neighbours: a network that only answers, with fewer steps.

With its moving statistics a batch norm is ``scale * x + shift`` per channel, which a linear layer
before it can take over.
"""

import copy

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from axialkit.attention.batch_norm import BatchNorm
from axialkit.attention.layers import AxialAttention1d
from axialkit.model.absolute_positions import AbsolutePositions1d, AbsolutePositions2d
from axialkit.model.backbone import AxialResNet
from axialkit.model.blocks import AttentionBranch
from axialkit.model.convolutions import ConvNormAct, DepthwiseNormAct

# tables of absolute positions, each with its norm
NORMED_TABLES: dict[type[nn.Module], list[tuple[str, str]]] = {
    AbsolutePositions2d: [("table", "norm")],
    AbsolutePositions1d: [("height_table", "height_norm"), ("width_table", "width_norm")],
}

_SMALL_MAP = 20480  # elements: torch's limit, below which it does not take oneDNN


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

    ``qkv`` takes over the norm of the projection. The scales of logits and outputs differ between
    the heads, which share the position tables: they multiply queries, keys and what is retrieved,
    all far smaller than the logits. A shift of the logits only matters without softmax.
    """

    logit_scale: Tensor
    logit_shift: Tensor
    output_scale: Tensor
    output_shift: Tensor

    def __init__(self, layer: AxialAttention1d) -> None:
        keys, values = layer.key_channels, layer.value_channels
        with torch.device("meta"):  # every tensor comes from the layer
            super().__init__(layer.qkv.in_features, keys, values, layer.heads, terms=layer.terms)
        self.query_table, self.key_table = layer.query_table, layer.key_table
        self.value_table, self.activation = layer.value_table, layer.activation
        self.backend = layer.backend
        self.qkv = _folded_projection(layer)
        for name, (scale, shift) in (
            ("logit", layer.logit_affine()),
            ("output", layer.output_affine()),
        ):
            self.register_buffer(f"{name}_scale", scale)
            self.register_buffer(f"{name}_shift", shift)
        del self.norm_qkv, self.norm_logits, self.norm_output

    def projection(self) -> tuple[Tensor, Tensor]:
        return self.qkv.weight, self.qkv.bias

    def logit_affine(self) -> tuple[Tensor, Tensor]:
        return self.logit_scale, self.logit_shift

    def output_affine(self) -> tuple[Tensor, Tensor]:
        return self.output_scale, self.output_shift


def _folded(module: nn.Module) -> nn.Module:
    """Fold in place all that lies below; return the module, or what has to replace it."""
    # exact types: a subclass may put something between convolution and norm
    if type(module) is AxialAttention1d:
        return FoldedAttention1d(module)
    if type(module) is nn.Conv2d:  # the last of a head: it has no norm
        return FoldedConv2d.of(module, module.weight, module.bias)
    if type(module) is ConvNormAct or type(module) is DepthwiseNormAct:
        module.add_module("conv", _folded_conv(module.conv, module.norm))
        module.add_module("norm", nn.Identity())
    elif type(module) in NORMED_TABLES:
        for table, norm in NORMED_TABLES[type(module)]:
            _fold_table(module, table, norm)
    else:
        for name, child in module.named_children():
            module.add_module(name, _folded(child))
    _activate_in_place(module)
    return module


def _activate_in_place(module: nn.Module) -> None:
    """Overwrite what an activation reads and nothing else does: fresh memory costs more time.

    The input of a stage's first block is left alone, because other parts of the network read it.
    """
    overwriting: list[nn.Module] = []
    if isinstance(module, ConvNormAct | AttentionBranch | AxialResNet):
        overwriting.append(module)
    if isinstance(module, AxialResNet):
        for stage in module.stages.values():
            overwriting += list(stage.children())[1:]
    for part in overwriting:
        if type(getattr(part, "act", None)) is nn.ReLU:
            part.add_module("act", nn.ReLU(inplace=True))


class FoldedConv2d(nn.Conv2d):
    """A convolution that reads and answers channels-last images without a copy."""

    @classmethod
    def of(cls, conv: nn.Conv2d, weight: Tensor, bias: Tensor | None) -> "FoldedConv2d":
        """Make one like ``conv`` with these weights."""
        with torch.device("meta"):  # both tensors follow
            folded = cls(
                conv.in_channels,
                conv.out_channels,
                conv.kernel_size[0],
                conv.stride[0],
                conv.padding[0],
                conv.dilation[0],
                conv.groups,
            )
        folded.weight = nn.Parameter(weight)
        folded.bias = None if bias is None else nn.Parameter(bias)
        return folded

    def forward(self, input: Tensor) -> Tensor:
        pointwise = self.kernel_size == (1, 1) and self.stride == (1, 1) and self.groups == 1
        if pointwise and _leaves_onednn(input):
            pixels = rearrange(input, "b c h w -> b h w c")
            product = F.linear(pixels, self.weight[:, :, 0, 0], self.bias)
            return rearrange(product, "b h w c -> b c h w")
        return super().forward(input)


def _leaves_onednn(x: Tensor) -> bool:
    """Would torch compute a 1x1 convolution by a kernel that copies, on this CPU?

    It does with one thread and for small maps. Not asked when a compiler looks, which has kernels
    of its own.
    """
    if torch.compiler.is_compiling() or x.device.type != "cpu":
        return False
    return torch.get_num_threads() == 1 or x.numel() <= _SMALL_MAP


def _folded_conv(conv: nn.Conv2d, norm: BatchNorm) -> nn.Conv2d:
    scale, shift = norm.affine()
    return FoldedConv2d.of(conv, conv.weight * rearrange(scale, "o -> o 1 1 1"), shift)


def _folded_projection(layer: AxialAttention1d) -> nn.Linear:
    scale, shift = layer.norm_qkv.affine()
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
