"""From a name to files: presets, shipped weights, the cache, folders of runs or of weights.

A folder of weights is what ``axialkit train`` and ``axialkit weights convert`` write: config.json
beside weights.safetensors.
"""

from pathlib import Path
from typing import NamedTuple

from axialkit.config import PRESETS, ExperimentConfig, from_dict, get_preset
from axialkit.errors import InputError, suggest
from axialkit.files import read_json
from axialkit.weights.checkpoints import list_checkpoints
from axialkit.weights.files import (
    WEIGHTS_FILE,
    WEIGHTS_SUFFIX,
    Tensors,
    network_tensors,
    our_file,
    read_tensors,
)
from axialkit.weights.home import DOWNLOADS, home_folder
from axialkit.weights.released import CITYSCAPES, find_released, released_names

SHIPPED = Path(__file__).parent / "shipped"
CONFIG_FILE = "config.json"
CARD_SUFFIX = ".json"


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
    if list_checkpoints(folder):
        raise InputError(f"All checkpoints in {folder} are damaged. Copy one back, or train again.")
    raise InputError(
        f"{folder} holds no weights yet: the run stopped before its first checkpoint. "
        f"Go on with it: axialkit train --resume {folder}"
    )


def _not_found(name_or_run: str | Path) -> str:
    known = list(PRESETS)
    if Path(name_or_run).is_dir():
        return f"{name_or_run} is not a training run: it has no {CONFIG_FILE}."
    return (
        f'"{name_or_run}" is neither a preset nor a run folder.{suggest(str(name_or_run), known)} '
        f"Presets: {', '.join(known)}."
    )
