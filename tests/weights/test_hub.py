"""``load_model``: runs, shipped weights, and the authors' with and without network."""

import re
from pathlib import Path

import pytest
import torch

import axialkit
from axialkit.config import get_preset, to_dict
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.model import build_model
from axialkit.weights import load_config, load_model, released_weights, save_weights
from axialkit.weights.find import find_weights
from axialkit.weights.get import get_weights
from tests.archives import REDUCED


@pytest.fixture
def run(tmp_path):
    """A finished run with weights of its own."""
    folder = tmp_path / "run"
    torch.manual_seed(5)
    write_json(folder / "config.json", to_dict(get_preset("tiny_avenue")))
    save_weights(folder / "weights.safetensors", build_model("tiny_avenue"))
    return folder


def test_a_run_loads_in_evaluation_mode(run):
    torch.manual_seed(5)
    expected = build_model("tiny_avenue")
    model = load_model(run)
    assert not model.training
    assert load_config(run) == get_preset("tiny_avenue")
    image = torch.randint(0, 256, (1, 3, 65, 129), dtype=torch.uint8)
    assert torch.equal(model(image).semantic, expected.eval()(image).semantic)


def test_loading_leaves_the_random_state_alone(run):
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    load_model(run)
    assert torch.equal(torch.rand(1), expected)


def test_weights_of_another_file(run, tmp_path):
    torch.manual_seed(6)
    other = build_model("tiny_avenue")
    save_weights(tmp_path / "other.safetensors", other)
    model = load_model("tiny_avenue", tmp_path / "other.safetensors")
    assert torch.equal(model.backbone.stem[0].conv.weight, other.backbone.stem[0].conv.weight)


def test_wrong_names_get_a_suggestion(tmp_path):
    with pytest.raises(InputError, match='Did you mean "tiny"'):
        load_model("tinny")
    with pytest.raises(InputError, match="is not a training run"):
        load_model(tmp_path)
    with pytest.raises(InputError, match="No weights are shipped"):
        load_model("tiny_conv")


def test_a_run_without_weights_says_so(run):
    (run / "weights.safetensors").unlink()
    with pytest.raises(InputError, match="holds no weights yet"):
        load_model(run)


@pytest.fixture
def truth(reduced):
    return load_model(reduced, REDUCED / "ckpt-60000").state_dict()


def same(model, truth, prefix=""):
    own = model.state_dict()
    assert own.keys() == truth.keys()
    return all(torch.equal(own[n], v) for n, v in truth.items() if n.startswith(prefix))


def test_the_cache_serves_by_name(reduced, home, whole, truth, site):
    folder = get_weights(whole, load_config(reduced), home, say=lambda _: None)
    site.requests.clear()
    assert find_weights(reduced).weights == released_weights(reduced, "cityscapes")
    assert same(load_model(reduced), truth)
    assert same(axialkit.load_model(reduced, weights="cityscapes"), truth)
    assert same(load_model(reduced, weights=folder), truth)
    assert same(load_model(reduced, weights=folder / "weights.safetensors"), truth)
    assert not load_model(reduced).training
    assert site.requests == []


def test_imagenet_fills_the_backbone_and_leaves_the_rest_fresh(reduced, home, backbone, truth):
    get_weights(backbone, load_config(reduced), home, say=lambda _: None)
    torch.manual_seed(3)
    model = load_model(reduced, weights="imagenet")
    assert same(model, truth, "backbone.")
    torch.manual_seed(3)
    fresh = axialkit.build_model(reduced).state_dict()
    own = model.state_dict()
    assert all(torch.equal(own[n], fresh[n]) for n in own if n.startswith("decoder."))
    assert not torch.equal(
        own["decoder.semantic_head.final.weight"], truth["decoder.semantic_head.final.weight"]
    )


@pytest.mark.parametrize("form", [REDUCED, REDUCED / "ckpt-60000", REDUCED / "ckpt-60000.index"])
def test_tensorflow_checkpoints_are_read_directly(reduced, truth, form):
    assert same(load_model(reduced, weights=form), truth)
    assert same(load_model(reduced, weights=str(form)), truth)


@pytest.mark.parametrize(
    ("weights", "command"),
    [
        (None, "axialkit weights get reduced "),
        ("cityscapes", "axialkit weights get reduced "),
        ("imagenet", "axialkit weights get reduced --kind imagenet "),
    ],
)
def test_what_is_not_there_is_not_fetched_but_explained(reduced, home, site, weights, command):
    with pytest.raises(InputError) as caught:
        load_model(reduced, weights=weights)
    assert command in str(caught.value)
    assert site.url in str(caught.value)
    assert str(home / "downloads") in str(caught.value)
    assert site.requests == []
    assert not home.exists()


@pytest.mark.parametrize("weights", [None, "cityscapes"])
def test_download_fetches_once(reduced, site, truth, weights, capsys):
    assert same(load_model(reduced, weights=weights, download=True), truth)
    assert "Downloading" in capsys.readouterr().out
    assert same(load_model(reduced, weights=weights, download=True), truth)
    assert len(site.requests) == 1


def test_download_of_imagenet(reduced, site, truth, backbone):
    assert same(load_model(reduced, weights="imagenet", download=True), truth, "backbone.")
    assert released_weights(reduced, "imagenet").is_file()


def test_download_leaves_other_weights_alone(site, tmp_path):
    model = load_model("tiny", download=True)
    save_weights(tmp_path / "w.safetensors", model)
    load_model("tiny", tmp_path / "w.safetensors", download=True)
    assert site.requests == []


def test_weights_that_were_never_released(home):
    with pytest.raises(InputError, match='released no weights of "tiny"'):
        load_model("tiny", weights="imagenet", download=True)
    with pytest.raises(InputError, match="Did you mean"):
        released_weights("axial_swidernet_1_1_2", "cityscapes")


def test_paths_without_weights(reduced, tmp_path):
    with pytest.raises(InputError, match=r"There is no weights file .*none\.safetensors"):
        load_model(reduced, weights=tmp_path / "none.safetensors")
    with pytest.raises(InputError, match="There is no TensorFlow checkpoint"):
        load_model(reduced, weights=tmp_path / "ckpt-1")
    (tmp_path / "x.tar.gz").write_bytes(b"\x1f\x8b")
    with pytest.raises(InputError, match="axialkit weights convert ARCHIVE OUT"):
        load_model(reduced, weights=tmp_path / "x.tar.gz")


def test_no_file_is_ever_unpickled():
    """Weights come from strangers: safetensors only, or torch.load with weights_only=True."""
    package = Path(axialkit.__file__).parent
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        pickles = re.findall(r"^\s*(?:import|from) +(?:pickle|dill|joblib|shelve)\b", text, re.M)
        assert pickles == [], path
        assert "allow_pickle=True" not in text, path
        for call in re.findall(r"torch\.load\([^)]*\)", text):
            assert "weights_only=True" in call, path
