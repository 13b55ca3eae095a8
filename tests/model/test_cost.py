"""Costs counted from shapes equal the published tables."""

import json
from dataclasses import replace

import pytest
import torch
from torch import nn

from axialkit.attention import AxialAttention1d
from axialkit.config import BackboneConfig, DecoderConfig, ExperimentConfig
from axialkit.model.cost import Cost, multiply_adds, network_cost
from axialkit.weights.zoo import PUBLISHED
from tests.conftest import GOLDEN

FULL = (1025, 2049)
# parameters, statistics and multiply-adds as the specification states them
STATED = {
    "axial_swidernet_1_1_1": (137_844_454, 199_968, 2717.9),
    "axial_swidernet_1_1_3": (395_380_582, 600_480, 7215.9),
    "axial_swidernet_1_1_4.5": (571_791_974, 869_536, 10370.9),
    "max_deeplab_s_backbone": (42_788_486, 150_976, 534.3),
    "max_deeplab_l_backbone": (176_560_454, 252_800, 3435.3),
}


def giga(count: int) -> float:
    return round(count / 1e9, 3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_part_costs_what_the_reference_counts(name):
    parts = json.loads((GOLDEN / "model/variables/_gmacs_1025x2049.json").read_text())
    golden = parts[f"{name}_os16"]
    cost = network_cost(name, FULL)
    ours = {
        "_stem": "backbone.stem",
        "decoder+heads": "decoder",
        **{f"_stage{n}": f"backbone.stages.stage{n}" for n in range(1, 6)},
        **{f"_decoder_stage{n}": f"backbone.stacked_decoder.step{n}.block" for n in range(1, 5)},
        **{
            f"_decoder_stage{n}_resized_fuse": f"backbone.stacked_decoder.step{n}.fuse"
            for n in range(1, 5)
        },
    }
    counted = {part: giga(cost.modules[ours[part]].multiply_adds) for part in golden.keys() & ours}
    counted["total"] = giga(cost.total.multiply_adds)
    counted["of which attention matrices"] = giga(cost.total.attention)
    assert counted == golden
    parameters, statistics, total = STATED[name]
    assert cost.total[:2] == (parameters, statistics)
    assert round(cost.total.multiply_adds / 1e9, 1) == total


def test_the_unread_decoder_is_no_part_of_a_prediction():
    cost = network_cost("max_deeplab_l_backbone", FULL)
    assert round(cost.unread.multiply_adds / 1e9, 1) == 717.3
    plain = network_cost("axial_swidernet_1_1_1", FULL)
    assert cost.used == plain.used == plain.total


def test_parts_add_up():
    cost = network_cost("max_deeplab_s_backbone", (129, 257))
    stages = [n for n in cost.modules if n.startswith("backbone.stages.") and n.count(".") == 2]
    parts = [cost.modules[n] for n in ("backbone.stem", "decoder", *stages)]
    assert sum(parts, start=Cost(0, 0, 0, 0)) == cost.total


def test_a_layer_by_hand():
    """One axis of 7 positions: qkv, three logit terms, two retrievals."""
    layer = AxialAttention1d(6, key_channels=4, value_channels=8, heads=2).to("meta")
    everything, attention = multiply_adds(layer, torch.empty(3, 7, 6, device="meta"))[""]
    assert attention == 3 * 7 * 7 * (3 * 4 + 2 * 8)
    assert everything == attention + 3 * 7 * 6 * (4 + 4 + 8)
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2).to("meta")
    counted = multiply_adds(conv, torch.empty(1, 4, 9, 11, device="meta"))
    assert counted[""] == (5 * 6 * 6 * 2 * 9, 0)


def test_variations_change_the_count():
    base = ExperimentConfig(backbone=BackboneConfig(kind="max_deeplab_s", width_multiplier=0.25))
    small = (65, 129)
    costs = {
        name: network_cost(replace(base, backbone=replace(base.backbone, **options)), small).total
        for name, options in {
            "axial": {},
            "global": {"global_from_stride": 16},
            "none": {"axial_from_stride": 0},
            "finer": {"output_stride": 8},
        }.items()
    }
    assert costs["none"].attention == 0 < costs["axial"].attention < costs["global"].attention
    assert costs["finer"].multiply_adds > costs["axial"].multiply_adds
    full = replace(base, decoder=DecoderConfig(aspp="full"))
    assert network_cost(full, small).total.multiply_adds > costs["axial"].multiply_adds
