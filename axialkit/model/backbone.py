"""From a table of stages to features, by stage."""

from contextlib import AbstractContextManager, nullcontext
from functools import partial

from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from axialkit.attention.batch_norm import still_statistics
from axialkit.model.absolute_positions import AbsolutePositions1d, AbsolutePositions2d
from axialkit.model.block_maker import BlockMaker
from axialkit.model.convolutions import Activation, ConvNormAct
from axialkit.model.resize import Size
from axialkit.model.stacked_decoder import StackedDecoder
from axialkit.model.stages import Conv, Stage, Table, entered_at

Features = dict[int, Tensor]  # stage number -> [batch, channel, height, width]
POSITIONS = {"1d": AbsolutePositions1d, "2d": AbsolutePositions2d}


class AxialResNet(nn.Module):
    """A stem and stages of residual blocks, convolutional first and attending behind.

    ``forward`` returns the activated output of every stage from 2 (deeplab2's ``res2``...) by its
    number; ``channels`` and ``strides`` tell their channels and strides. ``input_size``, of
    the training images, is only needed for absolute positions. A stacked decoder is built where
    the table has one, but no panoptic network reads it: only ``top`` and ``endpoints`` run it.

    Example::

        backbone = AxialResNet(backbone_table(BackboneConfig(kind="tiny")))
        features = backbone(torch.randn(1, 3, 129, 257))
        features[4].shape  # [1, 128, 9, 17]
    """

    def __init__(
        self, table: Table, blocks: BlockMaker | None = None, input_size: Size = (1025, 2049)
    ) -> None:
        super().__init__()
        blocks = blocks or BlockMaker(table)
        self.act = blocks.activation()
        self.stem = Stem(table.stem, blocks.activation)
        self.stages = nn.ModuleDict()
        self.recompute: tuple[int, ...] = ()  # stages that keep no activations for the way back
        self.channels: dict[int, int] = {}
        self.strides: dict[int, int] = {}
        channels, stride = self.stem.channels, self.stem.stride
        for row in table.stages:
            stride *= row.stride
            size = (-(-input_size[0] // stride), -(-input_size[1] // stride))
            self._add_blocks(row, blocks, channels, size)
            channels = row.filters[-1]
            self.channels[row.number], self.strides[row.number] = channels, stride
        self.stacked_decoder = (
            StackedDecoder(table.stacked_decoder, blocks, self.channels, self.strides)
            if table.stacked_decoder
            else None
        )

    def _add_blocks(self, row: Stage, blocks: BlockMaker, channels: int, size: Size) -> None:
        name = f"stage{row.number}"
        if name not in self.stages:
            self.stages[name] = nn.ModuleDict()
        stage = self.stages[name]
        assert isinstance(stage, nn.ModuleDict)
        for index in range(row.depth):
            first = len(stage) == 0
            nominal = entered_at(row.number, first=first, stem_stride=self.stem.stride)
            block = blocks.make(row, channels, nominal, first=index == 0, leads=first)
            count = sum(key.startswith("block") for key in stage)
            stage[f"block{count + 1}"] = block
            channels = row.filters[-1]
            if index == 0 and row.positions != "none":
                stage["positions"] = POSITIONS[row.positions](channels, size)

    def forward(self, x: Float[Tensor, "batch 3 height width"]) -> Features:
        return {number: self.act(raw) for number, raw in self._raw(x).items() if number > 1}

    def top(
        self, x: Float[Tensor, "batch 3 height width"]
    ) -> Float[Tensor, "batch channel top_height top_width"]:
        """Return the very last feature, activated: what an image classifier reads."""
        return self._top(self._raw(x))

    def endpoints(self, x: Float[Tensor, "batch 3 height width"]) -> dict[str, Tensor]:
        """Return everything that deeplab2's encoder names: ``stageN``, ``resN``, the top."""
        raw = self._raw(x)
        named = {f"stage{number}": feature.clone() for number, feature in raw.items()}
        top = self._top({number: feature.clone() for number, feature in raw.items()})
        # last, as a prepared network activates in place
        named |= {f"res{number}": self.act(feature) for number, feature in raw.items()}
        return named | {"backbone_output": top}

    @property
    def top_channels(self) -> int:
        """Channels of ``top``."""
        if self.stacked_decoder is not None:
            return self.stacked_decoder.channels
        return self.channels[max(self.channels)]

    def _raw(self, x: Tensor) -> Features:
        """Un-activated outputs by stage; stage 1 is the stem's where the table has no stage 1."""
        x = self.stem(x)
        features = {1: x}
        for name, stage in self.stages.items():
            assert isinstance(stage, nn.ModuleDict)
            again = self.training and int(name.removeprefix("stage")) in self.recompute
            for block in stage.values():
                x = recomputed(block, x) if again else block(x)
            features[int(name.removeprefix("stage"))] = x
        return features

    def _top(self, raw: Features) -> Tensor:
        decode = self.stacked_decoder
        return self.act(raw[max(raw)] if decode is None else decode(raw))


def recomputed(block: nn.Module, x: Tensor) -> Tensor:
    """Run a block, keep its input only, and run it again when its gradients are needed.

    The second run leaves the moving statistics alone. (The reference moves them twice per step.)
    """
    return checkpoint(block, x, use_reentrant=False, context_fn=_contexts)


def _contexts() -> tuple[AbstractContextManager, AbstractContextManager]:
    return nullcontext(), still_statistics()


class Stem(nn.Sequential):
    """The first convolutions: the first has stride 2, the last no activation.

    Without any, the images themselves go on.
    """

    def __init__(self, convs: tuple[Conv, ...], activation: Activation = nn.ReLU) -> None:
        super().__init__()
        self.stride = 2 if convs else 1
        self.channels = 3
        for index, (kernel, channels) in enumerate(convs):
            last = index == len(convs) - 1
            conv = partial(ConvNormAct, activation=nn.Identity if last else activation)
            self.append(conv(self.channels, channels, kernel, stride=1 if index else 2))
            self.channels = channels
