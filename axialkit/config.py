"""Every experiment as plain data: frozen dataclasses, named presets, JSON in and out.

The defaults *are* the authors' official Cityscapes recipe (deeplab2's five configurations, which
differ only in the backbone and the learning rate). A preset is that recipe with a few fields
replaced. The strings under the fields are the command line's help.
"""

import dataclasses
import typing
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from axialkit.errors import InputError, suggest
from axialkit.network_config import AttentionConfig as AttentionConfig  # for the users of this file
from axialkit.network_config import BackboneConfig, DecoderConfig, require
from axialkit.train_config import TrainConfig

MergeRules = Literal["python", "compiled"]

OUTPUT_STRIDE = 16
LARGEST_SCALE = 4  # of an image's sides at test time: sixteen times its pixels


@dataclass(frozen=True)
class DataConfig:
    """From files to training targets."""

    crop_size: tuple[int, int] = (1025, 2049)
    """(height, width), 16k+1 each and slightly larger than the images."""
    scale_range: tuple[float, float] = (0.5, 2.0)
    """Random scale of training images; 1 1 = none."""
    scale_step: float = 0.1
    """About their distance: 0.1 = 15 scales as published, 0.0999 = all 16 tenths, 0 = any value."""
    flip: bool = True
    """Whether to mirror half of the training images."""
    autoaugment: Literal["reference", "fixed", "none"] = "reference"
    """Random colors: as published with its quirks, without those, or none (data/autoaugment.py)."""
    keep_crowd: bool = False
    """Crowds keep their class in the semantic loss; no: they are void, as published."""
    skip_unreadable: int = 0
    """Training replaces up to this many unreadable images by others; 0 = stop at the first."""
    sigma: float = 8.0
    """Standard deviation of a center's Gaussian, pixels."""
    small_instance_area: int = 4096
    """Instances with fewer visible pixels count as small."""
    small_instance_weight: float = 3.0
    """Weight of small instances in the semantic loss."""

    def __post_init__(self) -> None:
        """Reject sizes that the network's strides cannot meet."""
        larger = tuple(
            max(1, -(-(size - 1) // OUTPUT_STRIDE)) * OUTPUT_STRIDE + 1 for size in self.crop_size
        )
        if larger != tuple(self.crop_size):
            raise InputError(
                "data.crop_size must be 16k+1 per side (output stride 16), got "
                f"{self.crop_size}; the next larger one is {larger}."
            )
        low, high = self.scale_range
        require(0 < low <= high, "data.scale_range must be 0 < low <= high", self.scale_range)
        require(self.scale_step >= 0, "scale_step must be 0 or larger", self.scale_step)
        require(self.sigma > 0, "data.sigma must be positive", self.sigma)
        require(self.skip_unreadable >= 0, "skip_unreadable must be >= 0", self.skip_unreadable)


@dataclass(frozen=True)
class LossConfig:
    """Weights of the three terms."""

    semantic: float = 1.0
    """Weight of the semantic cross entropy."""
    center: float = 200.0
    """Weight of the squared error of the center heat map."""
    offset: float = 0.01
    """Weight of the L1 error of the offsets."""
    top_k: float = 0.2
    """Share of the hardest pixels that the cross entropy keeps."""
    stride: int = 1
    """Compare every n-th pixel only: 2 costs a quarter and serves the small presets."""

    def __post_init__(self) -> None:
        """Reject shares outside (0, 1]."""
        require(0 < self.top_k <= 1, "loss.top_k must lie in (0, 1]", self.top_k)
        require(self.stride in (1, 2, 4), "loss.stride must be 1, 2 or 4", self.stride)


@dataclass(frozen=True)
class PostprocessConfig:
    """From the three answers to a panoptic map."""

    center_threshold: float = 0.1
    """Smallest heat of a center (strictly above)."""
    nms_kernel: int = 13
    """Window, pixels, in which only the highest center survives."""
    keep_k: int = 400
    """At most this many centers."""
    stuff_area_limit: int = 2048
    """Stuff classes with fewer pixels become void."""
    merge: MergeRules = "python"
    """deeplab2's python merge, which its configurations use, or the rules of its compiled one."""


@dataclass(frozen=True)
class Passes:
    """Which passes over an image are averaged.

    Raises:
        InputError: no scale, or one that is not positive or far too large.
    """

    flip: bool = False
    """Also look at the mirrored image, at every scale."""
    scales: tuple[float, ...] = (1.0,)
    """Sizes of the image, as factors."""

    def __post_init__(self) -> None:
        """Reject what cannot be averaged."""
        if not self.scales or not all(0 < scale <= LARGEST_SCALE for scale in self.scales):
            given = " ".join(f"{scale:g}" for scale in self.scales) or "none"
            raise InputError(
                f"scales must be positive numbers up to {LARGEST_SCALE}, such as 0.75 1 1.25, got "
                f"{given}."
            )

    @property
    def is_single(self) -> bool:
        """Whether this is just one look at the image as it is."""
        return not self.flip and self.scales == (1.0,)


@dataclass(frozen=True)
class ExperimentConfig:
    """One experiment, from the files to the score."""

    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    data: DataConfig = field(default_factory=DataConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    postprocess: PostprocessConfig = field(default_factory=PostprocessConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    num_classes: int = 19
    """Cityscapes train ids."""


OFFICIAL = ExperimentConfig()

# MiniCity's full scenes: 128x256 on disk. Constants scaled for small images, and a recipe that
# learns in minutes on two cores.
TINY = ExperimentConfig(
    backbone=BackboneConfig(kind="tiny", drop_path_keep=1.0),
    decoder=DecoderConfig(kind="light", channels=48, head_channels=48, instance_head_channels=32),
    data=DataConfig(
        crop_size=(129, 257),
        scale_range=(1.0, 1.0),
        autoaugment="none",
        sigma=2.0,
        small_instance_area=64,
    ),
    loss=LossConfig(offset=0.05, stride=2),
    postprocess=PostprocessConfig(nms_kernel=5, stuff_area_limit=16),
    train=TrainConfig(
        steps=2400,
        batch_size=4,
        learning_rate=4e-3,
        optimizer="adamw",
        weight_decay=0.02,
        schedule="cosine",
        warmup=0.05,
        clip_norm=5.0,
        checkpoint_every=500,
        threads=1,  # two are hardly faster on such small maps, and far slower on a busy machine
    ),
)

# The published recipe with every part at work, on MiniCity's full scenes: Adam, poly, random scale,
# flip and colors, drop path, small instances weighted. Scale and drop path are milder, colors
# without the reference's quirks, and gradients clipped, as minutes of training are too few to make
# up for more. Five minutes on two cores of 2026's cloud machines.
TINY_RECIPE = replace(
    TINY,
    backbone=replace(TINY.backbone, drop_path_keep=0.95),
    data=replace(TINY.data, scale_range=(0.9, 1.15), autoaugment="fixed"),
    train=replace(
        TINY.train, steps=1900, optimizer="adam", weight_decay=0.0, schedule="poly", warmup=0.0
    ),
)

# MiniCity's avenue scenes: 64x128 on disk, everything easy but the long vehicles.
TINY_AVENUE = replace(
    TINY,
    backbone=BackboneConfig(kind="tiny_avenue", drop_path_keep=1.0),
    data=replace(TINY.data, crop_size=(65, 129), sigma=1.5),
    train=replace(TINY.train, steps=2400, batch_size=8, learning_rate=7e-3),
)


def _with_backbone(config: ExperimentConfig, **fields: Any) -> ExperimentConfig:  # noqa: ANN401
    return replace(config, backbone=replace(config.backbone, **fields))


def _baseline(kind: str, **fields: Any) -> ExperimentConfig:  # noqa: ANN401
    """Return the official recipe with another backbone, so that only the backbone differs."""
    return _with_backbone(OFFICIAL, kind=kind, **fields)


_SLOWER = TrainConfig(learning_rate=7.5e-5)
PRESETS: dict[str, ExperimentConfig] = {
    "tiny": TINY,
    "tiny_recipe": TINY_RECIPE,
    "tiny_conv": _with_backbone(TINY, kind="tiny_conv"),
    "tiny_avenue": TINY_AVENUE,
    "tiny_avenue_conv": _with_backbone(TINY_AVENUE, kind="tiny_avenue_conv"),
    "tiny_avenue_1block": _with_backbone(TINY_AVENUE, kind="tiny_avenue_1block"),
    "tiny_avenue_1block_conv": _with_backbone(TINY_AVENUE, kind="tiny_avenue_1block_conv"),
    # the five published networks
    "axial_swidernet_1_1_1": OFFICIAL,
    "axial_swidernet_1_1_3": _with_backbone(OFFICIAL, depth_multiplier=3.0),
    "axial_swidernet_1_1_4.5": replace(
        _with_backbone(OFFICIAL, depth_multiplier=4.5), train=_SLOWER
    ),
    "max_deeplab_s_backbone": _with_backbone(OFFICIAL, kind="max_deeplab_s"),
    "max_deeplab_l_backbone": replace(_baseline("max_deeplab_l"), train=_SLOWER),
    # attention in all stages (the ECCV 2020 paper)
    "axial_resnet_s": _baseline("axial_resnet", width_multiplier=0.5, drop_path_keep=1.0),
    "axial_resnet_l": _baseline("axial_resnet", drop_path_keep=1.0),
    "axial_deeplab_s": _baseline("axial_deeplab", width_multiplier=0.5, drop_path_keep=1.0),
    "axial_deeplab_l": _baseline("axial_deeplab", drop_path_keep=1.0),
    # convolution only, under the same heads
    "resnet50": _baseline("resnet50", drop_path_keep=1.0),
    "resnet50_beta": _baseline("resnet50_beta", drop_path_keep=1.0),
    "wide_resnet41": _baseline("wide_resnet41"),
    "swidernet_1_1_1": _baseline("swidernet"),
    "swidernet_1_1_3": _baseline("swidernet", depth_multiplier=3.0),
    "swidernet_1_1_4.5": _baseline("swidernet", depth_multiplier=4.5),
    "swidernet_sac_1_1_1": _baseline("swidernet", sac_from_stride=32),
    "swidernet_sac_1_1_3": _baseline("swidernet", depth_multiplier=3.0, sac_from_stride=32),
    "swidernet_sac_1_1_4.5": _baseline("swidernet", depth_multiplier=4.5, sac_from_stride=32),
}


def get_preset(name: str) -> ExperimentConfig:
    """Return the preset of that name.

    Raises:
        InputError: there is no such preset; the message suggests the closest.
    """
    if name not in PRESETS:
        known = list(PRESETS)
        raise InputError(
            f'There is no preset "{name}".{suggest(name, known)} Presets: {", ".join(known)}.'
        )
    return PRESETS[name]


def to_dict(config: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a config as nested plain dicts, ready for JSON."""
    return dataclasses.asdict(config)


def from_dict(values: dict[str, Any], kind: type = ExperimentConfig) -> Any:  # noqa: ANN401
    """Build a config from nested dicts, the inverse of ``to_dict``.

    Missing fields keep their defaults, so that older files stay readable.

    Raises:
        InputError: a key that the config does not have.
    """
    types = typing.get_type_hints(kind)
    fields: dict[str, Any] = {}
    for key, value in values.items():
        if key not in types:
            raise InputError(f'{kind.__name__} has no field "{key}".{suggest(key, list(types))}')
        if dataclasses.is_dataclass(types[key]):
            value = from_dict(value, typing.cast(type, types[key]))
        fields[key] = tuple(value) if isinstance(value, list) else value
    return kind(**fields)
