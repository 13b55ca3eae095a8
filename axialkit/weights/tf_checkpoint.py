"""A TensorFlow checkpoint of the authors as a dictionary of variables."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from axialkit.errors import InputError
from axialkit.weights.tf_bundle import check_shards, read_index, read_tensor

_VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
_OTHERS = re.compile(r"(backbone_)?optimizer/|\.OPTIMIZER_SLOT/|(global_step|save_counter)$")
# ImageNet checkpoints keep the encoder here; if they do, nothing else in them is matched
_BACKBONE_PREFIX = "backbone/_encoder/"


class TfCheckpoint(Mapping[str, np.ndarray]):
    """The network's variables in a checkpoint, by path, without optimizer and counters.

    ``path`` is a prefix such as ``.../ckpt-60000``, one of its files, or a folder. The encoder is
    always found under ``encoder/`` and relative tables under ``embeddings``, however the file
    spells them. A variable is read, and its checksum verified, when it is asked for.

    Raises:
        InputError: no checkpoint is there, or its files are incomplete, damaged, or of a type that
            is not read.

    Example::

        checkpoint = TfCheckpoint("downloads/ckpt-60000")
        checkpoint["encoder/_stem/_conv/kernel"].shape  # (3, 3, 3, 64)
    """

    def __init__(self, path: Path | str) -> None:
        self.prefix = find_prefix(path)
        self._index = read_index(self.prefix.with_name(self.prefix.name + ".index"))
        check_shards(self.prefix, self._index)
        self._stored = _names(list(self._index.entries))

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._stored))

    def __len__(self) -> int:
        return len(self._stored)

    def shape(self, key: str) -> tuple[int, ...]:
        """Return a variable's shape, in TensorFlow's order of axes."""
        return self._index.entries[self._stored[key]].shape

    def __getitem__(self, key: str) -> np.ndarray:
        stored = self._stored[key]
        return read_tensor(self.prefix, self._index.shards, stored, self._index.entries[stored])


def find_prefix(path: Path | str) -> Path:
    """Return the prefix that a path means, such as ``.../ckpt-60000``.

    A folder stands for the checkpoint that its text file ``checkpoint`` names, else for the only
    one below it.

    Raises:
        InputError: no checkpoint is there, or several without a file that names one.
    """
    path = Path(path)
    if path.is_dir():
        return _in_folder(path)
    name = re.sub(r"\.index$|\.data-\d+-of-\d+$", "", path.name)
    prefix = path.with_name(name)
    if prefix.with_name(name + ".index").is_file():
        return prefix
    if path.is_file() and name == path.name:
        raise InputError(
            f"{path} is not a TensorFlow checkpoint (it starts with {_beginning(path)!r}). Give "
            "the prefix, such as ckpt-60000, of the files .index and .data-00000-of-00001; "
            "archives are unpacked by: axialkit weights convert ARCHIVE OUT"
        )
    raise InputError(
        f"There is no TensorFlow checkpoint {path}: the file {prefix}.index does not exist."
    )


def _in_folder(folder: Path) -> Path:
    named = _named(folder)
    if named is not None:
        return named
    found = sorted(folder.rglob("*.index"))
    if len(found) == 1:
        return _named(found[0].parent) or found[0].with_suffix("")
    if not found:
        raise InputError(f"{folder} holds no TensorFlow checkpoint (no file *.index).")
    folders = {index.parent for index in found}
    if len(folders) == 1 and (named := _named(folders.pop())) is not None:
        return named
    shown = ", ".join(str(index.relative_to(folder).with_suffix("")) for index in found[:5])
    raise InputError(
        f"{folder} holds {len(found)} checkpoints ({shown}). Give the path of one of them."
    )


def _named(folder: Path) -> Path | None:
    """Return the checkpoint that the folder's text file ``checkpoint`` names, if it is there."""
    listing = folder / "checkpoint"
    if not listing.is_file():
        return None
    text = listing.read_text(encoding="utf-8", errors="replace")
    line = re.search(r'^model_checkpoint_path: "(.+)"$', text, re.MULTILINE)
    if line is None:
        return None
    prefix = folder / Path(line[1]).name  # the path may be that of another machine
    return prefix if prefix.with_name(prefix.name + ".index").is_file() else None


def _names(stored: list[str]) -> dict[str, str]:
    """Map our spelling of the paths to the stored keys."""
    values = [key for key in stored if key.endswith(_VALUE) and not _OTHERS.search(_path(key))]
    if any(key.startswith(_BACKBONE_PREFIX) for key in values):
        values = [key for key in values if key.startswith(_BACKBONE_PREFIX)]
    return {_spelled(_path(key)): key for key in values}


def _path(key: str) -> str:
    return key.removesuffix(_VALUE)


def _spelled(path: str) -> str:
    path = re.sub(rf"^{_BACKBONE_PREFIX}", "encoder/", path)
    return re.sub(r"_rpe/_embeddings$", "_rpe/embeddings", path)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(24)
