import pytest
import torch

from axialkit.config import get_preset, to_dict
from axialkit.errors import InputError
from axialkit.files import write_json
from axialkit.model import build_model
from axialkit.weights import load_config, load_model, save_weights


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
