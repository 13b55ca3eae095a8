"""From a table of stages to features at strides 4, 8 and 16."""

from functools import partial

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from axialkit.attention.layers import AxialAttention1d, AxialAttention2d
from axialkit.model.blocks import (
    AxialBranch,
    BasicBranch,
    BottleneckBranch,
    ConvNormAct,
    ResidualBlock,
)
from axialkit.model.tables import Stage, Table

Features = dict[int, Tensor]  # stride -> [batch, channel, height, width]


class AxialResNet(nn.Module):
    """A stem and stages of residual blocks, convolutional first and axial behind.

    ``forward`` returns the activated output of the last block at each stride (deeplab2's
    ``res2``, ``res3`` and ``res5``); ``channels`` tells their channels, by stride.

    Example::

        backbone = AxialResNet(backbone_table(BackboneConfig(kind="tiny")))
        features = backbone(torch.randn(1, 3, 129, 257))
        features[16].shape  # [1, 128, 9, 17]
    """

    def __init__(self, table: Table, drop_path_keep: float = 1.0) -> None:
        super().__init__()
        self.stem = _stem(table.stem)
        self.stages = nn.ModuleDict()
        self.strides: dict[str, list[int]] = {}  # of every block's output, by stage
        self.channels: dict[int, int] = {}
        channels, stride = table.stem[-1], 2
        for row in table.stages:
            stage, strides = self._stage(f"stage{row.number}")
            for index in range(row.depth):
                step = row.stride if index == 0 else 1
                nominal = max(2, 2 ** (row.number if len(stage) else row.number - 1))
                keep = drop_path(drop_path_keep, nominal, table.drop_path_from_stride)
                block = _block(row, table, channels, step, keep)
                channels, stride = row.filters[-1], stride * step
                stage[f"block{len(stage) + 1}"] = block
                strides.append(stride)
                self.channels[stride] = channels

    def _stage(self, name: str) -> tuple[nn.ModuleDict, list[int]]:
        if name not in self.stages:
            self.stages[name] = nn.ModuleDict()
            self.strides[name] = []
        stage = self.stages[name]
        assert isinstance(stage, nn.ModuleDict)
        return stage, self.strides[name]

    def forward(self, x: Float[Tensor, "batch 3 height width"]) -> Features:
        x, last = self.stem(x), {}
        for name, stage in self.stages.items():
            assert isinstance(stage, nn.ModuleDict)
            for block, stride in zip(stage.values(), self.strides[name], strict=True):
                x = last[stride] = block(x)
        return {stride: F.relu(feature) for stride, feature in last.items() if stride > 2}


def drop_path(keep: float, stride_in: int, from_stride: int) -> float:
    """Probability to keep the branch of a block that is entered at nominal stride ``stride_in``.

    Falls linearly from 1 at stride 2 to ``keep`` at stride 32 (deeplab2's "linear" rule); blocks
    entered below ``from_stride`` are always kept. Nominal means without the trick that keeps
    stage 5 at stride 16.
    """
    if stride_in < from_stride:
        return 1.0
    stage = stride_in.bit_length() - 2  # log2(stride) - 1
    return 1.0 - (1.0 - keep) * stage / 4


def _stem(channels: tuple[int, ...]) -> nn.Sequential:
    """3x3 convolutions, the first with stride 2, the last without activation."""
    inputs = (3, *channels)
    return nn.Sequential(
        *(
            ConvNormAct(inputs[i], c, 3, stride=2 if i == 0 else 1, act=i < len(channels) - 1)
            for i, c in enumerate(channels)
        )
    )


def _block(row: Stage, table: Table, in_channels: int, stride: int, keep: float) -> nn.Module:
    if row.block == "conv":
        return nn.Sequential(
            nn.ReLU(), ConvNormAct(in_channels, row.filters[0], 3, stride, act=False)
        )
    if row.block == "axial":
        attention = partial(_axial_attention, table)
        branch: nn.Module = AxialBranch(in_channels, row.filters, attention, stride)
    else:
        kinds = {"basic": BasicBranch, "bottleneck": BottleneckBranch}
        branch = kinds[row.block](in_channels, row.filters, stride)
    return ResidualBlock(branch, in_channels, row.filters[-1], stride=stride, keep=keep)


def _axial_attention(table: Table, in_channels: int, f: int, stride: int) -> AxialAttention2d:
    key, value = table.expansion
    return AxialAttention2d(
        in_channels,
        f * key,
        f * value,
        table.heads,
        stride=stride,
        layer=partial(AxialAttention1d, max_distance=table.max_distance),
    )
