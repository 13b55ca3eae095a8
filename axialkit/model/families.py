"""The published families of backbones, and the rules by which deeplab2 turns one into stages.

SWideRNet, ResNet-50 and their axial relatives (Axial-DeepLab, MaX-DeepLab backbones) differ in
one row each; a config scales and varies them.
"""

from collections.abc import Iterator
from typing import NamedTuple

from axialkit.config import BackboneConfig
from axialkit.errors import InputError
from axialkit.model.stages import Conv, FuseStep, Stage, Table, entered_at

STEMS: dict[str, tuple[Conv, ...]] = {  # (kernel, channels) at multiplier 1
    "conv3x3": ((3, 64),),
    "conv7x7": ((7, 64),),
    "inception": ((3, 64), (3, 64), (3, 128)),
}
STAGES = (1, 2, 3, 4, 5)
FINEST_DECODED = 4  # stride at which the stacked decoder turns round
CHANNELS_PER_STRIDE = 64  # of the stacked decoder


class Family(NamedTuple):
    """What distinguishes one family; depths at multiplier 1."""

    stem: str
    depths: tuple[int, int, int, int, int]  # blocks of stages 1..5
    wide: bool = False  # blocks of two 3x3 convolutions, stage 1 included
    axial_from_stride: int = 0  # blocks entered at this nominal stride or more; 0 = none
    bottleneck: int = 2  # channels of the 1x1 before the attention, over the base filters
    expansion: tuple[int, int] = (1, 2)  # keys and values over the base filters
    drop_path_from_stride: int = 16
    stacked_decoder: bool = False


_RESNET_50 = Family("conv7x7", (3, 3, 4, 6, 3))
_SWIDERNET = Family("conv3x3", (3, 3, 6, 3, 3), wide=True, drop_path_from_stride=4)
_AXIAL_SWIDERNET = _SWIDERNET._replace(axial_from_stride=16, bottleneck=4, expansion=(2, 4))
FAMILIES = {
    "axial_swidernet": _AXIAL_SWIDERNET,
    "max_deeplab_s": _RESNET_50._replace(stem="inception", axial_from_stride=16),
    "max_deeplab_l": _AXIAL_SWIDERNET._replace(stacked_decoder=True),
    "axial_resnet": _RESNET_50._replace(axial_from_stride=2),
    "axial_deeplab": _RESNET_50._replace(stem="inception", axial_from_stride=2),
    "resnet50": _RESNET_50,
    "resnet50_beta": _RESNET_50._replace(stem="inception"),
    "swidernet": _SWIDERNET,
    "wide_resnet41": _SWIDERNET,
}


def family_table(family: Family, config: BackboneConfig) -> Table:
    """Scale and vary a family as a config asks.

    Raises:
        InputError: multipliers that leave a stage without blocks or channels.
    """
    if config.axial_from_stride is not None:
        family = family._replace(axial_from_stride=config.axial_from_stride)
    stem = _stem(family, config)
    return Table(
        stem=stem,
        stages=tuple(_stages(family, config, stem_stride=2 if stem else 1)),
        expansion=family.expansion,
        drop_path_from_stride=family.drop_path_from_stride,
        stacked_decoder=tuple(_fuse_steps(family, config)),
    )


def with_positions(table: Table, config: BackboneConfig) -> Table:
    """Add absolute positions after the block that halves the map to the first global stride."""
    entered, rows = 2 if table.stem else 1, []
    for row in table.stages:
        left = 2**row.number
        if entered < left == config.global_from_stride:
            row = row._replace(positions=config.absolute_positions)
        entered = left
        rows.append(row)
    return table._replace(stages=tuple(rows))


def _stem(family: Family, config: BackboneConfig) -> tuple[Conv, ...]:
    """Return the stem's convolutions; none where attention starts on the pixels themselves."""
    if family.axial_from_stride == 1:
        return ()
    name = family.stem if config.stem == "default" else config.stem
    scale = config.stem_width_multiplier
    # deeplab2 truncates in its inception stem and rounds in the others
    integer = int if name == "inception" else round
    return tuple((kernel, integer(channels * scale)) for kernel, channels in STEMS[name])


def _stages(family: Family, config: BackboneConfig, stem_stride: int) -> Iterator[Stage]:
    for number in STAGES if family.wide or stem_stride == 1 else STAGES[1:]:
        depth = _depth(family, config, number)
        entered = entered_at(number, first=True, stem_stride=stem_stride)
        first = _row(family, config, number, entered, 2**number)
        rest = _row(family, config, number, 2**number, 2**number)
        if (first.block, first.filters) == (rest.block, rest.filters):
            yield first._replace(depth=depth)
        else:
            yield first
            if depth > 1:
                yield rest._replace(depth=depth - 1)


def _depth(family: Family, config: BackboneConfig, number: int) -> int:
    base = family.depths[number - 1]
    depth = base if number == 1 else int(base * config.depth_multiplier)  # the stem is not scaled
    if depth < 1:
        raise InputError(
            f"backbone.depth_multiplier = {config.depth_multiplier} leaves stage {number} without "
            f"blocks ({base} at multiplier 1). Choose at least {1 / base:.2f}."
        )
    return depth


def _row(family: Family, config: BackboneConfig, number: int, entered: int, left: int) -> Stage:
    """Return one block that is entered and left at these nominal strides."""
    stem_scaled = family.wide and number == 1
    scale = config.stem_width_multiplier if stem_scaled else config.width_multiplier
    return _block(family, config, round(16 * 2**number * scale), entered, left)._replace(
        number=number
    )


def _block(family: Family, config: BackboneConfig, base: int, entered: int, left: int) -> Stage:
    if base < 1:
        raise InputError(
            f"backbone.width_multiplier = {config.width_multiplier} (stem: "
            f"{config.stem_width_multiplier}) leaves no channels. Choose a larger one."
        )
    attention = (base * family.bottleneck, base, 4 * base)
    if entered >= config.global_from_stride > 0:
        row = Stage(0, "global", attention, 1)
    elif entered >= family.axial_from_stride > 0:
        row = Stage(0, "axial", attention, 1)
    elif not family.wide:
        row = Stage(0, "bottleneck", (base, base, 4 * base), 1)
    elif left < 32:
        row = Stage(0, "basic", (4 * base, 4 * base), 1)
    else:  # a wide network without attention ends in bottlenecks
        row = Stage(0, "bottleneck", (base, 2 * base, 4 * base), 1)
    out = config.output_stride
    return row._replace(
        stride=2 if entered < min(left, out) else 1,
        dilation=(max(1, entered // out), max(1, left // out)),
        switchable=left >= config.sac_from_stride > 0,
    )


def _fuse_steps(family: Family, config: BackboneConfig) -> Iterator[FuseStep]:
    """Down to stride 4 and back up to the output stride, halving and doubling."""
    if not family.stacked_decoder:
        return
    out = config.output_stride
    down = [stride for stride in (16, 8, 4) if FINEST_DECODED <= stride < out]
    for stride in [*down, *(2 * stride for stride in reversed(down))]:
        nominal = 32 if stride == out else stride  # the last step is made like stage 5
        channels = CHANNELS_PER_STRIDE * nominal * config.width_multiplier
        block = _block(family, config, int(channels // 4), nominal, nominal)
        yield FuseStep(stride, round(channels), block, nominal)
