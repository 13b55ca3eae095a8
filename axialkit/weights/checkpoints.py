"""The checkpoints of a run: which there are, and which are whole.

    RUN/checkpoints/step_00001000.safetensors           everything that a run needs to go on
    RUN/checkpoints/step_00001000.safetensors.sha256    its checksum, there before it

A file whose checksum is missing or wrong was damaged: it is never used.
"""

import hashlib
import logging
from pathlib import Path

from axialkit.files import atomic_path

FOLDER = "checkpoints"
_SUM_SUFFIX = ".sha256"

_log = logging.getLogger("axialkit.checkpoints")


def checkpoint_path(run: Path, step: int) -> Path:
    """Return where the checkpoint after ``step`` steps lies."""
    return run / FOLDER / f"step_{step:08d}.safetensors"


def list_checkpoints(run: Path) -> list[Path]:
    """List the checkpoints of a run, whole or not, the newest first."""
    return sorted((run / FOLDER).glob("step_*.safetensors"), reverse=True)


def newest_checkpoint(run: Path) -> Path | None:
    """Return the newest whole checkpoint; say so through the log if a newer one is not whole."""
    for path in list_checkpoints(run):
        if is_whole(path):
            return path
        _log.warning("%s is not whole and is left out.", path)
    return None


def is_whole(path: Path) -> bool:
    """Return whether a checkpoint is what its checksum says."""
    sum_file = _sum_file(path)
    return sum_file.is_file() and sum_file.read_text().split()[:1] == [_sha256(path)]


def write_checksum(path: Path, content: Path) -> None:
    """Write the checksum beside ``path``, whose content now lies in another file.

    The format is that of the program sha256sum.
    """
    line = f"{_sha256(content)}  {path.name}\n"
    with atomic_path(_sum_file(path), durable=True) as temporary:
        temporary.write_text(line)


def keep_newest(run: Path, count: int) -> None:
    """Remove all but the newest ``count`` checkpoints, and what interrupted writing has left."""
    for path in list_checkpoints(run)[count:]:
        path.unlink(missing_ok=True)
    kept = {_sum_file(path) for path in list_checkpoints(run)}
    leftovers = set((run / FOLDER).glob(".*")) | set((run / FOLDER).glob(f"*{_SUM_SUFFIX}"))
    for leftover in leftovers - kept:
        leftover.unlink(missing_ok=True)


def remove_checkpoints(run: Path) -> None:
    """Remove all checkpoints of a run and their folder."""
    keep_newest(run, 0)
    if (run / FOLDER).is_dir():
        (run / FOLDER).rmdir()


def _sum_file(path: Path) -> Path:
    return path.with_name(path.name + _SUM_SUFFIX)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 22):
            digest.update(part)
    return digest.hexdigest()
