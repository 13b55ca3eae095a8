"""The backbones as tables: one row per run of equal blocks. No code differs between networks.

Numbers: Axial-DeepLab and SWideRNet as configured in deeplab2 for Cityscapes; the tiny ones are
axialkit's own, for MiniCity.
"""

from collections.abc import Callable
from typing import Literal, NamedTuple

from axialkit.config import BackboneConfig
from axialkit.errors import InputError, suggest


class Stage(NamedTuple):
    """``depth`` blocks of one kind; rows of the same number are one stage."""

    number: int  # stage n ends at a nominal stride of 2^n
    block: Literal["conv", "basic", "bottleneck", "axial"]
    filters: tuple[int, ...]  # conv: (c,); basic: (c1, c2); bottleneck, axial: (c1, c2, c3)
    depth: int
    stride: int = 1  # of the first block


class Table(NamedTuple):
    """A whole backbone."""

    stem: tuple[int, ...]  # channels of its 3x3 convolutions; the first has stride 2
    stages: tuple[Stage, ...]
    heads: int = 8
    expansion: tuple[int, int] = (2, 4)  # of keys and values over the axial base filters
    max_distance: int = 255  # positions that the tables tell apart in each direction
    drop_path_from_stride: int = 4


def axial_swidernet(config: BackboneConfig) -> Table:
    """Axial-SWideRNet-(1, 1, x); deeplab2's MaX-DeepLab-L encoder is x = 1."""
    base = _base_filters(config)
    depth = [int(n * config.depth_multiplier) for n in (3, 6, 3, 3)]
    first = round(32 * config.stem_width_multiplier) * 4
    axial = [(4 * f, f, 4 * f) for f in base]
    return Table(
        stem=(int(64 * config.stem_width_multiplier),),
        stages=(
            Stage(1, "basic", (first, first), 3),
            Stage(2, "basic", (4 * base[1],) * 2, depth[0], stride=2),
            Stage(3, "basic", (4 * base[2],) * 2, depth[1], stride=2),
            # the first block of stage 4 enters at stride 8 and is still a convolution
            Stage(4, "basic", (4 * base[3],) * 2, 1, stride=2),
            Stage(4, "axial", axial[3], depth[2] - 1),
            Stage(5, "axial", axial[4], depth[3]),
        ),
    )


def max_deeplab_s(config: BackboneConfig) -> Table:
    """MaX-DeepLab-S: ResNet-50 with an inception stem and axial blocks at stride 16."""
    base = _base_filters(config)
    depth = [int(n * config.depth_multiplier) for n in (3, 4, 6, 3)]
    stem = config.stem_width_multiplier
    return Table(
        stem=(int(64 * stem), int(64 * stem), int(128 * stem)),
        stages=(
            Stage(2, "bottleneck", (base[1], base[1], 4 * base[1]), depth[0], stride=2),
            Stage(3, "bottleneck", (base[2], base[2], 4 * base[2]), depth[1], stride=2),
            Stage(4, "bottleneck", (base[3], base[3], 4 * base[3]), 1, stride=2),
            Stage(4, "axial", (2 * base[3], base[3], 4 * base[3]), depth[2] - 1),
            Stage(5, "axial", (2 * base[4], base[4], 4 * base[4]), depth[3]),
        ),
        expansion=(1, 2),
        drop_path_from_stride=16,
    )


def _base_filters(config: BackboneConfig) -> list[int]:
    return [round(32 * scale * config.width_multiplier) for scale in (1, 2, 4, 8, 16)]


# MiniCity's full scenes: stride 16 leaves an 8x16 map, on which three blocks look around.
_TINY_FRONT = (
    Stage(2, "conv", (32,), 1, stride=2),
    Stage(3, "conv", (64,), 1, stride=2),
    Stage(3, "basic", (64, 64), 1),
    Stage(4, "conv", (128,), 1, stride=2),
)
_TINY = Table(
    stem=(16,),
    stages=(*_TINY_FRONT, Stage(4, "axial", (96, 48, 128), 3)),
    heads=4,
    expansion=(1, 2),
    max_distance=32,
)
_TINY_CONV = _TINY._replace(stages=(*_TINY_FRONT, Stage(4, "bottleneck", (72, 72, 128), 3)))

# MiniCity's avenue scenes: stride 8, also 8x16. Nothing convolutional stands at that stride, so
# that the reach of the twins is that of their blocks.
_AVENUE_FRONT = (
    Stage(2, "conv", (32,), 1, stride=2),
    Stage(3, "conv", (64,), 1, stride=2),
)


def _avenue(blocks: int, *, axial: bool) -> Table:
    axial_blocks = Stage(3, "axial", (48, 24, 64), blocks)
    conv_blocks = Stage(3, "bottleneck", (36, 36, 64), blocks)
    return _TINY._replace(stages=(*_AVENUE_FRONT, axial_blocks if axial else conv_blocks))


_FIXED = {
    "tiny": _TINY,
    "tiny_conv": _TINY_CONV,
    "tiny_avenue": _avenue(2, axial=True),
    "tiny_avenue_conv": _avenue(2, axial=False),
    "tiny_avenue_1block": _avenue(1, axial=True),
    "tiny_avenue_1block_conv": _avenue(1, axial=False),
}
_SCALED: dict[str, Callable[[BackboneConfig], Table]] = {
    "axial_swidernet": axial_swidernet,
    "max_deeplab_s": max_deeplab_s,
}


def backbone_table(config: BackboneConfig) -> Table:
    """Return the table that a config names.

    Raises:
        InputError: there is no such backbone; the message suggests the closest.
    """
    if config.kind in _FIXED:
        return _FIXED[config.kind]
    if config.kind in _SCALED:
        return _SCALED[config.kind](config)
    known = [*_SCALED, *_FIXED]
    raise InputError(
        f'There is no backbone "{config.kind}".{suggest(config.kind, known)} '
        f"Backbones: {', '.join(known)}."
    )
