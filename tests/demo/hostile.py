"""Inputs that somebody could send to a public page to break it, read from it, or wear it out."""

import io
import json
import struct
import zlib
from typing import Any, NamedTuple

import numpy as np
import requests
from PIL import Image

TIMEOUT = 60


class Attack(NamedTuple):
    """One request, or an upload with a question about it."""

    name: str
    kind: str  # upload, call, get or post
    target: str = ""
    body: Any = None  # bytes of the file, data of the call, or the body of a post
    headers: dict[str, str] | None = None


class Outcome(NamedTuple):
    """What came back: the last status, and the text of everything but a good answer."""

    status: int
    text: str
    answered: bool  # a result was computed


def run(address: str, attack: Attack) -> Outcome:
    """Send an attack and wait for what comes of it."""
    if attack.kind == "get":
        reply = requests.get(address + attack.target, timeout=TIMEOUT, allow_redirects=False)
        return Outcome(reply.status_code, reply.text, reply.ok)
    if attack.kind == "post":
        reply = requests.post(
            address + attack.target, data=attack.body, headers=attack.headers, timeout=TIMEOUT
        )
        return Outcome(reply.status_code, reply.text, reply.ok)
    if attack.kind == "upload":
        return _upload(address, attack)
    return call(address, attack.target, attack.body)


def _upload(address: str, attack: Attack) -> Outcome:
    files = {"files": (attack.target, attack.body)}
    reply = requests.post(f"{address}/gradio_api/upload", files=files, timeout=TIMEOUT)
    if not reply.ok:
        return Outcome(reply.status_code, reply.text, answered=False)
    file = {"path": reply.json()[0], "meta": {"_type": "gradio.FileData"}}
    return call(address, "segment", [file])


def call(address: str, endpoint: str, data: Any) -> Outcome:
    """Ask a named endpoint by plain requests."""
    url = f"{address}/gradio_api/call/{endpoint}"
    reply = requests.post(url, json={"data": data}, timeout=TIMEOUT)
    if not reply.ok:
        return Outcome(reply.status_code, reply.text, answered=False)
    answer = requests.get(f"{url}/{reply.json()['event_id']}", timeout=TIMEOUT)
    done = "event: complete" in answer.text
    return Outcome(answer.status_code, "" if done else answer.text, done)


def attacks(picture: dict[str, Any]) -> list[Attack]:
    """Return all of them; ``picture`` is an honest upload."""
    return [
        *_files(),
        *_numbers(picture),
        *_wrong_forms(picture),
        *_foreign_files(),
        *_paths(),
        *_oversized(),
        *_odd_requests(),
    ]


def _saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


