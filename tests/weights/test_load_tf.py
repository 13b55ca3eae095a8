"""Whole networks and parts of them, from checkpoints into models."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from axialkit.config import ExperimentConfig
from axialkit.errors import InputError
from axialkit.model import build_classifier, build_model
from axialkit.weights import save_weights
from axialkit.weights.load_tf import init_from, load_tf_checkpoint
from axialkit.weights.tf_checkpoint import TfCheckpoint
from axialkit.weights.tf_names import reference_keys
from tests.conftest import golden_cases
from tests.tf_writer import VALUE, write_checkpoint
from tests.tiny_networks import tiny_config

FOLDER = golden_cases("model/tiny_*/*.index")[0].parent


@pytest.fixture(scope="module")
def config() -> ExperimentConfig:
    return tiny_config(FOLDER)


@pytest.fixture(scope="module")
def variables() -> dict[str, np.ndarray]:
    checkpoint = TfCheckpoint(FOLDER)
    return {key + VALUE: array for key, array in checkpoint.items()}


def snapshot(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_unchanged(model: nn.Module, before: dict[str, torch.Tensor]) -> None:
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def encoder_only(variables: dict, prefix: str = "encoder/") -> dict:
    return {
        prefix + key.removeprefix("encoder/"): array
        for key, array in variables.items()
        if key.startswith("encoder/")
    }


# --- whole networks ------------------------------------------------------------------------------


def test_a_whole_network_is_loaded_and_reported(config, variables):
    model = build_model(config)
    report = load_tf_checkpoint(model, FOLDER)
    assert len(report.loaded) == len(variables) == len(model.state_dict())
    assert report.kept == report.unused == []
    assert report.summary().startswith(f"Loaded {len(variables)} of {len(variables)} tensors from")
    table = "backbone.stages.stage5.block1.branch.attention.width.value_table"
    key = "encoder/_stage5/_block1/_attention/_width_axis/_value_rpe/embeddings"
    assert np.array_equal(model.state_dict()[table], variables[key + VALUE])


def test_double_precision_models_keep_their_precision(config):
    model = build_model(config).double()
    load_tf_checkpoint(model, FOLDER)
    assert all(tensor.dtype == torch.float64 for tensor in model.state_dict().values())


def test_a_checkpoint_of_another_network_changes_nothing(config):
    deeper = replace(config, backbone=replace(config.backbone, depth_multiplier=5.0))
    wider = replace(config, backbone=replace(config.backbone, stem_width_multiplier=0.5))
    for other, sentence in (
        (deeper, r"tensors are missing in the file, .*another preset"),
        (wider, r"has the shape \[.*\] \(in our order\), the network's backbone"),
    ):
        model = build_model(other)
        before = snapshot(model)
        with pytest.raises(InputError, match=sentence):
            load_tf_checkpoint(model, FOLDER)
        assert_unchanged(model, before)


def test_a_backbone_alone_points_to_init_from(config, variables, tmp_path):
    prefix = write_checkpoint(tmp_path / "c", encoder_only(variables))
    with pytest.raises(InputError, match=r"holds a backbone only.*init_from"):
        load_tf_checkpoint(build_model(config), prefix)


def test_tiny_networks_of_our_own_have_no_such_checkpoint():
    with pytest.raises(InputError, match=r"does not fit this network"):
        load_tf_checkpoint(build_model("tiny"), FOLDER)


# --- starting from other weights -----------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["encoder/", "backbone/_encoder/"])
def test_imagenet_weights_fill_the_backbone(config, variables, tmp_path, prefix):
    path = write_checkpoint(tmp_path / "c", encoder_only(variables, prefix))
    model = build_model(config)
    before = snapshot(model)
    report = init_from(model, path)
    whole = build_model(config)
    load_tf_checkpoint(whole, FOLDER)
    for name, tensor in model.state_dict().items():
        source = whole.state_dict() if name.startswith("backbone.") else before
        assert torch.equal(tensor, source[name]), name
    assert all(name.startswith("decoder.") for name in report.kept)
    assert "fresh, not in the file: center_head" in report.summary()


def test_imagenet_weights_fill_a_classifier(config, variables, tmp_path):
    prefix = write_checkpoint(tmp_path / "c", encoder_only(variables, "backbone/_encoder/"))
    model = build_classifier(config, num_classes=10)
    assert load_tf_checkpoint(model, prefix).kept == ["classifier.bias", "classifier.weight"]
    fresh = build_classifier(config, num_classes=10)
    report = init_from(fresh, FOLDER)  # a panoptic checkpoint serves, too
    assert report.kept == ["classifier.bias", "classifier.weight"]
    assert len(report.unused) == sum(not k.startswith("encoder/") for k in variables)
    backbone = fresh.backbone.state_dict()
    assert all(torch.equal(backbone[n], t) for n, t in model.backbone.state_dict().items())


def test_last_layers_can_be_left_out(config):
    other = replace(config, num_classes=7)
    with pytest.raises(InputError, match=r"semantic_last_layer/.* \[19.*leave the last layers out"):
        init_from(build_model(other), FOLDER)
    model = build_model(other)
    report = init_from(model, FOLDER, semantic_last_layer=False)
    assert report.kept == [f"decoder.semantic_head.final.{n}" for n in ("bias", "weight")]
    report = init_from(
        build_model(config), FOLDER, semantic_last_layer=False, instance_last_layers=False
    )
    assert len(report.kept) == len(report.unused) == 6


def test_nothing_in_common_is_an_error(config, tmp_path):
    strange = {"classifier/kernel" + VALUE: np.ones((2, 2), np.float32)}
    model = build_model(config)
    before = snapshot(model)
    with pytest.raises(InputError, match=r"has nothing for this network \(it holds 1 other"):
        init_from(model, write_checkpoint(tmp_path / "c", strange))
    assert_unchanged(model, before)


def test_our_own_files_follow_the_same_rules(config, tmp_path):
    source = build_model(config)
    load_tf_checkpoint(source, FOLDER)
    save_weights(tmp_path / "run" / "weights.safetensors", source)
    for path in (tmp_path / "run", tmp_path / "run" / "weights.safetensors"):
        model = build_model(replace(config, num_classes=7))
        report = init_from(model, path, semantic_last_layer=False)
        assert len(report.kept) == 2
        state = source.state_dict()
        assert all(torch.equal(model.state_dict()[n], state[n]) for n in report.loaded)
    with pytest.raises(InputError, match=r"has the shape \[19"):
        init_from(build_model(replace(config, num_classes=7)), tmp_path / "run")


def test_every_released_layout_loads_alike(config, variables, tmp_path):
    """Several shards, the other spelling of the tables, slots of the optimizer."""
    other = {k.replace("_rpe/embeddings", "_rpe/_embeddings"): v for k, v in variables.items()}
    slot = "encoder/_stem/_conv/kernel/.OPTIMIZER_SLOT/optimizer/m" + VALUE
    other[slot] = np.zeros((3, 3), np.float32)
    prefix = write_checkpoint(tmp_path / "c", other, shards=4)
    first, second = build_model(config), build_model(config)
    load_tf_checkpoint(first, FOLDER)
    load_tf_checkpoint(second, prefix)
    assert_unchanged(second, snapshot(first))


# --- cost ----------------------------------------------------------------------------------------

MEASURE = """
import json, resource, sys, threading, time
import torch, axialkit
from axialkit.weights.load_tf import load_tf_checkpoint
from axialkit.weights import tf_checkpoint
torch.set_num_threads(1)

