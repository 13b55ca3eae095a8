"""Writes TensorFlow checkpoints, for tests only; TensorFlow's own reader is its judge.

Covers what files of others may look like: several shards, another prefix or spelling, optimizer
slots, odd types. Blocks are small, so that the index has many.
"""

import struct
from collections.abc import Iterable, Mapping
from pathlib import Path

import google_crc32c
import numpy as np

VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int64": 9, "bool": 10, "float16": 19}
MAGIC = 0xDB4775248B80FB57
BLOCK_BYTES, RESTART_EVERY = 2048, 16


def masked_crc(data: bytes) -> int:
    crc = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, wire: int, payload: bytes) -> bytes:
    return varint(number << 3 | wire) + payload


def message(number: int, payload: bytes) -> bytes:
    return field(number, 2, varint(len(payload)) + payload)


def entry(array: np.ndarray, shard: int, offset: int, data: bytes, type_: int) -> bytes:
    dims = b"".join(message(2, field(1, 0, varint(size))) for size in array.shape)
    return (
        field(1, 0, varint(type_))
        + message(2, dims)
        + (field(3, 0, varint(shard)) if shard else b"")
        + (field(4, 0, varint(offset)) if offset else b"")
        + field(5, 0, varint(len(data)))
        + field(6, 5, struct.pack("<I", masked_crc(data)))
    )


def table(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A LevelDB table: data blocks, an empty meta block, the index block, the footer."""
    out, index = bytearray(), []
    block: list[tuple[bytes, bytes]] = []
    for pair in pairs:
        block.append(pair)
        if sum(len(key) + len(value) for key, value in block) > BLOCK_BYTES:
            index.append((block[-1][0], add_block(out, block)))
            block = []
    if block:
        index.append((block[-1][0], add_block(out, block)))
    meta = add_block(out, [])
    handle = add_block(out, index)
    footer = (meta + handle).ljust(40, b"\0") + struct.pack("<Q", MAGIC)
    return bytes(out) + footer


def add_block(out: bytearray, pairs: list[tuple[bytes, bytes]]) -> bytes:
    """Append a block with its trailer; return its handle."""
    body, restarts, last = bytearray(), [], b""
    for count, (key, value) in enumerate(pairs):
        shared = 0
        if count % RESTART_EVERY == 0:
            restarts.append(len(body))
        else:
            while shared < min(len(key), len(last)) and key[shared] == last[shared]:
                shared += 1
        body += varint(shared) + varint(len(key) - shared) + varint(len(value))
        body += key[shared:] + value
        last = key
    restarts = restarts or [0]
    body += struct.pack(f"<{len(restarts) + 1}I", *restarts, len(restarts))
    handle = varint(len(out)) + varint(len(body))
    out += body + b"\0" + struct.pack("<I", masked_crc(bytes(body) + b"\0"))
    return handle


def write_checkpoint(
    prefix: Path,
    variables: Mapping[str, np.ndarray],
    *,
    shards: int = 1,
    types: Mapping[str, int] | None = None,
    name_it: bool = True,
) -> Path:
    """Write ``PREFIX.index`` and its shards, and the text file ``checkpoint`` beside them.

    Keys are written as they are: callers add the constant ending. ``types`` overrides the type
    number of single keys.
    """
    prefix.parent.mkdir(parents=True, exist_ok=True)
    offsets = [0] * shards
    pairs = {b"": field(1, 0, varint(shards)) + message(3, field(1, 0, varint(1)))}
    paths = [Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}") for shard in range(shards)]
    files = [path.open("wb") for path in paths]
    for count, key in enumerate(sorted(variables)):
        array, shard = variables[key], count % shards
        data = np.ascontiguousarray(array).tobytes()
        type_ = (types or {}).get(key) or TYPES[array.dtype.name]
        pairs[key.encode()] = entry(array, shard, offsets[shard], data, type_)
        files[shard].write(data)
        offsets[shard] += len(data)
    for file in files:
        file.close()
    prefix.with_name(prefix.name + ".index").write_bytes(table(sorted(pairs.items())))
    if name_it:
        (prefix.parent / "checkpoint").write_text(f'model_checkpoint_path: "{prefix.name}"\n')
    return prefix


def network_variables(shapes: Mapping[str, tuple[int, ...]], seed: int = 0) -> dict:
    """Random float32 variables by checkpoint path; moving variances are positive."""
    draw = np.random.default_rng(seed)

    def variable(path: str, shape: tuple[int, ...]) -> np.ndarray:
        values = draw.standard_normal(shape, dtype=np.float32)
        return values**2 + 0.1 if path.endswith("moving_variance") else values

    return {path + VALUE: variable(path, shape) for path, shape in shapes.items()}
