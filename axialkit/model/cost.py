"""What a network costs: parameters, and multiply-adds counted from shapes alone."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from axialkit.attention import attention_backend
from axialkit.config import ExperimentConfig
from axialkit.model.backbone import AxialResNet
from axialkit.model.build import build_model
from axialkit.model.prepare import fold_batch_norms
from axialkit.model.resize import Size


class Cost(NamedTuple):
    """Of a network or a part of it; multiply-adds are of one image.

    Counted are convolutions, qkv products and attention matrices; batch norms, activations and
    resizing are not.
    """

    parameters: int  # trainable
    statistics: int  # moving means and variances
    multiply_adds: int
    attention: int  # the share of the attention matrices in them

    def __add__(self, other: object) -> "Cost":
        assert isinstance(other, Cost)
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))


NOTHING = Cost(0, 0, 0, 0)


class NetworkCost(NamedTuple):
    """By module, under its dotted name (``backbone.stages.stage4.block2``); "" is the whole.

    ``unread`` is the stacked decoder of the MaX-DeepLab-L backbone, which no head reads and a
    prediction skips: it is part of the network, but not of ``modules[""]``'s multiply-adds.
    """

    modules: dict[str, Cost]
    unread: Cost

    @property
    def used(self) -> Cost:
        """What one prediction takes."""
        whole = self.modules[""]
        return Cost(
            whole.parameters - self.unread.parameters,
            whole.statistics - self.unread.statistics,
            whole.multiply_adds,
            whole.attention,
        )

    @property
    def total(self) -> Cost:
        """The network with everything that its checkpoint holds."""
        return self.used + self.unread


def network_cost(config: ExperimentConfig | str, size: Size) -> NetworkCost:
    """Count the cost of a network for images of ``size``, without memory for either.

    Raises:
        InputError: an unknown preset, or a network that cannot be built.

    Example::

        network_cost("max_deeplab_s_backbone", (1025, 2049)).total.multiply_adds  # 534.3e9
    """
    with torch.device("meta"):
        model = build_model(config).eval()
        images = torch.empty(1, 3, *size)
    held = {name: _held_by(module) for name, module in model.named_modules()}
    backbone = model.backbone
    assert isinstance(backbone, AxialResNet)
    decoder = backbone.stacked_decoder
    unread = [name for name, module in model.named_modules() if module is decoder]
    folded = fold_batch_norms(model)  # norms cost nothing here, but time
    counted = multiply_adds(folded, images)
    if decoder is not None:
        below = multiply_adds(folded.get_submodule(unread[0]), _stage_outputs(backbone, size))
        counted |= {f"{unread[0]}.{name}".rstrip("."): n for name, n in below.items()}
    modules = {name: Cost(*held[name], *_of(name, counted)) for name in held}
    return NetworkCost(modules, modules[unread[0]] if unread else NOTHING)


def multiply_adds(
    module: nn.Module, inputs: Tensor | Mapping[int, Tensor]
) -> dict[str, tuple[int, int]]:
    """Count multiply-adds by dotted module name: all, and those of attention matrices."""
    products = attention_backend(module, "reference")  # made of operators that are counted
    with products, torch.no_grad(), FlopCounterMode(display=False) as counter:
        module(inputs)
    counts = {}
    for name, operations in counter.get_flop_counts().items():
        if name != "Global":
            flops = sum(operations.values()), operations.get(torch.ops.aten.bmm, 0)
            # names begin with that of the class; torch counts a multiply-add as two
            counts[name.partition(".")[2]] = (flops[0] // 2, flops[1] // 2)
    return counts


def _of(name: str, counted: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """Return a module's count; containers are never called and have that of their children."""
    if name in counted:
        return counted[name]
    depth = name.count(".") + 1
    inside = [n for n in counted if n.startswith(name + ".") and n.count(".") == depth]
    return sum(counted[n][0] for n in inside), sum(counted[n][1] for n in inside)


def _held_by(module: nn.Module) -> tuple[int, int]:
    parameters = sum(parameter.numel() for parameter in module.parameters())
    return parameters, sum(buffer.numel() for buffer in module.buffers())


def _stage_outputs(backbone: AxialResNet, size: Size) -> dict[int, Tensor]:
    height, width = size
    return {
        stage: torch.empty(1, channels, -(-height // stride), -(-width // stride), device="meta")
        for stage, channels in backbone.channels.items()
        if (stride := backbone.strides[stage])
    }
