"""The folder of a run: whose it is, and whether it may be written to."""

from pathlib import Path
from typing import Any

from axialkit.config import ExperimentConfig, to_dict
from axialkit.errors import InputError
from axialkit.files import read_json, write_json
from axialkit.weights.files import CHECKPOINT_FILE, WEIGHTS_FILE
from axialkit.weights.find import CONFIG_FILE

EVALUATION_FILE = "evaluation.json"


def claim(out: Path, config: ExperimentConfig, *, resume: bool) -> None:
    """Make the run folder, or check that it holds this very run.

    Raises:
        InputError: the folder holds something else, another run, or this one without ``resume``.
    """
    config_file = out / CONFIG_FILE
    started = any((out / name).exists() for name in (CHECKPOINT_FILE, WEIGHTS_FILE))
    if started and not resume:
        raise InputError(
            f"{out} already holds a training run. Go on with it by --resume, or choose another "
            "--out."
        )
    if started:
        changed = _difference(read_json(config_file), _plain(to_dict(config)))
        if changed:
            raise InputError(
                f"{out} was trained with other settings: {changed}. Resume with the same ones, or "
                "choose another --out."
            )
    elif out.is_dir() and any(out.iterdir()) and not config_file.exists():
        raise InputError(f"{out} is not empty and not a training run. Choose another --out.")
    write_json(config_file, to_dict(config))


def _difference(earlier: dict[str, Any], now: dict[str, Any], where: str = "") -> str:
    """Name the first field that differs, or return an empty string."""
    for key in sorted(earlier.keys() | now.keys()):
        old, new, name = earlier.get(key), now.get(key), f"{where}{key}"
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := _difference(old, new, f"{name}."):
                return inner
        elif old != new:
            return f"{name} was {old} and is now {new}"
    return ""


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Turn tuples into lists, as JSON does, so that both sides compare."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, tuple | list) else value
