import json

import pytest
import torch

from axialkit.config import BackboneConfig, ExperimentConfig, get_preset
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.model.backbone import AxialResNet, Stem
from axialkit.model.blocks import DropPath
from axialkit.model.tables import backbone_table
from tests.conftest import GOLDEN, golden_cases
from tests.golden_layers import check_layer

PUBLISHED = [
    "axial_swidernet_1_1_1",
    "axial_swidernet_1_1_3",
    "axial_swidernet_1_1_4.5",
    "max_deeplab_s_backbone",
    "max_deeplab_l_backbone",
]


@pytest.mark.parametrize("case", golden_cases("model/layers/inception_stem_*.npz"))
def test_inception_stem_equals_the_reference(case, load_golden):
    check_layer(Stem(((3, 8), (3, 8), (3, 16))), load_golden(case))


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
    if model.backbone.stacked_decoder is not None:
        decoded = sum(n for part, n in counts.items() if "_decoder_stage" in part and " T" in part)
        assert count(model.backbone.stacked_decoder) == decoded
    statistics = sum(buffer.numel() for buffer in model.buffers())
    assert statistics == counts["ALL N"]


def count(module: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_drop_path_probabilities_are_the_published_ones():
    def keeps(kind: str) -> dict[str, list[float]]:
        with torch.device("meta"):
            backbone = build_model(ExperimentConfig(backbone=BackboneConfig(kind=kind))).backbone
        parts = dict(backbone.stages.items())
        if backbone.stacked_decoder is not None:
            parts["decoder"] = backbone.stacked_decoder
        return {
            name: [round(m.keep, 6) for m in part.modules() if isinstance(m, DropPath)]
            for name, part in parts.items()
        }

    wide = {
        "stage1": [1, 1, 1],
        "stage2": [1, 0.95, 0.95],
        "stage3": [0.95] + [0.9] * 5,
        "stage4": [0.9, 0.85, 0.85],
        "stage5": [0.85, 0.8, 0.8],
    }
    assert keeps("axial_swidernet") == wide
    assert keeps("max_deeplab_l") == wide | {"decoder": [0.9, 0.95, 0.9, 0.8]}
    assert keeps("max_deeplab_s") == {
        "stage2": [1] * 3,
        "stage3": [1] * 4,
        "stage4": [1] + [0.85] * 5,
        "stage5": [0.85, 0.8, 0.8],
    }


def test_sizes_are_rounded_up_at_every_stride():
    backbone = AxialResNet(backbone_table(get_preset("tiny").backbone)).eval()
    features = backbone(torch.randn(1, 3, 70, 118))
    assert {n: f.shape[-2:] for n, f in features.items()} == {2: (18, 30), 3: (9, 15), 4: (5, 8)}
    assert {n: f.shape[1] for n, f in features.items()} == {2: 32, 3: 64, 4: 128}
    assert backbone.channels == {2: 32, 3: 64, 4: 128}
    assert backbone.strides == {2: 4, 3: 8, 4: 16}
    assert all(f.min() == 0 for f in features.values())


@pytest.mark.parametrize("pair", [("tiny", "tiny_conv"), ("tiny_avenue", "tiny_avenue_conv")])
def test_convolutional_twins_have_as_many_parameters(pair):
    axial, conv = (count(build_model(name)) for name in pair)
    assert abs(axial - conv) < 0.06 * axial


def test_unknown_backbone_gets_a_suggestion():
    with pytest.raises(InputError, match='Did you mean "axial_swidernet"'):
        backbone_table(BackboneConfig(kind="axial_swidenet"))
