from dataclasses import replace
from pathlib import Path

import pytest

from axialkit.config import ExperimentConfig, get_preset
from axialkit.data.minicity import generate


@pytest.fixture(scope="session")
def city(tmp_path_factory) -> Path:
    """Avenue scenes, 12 to train on; do not write into it."""
    root = tmp_path_factory.mktemp("city") / "avenue"
    return generate(root, scenes="avenue", train=12, val=4, test=0, workers=1, progress=False)


def short(steps: int, **fields) -> ExperimentConfig:
    """A training of seconds with everything that is drawn at random."""
    config = get_preset("tiny_avenue")
    habits = {"workers": 0, "checkpoint_every": 5, "log_every": 2, "show_every": 0}
    settings = {"batch_size": 4, **habits, **fields}
    return replace(
        config,
        backbone=replace(config.backbone, drop_path_keep=0.8),
        data=replace(config.data, scale_range=(0.5, 2.0), autoaugment="reference"),
        train=replace(config.train, steps=steps, **settings),
    )
