import pytest
import torch

from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.weights.files import load_weights, read_tensors, save_weights


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_model("tiny_avenue")


def test_round_trip(tmp_path, model):
    path = tmp_path / "weights.safetensors"
    save_weights(path, model, {"step": "7"})
    tensors, metadata = read_tensors(path)
    torch.manual_seed(1)
    other = build_model("tiny_avenue")
    load_weights(other, tensors, path)
    assert metadata == {"step": "7"}
    for name, tensor in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)
    assert [p.name for p in tmp_path.iterdir()] == ["weights.safetensors"]


def test_half_precision_halves_the_file_and_loads_as_float32(tmp_path, model):
    save_weights(tmp_path / "full.safetensors", model)
    save_weights(tmp_path / "half.safetensors", model, half=True)
    full, half = ((tmp_path / f"{n}.safetensors").stat().st_size for n in ("full", "half"))
    assert half < 0.6 * full
    load_weights(model, read_tensors(tmp_path / "half.safetensors")[0], "half")
    assert model.backbone.stem[0].conv.weight.dtype == torch.float32


def test_values_beyond_half_precision_are_refused(tmp_path, model):
    torch.nn.init.constant_(model.decoder.semantic.weight, 1e6)
    with pytest.raises(ValueError, match="decoder.semantic.weight"):
        save_weights(tmp_path / "half.safetensors", model, half=True)
    assert not list(tmp_path.iterdir())


def test_broken_files_are_named(tmp_path):
    with pytest.raises(InputError, match="no weights file"):
        read_tensors(tmp_path / "none.safetensors")
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(b"\x10\x00\x00")
    with pytest.raises(InputError, match=r"cut\.safetensors is not a whole safetensors file"):
        read_tensors(cut)


def test_foreign_weights_are_refused(tmp_path, model):
    tensors = dict(model.state_dict())
    first = next(iter(tensors))
    with pytest.raises(InputError, match="1 tensors are missing"):
        load_weights(model, {k: v for k, v in tensors.items() if k != first}, "file")
    with pytest.raises(InputError, match=f"{first} is"):
        load_weights(model, {**tensors, first: torch.zeros(1)}, "file")
