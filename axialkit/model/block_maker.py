"""From a row of a table to a residual block: what all blocks of one backbone share."""

from functools import partial
from typing import Literal, NamedTuple

from torch import nn

from axialkit.attention.layers import AxialAttention1d, AxialAttention2d, GlobalAttention2d
from axialkit.attention.reference import Terms
from axialkit.model.blocks import (
    AttentionBranch,
    BasicBranch,
    BottleneckBranch,
    ResidualBlock,
)
from axialkit.model.convolutions import Activation, ConvNormAct
from axialkit.model.stages import Stage, Table
from axialkit.model.switchable import SwitchableNormAct

ACTIVATIONS: dict[str, Activation] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "approximated_gelu": partial(nn.GELU, approximate="tanh"),
    "silu": nn.SiLU,
    "elu": nn.ELU,
}


class DropPathRule(NamedTuple):
    """How likely branches are kept in training."""

    keep: float = 1.0  # at the last stage
    schedule: Literal["linear", "constant"] = "linear"

    def at(self, nominal_stride: int, from_stride: int) -> float:
        """Probability to keep a block that is entered at ``nominal_stride``.

        Linear: falls from 1 at stride 2 to ``keep`` at stride 32. Blocks entered below
        ``from_stride`` are always kept.
        """
        if nominal_stride < from_stride:
            return 1.0
        stage = nominal_stride.bit_length() - 2  # log2(stride) - 1
        return 1.0 - (1.0 - self.keep) * stage / 4 if self.schedule == "linear" else self.keep


class AttentionOptions(NamedTuple):
    """Variations of the attention layers."""

    terms: Terms = Terms()
    activation: Literal["softmax", "sigmoid"] = "softmax"
    query_key_sigma: float = 1.0  # of the relative tables at the start
    value_sigma: float = 1.0
    double_global: bool = False


class BlockMaker:
    """Makes the residual blocks of one backbone."""

    def __init__(
        self,
        table: Table,
        *,
        activation: Activation = nn.ReLU,
        attention: AttentionOptions = AttentionOptions(),  # noqa: B008  (never changes)
        drop_path: DropPathRule = DropPathRule(),  # noqa: B008  (never changes)
        squeeze_excite: bool = False,
    ) -> None:
        self.table = table
        self.activation = activation
        self.attention = attention
        self.drop_path = drop_path
        self.squeeze_excite = squeeze_excite

    def make(
        self, row: Stage, in_channels: int, nominal_stride: int, *, first: bool, leads: bool
    ) -> nn.Module:
        """Make one block of a row, entered at ``nominal_stride``.

        ``first``: the row's first block, which has its stride; ``leads``: the stage's first, which
        still has the dilation of the stage before.
        """
        stride = row.stride if first else 1
        if row.block == "conv":
            conv = ConvNormAct(in_channels, row.filters[0], 3, stride, activation=nn.Identity)
            return nn.Sequential(self.activation(), conv)
        entering, after = row.dilation
        dilation = (entering if leads else after, after)
        return ResidualBlock(
            self._branch(row, in_channels, stride, dilation),
            in_channels,
            row.filters[-1],
            stride=stride,
            keep=self.drop_path.at(nominal_stride, self.table.drop_path_from_stride),
            activation=self.activation,
            squeeze_excite=self.squeeze_excite,
        )

    def _branch(
        self, row: Stage, in_channels: int, stride: int, dilation: tuple[int, int]
    ) -> nn.Module:
        act = self.activation
        if row.block in ("axial", "global"):  # attention does not dilate
            layer = self._axial if row.block == "axial" else self._global
            return AttentionBranch(in_channels, row.filters, layer, stride, activation=act)
        conv = SwitchableNormAct if row.switchable else ConvNormAct
        if row.block == "basic":
            return BasicBranch(
                in_channels, row.filters, stride, dilation, activation=act, conv=conv
            )
        return BottleneckBranch(
            in_channels, row.filters, stride, dilation[0], activation=act, conv=conv
        )

    def _axial(self, in_channels: int, base: int, stride: int) -> AxialAttention2d:
        layer = partial(self._axis, terms=self.attention.terms)
        keys, values, heads = self._sizes(base)
        return AxialAttention2d(in_channels, keys, values, heads, stride=stride, layer=layer)

    def _global(self, in_channels: int, base: int, stride: int) -> GlobalAttention2d:
        double = self.attention.double_global
        keys, values, heads = self._sizes(base)
        return GlobalAttention2d(
            in_channels, keys, values, heads, stride=stride, double=double, layer=self._axis
        )

    def _sizes(self, base: int) -> tuple[int, int, int]:
        keys, values = self.table.expansion
        return base * keys, base * values, self.table.heads

    def _axis(
        self, in_channels: int, keys: int, values: int, heads: int, *, terms: Terms
    ) -> AxialAttention1d:
        layer = AxialAttention1d(
            in_channels,
            keys,
            values,
            heads,
            terms=terms,
            activation=self.attention.activation,
            max_distance=self.table.max_distance,
        )
        init_tables(layer, self.attention)
        return layer


def init_tables(layer: AxialAttention1d, options: AttentionOptions) -> None:
    """Scale the freshly drawn relative tables to the wanted standard deviations."""
    for table, sigma in (
        (layer.query_table, options.query_key_sigma),
        (layer.key_table, options.query_key_sigma),
        (layer.value_table, options.value_sigma),
    ):
        if table is not None and sigma != 1.0:
            table.data.mul_(sigma)
