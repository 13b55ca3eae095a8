"""A backbone read back from its modules: which kind of block stands where, at what stride."""

from collections.abc import Iterator
from typing import NamedTuple

from torch import nn

from axialkit.attention.layers import AxialAttention2d
from axialkit.model.backbone import AxialResNet
from axialkit.model.blocks import AttentionBranch, BottleneckBranch, ResidualBlock


class Leg(NamedTuple):
    """Blocks of one kind, one after the other, within one stage."""

    stage: str  # "stem", "1" to "5", or "fuse" for a step of the stacked decoder
    kind: str  # "stem", "conv", "basic", "bottleneck", "axial" or "global"
    depth: int
    channels: int  # that leave it
    stride: int  # behind it

    @property
    def attends(self) -> bool:
        """Whether its blocks look along whole lines."""
        return self.kind in ("axial", "global")


def read_route(backbone: AxialResNet) -> list[Leg]:
    """Return the way of an image through a backbone, as its modules have it.

    The stacked decoder, where there is one, comes last.

    Example::

        with torch.device("meta"):
            model = build_model("max_deeplab_s_backbone")
        read_route(model.backbone)[-1]  # Leg(stage="5", kind="axial", depth=3, ...)
    """
    stem = Leg("stem", "stem", len(backbone.stem), backbone.stem.channels, backbone.stem.stride)
    return [stem, *_stages(backbone), *_fuse_steps(backbone)]


def _stages(backbone: AxialResNet) -> Iterator[Leg]:
    stride = backbone.stem.stride
    for name, stage in backbone.stages.items():
        assert isinstance(stage, nn.ModuleDict)
        leg = None
        for block in (stage[key] for key in stage if key.startswith("block")):
            kind, channels, step = _facts(block)
            stride *= step
            if leg is not None and leg.kind == kind:
                leg = leg._replace(depth=leg.depth + 1)
                continue
            if leg is not None:
                yield leg
            leg = Leg(name.removeprefix("stage"), kind, 1, channels, stride)
        assert leg is not None
        yield leg


def _fuse_steps(backbone: AxialResNet) -> Iterator[Leg]:
    decoder = backbone.stacked_decoder
    if decoder is None:
        return
    for number, stride in enumerate(decoder.targets, 1):
        kind, channels, _ = _facts(decoder.get_submodule(f"step{number}.block"))
        yield Leg("fuse", kind, 1, channels, stride)


def _facts(block: nn.Module) -> tuple[str, int, int]:
    """Return kind, channels and stride of one block."""
    if not isinstance(block, ResidualBlock):  # an activation and a convolution
        (conv,) = (layer for layer in block.modules() if isinstance(layer, nn.Conv2d))
        return "conv", conv.out_channels, conv.stride[0]
    last = [layer for layer in block.branch.modules() if isinstance(layer, nn.Conv2d)][-1]
    return _kind(block.branch), last.out_channels, block.stride


def _kind(branch: nn.Module) -> str:
    if isinstance(branch, AttentionBranch):
        return "axial" if isinstance(branch.attention, AxialAttention2d) else "global"
    return "bottleneck" if isinstance(branch, BottleneckBranch) else "basic"
