"""From a name to a network: shipped weights, or a run folder of ``axialkit train``."""

from pathlib import Path
from typing import NamedTuple

import torch

from axialkit.config import PRESETS, ExperimentConfig, from_dict, get_preset
from axialkit.errors import InputError, suggest
from axialkit.files import read_json
from axialkit.model import AxialDeepLab, build_model
from axialkit.weights.files import OUR_FILES, load_weights, network_tensors, read_tensors

SHIPPED = Path(__file__).parent / "shipped"
CONFIG_FILE = "config.json"
WEIGHTS_SUFFIX = ".safetensors"
CARD_SUFFIX = ".json"


class Source(NamedTuple):
    """Where a network's configuration and weights come from."""

    config: ExperimentConfig
    weights: Path


def shipped_names() -> list[str]:
    """Presets whose trained weights come with the package."""
    return sorted(path.stem for path in SHIPPED.glob(f"*{WEIGHTS_SUFFIX}"))


def load_config(name_or_run: str | Path) -> ExperimentConfig:
    """Return the configuration of a preset or of a run folder.

    Raises:
        InputError: neither a preset nor a run folder.
    """
    config_file = Path(name_or_run) / CONFIG_FILE
    if str(name_or_run) in PRESETS:
        return get_preset(str(name_or_run))
    if config_file.is_file():
        return from_dict(read_json(config_file))
    raise InputError(_not_found(name_or_run))


def find_weights(name_or_run: str | Path) -> Source:
    """Find configuration and weights of a shipped preset or of a run folder.

    An unfinished run gives its last checkpoint.

    Raises:
        InputError: no such preset or folder, or one without weights.
    """
    config = load_config(name_or_run)
    folder = Path(name_or_run)
    shipped = SHIPPED / f"{name_or_run}{WEIGHTS_SUFFIX}"
    candidates = [folder / name for name in OUR_FILES]
    if str(name_or_run) in PRESETS:
        candidates = [shipped]
    for path in candidates:
        if path.is_file():
            return Source(config, path)
    if str(name_or_run) in PRESETS:
        raise InputError(
            f'No weights are shipped for "{name_or_run}" (shipped: {", ".join(shipped_names())}). '
            f"Train it with: axialkit train {name_or_run}"
        )
    raise InputError(
        f"{folder} holds no weights yet: the run stopped before its first checkpoint. "
        "Continue it with: axialkit train ... --resume"
    )


def load_model(name_or_run: str | Path, weights: str | Path | None = None) -> AxialDeepLab:
    """Load a trained network in evaluation mode, in float32, on the CPU.

    ``name_or_run`` is a preset with shipped weights (``"tiny"``) or the folder of a training
    run; ``weights`` is another safetensors file for the same network.

    Raises:
        InputError: an unknown name, no weights, or weights that do not fit.

    Example::

        model = axialkit.load_model("tiny")
    """
    if weights is None:
        source = find_weights(name_or_run)
    else:
        source = Source(load_config(name_or_run), Path(weights))
    tensors, _ = read_tensors(source.weights)
    with torch.random.fork_rng(devices=[]):  # building draws random weights: leave no trace
        model = build_model(source.config)
    load_weights(model, network_tensors(tensors), source.weights)
    return model.eval()


def _not_found(name_or_run: str | Path) -> str:
    known = list(PRESETS)
    if Path(name_or_run).is_dir():
        return f"{name_or_run} is not a training run: it has no {CONFIG_FILE}."
    return (
        f'"{name_or_run}" is neither a preset nor a run folder.{suggest(str(name_or_run), known)} '
        f"Presets: {', '.join(known)}."
    )
