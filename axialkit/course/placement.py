"""Lesson 05's puzzle: which blocks of a backbone attend, if multiply-adds are short?"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import torch

from axialkit.config import BackboneConfig
from axialkit.model.backbone import AxialResNet
from axialkit.model.cost import multiply_adds
from axialkit.model.resize import Size
from axialkit.model.tables import backbone_table


class Part(NamedTuple):
    """Blocks that attend together or not at all; costs are multiply-adds."""

    name: str
    blocks: int
    conv: int  # if they are convolutional
    axial: int  # if they attend


def place_axial(parts: Sequence[Part], budget: int) -> list[str]:
    """Return the names of the parts that attend, in the order of ``parts``.

    As many attending blocks as the budget allows; the cheapest such choice. Attending parts cost
    ``axial``, all others ``conv``.
    """
    choices = [
        chosen
        for count in range(len(parts) + 1)
        for chosen in combinations(parts, count)
        if placement_cost(parts, [part.name for part in chosen]) <= budget
    ]
    best = max(
        choices,
        key=lambda chosen: (
            sum(part.blocks for part in chosen),
            -placement_cost(parts, [part.name for part in chosen]),
        ),
    )
    return [part.name for part in best]


def placement_cost(parts: Sequence[Part], attending: Sequence[str]) -> int:
    """Return the multiply-adds of all parts together."""
    return sum(part.axial if part.name in attending else part.conv for part in parts)


def resnet_parts(size: Size = (1025, 2049)) -> list[Part]:
    """Measure ResNet-50's stages in both forms, with the blocks of MaX-DeepLab-S.

    Stages 2 and 3 in one piece; of stage 4 the block that halves the map by itself.
    """
    (conv, depths), (axial, _) = (_costs(stride, size) for stride in (0, 2))
    rest = {f"stage{n}": range(1, depths[f"stage{n}"] + 1) for n in (2, 3, 5)}
    groups = {
        "stage 2": ("stage2", rest["stage2"]),
        "stage 3": ("stage3", rest["stage3"]),
        "stage 4, block 1": ("stage4", range(1, 2)),
        "stage 4, the rest": ("stage4", range(2, depths["stage4"] + 1)),
        "stage 5": ("stage5", rest["stage5"]),
    }
    return [
        Part(
            name,
            len(blocks),
            *(sum(costs[f"{stage}.block{i}"] for i in blocks) for costs in (conv, axial)),
        )
        for name, (stage, blocks) in groups.items()
    ]


def _costs(axial_from_stride: int, size: Size) -> tuple[dict[str, int], dict[str, int]]:
    """Return multiply-adds by block, and blocks by stage."""
    config = BackboneConfig(kind="max_deeplab_s", axial_from_stride=axial_from_stride)
    with torch.device("meta"):
        backbone = AxialResNet(backbone_table(config)).eval()
        counted = multiply_adds(backbone, torch.empty(1, 3, *size))
    costs = {
        name.removeprefix("stages."): both[0]
        for name, both in counted.items()
        if name.startswith("stages.") and name.count(".") == 2
    }
    return costs, {name: len(stage) for name, stage in backbone.stages.items()}  # type: ignore[arg-type]
