"""From a name to a network: shipped weights, the authors' from the cache, or a folder with both.

A folder of weights is what ``axialkit train`` and ``axialkit weights convert`` write: config.json
beside weights.safetensors.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from axialkit.config import PRESETS, ExperimentConfig, from_dict, get_preset
from axialkit.errors import InputError, suggest
from axialkit.files import read_json
from axialkit.model import AxialDeepLab, build_model
from axialkit.weights.files import (
    WEIGHTS_FILE,
    WEIGHTS_SUFFIX,
    Tensors,
    load_weights,
    network_tensors,
    our_file,
    read_tensors,
)
from axialkit.weights.home import DOWNLOADS, home_folder
from axialkit.weights.load_tf import init_from, load_tf_checkpoint
from axialkit.weights.released import CITYSCAPES, IMAGENET, KINDS, find_released, released_names

SHIPPED = Path(__file__).parent / "shipped"
CONFIG_FILE = "config.json"
CARD_SUFFIX = ".json"
BACKBONE_PREFIX = "backbone."

Network = TypeVar("Network", bound=nn.Module)


class Source(NamedTuple):
    """Where a network's configuration and weights come from."""

    config: ExperimentConfig
    weights: Path


def shipped_names() -> list[str]:
    """Presets whose trained weights come with the package."""
    return sorted(path.stem for path in SHIPPED.glob(f"*{WEIGHTS_SUFFIX}"))


def load_config(name_or_run: str | Path) -> ExperimentConfig:
    """Return the configuration of a preset, of a run folder or of converted weights.

    Raises:
        InputError: none of these.
    """
    config_file = Path(name_or_run) / CONFIG_FILE
    if str(name_or_run) in PRESETS:
        return get_preset(str(name_or_run))
    if config_file.is_file():
        return from_dict(read_json(config_file))
    raise InputError(_not_found(name_or_run))


def find_weights(name_or_run: str | Path) -> Source:
    """Find configuration and weights of a preset (shipped or in the cache) or of a folder.

    An unfinished run gives its last checkpoint.

    Raises:
        InputError: no such preset or folder, or one without weights.
    """
    config = load_config(name_or_run)
    if str(name_or_run) in PRESETS:
        return Source(config, _weights_of_preset(str(name_or_run)))
    return Source(config, _weights_in(Path(name_or_run)))


def released_weights(preset: str, kind: str) -> Path:
    """Return the authors' weights in the cache, converted by ``axialkit weights get``.

    ``kind`` is cityscapes (the whole network) or imagenet (its backbone only).

    Raises:
        InputError: they were never released, or are not in the cache.
    """
    released = find_released(preset, kind)
    path = home_folder() / released.folder / WEIGHTS_FILE
    if path.is_file():
        return path
    raise InputError(
        f'The {kind} weights of "{preset}" are not on this machine. Get them with: '
        f"{released.get_command}  (from {released.url}; without a connection put that file into "
        f"{home_folder() / DOWNLOADS} first)"
    )


def load_model(
    name_or_run: str | Path, weights: str | Path | None = None, *, download: bool = False
) -> AxialDeepLab:
    """Load a trained network in evaluation mode, in float32, on the CPU.

    ``name_or_run`` is a preset or a folder of weights. By default it brings its own weights: the
    shipped ones, or the authors' for Cityscapes from the cache. ``weights`` names others:
    ``"cityscapes"``, ``"imagenet"`` (the backbone; the rest is fresh), a safetensors file, a
    folder of weights, or a TensorFlow checkpoint of the authors. ``download`` gets the authors'
    weights if they are not in the cache yet.

    Raises:
        InputError: an unknown name, no weights, or weights that do not fit.

    Example::

        model = axialkit.load_model("tiny")
        model = axialkit.load_model("axial_swidernet_1_1_1", weights="cityscapes")
    """
    if download:
        _download(str(name_or_run), weights)
    if weights is None:
        source = find_weights(name_or_run)
    elif weights in KINDS:
        config = load_config(name_or_run)
        source = Source(config, released_weights(str(name_or_run), str(weights)))
    else:
        source = Source(load_config(name_or_run), Path(weights))
    if weights == IMAGENET:
        with torch.random.fork_rng(devices=[]):  # building draws random weights: leave no trace
            model = build_model(source.config)
        init_from(model, source.weights)
    else:
        model = build_empty(build_model, source.config)
        _fill(model, source.weights)
    return model.eval()


def build_empty(build: Callable[[ExperimentConfig], Network], config: ExperimentConfig) -> Network:
    """Build a network without drawing its random weights, which takes by far the longest.

    Its tensors hold anything until all of them are loaded.
    """
    with torch.device("meta"):
        model = build(config)
    return model.to_empty(device="cpu")


def is_our_format(path: Path) -> bool:
    """Return whether a path is a safetensors file or a folder of weights."""
    return path.suffix == WEIGHTS_SUFFIX or (path / CONFIG_FILE).is_file()


def read_our_format(path: Path) -> tuple[Path, Tensors]:
    """Read a network's tensors from a safetensors file or a folder; also say from which file.

    Raises:
        InputError: no such file, none in the folder, or a damaged one.
    """
    file = _weights_in(path) if path.is_dir() else path
    return file, network_tensors(read_tensors(file)[0])


def _fill(model: AxialDeepLab, path: Path) -> None:
    """Load every tensor of the model, or fail."""
    if is_our_format(path):
        file, tensors = read_our_format(path)
        if all(name.startswith(BACKBONE_PREFIX) for name in tensors):
            raise InputError(
                f"{file} holds a backbone only, as from ImageNet: no network that can segment. "
                f"Start a training from it: axialkit train PRESET --train.init-from {file}"
            )
        load_weights(model, tensors, file)
    else:
        load_tf_checkpoint(model, path)


def _download(preset: str, weights: str | Path | None) -> None:
    from axialkit.weights.get import get_weights  # it imports this module

    kind = CITYSCAPES if weights is None else str(weights)
    if preset in released_names() and kind in KINDS:
        get_weights(find_released(preset, kind), get_preset(preset), home_folder())


def _weights_of_preset(name: str) -> Path:
    shipped = SHIPPED / f"{name}{WEIGHTS_SUFFIX}"
    if shipped.is_file():
        return shipped
    if name in released_names():
        return released_weights(name, CITYSCAPES)
    raise InputError(
        f'No weights are shipped for "{name}" (shipped: {", ".join(shipped_names())}). '
        f"Train it with: axialkit train {name}"
    )


def _weights_in(folder: Path) -> Path:
    file = our_file(folder)
    if file is not None:
        return file
    raise InputError(
        f"{folder} holds no weights yet: the run stopped before its first checkpoint. "
        "Continue it with: axialkit train ... --resume"
    )


def _not_found(name_or_run: str | Path) -> str:
    known = list(PRESETS)
    if Path(name_or_run).is_dir():
        return f"{name_or_run} is not a training run: it has no {CONFIG_FILE}."
    return (
        f'"{name_or_run}" is neither a preset nor a run folder.{suggest(str(name_or_run), known)} '
        f"Presets: {', '.join(known)}."
    )
