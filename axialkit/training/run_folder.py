"""The folder of a run: whose it is, and whether it may be written to."""

import platform
import sys
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import torch

from axialkit.config import ExperimentConfig, from_dict, to_dict
from axialkit.errors import InputError
from axialkit.files import read_json, write_json
from axialkit.training.distributed import Processes, is_restarted_by_itself
from axialkit.weights.checkpoints import list_checkpoints
from axialkit.weights.files import WEIGHTS_FILE
from axialkit.weights.find import CONFIG_FILE

EVALUATION_FILE = "evaluation.json"
STARTS_FILE = "starts.json"
_PACKAGES = ("python", "axialkit", "torch", "numpy", "einops", "pillow")
# fields that may change when a run goes on: what is learned stays the same, up to rounding
_MAY_CHANGE = (
    *("train.workers", "train.threads", "train.compile", "train.recompute"),
    *("train.checkpoint_every", "train.keep_checkpoints", "train.evaluate_every"),
    *("train.log_every", "train.show_every", "train.skip_bad_losses", "data.skip_unreadable"),
)


class Run(NamedTuple):
    """What a run was started with."""

    config: ExperimentConfig
    root: Path | None  # of the data; None = not known


def read_run(out: Path) -> Run:
    """Read what a run was started with from its folder.

    Raises:
        InputError: that is no folder of a run.
    """
    if not (out / CONFIG_FILE).is_file():
        raise InputError(
            f"{out} is not the folder of a run: it has no {CONFIG_FILE}. Start one with: axialkit "
            f"train PRESET --out {out}"
        )
    starts = _read_starts(out)
    root = starts[-1].get("data") if starts else None
    return Run(from_dict(read_json(out / CONFIG_FILE)), Path(root) if root else None)


def claim(out: Path, config: ExperimentConfig, *, resume: bool) -> None:
    """Make the run folder, or check that it holds this very run.

    Raises:
        InputError: the folder holds something else, another run, or this one without ``resume``.
    """
    config_file = out / CONFIG_FILE
    started = (out / WEIGHTS_FILE).exists() or bool(list_checkpoints(out))
    if started and not resume:
        raise InputError(
            f"{out} already holds a training run. Go on with it by axialkit train --resume {out}, "
            "or choose another --out."
        )
    if started:
        earlier = from_dict(read_json(config_file))  # older files lack newer fields
        changed = _difference(to_dict(earlier), to_dict(config))
        if changed:
            raise InputError(
                f"{out} was trained with other settings: {changed}. Resume with the same ones, or "
                "choose another --out."
            )
    elif out.is_dir() and any(out.iterdir()) and not config_file.exists():
        raise InputError(f"{out} is not empty and not a training run. Choose another --out.")
    write_json(config_file, to_dict(config))


def describe_start(out: Path, root: Path | str, processes: Processes) -> None:
    """Add to starts.json when, where, by which command and with which versions the run goes on."""
    start = {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "data": str(Path(root).resolve()),
        "restarted_by_torchrun": is_restarted_by_itself(),
        "processes": processes.world_size,
        "device": _device_name(processes),
        "versions": {name: _version(name) for name in _PACKAGES},
    }
    write_json(out / STARTS_FILE, [*_read_starts(out), start])


def _read_starts(out: Path) -> list[dict[str, Any]]:
    path = out / STARTS_FILE
    return read_json(path) if path.is_file() else []


def _device_name(processes: Processes) -> str:
    if processes.device.type == "cuda":
        return torch.cuda.get_device_name(processes.device)
    return f"{platform.machine()} CPU, {torch.get_num_threads()} threads"


def _version(package: str) -> str:
    if package == "python":
        return platform.python_version()
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _difference(earlier: dict[str, Any], now: dict[str, Any], where: str = "") -> str:
    """Name the first field that differs and may not, or return an empty string."""
    for key in sorted(earlier.keys() | now.keys()):
        old, new, name = earlier.get(key), now.get(key), f"{where}{key}"
        if name in _MAY_CHANGE:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            if inner := _difference(old, new, f"{name}."):
                return inner
        elif old != new:
            return f"{name} was {old} and is now {new}"
    return ""