def _png(width: int, height: int, pixels: bytes = b"", depth: int = 8, color: int = 2) -> bytes:
    """Return a PNG that says it has that size, whatever it holds."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return _big(len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _big(number: int) -> bytes:
    return struct.pack(">I", number)


def _files() -> list[Attack]:
    random = np.random.default_rng(0)
    street = Image.fromarray(random.integers(0, 256, (64, 96, 3), np.uint8))
    frames = [street, street.rotate(90), street.rotate(180)]
    jpeg, png, webp = (_saved(street, form) for form in ("jpeg", "png", "webp"))
    files = {
        "empty.png": b"",
        "one-byte.png": b"\x89",
        "text.png": b"hello",
        "script.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        "entity.svg": b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>',
        "page.html": b"<html><script>location='//example.org'</script></html>",
        "postscript.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        "archive.zip": b"PK\x03\x04" + random.bytes(200),
        "document.pdf": b"%PDF-1.7\n" + random.bytes(200),
        "program.png": b"\x7fELF" + random.bytes(400),
        "pickle.npy": b"\x93NUMPY\x01\x00" + random.bytes(100),
        "bomb-claimed.png": _png(60_000, 60_000),
        "bomb-zero.png": _png(0, 0),
        "bomb-wide.png": _png(2**31 - 1, 1),
        "bomb-real.png": _saved(Image.new("1", (9000, 9000)), "png"),
        "line.png": _saved(Image.new("L", (30_000, 1)), "png"),
        "column.png": _saved(Image.new("L", (1, 30_000)), "png"),
        "short-pixels.png": _png(100, 100, b"\x00" * 50),
        "wrong-depth.png": _png(10, 10, b"\x00" * 400, depth=7),
        "wrong-color.png": _png(10, 10, b"\x00" * 400, color=9),
        "animated.gif": _saved(frames[0], "gif", save_all=True, append_images=frames[1:]),
        "animated.webp": _saved(frames[0], "webp", save_all=True, append_images=frames[1:]),
        "animated.png": _saved(frames[0], "png", save_all=True, append_images=frames[1:]),
        "pages.tiff": _saved(frames[0], "tiff", save_all=True, append_images=frames[1:]),
        "portable.ppm": b"P6\n99999 99999\n255\n" + random.bytes(100),
        "portable-text.pgm": b"P2\n-5 -5\n255\n1 2 3",
        "bitmap.bmp": b"BM" + struct.pack("<IHHIIiiHH", 0, 0, 0, 54, 40, 90_000, -90_000, 1, 24),
        "icon.ico": b"\x00\x00\x01\x00\xff\xff" + random.bytes(64),
        "photoshop.psd": b"8BPS\x00\x01" + random.bytes(64),
        "float.tiff": _saved(Image.fromarray(random.random((9, 9)).astype(np.float32)), "tiff"),
        "polyglot.jpg": jpeg + b"<?php system($_GET['c']); ?>",
        "crc.png": png[:40] + b"\x00\x00" + png[42:],
        "trailing.png": png + random.bytes(1000),
    }
    for share in (0.1, 0.3, 0.5, 0.8, 0.99):
        for name, whole in (("cut.jpg", jpeg), ("cut.png", png), ("cut.webp", webp)):
            files[f"{share}-{name}"] = whole[: int(share * len(whole))]
    for seed in range(8):
        noise = bytearray(jpeg if seed % 2 else png)
        for place in np.random.default_rng(seed).integers(10, len(noise), 20):
            noise[place] ^= 0xFF
        files[f"noise-{seed}.img"] = bytes(noise)
    names = [
        "../../evil.png",
        "/etc/passwd",
        "..\\..\\evil.png",
        "a" * 300 + ".png",
        "\u202egnp.exe",
    ]
    named = [Attack(f"name {name[:20]!r}", "upload", name, png) for name in names]
    return [Attack(f"file {name}", "upload", name, body) for name, body in files.items()] + named


def _numbers(picture: dict[str, Any]) -> list[Attack]:
    strange = [
        *(-1, 128, 256, 10**9, 10**30, -(10**30), 0.5, 1e308, "7", "", "0x10", "nan", True),
        *(None, [], [1], {}, {"value": 3}, "; DROP TABLE", "\x00", "１２", "9" * 4000),
    ]
    at_y = [Attack(f"y={value!r:.20}", "call", "two_hop", [picture, value, 0]) for value in strange]
    at_layer = [
        Attack(f"layer={value!r:.20}", "call", "attention", [picture, 0, 0, value])
        for value in (*strange[:12], 0, 99)
    ]
    numbers = [Attack(f"street={v!r:.20}", "call", "street", [v]) for v in strange]
    settings = [
        Attack(f"settings={value!r:.30}", "call", "segment", [picture, *value])
        for value in ([2], [-0.1], ["x"], [0.1, 0], [0.1, 10**9], [0.1, 5, -1], [0.1, 5, 400, 1e99])
    ]
    words = [
        Attack(f"kind={value!r:.20}", "call", "compare", [picture, 0, 0, 1, 0, 0, "hw", [], value])
        for value in ("", "x" * 5000, 3, None, ["all cells at once"], {"a": 1})
    ]
    orders = [
        Attack(f"order={value!r:.20}", "call", "two_hop", [picture, 0, 0, 1, 0, 0, value])
        for value in ("hh", "HW", 5, None, [])
    ]
    terms = [
        Attack(f"terms={value!r:.20}", "call", "two_hop", [picture, 0, 0, 1, 0, 0, "hw", value])
        for value in ("content", [1], ["content"] * 4, {"content": True}, None)
    ]
    return [*at_y, *at_layer, *numbers, *settings, *words, *orders, *terms]


def _wrong_forms(picture: dict[str, Any]) -> list[Attack]:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    bodies = [
        b"", b"{", b"null", b"[]", b"{}", b'{"data": null}', b'{"data": "x"}', b'{"data": 5}',
        b'{"data": {"0": 1}}', b'{"data": [NaN]}', b'{"data": [Infinity]}', b"\xff\xfe",
        b'{"data": [1], "fn_index": 99999, "session_hash": "x"}',
        json.dumps({"data": deep}).encode(), json.dumps({"data": [1] * 5000}).encode(),
        b'{"data": [], "event_data": {"index": [1e400, 2]}, "session_hash": "a"}',
    ]  # fmt: skip
    headers = {"Content-Type": "application/json"}
    posts = [
        Attack(f"body {number} to {target}", "post", f"/gradio_api/{target}", body, headers)
        for number, body in enumerate(bodies)
        for target in ("call/segment", "queue/join")
    ]
    private = [
        Attack(
            f"event {number}", "post", "/gradio_api/queue/join",
            json.dumps({"data": [picture], "fn_index": number, "session_hash": "s"}).encode(),
            headers,
        )
        for number in (-1, 0, 3, 7, 12, 10**6)
    ]  # fmt: skip
    unknown = [Attack(f"endpoint {name}", "call", name, []) for name in ("nothing", "page", "../x")]
    return posts + private + unknown


def _foreign_files() -> list[Attack]:
    paths = [
        "/etc/passwd", "../../../../etc/passwd", "/proc/self/environ", "/proc/self/mem",
        "/dev/zero",
        "file:///etc/passwd", "http://127.0.0.1:9/x", "http://169.254.169.254/latest/meta-data",
        "https://example.org/a.png", "ftp://example.org/a.png", "//example.org/a.png",
        "\\\\host\\a",
        "data:image/png;base64,AAAA", "", ".", "/", "~/.ssh/id_rsa", "a\x00.png", "C:\\boot.ini",
    ]  # fmt: skip
    meta = {"_type": "gradio.FileData"}
    by_path = [
        Attack(f"path {path!r:.30}", "call", "segment", [{"path": path, "meta": meta}])
        for path in paths
    ]
    by_address = [
        Attack(f"url {url}", "call", "segment", [{"path": None, "url": url, "meta": meta}])
        for url in ("http://127.0.0.1:9/x", "file:///etc/passwd", "https://example.org/a.png")
    ]
    forms = [
        Attack(f"picture {sent!r:.30}", "call", "segment", [sent])
        for sent in (5, "street.png", [], {}, {"path": 5}, {"path": ["a"]}, True)
    ]
    return by_path + by_address + forms


def _paths() -> list[Attack]:
    targets = [
        "/gradio_api/file=/etc/passwd", "/gradio_api/file=../../../../../../etc/passwd",
        "/gradio_api/file=%2fetc%2fpasswd", "/gradio_api/file=..%2f..%2f..%2fetc%2fpasswd",
        "/gradio_api/file=http://127.0.0.1:9/x", "/gradio_api/file=file:///etc/passwd",
        "/gradio_api/file=/proc/self/environ", "/gradio_api/file=./README.md",
        "/gradio_api/file=", "/gradio_api/file=/", "/static//etc/passwd",
        "/static/../../etc/passwd",
        "/static/..%2f..%2f..%2fetc%2fpasswd", "/assets/../../../../etc/passwd",
        "/gradio_api/proxy=http://127.0.0.1:9/x", "/gradio_api/stream/../../etc/passwd",
        "/theme.css/../../etc/passwd", "/gradio_api/deep_link?session_hash=../../etc",
        "/custom_component/../../../etc/passwd", "/gradio_api/upload_progress?upload_id=../..",
    ]  # fmt: skip
    return [Attack(f"get {target}", "get", target) for target in targets]


def _oversized() -> list[Attack]:
    headers = {"Content-Type": "application/json"}
    long_text = json.dumps({"data": ["x" * 1_100_000]}).encode()
    return [
        Attack("a message of 1.1 MB", "post", "/gradio_api/call/segment", long_text, headers),
        Attack("the same to the queue", "post", "/gradio_api/queue/join", long_text, headers),
        Attack(
            "in pieces", "post", "/gradio_api/call/segment", iter([b"x" * 500_000] * 4), headers
        ),
        Attack("a file of 21 MB", "upload", "large.png", bytes(21_000_000)),
        Attack("a length that is no number", "get", "/" + "a" * 60_000),
    ]


def _odd_requests() -> list[Attack]:
    queries = [
        "street=-1", "street=10000000000000000000000", "y=NaN&x=Infinity", "tab=<script>",
        "layer=9e9",
        "street=15&street=16", "%00=%00", "order=" + "x" * 5000, "view=config", "deep_link=../../x",
        "__theme=<script>alert(1)</script>",
    ]  # fmt: skip
    links = [Attack(f"link {query[:30]}", "get", f"/?{query}") for query in queries]
    posts = [
        Attack(f"post to {target}", "post", target, b"x")
        for target in ("/", "/config", "/gradio_api/info", "/gradio_api/reset",
                       "/gradio_api/upload", "/gradio_api/component_server", "/gradio_api/cancel",
                       "/login")
    ]  # fmt: skip
    return links + posts
