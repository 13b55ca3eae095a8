"""Lesson 05's counts against networks that are built, and against the authors' own counts."""

from dataclasses import replace

import pytest
import torch

from axialkit.attention import AxialAttention1d
from axialkit.config import PRESETS, BackboneConfig
from axialkit.course.backbone_builder import describe_builder, draw_builder, survey
from axialkit.course.block_counts import count_params, hop_parameters
from axialkit.course.exercises_05_counting import built_params
from axialkit.course.placement import place_axial, placement_cost, resnet_parts
from axialkit.course.zoo_figures import backbones, describe_zoo, draw_zoo, zoo_facts
from axialkit.model.cost import network_cost
from axialkit.model.tables import backbone_table
from axialkit.weights.zoo import PUBLISHED

# encoder's trainable parameters, of the authors' networks (without the stacked decoder)
ENCODERS = {
    "axial_swidernet_1_1_1": 136_399_392,
    "axial_swidernet_1_1_3": 393_935_520,
    "axial_swidernet_1_1_4.5": 570_346_912,
    "max_deeplab_s_backbone": 41_343_424,
    "max_deeplab_l_backbone": 136_399_392,
}


@pytest.mark.parametrize("name", list(ENCODERS))
def test_arithmetic_gives_the_authors_count(name: str) -> None:
    table = backbone_table(PRESETS[name].backbone)._replace(stacked_decoder=())
    assert count_params(table) == ENCODERS[name] == built_params(table)


@pytest.mark.parametrize("heads", [1, 4])
def test_a_hop_is_counted(heads: int) -> None:
    layer = AxialAttention1d(6, 8, 12, heads, max_distance=7)
    assert hop_parameters(6, 8, 12, heads, 7) == sum(p.numel() for p in layer.parameters())


@pytest.mark.parametrize("kind", ["axial_swidernet", "max_deeplab_s"])
@pytest.mark.parametrize("depth", [1.0, 2.5])
def test_two_blocks_of_a_row_tell_all(kind: str, depth: float) -> None:
    config = BackboneConfig(kind=kind, depth_multiplier=depth)
    found = survey(config, (129, 257))
    whole = replace(PRESETS["axial_swidernet_1_1_1"], backbone=config)
    cost = network_cost(whole, (129, 257)).modules["backbone"]
    assert (found.parameters, found.multiply_adds) == (cost.parameters, cost.multiply_adds)
    assert found.memory == 4 * found.parameters + found.peak


def test_the_builder_says_what_it_draws() -> None:
    wanted = ("slim (ResNet-50)", 1.0, 0.5, "stride 2")
    figure = draw_builder(*wanted)
    titles = [axes.get_title() for axes in figure.axes]
    words = describe_builder(*wanted)
    assert len(figure.axes) == 4 and "3 axial, 128 channels" in words
    for title in titles[1:]:
        number = title.split()[0].replace(",", "")
        assert float(number) > 0


def test_five_networks_beside_their_published_scores() -> None:
    facts = zoo_facts((129, 257))
    assert facts.keys() == PUBLISHED.keys() == ENCODERS.keys()
    for name, row in facts.items():
        assert row.pq == PUBLISHED[name].pq_official
        assert row.parameters - row.unread == ENCODERS[name] + 1_445_062
    words = describe_zoo(facts)
    assert all(f"PQ {row.pq}" in words for row in facts.values())
    texts = [text.get_text() for axes in draw_zoo(facts).axes for text in axes.texts]
    assert {"572", "43", "68.0", "64.5"} <= set(texts)


def test_backbones_have_no_memory() -> None:
    found = backbones()
    assert all(
        p.device == torch.device("meta") for p in found["MaX-DeepLab-S backbone"].parameters()
    )
    assert len(found) == 5


def test_the_published_placement_is_the_best_for_its_price() -> None:
    parts = resnet_parts()
    assert [part.blocks for part in parts] == [3, 4, 1, 5, 3]
    chosen = ["stage 4, the rest", "stage 5"]
    price = placement_cost(parts, chosen)
    stem_and_heads = 59_060_797_440 + 42_120_000_000
    assert abs(price + stem_and_heads - 534_299_988_912) < 1e9
    assert place_axial(parts, price) == chosen
