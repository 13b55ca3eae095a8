"""A real HTTP server on 127.0.0.1 that can misbehave in the ways that servers do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Site:
    """What is served, how, and what was asked for."""

    files: dict[str, bytes] = field(default_factory=dict)
    url: str = ""
    etag: str | None = '"first"'
    date: str | None = None
    ranges: bool = True
    obeys_if_range: bool = True
    states_length: bool = True
    statuses: list[int] = field(default_factory=list)
    """Errors for the next requests; afterwards all is well."""
    cuts: list[int] = field(default_factory=list)
    """Bytes after which the next answers break off."""
    longer: int = 0
    """How many bytes too many the answers promise."""
    hold_after: int | None = None
    """Stop sending after so many bytes, until ``go_on`` is set."""
    go_on: threading.Event = field(default_factory=threading.Event)
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0

    def address(self, name: str) -> str:
        return f"{self.url}/{name}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site: Site = self.server.site  # type: ignore[attr-defined]
        site.requests.append(dict(self.headers))
        body = site.files.get(self.path.removeprefix("/"))
        status = site.statuses.pop(0) if site.statuses else 200
        if body is None or status != 200:
            self.send_error(404 if body is None else status)
            return
        start = self.first_byte(site)
        if start > len(body):
            self.send_error(416)
            return
        self.send_head(site, start, len(body))
        self.send_body(site, body[start:])

    def first_byte(self, site: Site) -> int:
        wanted, condition = self.headers.get("Range"), self.headers.get("If-Range")
        if wanted is None or not site.ranges:
            return 0
        if site.obeys_if_range and condition not in (site.etag, site.date):
            return 0
        return int(wanted.removeprefix("bytes=").removesuffix("-"))

    def send_head(self, site: Site, start: int, total: int) -> None:
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total + site.longer}")
        if site.states_length:
            self.send_header("Content-Length", str(total - start + site.longer))
        if site.etag:
            self.send_header("ETag", site.etag)
        if site.date:
            self.send_header("Last-Modified", site.date)
        self.send_header("Connection", "close")
        self.end_headers()

    def send_body(self, site: Site, rest: bytes) -> None:
        if site.hold_after is not None:
            self.send(site, rest[: site.hold_after])
            site.go_on.wait(60)
            rest = rest[site.hold_after :]
        self.send(site, rest[: site.cuts.pop(0)] if site.cuts else rest)
        self.close_connection = True

    def send(self, site: Site, data: bytes) -> None:
        site.sent += len(data)  # first: once all is written, the client may be done and look
        self.wfile.write(data)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:  # a client that was killed is part of the test
        pass


@contextmanager
def serve(site: Site) -> Iterator[Site]:
    """Serve a site from a thread; its ``url`` is set."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.site = site  # type: ignore[attr-defined]
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            site.go_on.set()
            server.shutdown()
            thread.join()
