"""Whole networks, from the reference's own checkpoint on disk to its answers."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from axialkit.model import build_model
from axialkit.model.deeplab import normalize
from axialkit.weights.load_tf import load_tf_checkpoint
from axialkit.weights.tf_names import reference_keys, to_our_layout
from tests.conftest import golden_cases
from tests.tiny_networks import tiny_config

INFERENCE = golden_cases("model/tiny_*/out_*.npz")
# the small golden set has none of these; the full one has three
TRAINING = sorted(INFERENCE[0].parent.parent.glob("tiny_*/train_*.npz"))


def case_id(path: Path) -> str:
    return f"{path.parent.name.removeprefix('tiny_')}-{path.stem}"


@cache
def load(folder: Path) -> nn.Module:
    model = build_model(tiny_config(folder))
    load_tf_checkpoint(model, folder / "ckpt-60000")
    return model.eval()


def error(ours: Tensor, golden: np.ndarray) -> float:
    """Largest difference, relative to max(1, largest value)."""
    truth = torch.from_numpy(golden)
    assert ours.shape == truth.shape
    return float((ours - truth).abs().max() / max(1.0, float(truth.abs().max())))


def images_of(arrays: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(arrays["image"]).permute(0, 3, 1, 2)


def nhwc(x: Tensor) -> Tensor:
    return x.permute(0, 2, 3, 1)


@pytest.mark.parametrize("case", INFERENCE, ids=case_id)
@torch.no_grad()
def test_answers_and_endpoints_equal_the_reference(case, load_golden):
    arrays = load_golden(case)
    model, images = load(case.parent), images_of(arrays)
    answers = model(images)
    features = model.backbone(normalize(images))
    raw = model.decoder(features)
    ours = {
        "semantic_logits": nhwc(answers.semantic),
        "center_heatmap": answers.center[:, 0],
        "offset_map": nhwc(answers.offset),
        "raw/semantic_logits": nhwc(raw.semantic),
        "raw/center_heatmap": nhwc(raw.center),
        "raw/offset_map": nhwc(raw.offset),
    }
    named = model.backbone.endpoints(normalize(images))
    ours |= {f"endpoint/{name}": nhwc(feature) for name, feature in named.items()}
    compared = arrays.keys() - {"image"}
    assert {"raw/semantic_logits", "endpoint/res5"} <= compared <= ours.keys()
    errors = {name: error(ours[name], arrays[name]) for name in compared}
    assert max(errors.values()) < 1e-5, errors


@pytest.mark.parametrize("case", TRAINING, ids=case_id)
def test_training_equals_the_reference(case, load_golden):
    arrays = load_golden(case)
    model = build_model(tiny_config(case.parent))
    load_tf_checkpoint(model, case.parent / "ckpt-60000")
    images = images_of(load_golden(case.parent / "out_65x129_b2.npz"))
    answers = model.train()(images)
    outputs = {
        "semantic_logits": nhwc(answers.semantic),
        "center_heatmap": answers.center[:, 0],
        "offset_map": nhwc(answers.offset),
    }
    loss = sum((out * torch.from_numpy(arrays[f"r/{name}"])).sum() for name, out in outputs.items())
    loss.backward()
    for name in ("center_heatmap", "offset_map"):
        assert error(outputs[name].detach(), arrays[f"train/{name}"]) < 2e-3, name
    keys, parameters = reference_keys(model), dict(model.named_parameters())
    dead = {name for name, parameter in parameters.items() if parameter.grad is None}
    assert {keys[name] for name in dead} == set(json.loads(str(arrays["no_grad_variables"])))
    for name in parameters.keys() - dead:
        golden = float(arrays[f"gradnorm/{keys[name]}"])
        ours = float(parameters[name].grad.norm())
        # noise of float32: the reference's own gradients are up to 2e-2 away from float64's; those
        # of the logits' beta are nothing else, since a softmax cancels it
        if name.endswith("norm_logits.bias"):
            continue
        assert abs(ours - golden) <= 5e-2 * max(golden, 1e-3), (name, ours, golden)
        if f"grad/{keys[name]}" in arrays:  # the small ones as a whole
            truth = to_our_layout(keys[name], torch.from_numpy(arrays[f"grad/{keys[name]}"]))
            difference = float((parameters[name].grad - truth).norm())
            assert difference <= 1e-1 * max(golden, 1e-3), (name, difference, golden)


@pytest.mark.parametrize("case", TRAINING, ids=case_id)
@torch.no_grad()
def test_moving_statistics_equal_the_reference(case, load_golden):
    """One step, updated once; the stacked decoder's move too although nothing reads it."""
    arrays = load_golden(case)
    model = build_model(tiny_config(case.parent))
    load_tf_checkpoint(model, case.parent / "ckpt-60000")
    images = images_of(load_golden(case.parent / "out_65x129_b2.npz"))
    named = model.train().backbone.endpoints(normalize(images))
    model.decoder({stage: named[f"res{stage}"] for stage in (2, 3, 5)})
    keys = reference_keys(model)
    for name, buffer in model.named_buffers():
        golden = to_our_layout(keys[name], torch.from_numpy(arrays[f"new/{keys[name]}"]))
        assert error(buffer, golden.numpy()) < 2e-3, name
