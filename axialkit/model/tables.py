"""From a config to a backbone's table: published families, and the tiny networks for MiniCity."""

from axialkit.config import BackboneConfig
from axialkit.errors import InputError, suggest
from axialkit.model.families import FAMILIES, family_table, with_positions
from axialkit.model.stages import Stage, Table, entered_at

# MiniCity's full scenes: stride 16 leaves an 8x16 map, on which three blocks look around.
_TINY_FRONT = (
    Stage(2, "conv", (32,), 1, stride=2),
    Stage(3, "conv", (64,), 1, stride=2),
    Stage(3, "basic", (64, 64), 1),
    Stage(4, "conv", (128,), 1, stride=2),
)
_TINY = Table(
    stem=((3, 16),),
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


FIXED = {
    "tiny": _TINY,
    "tiny_conv": _TINY_CONV,
    "tiny_avenue": _avenue(2, axial=True),
    "tiny_avenue_conv": _avenue(2, axial=False),
    "tiny_avenue_1block": _avenue(1, axial=True),
    "tiny_avenue_1block_conv": _avenue(1, axial=False),
}
# what scales or rebuilds a family means nothing to a fixed table
_FAMILY_FIELDS = (
    "depth_multiplier",
    "width_multiplier",
    "stem_width_multiplier",
    "output_stride",
    "stem",
    "axial_from_stride",
    "sac_from_stride",
)


def backbone_table(config: BackboneConfig) -> Table:
    """Return the table that a config describes.

    Raises:
        InputError: there is no such backbone, or it cannot be varied as asked.
    """
    if config.kind in FIXED:
        table = _fixed_table(FIXED[config.kind], config)
    elif config.kind in FAMILIES:
        table = family_table(FAMILIES[config.kind], config)
    else:
        known = [*FAMILIES, *FIXED]
        raise InputError(
            f'There is no backbone "{config.kind}".{suggest(config.kind, known)} '
            f"Backbones: {', '.join(known)}."
        )
    table = table._replace(heads=config.attention.heads or table.heads)
    table = with_positions(table, config)
    _refuse_what_does_nothing(table, config)
    return table


def _fixed_table(table: Table, config: BackboneConfig) -> Table:
    """Turn axial blocks into global ones where asked; refuse what a fixed table cannot do."""
    default = BackboneConfig()
    for name in _FAMILY_FIELDS:
        if getattr(config, name) != getattr(default, name):
            raise InputError(
                f"backbone.{name} = {getattr(config, name)} does nothing to {config.kind}, whose "
                f"stages are fixed. Leave it out, or choose one of: {', '.join(FAMILIES)}."
            )
    return table._replace(stages=tuple(_globalised(row, config) for row in table.stages))


def _refuse_what_does_nothing(table: Table, config: BackboneConfig) -> None:
    """Tell of options that find no place in the table, rather than pass over them."""
    stride, attends = config.global_from_stride, any(r.block == "global" for r in table.stages)
    if stride and not attends:
        raise InputError(
            f"backbone.global_from_stride = {stride} finds no block of {config.kind} to change. "
            "Choose a smaller stride, or a backbone with attention."
        )
    placed = any(row.positions != "none" for row in table.stages)
    if config.absolute_positions != "none" and not placed:
        raise InputError(
            f"backbone.absolute_positions = {config.absolute_positions} finds no place: they are "
            "added after the block that leads to the stride backbone.global_from_stride "
            f"(it is {stride})."
        )
    if config.attention.double_global and not attends:
        raise InputError(
            "backbone.attention.double_global does nothing without global attention. Give "
            "backbone.global_from_stride, too."
        )


def _globalised(row: Stage, config: BackboneConfig) -> Stage:
    attends_globally = entered_at(row.number, first=False) >= config.global_from_stride > 0
    return row._replace(block="global") if row.block == "axial" and attends_globally else row
