"""Runs that start from other weights."""

from dataclasses import replace

import pytest
import torch

from axialkit.config import ExperimentConfig, get_preset
from axialkit.data.minicity import generate
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.training.loop import train
from axialkit.training.start import initial_weights
from axialkit.weights import load_model, save_weights


def starting_from(path: str, preset: str = "tiny_avenue", **fields) -> ExperimentConfig:
    config = get_preset(preset)
    settings = {"steps": 1, "batch_size": 2, "workers": 0, "learning_rate": 1e-30}
    return replace(config, train=replace(config.train, init_from=path, **{**settings, **fields}))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    root = tmp_path_factory.mktemp("city")
    return generate(
        root / "avenue", scenes="avenue", train=4, val=1, test=0, workers=1, progress=False
    )


def test_a_fresh_run_starts_from_other_weights(city, tmp_path, capsys):
    torch.manual_seed(5)
    source = build_model("tiny_avenue")
    save_weights(tmp_path / "source.safetensors", source)
    config = starting_from(str(tmp_path / "source.safetensors"), init_semantic_last_layer=False)
    run = train(config, city, tmp_path / "run", evaluate_on=None)
    assert "Loaded " in capsys.readouterr().out
    trained, state = load_model(run).state_dict(), source.state_dict()
    last = ("decoder.semantic.weight", "decoder.semantic.bias")
    for name, tensor in trained.items():
        if "running" not in name and name not in last:  # one step that moves nothing
            torch.testing.assert_close(tensor, state[name])
    assert not torch.allclose(trained[last[0]], state[last[0]])


def test_the_authors_weights_are_found_by_the_backbone(tmp_path, monkeypatch):
    monkeypatch.setenv("AXIALKIT_HOME", str(tmp_path))
    folder = tmp_path / "max_deeplab_s_backbone-imagenet"
    folder.mkdir()
    config = starting_from("imagenet", "max_deeplab_s_backbone")
    with pytest.raises(InputError, match="axialkit weights get max_deeplab_s_backbone --kind imag"):
        initial_weights(config)
    (folder / "weights.safetensors").touch()
    assert initial_weights(config) == folder / "weights.safetensors"
    gentler = replace(config, backbone=replace(config.backbone, drop_path_keep=1.0))
    assert initial_weights(gentler) == folder / "weights.safetensors"
    with pytest.raises(InputError, match="released no imagenet weights for this backbone"):
        initial_weights(starting_from("imagenet", "resnet50_beta"))


def test_a_start_that_is_not_there_stops_the_run(city, tmp_path):
    with pytest.raises(InputError, match="There is nothing at .*no to start from"):
        train(starting_from(str(tmp_path / "no")), city, tmp_path / "run", evaluate_on=None)
