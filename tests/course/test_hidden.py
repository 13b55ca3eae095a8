"""Hidden columns: nothing else changes, the layer is left as it was, and the front decides."""

import numpy as np
import pytest
import torch

import axialkit
from axialkit.attention import record_attention
from axialkit.attention.switch import axial_layers
from axialkit.course import hidden
from axialkit.data import minicity
from axialkit.data.cityscapes import BY_NAME
from axialkit.errors import InputError

TRAIN, BUS = BY_NAME["train"].train_id, BY_NAME["bus"].train_id


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    return axialkit.load_model("tiny")


@pytest.fixture(scope="module")
def config():
    return axialkit.load_config("tiny")


def test_the_layer_is_left_as_it_was(model, config) -> None:
    street = minicity.scene(10).image
    before = hidden.probabilities(model, street, config)
    backends = [layer.backend for layer in axial_layers(model).values()]
    with pytest.raises(RuntimeError, match="stop"), hidden.hidden_columns(model, [9]):
        raise RuntimeError("stop")
    np.testing.assert_array_equal(hidden.probabilities(model, street, config), before)
    assert [layer.backend for layer in axial_layers(model).values()] == backends


def test_hiding_nothing_changes_nothing(model, config) -> None:
    street = minicity.scene(10).image
    before = hidden.probabilities(model, street, config)
    with hidden.hidden_columns(model, []):
        np.testing.assert_allclose(hidden.probabilities(model, street, config), before, atol=1e-4)


def test_one_pass_of_one_layer_is_blind(model, config) -> None:
    street = minicity.scene(10).image
    with record_attention(model) as seen:
        hidden.probabilities(model, street, config)
    with hidden.hidden_columns(model, [9]), record_attention(model) as maps:
        hidden.probabilities(model, street, config)
    blind = maps["stage4.block2.width"]
    assert float(blind[..., 9].max()) == 0
    torch.testing.assert_close(blind.sum(dim=-1), torch.ones(blind.shape[:-1]))
    expected = seen["stage4.block2.width"].clone()
    expected[..., 9] = 0
    torch.testing.assert_close(blind, expected / expected.sum(dim=-1, keepdim=True))
    torch.testing.assert_close(maps["stage4.block2.height"], seen["stage4.block2.height"])
    assert float(maps["stage4.block3.width"][..., 9].max()) > 0


def test_only_the_nose_matters(model, config) -> None:
    sure = hidden.sure_without_each_column(
        model, minicity.scene(10).image, config, (48, 80), TRAIN, 17
    )
    assert sure[9] < 0.2
    assert np.delete(sure, 9).min() > 0.99


def test_vehicles_and_their_columns() -> None:
    vehicles = hidden.long_vehicles(0, 20, seed=1000)
    assert vehicles
    for vehicle in vehicles:
        assert vehicle.name in ("truck", "bus", "train")
        left, right = vehicle.front
        xs = np.flatnonzero(vehicle.far.any(axis=0))
        assert ((xs <= left - hidden.FAR) | (xs >= right + hidden.FAR)).all()
        front = hidden.front_columns(vehicle, 17, 257)
        other = hidden.other_columns(front, vehicle, 17, 257)
        assert len(front) == len(other)
        assert not set(front) & set(other)
        assert min(abs(16 * c - (left + right) / 2) for c in front) < 12


def test_the_ablation(config) -> None:
    found = hidden.close_the_eyes(0, scenes=12)
    assert set(found) == {*hidden.VARIANTS, hidden.AS_BUS}
    assert found["nothing hidden"] > 0.9
    assert found["as much elsewhere hidden"] > 0.9
    assert found["front hidden"] < 0.6


def test_an_unknown_layer_is_refused(model) -> None:
    with (
        pytest.raises(InputError, match='no row hop in a layer "stage4.block9"'),
        hidden.hidden_columns(model, [0], "stage4.block9"),
    ):
        pass