def anonymous():
    lines = dict(line.split(":") for line in open("/proc/self/status") if ":" in line)
    return int(lines["RssAnon"].split()[0]) * 1024

base = peak = anonymous()
running = True
def watch():
    global peak
    while running:
        peak = max(peak, anonymous())
        time.sleep(0.01)
thread = threading.Thread(target=watch)
thread.start()
with torch.device("meta"):
    model = axialkit.build_model("axial_swidernet_1_1_1")
model.to_empty(device="cpu")
begin = time.perf_counter()
load_tf_checkpoint(model, sys.argv[1])
seconds = time.perf_counter() - begin
running = False
thread.join()
begin = time.perf_counter()
with open(sys.argv[1] + ".data-00000-of-00001", "rb") as file:
    while file.read(1 << 24):
        pass
plain = time.perf_counter() - begin
print(json.dumps({"anonymous": peak - base, "seconds": seconds, "plain_read": plain}))
"""


@pytest.mark.soak
def test_half_a_gigabyte_loads_lean_and_fast(tmp_path):
    with torch.device("meta"):
        model = build_model("axial_swidernet_1_1_1")
    state = model.state_dict()
    draw = np.random.default_rng(0)
    variables = {}
    for name, key in reference_keys(model).items():
        shape = tuple(state[name].shape)
        if key.endswith("depthwise_kernel"):
            shape = (shape[2], shape[3], shape[0], shape[1])
        elif key.endswith("kernel"):
            shape = shape[::-1] if len(shape) == 2 else (*shape[2:], shape[1], shape[0])
        variables[key + VALUE] = draw.random(shape, dtype=np.float32)
    prefix = write_checkpoint(tmp_path / "ckpt-60000", variables)
    size = Path(f"{prefix}.data-00000-of-00001").stat().st_size
    assert 0.54e9 < size < 0.56e9
    answer = subprocess.run(
        [sys.executable, "-c", MEASURE, str(prefix)], capture_output=True, text=True, check=True
    )
    cost = json.loads(answer.stdout.splitlines()[-1])
    print(f"{size:,} bytes: {cost}")
    assert cost["anonymous"] <= 2.2 * size
    assert cost["seconds"] <= cost["plain_read"] + 5
