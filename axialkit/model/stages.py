"""The rows of which a backbone's table is made."""

from typing import Literal, NamedTuple

Conv = tuple[int, int]  # kernel, channels


class Stage(NamedTuple):
    """``depth`` blocks of one kind; rows of the same number are one stage."""

    number: int  # stage n ends at a nominal stride of 2^n
    block: Literal["conv", "basic", "bottleneck", "axial", "global"]
    filters: tuple[int, ...]  # conv: (c,); basic: (c1, c2); others: (c1, c2, c3)
    depth: int
    stride: int = 1  # of the first block
    dilation: tuple[int, int] = (1, 1)  # where the first block enters, and from there on
    switchable: bool = False  # 3x3 convolutions are SAC
    positions: Literal["none", "1d", "2d"] = "none"  # absolute ones, added after the first block


class FuseStep(NamedTuple):
    """One step of the stacked decoder: fuse features at a stride, then one block."""

    stride: int
    channels: int  # of the fused features
    block: Stage
    nominal_stride: int


class Table(NamedTuple):
    """A whole backbone."""

    stem: tuple[Conv, ...]  # the first has stride 2, the last no activation; empty = no stem
    stages: tuple[Stage, ...]
    heads: int = 8
    expansion: tuple[int, int] = (2, 4)  # of keys and values over the attention's base filters
    max_distance: int = 255  # positions that the tables tell apart in each direction
    drop_path_from_stride: int = 4
    stacked_decoder: tuple[FuseStep, ...] = ()


def entered_at(number: int, *, first: bool, stem_stride: int = 2) -> int:
    """Nominal stride at which a block of stage ``number`` is entered.

    Nominal means without the trick that keeps deep stages at the output stride. The rules of
    deeplab2 (which blocks attend, which may be dropped) count with it.
    """
    return max(stem_stride, 2 ** (number - 1)) if first else 2**number
