"""Unpacking an archive from elsewhere, which may be damaged or hostile."""

import gzip
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from axialkit.errors import InputError
from axialkit.weights.download import check_room, in_words

_GIGABYTE = 10**9
_LARGEST_READ = 1 << 20  # tarfile copies in smaller pieces; only a header can ask for more


class Limits(NamedTuple):
    """More than any released archive can hold: 0.5 billion weights with an optimizer's are 7 GB."""

    total: int = 16 * _GIGABYTE
    member: int = 12 * _GIGABYTE
    members: int = 200


class _Refused(Exception):  # noqa: N818
    """What is wrong with the archive."""


def unpack(archive: Path, folder: Path, limits: Limits = Limits()) -> None:  # noqa: B008
    """Unpack a .tar.gz into an empty folder; only plain files and folders inside it.

    An error leaves what was unpacked so far: use a folder that is thrown away.

    Raises:
        InputError: no such file, a damaged one, or one with members that could do harm.
    """
    try:
        with _Reader(archive) as stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            _extract(tar, folder, limits)
            _read_to_the_end(stream)
    except FileNotFoundError as error:
        raise InputError(f"There is no archive {archive}.") from error
    except _DAMAGES as error:
        raise InputError(
            f"{archive} is not a whole and harmless .tar.gz ({error}). Remove it and get it again."
        ) from error


_DAMAGES = (_Refused, tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, NotADirectoryError)


class _Reader(gzip.GzipFile):
    """Refuses what only a header of absurd size would ask for."""

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= _LARGEST_READ:
            raise _Refused(f"a header of {in_words(size or 0)}")
        return super().read(size)


def _extract(tar: tarfile.TarFile, folder: Path, limits: Limits) -> None:
    seen: set[PurePosixPath] = set()
    total = 0
    for member in tar:
        path = PurePosixPath(member.name)
        _check(member, path, limits)
        total += member.size
        if total > limits.total:
            raise _Refused(f"over {in_words(limits.total)} in all")
        if path in seen:
            raise _Refused(f'"{path}" is in it twice')
        seen.add(path)
        if len(seen) > limits.members:
            raise _Refused(f"over {limits.members} members")
        check_room(folder, member.size)
        tar.extract(member, folder, filter="data")


def _check(member: tarfile.TarInfo, path: PurePosixPath, limits: Limits) -> None:
    if path.is_absolute() or ".." in path.parts or "\\" in member.name or ":" in member.name:
        raise _Refused(f'"{member.name}" lies outside its folder')
    if member.issym() or member.islnk():
        raise _Refused(f'"{member.name}" is a link')
    if not (member.isreg() or member.isdir()):
        raise _Refused(f'"{member.name}" is neither a file nor a folder')
    if not 0 <= member.size <= limits.member:
        raise _Refused(f'"{member.name}" has {in_words(member.size)}')


def _read_to_the_end(stream: _Reader) -> None:
    """Check the rest: its zeros, and the checksum that gzip has at the very end."""
    read = 0
    while piece := stream.read(_LARGEST_READ):
        read += len(piece)
        if any(piece) or read > 100 * _LARGEST_READ:
            raise _Refused("more follows after its end")
