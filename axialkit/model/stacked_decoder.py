"""The hourglass behind the MaX-DeepLab-L backbone: down to stride 4 and back up.

Part of that backbone's ImageNet pre-training. The panoptic networks read earlier features, so
that it changes no segmentation; its weights are in every checkpoint all the same.
"""

from collections.abc import Iterable
from functools import reduce
from operator import add

from torch import Tensor, nn

from axialkit.model.block_maker import BlockMaker
from axialkit.model.convolutions import Activation, ConvNormAct
from axialkit.model.resize import Size, resize
from axialkit.model.stages import FuseStep

RECALLED = 2  # features at the target stride that a step fuses, the latest ones


class ResizedFuse(nn.Module):
    """Bring features to one size and number of channels, and add them up.

    ``inputs`` are pairs (channels, whether the feature is twice as fine as the target). Equal
    channels: resized as they are. Twice as fine: activation, 1x1 convolution with stride 2, batch
    norm. Else: activation, 1x1 convolution, batch norm, resize.
    """

    def __init__(
        self,
        inputs: Iterable[tuple[int, bool]],
        channels: int,
        activation: Activation = nn.ReLU,
    ) -> None:
        super().__init__()
        self.act = activation()
        self.names: list[str] = []  # of each input's convolution; empty = none
        for number, (in_channels, twice_as_fine) in enumerate(inputs, 1):
            name = f"{'strided' if twice_as_fine else 'resized'}{number}"
            self.names.append("" if in_channels == channels else name)
            if in_channels != channels:
                stride = 2 if twice_as_fine else 1
                conv = ConvNormAct(in_channels, channels, 1, stride, activation=nn.Identity)
                self.add_module(name, conv)

    def forward(self, features: list[Tensor], size: Size) -> Tensor:
        parts = (
            resize(self.get_submodule(name)(self.act(x)) if name else x, size)
            for name, x in zip(self.names, features, strict=True)
        )
        return reduce(add, parts)


class Step(nn.Module):
    """Fuse, then one residual block."""

    def __init__(self, fuse: ResizedFuse, block: nn.Module) -> None:
        super().__init__()
        self.fuse = fuse
        self.block = block

    def forward(self, features: list[Tensor], size: Size) -> Tensor:
        return self.block(self.fuse(features, size))


class StackedDecoder(nn.Module):
    """Fuse the latest feature with the last two at the next stride, step by step.

    ``channels`` and ``strides`` describe the encoder's stages by number; ``forward`` takes their
    un-activated outputs and returns the un-activated last one, at the output stride.
    """

    def __init__(
        self,
        steps: tuple[FuseStep, ...],
        blocks: BlockMaker,
        channels: dict[int, int],
        strides: dict[int, int],
    ) -> None:
        super().__init__()
        self.strides = strides
        self.targets = [step.stride for step in steps]
        last = max(strides)
        known = {strides[number]: [channels[number]] for number in sorted(strides)}
        current, stride = channels[last], strides[last]
        for number, step in enumerate(steps, 1):
            recalled = [(c, False) for c in known[step.stride][-RECALLED:]]
            inputs = [(current, stride * 2 == step.stride), *recalled]
            fuse = ResizedFuse(inputs, step.channels, blocks.activation)
            block = blocks.make(
                step.block, step.channels, step.nominal_stride, first=True, leads=True
            )
            self.add_module(f"step{number}", Step(fuse, block))
            current, stride = step.block.filters[-1], step.stride
            known[stride].append(current)
        self.channels = current

    def forward(self, stages: dict[int, Tensor]) -> Tensor:
        known = {self.strides[number]: [stages[number]] for number in sorted(self.strides)}
        current = stages[max(self.strides)]
        for number, stride in enumerate(self.targets, 1):
            recalled = known[stride][-RECALLED:]
            size = (recalled[0].shape[-2], recalled[0].shape[-1])
            current = self.get_submodule(f"step{number}")([current, *recalled], size)
            known[stride].append(current)
        return current
