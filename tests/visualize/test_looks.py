"""Looks: what is recorded is what the recorder says, and the words say what is there."""

import numpy as np
import pytest
import torch

import axialkit
from axialkit.attention import record_attention
from axialkit.data import minicity
from axialkit.errors import InputError
from axialkit.visualize.looks import Looks
from axialkit.visualize.two_hop import pixel_attention

LAYER = "stage4.block2"


@pytest.fixture(scope="module")
def looks() -> Looks:
    street = minicity.scene(10).image
    return Looks.record(axialkit.load_model("tiny"), street, axialkit.load_config("tiny"))


def test_it_holds_what_the_recorder_sees(looks: Looks) -> None:
    model, config = axialkit.load_model("tiny"), axialkit.load_config("tiny")
    with record_attention(model) as maps:
        result = axialkit.segment(model, minicity.scene(10).image, config)
    assert looks.maps.keys() == maps.keys()
    for name, weights in maps.items():
        torch.testing.assert_close(looks.maps[name], weights)
    np.testing.assert_array_equal(looks.result.panoptic[:128, :256], result.panoptic)
    np.testing.assert_array_equal(looks.image[:128, :256], minicity.scene(10).image)
    assert looks.layers == ["stage4.block2", "stage4.block3", "stage4.block4"]
    assert (looks.heads, looks.map_size(LAYER)) == (4, (9, 17))


def test_its_weights_take_part_in_gradients(looks: Looks) -> None:
    x = torch.ones(9, requires_grad=True)
    (looks.maps[f"{LAYER}.height"][0, 0] @ x).sum().backward()
    assert x.grad is not None


def test_the_order_composes_the_other_way_round(looks: Looks) -> None:
    first, turned = (looks.ask((3, 5), LAYER, (0, 1), order) for order in ("hw", "wh"))
    expected = pixel_attention(looks.maps, LAYER, (3, 5), head=(0, 1), order="wh").two_hop
    np.testing.assert_array_equal(turned.two_hop, expected)
    assert np.abs(first.two_hop - turned.two_hop).max() > 0.5
    np.testing.assert_array_equal(first.row, turned.row)
    with pytest.raises(InputError, match='no order "ww"'):
        looks.ask((3, 5), LAYER, order="ww")


def test_labels_lie_under_the_cells(looks: Looks) -> None:
    labels = looks.labels(LAYER)
    assert labels.shape == (9, 17)
    assert labels[3, 5] == looks.result.panoptic[48, 80]
    assert labels[8, 16] == looks.result.panoptic[128, 256]


def test_words(looks: Looks) -> None:
    look = looks.ask((3, 5), LAYER, (0, 1))
    said = looks.describe(look)
    assert said.startswith("Cell (3, 5) (train 1). Its row: most on column 9 (96 %).")
    assert "Both hops: most on cell (3, 9), train 1 (96 %)" in said
    assert f"By class: train {look.two_hop[looks.labels(LAYER) == 16001].sum():.0%}"[:-1] in said
