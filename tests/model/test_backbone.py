import json

import pytest
import torch

from axialkit.config import BackboneConfig, get_preset
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.model.backbone import AxialResNet, _stem, drop_path
from axialkit.model.tables import backbone_table
from tests.conftest import GOLDEN, golden_cases
from tests.golden_layers import check_layer

PUBLISHED = [
    "axial_swidernet_1_1_1",
    "axial_swidernet_1_1_3",
    "axial_swidernet_1_1_4.5",
    "max_deeplab_s_backbone",
]


@pytest.mark.parametrize("case", ["even", "odd"])
def test_inception_stem_equals_the_reference(case, load_golden):
    stem = _stem((8, 8, 16))
    check_layer(stem, load_golden(f"model/layers/inception_stem_{case}.npz"), rename=_by_position)


def _by_position(name: str) -> str:
    """Our stem counts from 0, the reference's from 1."""
    return f"{int(name[4]) - 1}{name[5:]}"


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_per_part_are_those_of_the_published_network(name):
    counts = json.loads((GOLDEN / "model/variables/_summary.json").read_text())[f"{name}_os16"]
    with torch.device("meta"):  # shapes without memory
        model = build_model(name)
    assert count(model) == counts["ALL T"]
    assert count(model.backbone) == counts["encoder T"]
    assert count(model.backbone.stem) == counts["encoder/_stem T"]
    for stage, module in model.backbone.stages.items():
        assert count(module) == counts[f"encoder/_{stage} T"]
    statistics = sum(buffer.numel() for buffer in model.buffers())
    assert statistics == counts["ALL N"]


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_drop_path_probabilities_are_the_published_ones():
    def keeps(kind: str) -> dict[str, list[float]]:
        with torch.device("meta"):
            backbone = AxialResNet(backbone_table(BackboneConfig(kind=kind)), 0.8)
        return {
            name: [round(block.drop_path.keep, 6) for block in stage.values()]
            for name, stage in backbone.stages.items()
        }

    assert keeps("axial_swidernet") == {
        "stage1": [1, 1, 1],
        "stage2": [1, 0.95, 0.95],
        "stage3": [0.95] + [0.9] * 5,
        "stage4": [0.9, 0.85, 0.85],
        "stage5": [0.85, 0.8, 0.8],
    }
    assert keeps("max_deeplab_s") == {
        "stage2": [1] * 3,
        "stage3": [1] * 4,
        "stage4": [1] + [0.85] * 5,
        "stage5": [0.85, 0.8, 0.8],
    }
    assert drop_path(0.8, 4, from_stride=8) == 1.0


def test_sizes_are_rounded_up_at_every_stride():
    backbone = AxialResNet(backbone_table(get_preset("tiny").backbone)).eval()
    features = backbone(torch.randn(1, 3, 70, 118))
    assert {s: f.shape[-2:] for s, f in features.items()} == {4: (18, 30), 8: (9, 15), 16: (5, 8)}
    assert {s: f.shape[1] for s, f in features.items()} == {4: 32, 8: 64, 16: 128}
    assert backbone.channels[16] == 128
    assert all(f.min() == 0 for f in features.values())


@pytest.mark.parametrize("pair", [("tiny", "tiny_conv"), ("tiny_avenue", "tiny_avenue_conv")])
def test_convolutional_twins_have_as_many_parameters(pair):
    axial, conv = (count(build_model(name)) for name in pair)
    assert abs(axial - conv) < 0.06 * axial


def test_unknown_backbone_gets_a_suggestion():
    with pytest.raises(InputError, match='Did you mean "axial_swidernet"'):
        backbone_table(BackboneConfig(kind="axial_swidenet"))


def test_golden_files_of_the_stem_exist():
    assert len(golden_cases("model/layers/inception_stem_*.npz")) == 2
