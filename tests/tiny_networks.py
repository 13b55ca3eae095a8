"""The reference's reduced networks: the same structure as the published five, a few channels."""

import json
from dataclasses import replace
from pathlib import Path

from axialkit.config import DecoderConfig, ExperimentConfig, get_preset


def tiny_config(folder: Path) -> ExperimentConfig:
    """The configuration of ``model/tiny_<name>_os16`` in the golden data."""
    name = folder.name.removeprefix("tiny_").removesuffix("_os16")
    info = json.loads((folder / "info.json").read_text())
    preset = get_preset(name)
    backbone = replace(
        preset.backbone,
        stem_width_multiplier=info["stem_width_multiplier"],
        width_multiplier=info["backbone_width_multiplier"],
        drop_path_keep=1.0,
    )
    decoder = DecoderConfig(
        channels=info["decoder_channels"],
        instance_channels=info["instance_decoder_channels"],
        aspp_channels=info["aspp_channels"],
        instance_aspp_channels=info["instance_aspp_channels"],
        head_channels=info["semantic_head_channels"],
        instance_head_channels=info["center_head_channels"],
        offset_head_channels=info["regression_head_channels"],
    )
    return replace(preset, backbone=backbone, decoder=decoder)
