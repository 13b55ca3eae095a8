"""The networks that lesson 09 compares."""

from collections.abc import Callable
from dataclasses import replace

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
