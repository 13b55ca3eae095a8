"""The networks that lesson 09 compares, and how one of them is made ready to answer."""

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from axialkit.attention.batch_norm import MOMENTUM, BatchNorm
from axialkit.config import ExperimentConfig
from axialkit.model import AxialDeepLab, build_model

DILATION = 4


def _hybrid(config: ExperimentConfig) -> AxialDeepLab:
    return build_model(config)


def _convolution(config: ExperimentConfig) -> AxialDeepLab:
    kind = f"{config.backbone.kind}_conv"
    return build_model(replace(config, backbone=replace(config.backbone, kind=kind)))


def _dilated(config: ExperimentConfig) -> AxialDeepLab:
    """Spread the 3x3 taps of the block's convolutions: as many weights, a wider reach."""
    net = _convolution(config)
    for name, module in net.backbone.named_modules():
        if "stage3.block" in name and name.endswith("branch.conv2.conv"):
            module.dilation = module.padding = (DILATION, DILATION)
    return net


def _no_positions(config: ExperimentConfig) -> AxialDeepLab:
    attention = replace(
        config.backbone.attention, query_position=False, key_position=False, value_position=False
    )
    return build_model(replace(config, backbone=replace(config.backbone, attention=attention)))


# all with the same front, decoder and heads; what stands between them differs
NETWORKS: dict[str, Callable[[ExperimentConfig], AxialDeepLab]] = {
    "hybrid": _hybrid,
    "convolution": _convolution,
    "dilated": _dilated,
    "no positions": _no_positions,
}


@torch.no_grad()
def settle_statistics(net: nn.Module, batch: Float[Tensor, "batch ..."]) -> None:
    """Give all batch norms the statistics of this batch, whatever they were before.

    The moving ones forget a hundredth per step: after a short training they would still be partly
    those of the untrained net.
    """
    norms = [module for module in net.modules() if isinstance(module, BatchNorm)]
    for norm in norms:
        norm.running_mean.zero_()
        norm.running_var.zero_()
    net.train()(batch)
    for norm in norms:
        norm.running_mean /= MOMENTUM
        norm.running_var /= MOMENTUM
