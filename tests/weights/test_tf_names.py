"""Every variable of the published checkpoints has its place in our networks, and the reverse."""

import gzip
import json
import math
from pathlib import Path

import pytest
import torch

from axialkit.config import PRESETS
from axialkit.model import build_classifier, build_model
from axialkit.weights.tf_names import reference_keys, to_our_layout
from axialkit.weights.zoo import PUBLISHED
from tests.conftest import GOLDEN

SUFFIX = "/.ATTRIBUTES/VARIABLE_VALUE"


def read_json_or_gzip(path: Path) -> list[dict]:
    """The small golden set keeps these lists compressed."""
    packed = path.with_suffix(".json.gz")
    return json.loads(gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_text())


def variables(name: str) -> dict[str, dict]:
    listed = read_json_or_gzip(GOLDEN / f"model/variables/{name}_os16.json")
    return {variable["name"].removesuffix(SUFFIX): variable for variable in listed}


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_variable_of_the_checkpoint_fits_one_tensor(name):
    with torch.device("meta"):
        model = build_model(name)
    keys, state = reference_keys(model), model.state_dict()
    golden = variables(name)
    assert keys.keys() == state.keys()
    assert sorted(keys.values()) == sorted(golden)
    trained = {ours for ours, _ in model.named_parameters()}
    for ours, key in keys.items():
        variable = torch.empty(golden[key]["shape"], device="meta")
        assert to_our_layout(key, variable).shape == state[ours].shape, key
        assert (ours in trained) == golden[key]["trainable"], key


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_classifier_has_the_encoder_and_a_layer_of_its_own(name):
    with torch.device("meta"):
        model = build_classifier(name)
    keys = reference_keys(model)
    assert set(keys.values()) == {key for key in variables(name) if key.startswith("encoder/")}
    assert model.state_dict().keys() - keys.keys() == {"classifier.weight", "classifier.bias"}


@pytest.mark.parametrize("name", PRESETS)
def test_keys_are_unique_in_every_network(name):
    with torch.device("meta"):
        model = build_model(name)
    keys = reference_keys(model)
    assert len(set(keys.values())) == len(keys)
    ours_alone = name.startswith("tiny")  # plain convolutions and the light decoder
    assert bool(model.state_dict().keys() - keys.keys()) == ours_alone


def test_layouts_are_permuted_not_reshaped():
    def numbered(*shape: int) -> torch.Tensor:
        return torch.arange(math.prod(shape)).reshape(shape)

    kernel = numbered(3, 2, 5, 7)  # height, width, in, out
    assert to_our_layout("a/_conv/kernel", kernel)[6, 4, 2, 1] == kernel[2, 1, 4, 6]
    depthwise = numbered(3, 2, 5, 1)
    assert to_our_layout("a/depthwise_kernel", depthwise)[4, 0, 2, 1] == depthwise[2, 1, 4, 0]
    qkv = numbered(4, 6)
    assert to_our_layout("a/qkv_kernel", qkv)[5, 3] == qkv[3, 5]
    norm = numbered(2, 1, 3, 1, 4)  # term, head, channel
    flat = to_our_layout("a/_batch_norm_retrieved_output/gamma", norm)
    assert flat[(1 * 3 + 2) * 4 + 3] == norm[1, 0, 2, 0, 3]
    table = numbered(1, 2, 3, 4)
    assert to_our_layout("a/embeddings", table)[0, 3, 1, 2] == table[0, 1, 2, 3]
    assert to_our_layout("a/_query_rpe/embeddings", qkv).shape == (4, 6)
