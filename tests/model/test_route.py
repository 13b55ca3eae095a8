"""The way through a backbone, read from its modules, against the table it was made from."""

import pytest
import torch

from axialkit.config import PRESETS
from axialkit.model.backbone import AxialResNet
from axialkit.model.build import build_model
from axialkit.model.route import Leg, read_route
from axialkit.model.tables import backbone_table


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_modules_tell_what_the_table_says(name: str) -> None:
    table = backbone_table(PRESETS[name].backbone)
    with torch.device("meta"):
        legs = read_route(AxialResNet(table))
    stride = legs[0].stride
    expected = []
    for row in table.stages:
        stride *= row.stride
        expected.append((str(row.number), row.block, row.depth, row.filters[-1], stride))
    found = [tuple(leg) for leg in legs[1:] if leg.stage != "fuse"]
    assert found == expected
    fused = [leg for leg in legs if leg.stage == "fuse"]
    assert [leg.stride for leg in fused] == [step.stride for step in table.stacked_decoder]
    assert [leg.kind for leg in fused] == [step.block.block for step in table.stacked_decoder]


def test_the_published_slim_network() -> None:
    with torch.device("meta"):
        legs = read_route(build_model("max_deeplab_s_backbone").backbone)
    assert legs == [
        Leg("stem", "stem", 3, 128, 2),
        Leg("2", "bottleneck", 3, 256, 4),
        Leg("3", "bottleneck", 4, 512, 8),
        Leg("4", "bottleneck", 1, 1024, 16),
        Leg("4", "axial", 5, 1024, 16),
        Leg("5", "axial", 3, 2048, 16),
    ]
    assert [leg.attends for leg in legs] == [False] * 4 + [True] * 2
