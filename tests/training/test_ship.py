from dataclasses import replace

import pytest

from axialkit.config import get_preset
from axialkit.data.minicity import generate
from axialkit.files import read_json
from axialkit.training import ship as shipping
from axialkit.training.loop import train
from axialkit.weights import load_model


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    root = tmp_path_factory.mktemp("city")
    counts = {"train": 4, "val": 6, "test": 0}
    return generate(root / "avenue", scenes="avenue", **counts, workers=1, progress=False)


def test_weights_and_card(city, tmp_path, monkeypatch):
    monkeypatch.setattr(shipping, "PART", 2)
    config = get_preset("tiny_avenue")
    config = replace(config, train=replace(config.train, steps=3, batch_size=2, workers=0))
    run = train(config, city, tmp_path / "run", evaluate_on=None, progress=False)
    card = shipping.ship(run, city, "tiny_avenue", to=tmp_path / "shipped")
    assert {**card, "config": None} == {
        **read_json(tmp_path / "shipped/tiny_avenue.json"),
        "config": None,  # tuples come back as lists
    }
    assert card["training"]["steps"] == 3
    assert card["data"]["scenes"] == "avenue"
    assert card["val"]["images"] == 6
    assert card["part"]["images"] == 2
    assert card["val"]["difference_to_official"] < 1e-9
    weights = tmp_path / "shipped/tiny_avenue.safetensors"
    assert load_model("tiny_avenue", weights) is not None
    text = (tmp_path / "shipped/tiny_avenue.md").read_text()
    assert "drawn streets" in text
    assert "| road |" in text
