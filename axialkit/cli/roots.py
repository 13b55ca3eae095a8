"""Which data set a network is for, when none is given."""

from pathlib import Path

from axialkit.config import ExperimentConfig

MINICITY_ROOT = "data/minicity"
AVENUE_ROOT = "data/minicity_avenue"
CITYSCAPES_ROOT = "data/cityscapes"


def default_root(config: ExperimentConfig) -> Path:
    """Return the folder of the data set that a config is made for."""
    kind = config.backbone.kind
    if kind.startswith("tiny_avenue"):
        return Path(AVENUE_ROOT)
    return Path(MINICITY_ROOT if kind.startswith("tiny") else CITYSCAPES_ROOT)


def is_drawn(config: ExperimentConfig) -> bool:
    """Return whether a network is one of the small ones, made for drawn streets."""
    return config.backbone.kind.startswith("tiny")
