"""The part of an experiment that describes the network: backbone, attention, decoder.

The strings under the fields are the command line's help.
"""

from dataclasses import dataclass, field
from typing import Literal

from axialkit.errors import InputError


@dataclass(frozen=True)
class AttentionConfig:
    """Ablations of the attention layers; the defaults are the published layer."""

    content: bool = True
    """Use q . k in the logits."""
    query_position: bool = True
    """Use q . r_q in the logits."""
    key_position: bool = True
    """Use k . r_k in the logits."""
    value_content: bool = True
    """Retrieve the values."""
    value_position: bool = True
    """Retrieve the positions r_v."""
    activation: Literal["softmax", "sigmoid"] = "softmax"
    """From logits to weights."""
    heads: int | None = None
    """Heads per layer; None = the backbone's own (8 in the published networks)."""
    query_key_sigma: float = 1.0
    """Standard deviation of fresh position tables of queries and keys."""
    value_sigma: float = 1.0
    """Standard deviation of fresh position tables of values."""
    double_global: bool = False
    """Two layers instead of one where attention is global."""

    def __post_init__(self) -> None:
        """Reject layers without a term."""
        logits = self.content or self.query_position or self.key_position
        require(logits, "one of content, query_position, key_position must stay on", "none")
        output = self.value_content or self.value_position
        require(output, "one of value_content, value_position must stay on", "none")
        require(self.heads is None or self.heads > 0, "heads must be positive", self.heads)


@dataclass(frozen=True)
class BackboneConfig:
    """Which family or table of stages, how wide and deep, and its variations."""

    kind: str = "axial_swidernet"
    """Name of a family (axialkit.model.families) or of a tiny table (axialkit.model.tables)."""
    depth_multiplier: float = 1.0
    """Blocks per stage, truncated: the last number of SWideRNet-(1, 1, x)."""
    width_multiplier: float = 1.0
    """Channels of the stages."""
    stem_width_multiplier: float = 1.0
    """Channels of the stem (and of stage 1 in the wide families)."""
    stem: Literal["default", "conv3x3", "conv7x7", "inception"] = "default"
    """First convolutions; default = the family's. None where attention starts at stride 1."""
    output_stride: Literal[8, 16, 32] = 16
    """Stride of the deepest feature; deeper stages dilate their convolutions instead."""
    axial_from_stride: int | None = None
    """Axial attention in blocks entered at this stride or more; 0 = none, None = the family's."""
    global_from_stride: int = 0
    """Global attention (non-local) from this stride on, before axial; 0 = none."""
    absolute_positions: Literal["none", "1d", "2d"] = "none"
    """Learned positions added where global attention begins."""
    sac_from_stride: int = 0
    """Switchable atrous convolution in stages of this output stride or more; 0 = none."""
    squeeze_excite: bool = False
    """Gate the channels of every residual branch."""
    activation: Literal["relu", "gelu", "approximated_gelu", "silu", "elu"] = "relu"
    """Of the whole backbone (the decoder keeps ReLU)."""
    drop_path_keep: float = 0.8
    """Probability to keep a residual branch at the last stage."""
    drop_path_schedule: Literal["linear", "constant"] = "linear"
    """Whether that probability falls linearly from the stem on, or is the same everywhere."""
    attention: AttentionConfig = field(default_factory=AttentionConfig)

    def __post_init__(self) -> None:
        """Reject strides that are none, and probabilities outside (0, 1]."""
        for name in ("axial_from_stride", "global_from_stride", "sac_from_stride"):
            value = getattr(self, name)
            known = value is None or value in (0, 1, 2, 4, 8, 16, 32)
            require(known, f"backbone.{name} must be 0, 1, 2, 4, 8, 16 or 32", value)
        for name in ("depth_multiplier", "width_multiplier", "stem_width_multiplier"):
            value = getattr(self, name)
            require(value > 0, f"backbone.{name} must be positive", value)
        keep = self.drop_path_keep
        require(0 < keep <= 1, "backbone.drop_path_keep must lie in (0, 1]", keep)
        strides = self.output_stride in (8, 16, 32)
        require(strides, "backbone.output_stride must be 8, 16 or 32", self.output_stride)


@dataclass(frozen=True)
class DecoderConfig:
    """From the backbone's features to the three heads."""

    kind: Literal["panoptic_deeplab", "light"] = "panoptic_deeplab"
    """panoptic_deeplab: two separable 5x5 decoders, as published; light: sums of 1x1."""
    channels: int = 256
    """Channels of the (semantic) decoder."""
    instance_channels: int = 128
    """Channels of the instance decoder (panoptic_deeplab)."""
    aspp: Literal["projection", "full"] = "projection"
    """projection: one 1x1 convolution, as in the five networks; full: five branches."""
    aspp_rates: tuple[int, ...] = (6, 12, 18)
    """Dilations of the full ASPP: 6 12 18 at output stride 16, 3 6 9 at 32."""
    aspp_pool: Literal["crop", "global"] = "crop"
    """Window of the full ASPP's pooled branch: the training crop (deeplab2), or the whole map."""
    aspp_channels: int = 256
    """Channels of the semantic ASPP."""
    instance_aspp_channels: int = 256
    """Channels of the instance ASPP."""
    head_channels: int = 256
    """Channels inside the semantic head."""
    instance_head_channels: int = 32
    """Channels inside the center and the offset head."""
    offset_head_channels: int | None = None
    """Channels inside the offset head, if others (panoptic_deeplab)."""


def require(condition: bool, rule: str, value: object) -> None:
    """Raise an InputError that states the rule and the value, unless the condition holds."""
    if not condition:
        raise InputError(f"{rule}, got {value}.")
