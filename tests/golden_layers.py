"""Running a layer of ours on a golden case."""

import json
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from axialkit.weights.tf_names import reference_keys, to_our_layout

TOLERANCE = 5e-5  # max abs error / max(1, max abs value)


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


def check_layer(
    layer: nn.Module,
    arrays: dict[str, np.ndarray],
    *,
    modes: tuple[str, ...] = ("eval", "train"),
    key_of: Callable[[str], str] = lambda key: key,
) -> None:
    """Compare outputs, gradients and moving statistics; every golden variable must be used.

    ``key_of`` turns our keys into those of a case that names its parts by itself.
    """
    keys = {name: key_of(key) for name, key in reference_keys(layer).items()}
    assert keys.keys() == layer.state_dict().keys()
    weights = golden_tensors(arrays, "var/", keys)
    inputs = {k.removeprefix("in/"): nchw(v) for k, v in arrays.items() if k.startswith("in/")}
    r = inputs.pop("r")
    inputs.pop("drop_path_mask", None)
    parameters = dict(layer.named_parameters())
    trained = {name: keys[name] for name in parameters}
    for mode in modes:
        layer.load_state_dict(weights)
        layer.train(mode == "train").zero_grad()
        x = {name: tensor.clone().requires_grad_() for name, tensor in inputs.items()}
        out = layer(*x.values())
        (out * r).sum().backward()
        assert_close(out, nchw(arrays[f"out_{mode}"]), f"out_{mode}")
        for name, tensor in x.items():
            assert_close(tensor.grad, nchw(arrays[f"grad_{mode}_in/{name}"]), f"{mode} grad {name}")
        for name, grad in golden_tensors(arrays, f"grad_{mode}/", trained).items():
            assert_close(parameters[name].grad, grad, f"{mode} grad {name}")
    if "train" in modes:
        buffers = dict(layer.named_buffers())
        moved = golden_tensors(arrays, "new/", {name: keys[name] for name in buffers})
        for name, buffer in buffers.items():
            assert_close(buffer, moved[name], f"moved {name}")


def golden_tensors(
    arrays: dict[str, np.ndarray], kind: str, keys: dict[str, str]
) -> dict[str, Tensor]:
    """All golden arrays below ``kind``, under our names and in our layout."""
    golden = {key.removeprefix(kind) for key in arrays if key.startswith(kind)}
    assert golden == set(keys.values()), golden ^ set(keys.values())
    return {
        name: to_our_layout(key, torch.from_numpy(arrays[kind + key])) for name, key in keys.items()
    }
