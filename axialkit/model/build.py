"""The one place where the networks meet the configuration."""

import torch
from torch import nn

from axialkit.config import ExperimentConfig, get_preset
from axialkit.model.backbone import AxialResNet
from axialkit.model.decoder import LightDecoder, PanopticDeepLabDecoder
from axialkit.model.deeplab import AxialDeepLab
from axialkit.model.tables import backbone_table


def build_model(config: ExperimentConfig | str) -> AxialDeepLab:
    """Build the network of a config or of a preset's name, with fresh random weights.

    Seed torch beforehand for the same weights each time.

    Raises:
        InputError: an unknown preset or backbone.

    Example::

        model = build_model("tiny")
    """
    if isinstance(config, str):
        config = get_preset(config)
    table = backbone_table(config.backbone)
    backbone = AxialResNet(table, config.backbone.drop_path_keep)
    model = AxialDeepLab(backbone, _decoder(config, backbone.channels))
    # convolutions on CPUs are up to twice as fast in this memory format
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _decoder(config: ExperimentConfig, backbone_channels: dict[int, int]) -> nn.Module:
    channels = {stride: c for stride, c in backbone_channels.items() if stride > 2}
    decoder = config.decoder
    if decoder.kind == "light":
        return LightDecoder(
            channels, config.num_classes, decoder.channels, decoder.instance_head_channels
        )
    return PanopticDeepLabDecoder(
        channels,
        config.num_classes,
        decoder.channels,
        decoder.head_channels,
        decoder.instance_head_channels,
    )
