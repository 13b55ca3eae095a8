"""Running a layer of ours on a golden case: names and layouts of the reference -> ours."""

import json
import re

import numpy as np
import torch
from torch import Tensor, nn

TOLERANCE = 5e-5  # max abs error / max(1, max abs value)

# path segments of the reference -> ours; the order matters
_RENAMED = [
    (r"_depthwise/_depthwise_conv/depthwise_kernel", "depthwise.conv.weight"),
    (r"_conv1_bn_act/_depthwise/", "depthwise."),
    (r"_conv1_bn_act/_pointwise/", "pointwise."),
    (r"_depthwise/", "depthwise."),
    (r"_pointwise/", "pointwise."),
    (r"_conv(\d)_bn(_act)?/", r"conv\1."),
    (r"_proj_conv_bn_act/", "project."),
    (r"_attention/", "attention."),
    (r"_(height|width)_axis/", r"\1."),
    (r"_shortcut/", "shortcut."),
    (r"_batch_norm_qkv/", "norm_qkv."),
    (r"_batch_norm_similarity/", "norm_logits."),
    (r"_batch_norm_retrieved_output/", "norm_output."),
    (r"_batch_norm/", "norm."),
    (r"_(query|key|value)_rpe/embeddings", r"\1_table"),
    (r"_conv/kernel", "conv.weight"),
    (r"qkv_kernel", "qkv.weight"),
    (r"gamma", "weight"),
    (r"beta", "bias"),
    (r"moving_mean", "running_mean"),
    (r"moving_variance", "running_var"),
]


def our_name(path: str) -> str:
    for pattern, name in _RENAMED:
        path = re.sub(pattern, name, path)
    return path.replace("/", ".")


def our_layout(path: str, array: np.ndarray) -> Tensor:
    tensor = torch.from_numpy(array)
    if path.endswith("depthwise_kernel"):
        return tensor.permute(2, 3, 0, 1)
    if path.endswith("qkv_kernel"):
        return tensor.T
    if path.endswith("kernel"):
        return tensor.permute(3, 2, 0, 1)
    if "_batch_norm_" in path:  # [term, 1, head, 1, depth] -> (term head depth)
        return tensor.flatten()
    return tensor


def golden_tensors(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, Tensor]:
    """All arrays below a prefix, under our names and in our layout."""
    paths = {key: key.removeprefix(prefix) for key in arrays if key.startswith(prefix)}
    return {our_name(path): our_layout(path, arrays[key]) for key, path in paths.items()}


def meta(arrays: dict[str, np.ndarray]) -> dict:
    return json.loads(str(arrays["meta"]))


def nchw(array: np.ndarray) -> Tensor:
    """Images as ours; sequences ``[batch, length, channel]`` as they are."""
    tensor = torch.from_numpy(array)
    return tensor.permute(0, 3, 1, 2) if tensor.ndim == 4 else tensor


def assert_close(ours: Tensor, golden: Tensor, what: str) -> None:
    assert ours.shape == golden.shape, f"{what}: {tuple(ours.shape)} != {tuple(golden.shape)}"
    error = (ours - golden).abs().max() / max(1.0, float(golden.abs().max()))
    assert error < TOLERANCE, f"{what}: error {error:.2e}"


def check_layer(layer: nn.Module, arrays: dict[str, np.ndarray], rename=lambda name: name) -> None:
    """Compare outputs, gradients and moving statistics, in both modes."""
    weights = {rename(k): v for k, v in golden_tensors(arrays, "var/").items()}
    inputs = {k.removeprefix("in/"): nchw(v) for k, v in arrays.items() if k.startswith("in/")}
    r = inputs.pop("r")
    inputs.pop("drop_path_mask", None)
    for mode in ("eval", "train"):
        layer.load_state_dict(weights)
        layer.train(mode == "train").zero_grad()
        x = {name: tensor.clone().requires_grad_() for name, tensor in inputs.items()}
        out = layer(*x.values())
        (out * r).sum().backward()
        assert_close(out, nchw(arrays[f"out_{mode}"]), f"out_{mode}")
        for name, tensor in x.items():
            assert_close(tensor.grad, nchw(arrays[f"grad_{mode}_in/{name}"]), f"{mode} grad {name}")
        grads = {rename(k): v for k, v in golden_tensors(arrays, f"grad_{mode}/").items()}
        trained = {name for name, _ in layer.named_parameters()}
        assert grads.keys() == trained
        for name, parameter in layer.named_parameters():
            assert_close(parameter.grad, grads[name], f"{mode} grad {name}")
    moved = {rename(k): v for k, v in golden_tensors(arrays, "new/").items()}
    buffers = dict(layer.named_buffers())
    assert moved.keys() == buffers.keys()
    for name, buffer in buffers.items():
        assert_close(buffer, moved[name], f"moved {name}")
