"""The one place where the networks meet the configuration."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
from torch import nn

from axialkit.attention.reference import Terms
from axialkit.config import AttentionConfig, DecoderConfig, ExperimentConfig, get_preset
from axialkit.errors import InputError
from axialkit.model.aspp import Aspp
from axialkit.model.backbone import AxialResNet
from axialkit.model.block_maker import ACTIVATIONS, AttentionOptions, BlockMaker, DropPathRule
from axialkit.model.classifier import IMAGENET_CLASSES, AxialClassifier
from axialkit.model.convolutions import ConvNormAct, DepthwiseNormAct
from axialkit.model.decoder import BranchWidths, LightDecoder, PanopticDeepLabDecoder
from axialkit.model.deeplab import AxialDeepLab
from axialkit.model.tables import backbone_table

Network = TypeVar("Network", bound=nn.Module)


def build_model(config: ExperimentConfig | str) -> AxialDeepLab:
    """Build the network of a config or of a preset's name, with fresh random weights.

    Seed torch beforehand for the same weights each time.

    Raises:
        InputError: an unknown preset or backbone, or sizes that do not go together.

    Example::

        model = build_model("tiny")
    """
    if isinstance(config, str):
        config = get_preset(config)
    backbone = _backbone(config)
    model = AxialDeepLab(backbone, _decoder(config, backbone))
    return _finished(model, config)


def build_classifier(
    config: ExperimentConfig | str, num_classes: int = IMAGENET_CLASSES
) -> AxialClassifier:
    """Build the backbone of a config or preset under a classification head (ImageNet's size).

    Raises:
        InputError: an unknown preset or backbone, or sizes that do not go together.

    Example::

        model = build_classifier("axial_resnet_s")
    """
    if isinstance(config, str):
        config = get_preset(config)
    return _finished(AxialClassifier(_backbone(config), num_classes), config)


def build_empty(build: Callable[[ExperimentConfig], Network], config: ExperimentConfig) -> Network:
    """Build a network without drawing its random weights, which takes by far the longest.

    Its tensors hold anything until all of them are loaded.
    """
    with torch.device("meta"):
        model = build(config)
    return model.to_empty(device="cpu")


def _finished(model: Network, config: ExperimentConfig) -> Network:
    if not config.train.sync_batch_norm:
        use_plain_batch_norm(model)
    # convolutions on CPUs are up to twice as fast in this memory format
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def use_plain_batch_norm(model: nn.Module) -> None:
    """Average the unbiased variance behind convolutions, as deeplab2's un-synchronised class."""
    for module in model.modules():
        if isinstance(module, ConvNormAct | DepthwiseNormAct):
            module.norm.unbiased = True


def _backbone(config: ExperimentConfig) -> AxialResNet:
    backbone = config.backbone
    table = backbone_table(backbone)
    blocks = BlockMaker(
        table,
        activation=ACTIVATIONS[backbone.activation],
        attention=_attention(backbone.attention),
        drop_path=DropPathRule(backbone.drop_path_keep, backbone.drop_path_schedule),
        squeeze_excite=backbone.squeeze_excite,
    )
    try:
        return AxialResNet(table, blocks, config.data.crop_size)
    except ValueError as error:
        raise InputError(f"The backbone {backbone.kind} cannot be built: {error}.") from error


def _attention(config: AttentionConfig) -> AttentionOptions:
    return AttentionOptions(
        Terms(
            config.content,
            config.query_position,
            config.key_position,
            config.value_content,
            config.value_position,
        ),
        config.activation,
        config.query_key_sigma,
        config.value_sigma,
        config.double_global,
    )


def _decoder(config: ExperimentConfig, backbone: AxialResNet) -> nn.Module:
    make = {"light": _light, "panoptic_deeplab": _panoptic_deeplab}[config.decoder.kind]
    return make(config, backbone)


# what only the published decoder has
_PANOPTIC_FIELDS = (
    "instance_channels",
    "aspp",
    "aspp_rates",
    "aspp_pool",
    "aspp_channels",
    "instance_aspp_channels",
    "offset_head_channels",
)


def _light(config: ExperimentConfig, backbone: AxialResNet) -> LightDecoder:
    for name in _PANOPTIC_FIELDS:
        value = getattr(config.decoder, name)
        if value != getattr(DecoderConfig(), name):
            raise InputError(
                f"decoder.{name} = {value} does nothing to the light decoder. Leave it out, or set "
                "decoder.kind panoptic_deeplab."
            )
    last_at_stride = {backbone.strides[stage]: stage for stage in sorted(backbone.strides)}
    channels = {s: backbone.channels[s] for s in last_at_stride.values() if s > 1}
    decoder = config.decoder
    return LightDecoder(
        channels, config.num_classes, decoder.channels, decoder.instance_head_channels
    )


def _panoptic_deeplab(config: ExperimentConfig, backbone: AxialResNet) -> PanopticDeepLabDecoder:
    stages = {2, 3, max(backbone.channels)}
    if not len(stages) == 3 or not stages <= backbone.channels.keys():
        raise InputError(
            f"decoder.kind panoptic_deeplab reads stages 2, 3 and a deeper one; "
            f"{config.backbone.kind} has {sorted(backbone.channels)}. Use decoder.kind light."
        )
    return PanopticDeepLabDecoder(
        {stage: backbone.channels[stage] for stage in stages},
        config.num_classes,
        *_widths(config.decoder),
        aspp=_aspp(config),
    )


def _widths(decoder: DecoderConfig) -> tuple[BranchWidths, BranchWidths]:
    center, offset = decoder.instance_head_channels, decoder.offset_head_channels
    semantic = BranchWidths(
        decoder.aspp_channels, (64, 32), decoder.channels, (decoder.head_channels,)
    )
    instance = BranchWidths(
        decoder.instance_aspp_channels,
        (32, 16),
        decoder.instance_channels,
        (center, offset or center),
    )
    return semantic, instance


def _aspp(config: ExperimentConfig) -> partial[Aspp]:
    decoder, stride = config.decoder, config.backbone.output_stride
    if decoder.aspp == "projection":
        return partial(Aspp, rates=())
    height, width = config.data.crop_size
    window = ((height - 1) // stride + 1, (width - 1) // stride + 1)
    return partial(
        Aspp,
        rates=tuple(decoder.aspp_rates),
        pool=window if decoder.aspp_pool == "crop" else None,
    )
