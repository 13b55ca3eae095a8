"""The web demo under load: many clients with mixed requests, and the memory of its server.

The server is ``axialkit demo`` in a process of its own; the clients are threads that ask it over
HTTP, one request after the other, each waiting for its answer.
"""

import io
import json
import queue
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import requests
from PIL import Image

from axialkit.data.minicity import scene

KINDS = ("street", "segment", "attention", "two_hop", "compare", "metrics")
BUSY = 503  # the queue is full: "come back later"
_STREETS = 12  # that are asked about
_START = 180.0  # seconds until the page must have come up
_TIMEOUT = 300.0  # of one answer


class Reply(NamedTuple):
    """How one request went."""

    kind: str
    seconds: float
    problem: str = ""  # "", "busy", or what went wrong


def bench_demo(
    clients: int = 20, requests_each: int = 10, rounds: int = 5, weights: str = "tiny"
) -> dict[str, Any]:
    """Put the demo under load; return times by kind, problems, and its memory after each round.

    Raises:
        RuntimeError: the page does not start.
    """
    with running_demo(weights) as (address, process):
        first = time.perf_counter()
        _ask(address, "segment", 0)
        first = time.perf_counter() - first
        replies, memory = [], [resident_mb(process.pid)]
        begin = time.perf_counter()
        for number in range(rounds):
            replies += _round(address, clients, requests_each, number)
            memory.append(resident_mb(process.pid))
        seconds = time.perf_counter() - begin
    return {
        "clients": clients,
        "requests": len(replies),
        "seconds": seconds,
        "first_answer_seconds": first,
        "all": _summary(replies),
        "kinds": {kind: _summary([r for r in replies if r.kind == kind]) for kind in KINDS},
        "busy": sum(reply.problem == "busy" for reply in replies),
        "errors": [f"{r.kind}: {r.problem}" for r in replies if r.problem not in ("", "busy")],
        "memory_mb": memory,  # before the load, and after each round
    }


@contextmanager
def running_demo(weights: str = "tiny") -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run ``axialkit demo``; yield its address and its process, and end it.

    Raises:
        RuntimeError: it does not start; with its last words.
    """
    command = [sys.executable, "-m", "axialkit", "demo", "--weights", weights, "--port", "7700"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield _address(process), process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: "subprocess.Popen[str]") -> str:
    """Wait for the line that tells the address; go on reading, or the pipe would fill."""
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None

    def read(stream: Any = process.stdout) -> None:  # noqa: ANN401
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    said, last = [""], time.monotonic() + _START
    while time.monotonic() < last:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            continue
        if not line:
            break
        said.append(line)
        if "The page is at " in line:
            return line.split("The page is at ")[1].split()[0].rstrip("/")
    raise RuntimeError(f"The page did not start. Its last words: {said[-1].strip()}")


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds, in MB; NaN where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return float("nan")
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1000


def _round(address: str, clients: int, each: int, number: int) -> list[Reply]:
    """Let all clients ask at the same time."""
    replies: list[Reply] = []
    lock = threading.Lock()

    def client(which: int) -> None:
        for turn in range(each):
            seed = (number * clients + which) * each + turn
            reply = _timed(KINDS[(which + turn) % len(KINDS)], address, seed)
            with lock:
                replies.append(reply)

    threads = [threading.Thread(target=client, args=(which,)) for which in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def _timed(kind: str, address: str, seed: int) -> Reply:
    begin = time.perf_counter()
    try:
        problem = _ask(address, kind, seed)
    except requests.RequestException as error:
        problem = type(error).__name__
    return Reply(kind, time.perf_counter() - begin, problem)


def _ask(address: str, kind: str, seed: int) -> str:
    """Send a request of that kind and wait for its answer; return what is wrong with it."""
    street, y, x = seed % _STREETS, 7 * seed % 128, 11 * seed % 256
    questions: dict[str, Callable[[], list[Any]]] = {
        "street": lambda: [street],
        "metrics": lambda: [street],
        "segment": lambda: [_upload(address, street)],
        "attention": lambda: [_upload(address, street), y, x, 1 + seed % 3, seed % 5],
        "two_hop": lambda: [_upload(address, street), y, x, 1 + seed % 3],
        "compare": lambda: [_upload(address, street), y, x],
    }
    url = f"{address}/gradio_api/call/{kind}"
    sent = requests.post(url, json={"data": questions[kind]()}, timeout=_TIMEOUT)
    if sent.status_code == BUSY:
        return "busy"
    if not sent.ok:
        return f"status {sent.status_code}: {sent.text[:200]}"
    answer = requests.get(f"{url}/{sent.json()['event_id']}", timeout=_TIMEOUT)
    return "" if "event: complete" in answer.text else answer.text[-300:]


def _upload(address: str, street: int) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.fromarray(scene(0, seed=street).image).save(buffer, "png")
    files = {"files": ("street.png", buffer.getvalue())}
    reply = requests.post(f"{address}/gradio_api/upload", files=files, timeout=_TIMEOUT)
    reply.raise_for_status()
    return {"path": json.loads(reply.text)[0], "meta": {"_type": "gradio.FileData"}}


def _summary(replies: list[Reply]) -> dict[str, int | float]:
    """Return the number, the median and the 95th percentile of the answered ones, in seconds."""
    seconds = sorted(reply.seconds for reply in replies if not reply.problem)
    if not seconds:
        return {"answered": 0, "median": float("nan"), "p95": float("nan")}
    at = max(0, -(-95 * len(seconds) // 100) - 1)  # the nearest rank
    return {
        "answered": len(seconds),
        "median": statistics.median(seconds),
        "p95": seconds[at],
    }
