"""The files of a TensorFlow checkpoint ("tensor bundle"), read without TensorFlow.

``PREFIX.index`` is a LevelDB-style table from keys to small protocol buffers that say where a
tensor lies; ``PREFIX.data-00000-of-00001`` (and further shards) hold the raw little-endian bytes.
Every block and every tensor carries a masked CRC-32C, which is verified.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np

from axialkit.errors import InputError

_FOOTER, _MAGIC = 48, 0xDB4775248B80FB57
_TRAILER = 5  # compression type, checksum
_AGAIN = "Download or copy the checkpoint again."
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # wire types of protocol buffers
_BFLOAT16 = 14
_DTYPES = {  # tensorflow.DataType -> how the bytes are stored
    1: "<f4", 2: "<f8", 3: "<i4", 4: "|u1", 5: "<i2", 6: "|i1", 9: "<i8", 10: "|b1",
    _BFLOAT16: "<u2", 17: "<u2", 19: "<f2", 22: "<u4", 23: "<u8",
}  # fmt: skip


class Entry(NamedTuple):
    """Where one tensor lies."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int  # bytes
    crc: int  # masked CRC-32C
    sliced: bool  # a partitioned variable


class Index(NamedTuple):
    """The whole ``.index`` file."""

    entries: dict[str, Entry]
    shards: int


def read_index(path: Path) -> Index:
    """Read ``PREFIX.index``.

    Raises:
        InputError: it is missing, truncated, damaged, or no such file at all.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"There is no checkpoint index {path} ({error.strerror}).") from error
    try:
        pairs = dict(_table(data, path))
        header = _fields(pairs.pop(b""))
        entries = {key.decode(): _entry(value) for key, value in pairs.items()}
    except (IndexError, KeyError, struct.error, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is damaged: its table of {len(data)} bytes cannot be read. {_AGAIN}"
        ) from error
    if _first(header, 2):
        raise InputError(f"{path} was written on a big-endian machine, which is not supported.")
    return Index(entries, _first(header, 1))


def read_tensor(prefix: Path, shards: int, key: str, entry: Entry) -> np.ndarray:
    """Read one tensor (bfloat16 as float32) and verify its checksum.

    Raises:
        InputError: a shard is missing, too short or damaged, or the type cannot be read.
    """
    path = shard_path(prefix, entry.shard, shards)
    if entry.dtype not in _DTYPES or entry.sliced:
        reason = "is stored in slices" if entry.sliced else f"has TensorFlow's type {entry.dtype}"
        raise InputError(f"{key} in {path} {reason}, which axialkit does not read.")
    dtype = np.dtype(_DTYPES[entry.dtype])
    if int(np.prod(entry.shape, dtype=np.int64)) * dtype.itemsize != entry.size:
        raise InputError(f"{prefix}.index is damaged: {key} has a wrong size. {_AGAIN}")
    with path.open("rb") as file:
        file.seek(entry.offset)
        data = file.read(entry.size)
    if _masked_crc(data) != entry.crc:
        raise InputError(f"{path} is damaged: the checksum of {key} is wrong. {_AGAIN}")
    array = np.frombuffer(bytearray(data), dtype).reshape(entry.shape)
    if entry.dtype == _BFLOAT16:
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array


def check_shards(prefix: Path, index: Index) -> None:
    """Make sure that every shard is there and long enough.

    Raises:
        InputError: one is missing or truncated; it is named.
    """
    ends = [0] * index.shards
    for key, entry in index.entries.items():
        if entry.shard >= index.shards:
            raise InputError(f"{prefix}.index is damaged: {key} lies in no shard. {_AGAIN}")
        ends[entry.shard] = max(ends[entry.shard], entry.offset + entry.size)
    for shard, end in enumerate(ends):
        path = shard_path(prefix, shard, index.shards)
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise InputError(f"The data file {path} is missing. Put it beside {prefix}.index.")
        if size < end:
            raise InputError(
                f"{path} is truncated: it has {size:,} bytes, the index expects {end:,}. {_AGAIN}"
            )


def shard_path(prefix: Path, shard: int, shards: int) -> Path:
    """Return the name of a data file."""
    return prefix.with_name(f"{prefix.name}.data-{shard:05d}-of-{shards:05d}")


def _table(data: bytes, path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield all keys and values of a LevelDB-style table."""
    if len(data) < _FOOTER or struct.unpack("<Q", data[-8:])[0] != _MAGIC:
        raise InputError(
            f"{path} is no whole index of a TensorFlow checkpoint: it starts with {data[:12]!r} "
            f"and has {len(data):,} bytes, without the mark at its end. {_AGAIN}"
        )
    footer = data[-_FOOTER:]
    _, at = _handle(footer, 0)
    index_block, _ = _handle(footer, at)
    for _, value in _block(data, index_block, path):
        block, _ = _handle(value, 0)
        yield from _block(data, block, path)


def _block(data: bytes, handle: tuple[int, int], path: Path) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values of one block; keys share their beginning with the one before."""
    begin, end = handle[0], handle[0] + handle[1]
    kind, crc = struct.unpack("<BI", data[end : end + _TRAILER])
    if _masked_crc(data[begin : end + 1]) != crc:
        raise InputError(f"{path} is damaged: a checksum is wrong near byte {begin:,}. {_AGAIN}")
    if kind:
        raise InputError(f"{path} is compressed (type {kind}), which axialkit does not read.")
    (restarts,) = struct.unpack("<I", data[end - 4 : end])
    at, key = begin, b""
    while at < end - 4 * (restarts + 1):
        shared, at = _varint(data, at)
        own, at = _varint(data, at)
        length, at = _varint(data, at)
        key = key[:shared] + data[at : at + own]
        yield key, data[at + own : at + own + length]
        at += own + length


def _entry(data: bytes) -> Entry:
    fields = _fields(data)
    shape = _fields(_first(fields, 2, b""))
    dims = tuple(_first(_fields(dim), 1) for dim in shape.get(2, []))
    shard, offset, size, crc = (_first(fields, number) for number in (3, 4, 5, 6))
    return Entry(_first(fields, 1), dims, shard, offset, size, crc, sliced=7 in fields)


def _fields(data: bytes) -> dict[int, list]:
    """Return the fields of a protocol buffer by number."""
    fields: dict[int, list] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        value, at = _value(data, at, tag & 7)
        fields.setdefault(tag >> 3, []).append(value)
    return fields


def _value(data: bytes, at: int, wire: int) -> tuple[int | bytes, int]:
    if wire == _VARINT:
        return _varint(data, at)
    if wire == _BYTES:
        length, at = _varint(data, at)
        return data[at : at + length], at + length
    width = {_FIXED32: 4, _FIXED64: 8}[wire]
    return int.from_bytes(data[at : at + width], "little"), at + width


def _first(fields: dict[int, list], number: int, default: Any = 0) -> Any:  # noqa: ANN401
    return fields.get(number, [default])[0]


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    offset, at = _varint(data, at)
    size, at = _varint(data, at)
    return (offset, size), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _masked_crc(data: bytes) -> int:
    """CRC-32C, rotated and shifted as LevelDB stores it."""
    crc = google_crc32c.value(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
