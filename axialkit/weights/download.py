"""Fetching one large file so that nothing already received is lost.

What has arrived is kept in ``NAME.part``; beside it ``NAME.part.json`` says of which version of the
file. The next attempt asks for the rest (HTTP Range) on condition that the file is still that
version (If-Range), and starts anew if it is not or if the server cannot send parts.
"""

import re
import shutil
import time
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from axialkit.errors import InputError
from axialkit.files import read_json, write_json

ATTEMPTS = 5  # without a single new byte between them
FIRST_WAIT = 1.0  # seconds; doubles with each
_TIMEOUT = (20, 60)  # seconds to connect, and between two pieces
_PIECE = 1 << 20
_REASONS = (
    (requests.exceptions.SSLError, "the server's certificate is not accepted"),
    (requests.exceptions.ProxyError, "the proxy does not connect"),
    (requests.Timeout, "the server did not answer in time"),
    (requests.ConnectionError, "no connection"),
)
_TRY_AGAIN = (408, 425, 429)  # and all 5xx


class _Cut(Exception):  # noqa: N818
    """This attempt failed, the next may not; the message is the reason."""


class Version(NamedTuple):
    """What tells one version of a file on a server from the next; ``total`` in bytes."""

    url: str
    validator: str  # its ETag, else its date, else empty: then no part of it can be continued
    total: int | None


def download(url: str, target: Path, *, room_after: float = 0.0) -> None:
    """Fetch ``url`` into ``target``, which appears only when it is whole.

    ``room_after`` is what the caller will need on the same disk afterwards, as a multiple of the
    file's size.

    Raises:
        InputError: no connection, no such file, a connection that keeps failing, or no room.
    """
    part = part_of(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    failed, most = 0, _size(part)
    while not _is_whole(part, url):
        try:
            _receive(url, part, room_after)
        except (_Cut, requests.RequestException, HTTPError) as error:
            if isinstance(error, ValueError):  # requests' word for an address that is none
                raise InputError(f"{error} Mend AXIALKIT_WEIGHTS_URL.") from error
            failed = 0 if _size(part) > most else failed + 1
            most = max(most, _size(part))
            if failed == ATTEMPTS:
                raise InputError(_gave_up(url, target, error)) from error
            time.sleep(FIRST_WAIT * 2**failed / 2)
    part.replace(target)
    _record_of(part).unlink(missing_ok=True)


def part_of(target: Path) -> Path:
    """Return where the pieces of an unfinished file are kept."""
    return target.with_name(f"{target.name}.part")


def forget(part: Path) -> None:
    """Remove the pieces of an unfinished file."""
    part.unlink(missing_ok=True)
    _record_of(part).unlink(missing_ok=True)


def check_room(folder: Path, needed: float | int) -> None:
    """Compare the bytes that will be written with the free space of a folder's disk.

    Raises:
        InputError: there is less.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"The disk of {folder} is too full: {in_words(needed)} are needed, {in_words(free)} "
            "are free. Free some space, or name another folder with AXIALKIT_HOME."
        )


def in_words(size: float | int) -> str:
    """Return a number of bytes as people say it."""
    if size < 1000:
        return f"{size} bytes"
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.2f} GB"


def _receive(url: str, part: Path, room_after: float) -> None:
    """Make one attempt at the rest of the file."""
    known = _read_record(part, url)
    start = _size(part) if known.validator else 0
    headers = {"Accept-Encoding": "identity"}  # the bytes as they are stored
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": known.validator}
    with requests.get(url, headers=headers, stream=True, timeout=_TIMEOUT) as answer:
        _check_status(answer, part)
        version, begin = _version(answer, url)
        if begin and (begin != start or version != known):
            forget(part)
            raise _Cut("the file on the server has changed")
        if begin == 0:
            forget(part)
            write_json(_record_of(part), version._asdict())
        check_room(part.parent, (version.total or 0) * (1 + room_after) - begin)
        with tqdm(
            total=version.total, initial=begin, unit="B", unit_scale=True, disable=None
        ) as bar:
            _append(answer, part, begin, bar)
    received = _size(part)
    if version.total is None:
        write_json(_record_of(part), version._replace(total=received)._asdict())
    elif received != version.total:
        raise _Cut(f"{received} of {version.total} bytes arrived")


def _append(answer: requests.Response, part: Path, begin: int, bar: tqdm) -> None:
    with part.open("r+b" if begin else "wb") as file:
        file.seek(begin)
        for piece in answer.raw.stream(_PIECE, decode_content=False):
            _write(file, piece, part)
            bar.update(len(piece))


def _write(file: BinaryIO, piece: bytes, part: Path) -> None:
    try:
        file.write(piece)
    except OSError as error:
        raise InputError(
            f"Cannot write {part}: {error.strerror}. What has arrived is kept: mend this, then "
            "run the same command again."
        ) from error


def _check_status(answer: requests.Response, part: Path) -> None:
    status = answer.status_code
    if status in (200, 206):
        return
    if status == 416:  # what we have is not the beginning of what is there
        forget(part)
    if status == 416 or status in _TRY_AGAIN or status >= 500:
        raise _Cut(f"the server answered {status} {answer.reason}")
    raise InputError(
        f"The server does not give {answer.url}: it answered {status} {answer.reason}. Open this "
        "address in a browser; if the file has moved, name its folder with AXIALKIT_WEIGHTS_URL."
    )


def _version(answer: requests.Response, url: str) -> tuple[Version, int]:
    """Return which version the server sends, and from which byte on."""
    tag = answer.headers.get("ETag", "")
    validator = tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
    if answer.status_code == 200:
        total = answer.headers.get("Content-Length", "")
        return Version(url, validator, int(total) if total.isdigit() else None), 0
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if span is None:
        raise _Cut("the server does not say which bytes it sends")
    return Version(url, validator, int(span[2])), int(span[1])


def _is_whole(part: Path, url: str) -> bool:
    total = _read_record(part, url).total
    return total is not None and _size(part) == total


def _read_record(part: Path, url: str) -> Version:
    """Return of which version the part is; of none if it is of another address."""
    try:
        record: dict[str, Any] = read_json(_record_of(part))
        version = Version(**record)
    except (InputError, TypeError):
        version = Version(url, "", None)
    return version if version.url == url else Version(url, "", None)


def _record_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _gave_up(url: str, target: Path, error: Exception) -> str:
    arrived = _size(part_of(target))
    if arrived:
        total = _read_record(part_of(target), url).total or "an unknown number of"
        return (
            f"The download of {url} broke off {ATTEMPTS} times in a row ({_reason(error)}). "
            f"{arrived} of {total} bytes are kept: run the same command again to go on from there."
        )
    return (
        f"Cannot get {url} ({_reason(error)}). Run the same command again when you are online. Or "
        f"fetch this file by other means, put it into the folder {target.parent}, and run the same "
        "command again."
    )


def _reason(error: Exception) -> str:
    if isinstance(error, _Cut):
        return str(error)
    return next((words for kind, words in _REASONS if isinstance(error, kind)), "it was cut")
