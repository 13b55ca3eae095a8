"""Weights on disk: safetensors, no pickle, written atomically."""

import os
import re
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from axialkit.errors import InputError
from axialkit.files import atomic_path
from axialkit.weights.checkpoints import newest_checkpoint

Tensors = dict[str, Tensor]
WEIGHTS_SUFFIX = ".safetensors"
WEIGHTS_FILE = f"weights{WEIGHTS_SUFFIX}"
MODEL_PREFIX = "model/"  # of the network's tensors inside a checkpoint
AVERAGE_PREFIX = "average/"  # of the averaged ones, where the run has them


def save_tensors(
    path: Path | str, tensors: Tensors, metadata: dict[str, str], *, durable: bool = False
) -> None:
    """Write named tensors and a few strings to one safetensors file (see ``atomic_path``).

    Raises:
        InputError: the folder cannot be written to, or the disk is full.
    """
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path, durable=durable) as temporary:
        temporary.touch()
        mode = temporary.stat().st_mode  # the usual one; safetensors would shut out other users
        try:
            save_file(contiguous, temporary, metadata)
        except SafetensorError as error:
            raise _system_error(error) from error
        temporary.chmod(mode)


def read_tensors(path: Path | str) -> tuple[Tensors, dict[str, str]]:
    """Read a safetensors file: the tensors by name, and its strings.

    Raises:
        InputError: the file is missing or is not a whole safetensors file.
    """
    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(f"There is no weights file {path}.") from error
    except (SafetensorError, OSError) as error:
        raise InputError(
            f"{path} is not a whole safetensors file ({error}). Copy or train it again."
        ) from error


def save_weights(
    path: Path | str,
    model: nn.Module,
    metadata: dict[str, str] | None = None,
    *,
    half: bool = False,
) -> None:
    """Write a model's parameters and moving statistics; ``half`` rounds them to float16."""
    tensors = dict(model.state_dict())
    if half:
        tensors = {name: _to_half(name, tensor) for name, tensor in tensors.items()}
    save_tensors(path, tensors, metadata or {})


def load_weights(model: nn.Module, tensors: Tensors, source: Path | str) -> None:
    """Copy tensors into a model, which keeps its own precision.

    Raises:
        InputError: a name is missing or left over, or a shape differs; ``source`` is named.
    """
    own = model.state_dict()
    missing, extra = sorted(own.keys() - tensors.keys()), sorted(tensors.keys() - own.keys())
    if missing or extra:
        raise InputError(
            f"{source} does not fit this network: {len(missing)} tensors are missing "
            f"{missing[:2]}, {len(extra)} are unknown {extra[:2]}. Was it made for another preset?"
        )
    for name, tensor in tensors.items():
        if tensor.shape != own[name].shape:
            raise InputError(
                f"{source} does not fit this network: {name} is {list(tensor.shape)}, "
                f"expected {list(own[name].shape)}. Was it made for another preset?"
            )
    model.load_state_dict(tensors)


def our_file(path: Path) -> Path | None:
    """Return the safetensors file that a path means: itself, or that of a folder of weights.

    A folder of an unfinished run gives its newest checkpoint; what is neither gives None.
    """
    if path.suffix == WEIGHTS_SUFFIX:
        return path
    weights = path / WEIGHTS_FILE
    return weights if weights.is_file() else newest_checkpoint(path)


def network_tensors(tensors: Tensors) -> Tensors:
    """Pick the network's tensors out of a checkpoint of ours, averaged ones if it has them.

    Weights files pass as they are.
    """
    for prefix in (AVERAGE_PREFIX, MODEL_PREFIX):
        inside = {k: v for k, v in tensors.items() if k.startswith(prefix)}
        if inside:
            return {k.removeprefix(prefix): v for k, v in inside.items()}
    return tensors


def _system_error(error: SafetensorError) -> Exception:
    """Return the system's own error behind one of safetensors, which only words it."""
    number = re.search(r"os error (\d+)", str(error))
    return OSError(int(number[1]), os.strerror(int(number[1]))) if number else error


def _to_half(name: str, tensor: Tensor) -> Tensor:
    half = tensor.half()
    if not torch.isfinite(half).all():
        raise ValueError(f"{name} does not fit into float16")
    return half
