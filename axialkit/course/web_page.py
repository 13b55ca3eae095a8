"""Small web pages: one that learners build, what a check sees of it, and the page that ships.

Nothing here imports Gradio before it is needed: that takes seconds. All names of the shipped
page's endpoints stand here, and nowhere else in the course.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import requests
from jaxtyping import Float

STREET, SEGMENT, ATTENTION = "/street", "/segment", "/attention"  # endpoints of the shipped page
SURE = "/sure"  # endpoint of the learner's own page
_FIRST_PORT = 7870


def question(y: int, x: int, *, layer: int, heads: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    """Return what ATTENTION takes after the picture.

    Layers and heads (of the height and of the width hop) count from 1; head 0 is the mean.
    """
    return y, x, layer, *heads


@contextmanager
def shipped_page(weights: str = "tiny") -> Iterator[str]:
    """Serve the page of ``axialkit demo`` on this machine; yield its address; end it, always.

    Also an error or an interrupt in the body ends it.
    """
    from IPython.utils.capture import capture_output

    from axialkit.demo import app

    with capture_output():  # in a notebook, Gradio would show the page below the cell
        page: Any = app.launch(weights, port=_FIRST_PORT, block=False)
    try:
        yield page.local_url.rstrip("/")
    finally:
        page.close(verbose=False)


@contextmanager
def served(page: Any) -> Iterator[str]:  # noqa: ANN401  (a gradio.Blocks)
    """Serve a page of one's own on a free port of this machine; yield its address; end it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    page.launch(
        server_name="127.0.0.1", server_port=port, prevent_thread_lock=True, quiet=True,
        inline=False, ssr_mode=False,
    )  # fmt: skip
    try:
        yield page.local_url.rstrip("/")
    finally:
        page.close(verbose=False)


def upload(address: str, path: str | Path) -> dict[str, Any]:
    """Send a file to a page, as a browser does; return what stands for it in a question."""
    with Path(path).open("rb") as file:
        answer = requests.post(f"{address}/gradio_api/upload", files={"files": file}, timeout=60)
    return {"path": answer.json()[0], "meta": {"_type": "gradio.FileData"}}


def browser_call(address: str, endpoint: str, *data: Any) -> list[Any]:  # noqa: ANN401
    """Ask an endpoint with two plain requests, as a program in any language can."""
    call = f"{address}/gradio_api/call{endpoint}"
    event = requests.post(call, json={"data": data}, timeout=60).json()["event_id"]
    text = requests.get(f"{call}/{event}", timeout=60).text
    return json.loads(text.rsplit("data: ", 1)[1])


def build_page(confidence: Float[np.ndarray, "height width"]) -> Any:  # noqa: ANN401
    """Build a page with one tab and one slider: how much of the picture is at least that sure?"""
    import gradio as gr

    def share(least: int | float) -> float:
        return float(100 * (confidence >= least).mean())

    with gr.Blocks(analytics_enabled=False) as page, gr.Tab("How sure?"):
        least = gr.Slider(0, 1, 0.5, step=0.01, label="At least this sure")
        answer = gr.Number(share(0.5), label="Percent of the picture", interactive=False)
        least.change(share, least, answer, api_name="sure")
    return page


def page_facts(page: Any) -> dict[str, Any]:  # noqa: ANN401  (a gradio.Blocks)
    """Return what matters about a page: per public endpoint its controls, and what they answer.

    Every slider is tried at its minimum, its value and its maximum.
    """
    return {
        f"/{event.api_name}": _facts(event)
        for event in page.fns.values()
        if event.api_name and event.api_visibility == "public"
    }


def _facts(event: Any) -> dict[str, Any]:  # noqa: ANN401  (one of gradio's events)
    controls = [
        (type(part).__name__, getattr(part, "minimum", None), getattr(part, "maximum", None))
        for part in event.inputs
    ]
    values = [
        [getattr(part, name, None) for part in event.inputs]
        for name in ("minimum", "value", "maximum")
    ]
    return {"controls": controls, "answers": [_ask(event.fn, given) for given in values]}


def _ask(function: Any, given: list[Any]) -> Any:  # noqa: ANN401
    try:
        return function(*given)
    except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
        return type(error).__name__
