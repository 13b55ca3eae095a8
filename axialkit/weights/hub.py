"""From a name to a network with its weights."""

from pathlib import Path

import torch

from axialkit.config import get_preset
from axialkit.errors import InputError
from axialkit.model import AxialDeepLab, build_model
from axialkit.model.build import build_empty
from axialkit.weights.convert import BACKBONE_PREFIX
from axialkit.weights.files import load_weights
from axialkit.weights.find import (
    Source,
    find_weights,
    is_our_format,
    load_config,
    read_our_format,
    released_weights,
)
from axialkit.weights.get import get_weights
from axialkit.weights.home import home_folder
from axialkit.weights.load_tf import init_from, load_tf_checkpoint
from axialkit.weights.released import CITYSCAPES, IMAGENET, KINDS, find_released, released_names


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
    kind = CITYSCAPES if weights is None else str(weights)
    if preset in released_names() and kind in KINDS:
        get_weights(find_released(preset, kind), get_preset(preset), home_folder())
