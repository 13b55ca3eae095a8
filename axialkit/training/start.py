"""Where a fresh run starts: with random weights, or with others as far as they go."""

from dataclasses import replace
from pathlib import Path

from torch import nn

from axialkit.config import PRESETS, BackboneConfig, ExperimentConfig
from axialkit.errors import InputError
from axialkit.weights.find import released_weights
from axialkit.weights.load_tf import LoadReport, init_from
from axialkit.weights.released import KINDS, released_names


def start_from(model: nn.Module, config: ExperimentConfig) -> LoadReport:
    """Load what ``train.init_from`` names into a fresh model.

    Raises:
        InputError: it is not there, or has nothing that fits.
    """
    settings = config.train
    return init_from(
        model,
        initial_weights(config),
        semantic_last_layer=settings.init_semantic_last_layer,
        instance_last_layers=settings.init_instance_last_layers,
    )


def initial_weights(config: ExperimentConfig) -> Path:
    """Return the path that ``train.init_from`` means: the authors' weights by kind, or a path.

    Raises:
        InputError: the authors released none for this backbone, or they are not in the cache.
    """
    wanted = config.train.init_from
    if wanted not in KINDS:
        return Path(wanted)
    for name in released_names():
        if _shape(PRESETS[name].backbone) == _shape(config.backbone):
            return released_weights(name, wanted)
    raise InputError(
        f"The authors released no {wanted} weights for this backbone ({config.backbone.kind}, "
        f"changed or not); they did for: {', '.join(released_names())}. Give a path instead."
    )


def _shape(backbone: BackboneConfig) -> BackboneConfig:
    """Set aside what changes no tensor of the network."""
    default = BackboneConfig()
    return replace(
        backbone,
        drop_path_keep=default.drop_path_keep,
        drop_path_schedule=default.drop_path_schedule,
        output_stride=default.output_stride,
    )
