"""The whole state of a run in one safetensors file, so that a crash costs only time."""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from axialkit.errors import InputError
from axialkit.weights.files import (
    MODEL_PREFIX,
    Tensors,
    load_weights,
    network_tensors,
    read_tensors,
    save_tensors,
)

_OPTIMIZER_PREFIX = "optimizer/"
_RANDOM = "random_state"


def save_checkpoint(path: Path, step: int, model: nn.Module, optimizer: Optimizer) -> None:
    """Write weights, optimiser state, random state and the number of finished steps."""
    tensors: Tensors = {f"{MODEL_PREFIX}{k}": v for k, v in model.state_dict().items()}
    for name, weight in model.named_parameters():
        for key, value in optimizer.state[weight].items():
            tensors[f"{_OPTIMIZER_PREFIX}{key}/{name}"] = value
    tensors[_RANDOM] = torch.get_rng_state()
    save_tensors(path, tensors, {"step": str(step)})


def load_checkpoint(path: Path, model: nn.Module, optimizer: Optimizer) -> int:
    """Restore everything that ``save_checkpoint`` wrote; return the number of finished steps.

    Raises:
        InputError: the file is missing, broken, not a checkpoint, or of another network.
    """
    tensors, metadata = read_tensors(path)
    if "step" not in metadata or _RANDOM not in tensors:
        raise InputError(f"{path} is not a checkpoint of axialkit train.")
    load_weights(model, network_tensors(tensors), path)
    weights = dict(model.named_parameters())
    for key, value in tensors.items():
        if key.startswith(_OPTIMIZER_PREFIX):
            slot, name = key.removeprefix(_OPTIMIZER_PREFIX).split("/", 1)
            optimizer.state[weights[name]][slot] = _to(value, weights[name])
    torch.set_rng_state(tensors[_RANDOM])
    return int(metadata["step"])


def _to(value: Tensor, weight: Tensor) -> Tensor:
    """Adam's moments live like their weight: same device and memory format."""
    if value.shape != weight.shape:
        return value.to(weight.device)
    return torch.empty_like(weight).copy_(value)
