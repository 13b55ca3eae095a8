"""Archives for tests: a reference checkpoint packed like the authors' own, and hostile ones."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from tests.conftest import golden_cases

Member = tuple[tarfile.TarInfo, bytes]
REDUCED = golden_cases("model/tiny_axial_swidernet_1_1_1_os16")[0]
"""Folder of a reduced network's checkpoint; both golden sets have it."""


def pack_checkpoint(archive: Path, name: str) -> bytes:
    """Pack the reduced network's checkpoint under a folder ``name``; return the bytes."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        for path in sorted([REDUCED / "checkpoint", *REDUCED.glob("ckpt-*")]):
            tar.add(path, f"{name}/{path.name}")
    return archive.read_bytes()


def member(name: str, data: bytes = b"content", kind: bytes = tarfile.REGTYPE) -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data) if kind == tarfile.REGTYPE else 0
    return info, data


def pack(archive: Path, members: Iterable[Member]) -> Path:
    with tarfile.open(archive, "w:gz") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return archive
