"""The whole state of a run in one safetensors file, so that a crash costs only time."""

import json
from pathlib import Path

import torch
from torch import Tensor

from axialkit.errors import InputError
from axialkit.files import atomic_path
from axialkit.training.state import State
from axialkit.weights.checkpoints import checkpoint_path, keep_newest, write_checksum
from axialkit.weights.files import (
    AVERAGE_PREFIX,
    MODEL_PREFIX,
    Tensors,
    load_weights,
    read_tensors,
    save_tensors,
)

_OPTIMIZER_PREFIX = "optimizer/"
_COUNTS = "counts"


def save_checkpoint(run: Path, state: State, keep: int) -> Path:
    """Write everything a run needs to go on, with a checksum; keep the newest ``keep`` files.

    The random numbers of a step follow from its number, so none have to be kept.

    Raises:
        InputError: no permission or no space; the older checkpoints are left as they were.
    """
    tensors: Tensors = {f"{MODEL_PREFIX}{k}": v for k, v in state.model.state_dict().items()}
    for name, weight in state.model.named_parameters():
        for key, value in state.optimizer.state.get(weight, {}).items():
            tensors[f"{_OPTIMIZER_PREFIX}{key}/{name}"] = value
    if state.average is not None:
        average = state.average.module.state_dict()
        tensors |= {f"{AVERAGE_PREFIX}{k}": v for k, v in average.items()}
    path = checkpoint_path(run, state.step)
    counts = {
        "step": state.step,
        "updates": state.optimizer.param_groups[0]["updates"],
        "bad_losses": state.bad_losses,
        "processes": state.processes.world_size,
        "scaler": state.scaler.state_dict(),
    }
    with atomic_path(path, durable=True) as temporary:
        save_tensors(temporary, tensors, {_COUNTS: json.dumps(counts)})
        write_checksum(path, temporary)  # before the rename: no checkpoint is ever without one
    keep_newest(run, keep)
    return path


def load_checkpoint(path: Path, state: State) -> int:
    """Restore into ``state`` what ``save_checkpoint`` wrote; return how many processes had run.

    Raises:
        InputError: the file is missing, broken, not a checkpoint, or of another network.
    """
    tensors, metadata = read_tensors(path)
    if _COUNTS not in metadata:
        raise InputError(f"{path} is not a checkpoint of axialkit train.")
    counts = json.loads(metadata[_COUNTS])
    load_weights(state.model, _below(tensors, MODEL_PREFIX), path)
    if state.average is not None:
        load_weights(state.average.module, _below(tensors, AVERAGE_PREFIX), path)
        state.average.n_averaged.fill_(counts["updates"])
    weights = dict(state.model.named_parameters())
    for key, value in _below(tensors, _OPTIMIZER_PREFIX).items():
        slot, name = key.split("/", 1)
        state.optimizer.state[weights[name]][slot] = _to(value, weights[name])
    for group in state.optimizer.param_groups:
        group["updates"] = counts["updates"]
    if state.scaler.is_enabled():
        state.scaler.load_state_dict(counts["scaler"])
    state.step, state.bad_losses = counts["step"], counts["bad_losses"]
    return int(counts["processes"])


def _below(tensors: Tensors, prefix: str) -> Tensors:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _to(value: Tensor, weight: Tensor) -> Tensor:
    """Moments live like their weight: same device and memory format."""
    if value.shape != weight.shape:
        return value.to(weight.device)
    return torch.empty_like(weight).copy_(value)
