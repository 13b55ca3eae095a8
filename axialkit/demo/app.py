"""Starting the web page: alone, or inside a FastAPI app."""

import socket
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from axialkit.demo.gradio_quietly import gr
from axialkit.demo.guard import MAX_FILE_SIZE, Guard
from axialkit.demo.network import Network
from axialkit.demo.page import build_page
from axialkit.errors import InputError

_STYLE = Path(__file__).with_name("style.css")
_ATTEMPTS = 4  # to reach the page on a busy machine
_SESSIONS = 64  # visitors whose controls are remembered
_THREADS = 4  # one computes, others decode; each keeps memory of its own


def build_app(weights: str | Path = "tiny") -> gr.Blocks:
    """Load weights (a preset or a run folder) and build the page around them.

    Raises:
        InputError: no such weights.
    """
    return build_page(Network.load(weights))


def mount(app: FastAPI, path: str = "/", weights: str | Path = "tiny") -> FastAPI:
    """Mount the page into a FastAPI app of your own, with its limits on requests.

    Raises:
        InputError: no such weights.

    Example::

        app = FastAPI()
        mount(app, "/demo")  # then: uvicorn module:app
    """
    app.add_middleware(Guard)
    page = build_app(weights)
    page.state_session_capacity = _SESSIONS
    return gr.mount_gradio_app(app, page, path, **_serving())


def launch(  # noqa: PLR0913
    weights: str | Path = "tiny",
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    share: bool = False,
    open_browser: bool = False,
    block: bool = True,
) -> gr.Blocks:
    """Serve the page until Ctrl-C; with ``block=False`` return it at once, being served.

    Its address is ``page.local_url``; ``page.close()`` ends it. Only this machine can reach it
    unless ``host`` or ``share`` say otherwise; ``share`` asks Gradio's servers for a public
    address. If the port is taken, the next free one serves.

    Raises:
        InputError: no such weights, no free port, or this machine cannot reach its own page.
    """
    page = build_app(weights)
    _serve(page, host, port, share=share, open_browser=open_browser)
    if share:
        print(f"Everybody can reach it at {page.share_url}", flush=True)
    if block:
        print(f"The page is at {page.local_url}  Stop it with Ctrl-C.", flush=True)
        page.block_thread()
    return page


def _serving() -> dict[str, Any]:
    """How the page is served, wherever."""
    return {
        "max_file_size": MAX_FILE_SIZE,
        "allowed_paths": [],
        "show_error": False,  # only what we put into words
        "ssr_mode": False,  # no second server in Node
        "css_paths": _STYLE,
        "theme": _theme(),
    }


def _serve(page: gr.Blocks, host: str, port: int, *, share: bool, open_browser: bool) -> None:
    port = _free_port(host, port)
    for attempt in range(_ATTEMPTS):
        try:
            page.launch(
                server_name=host,
                server_port=port,
                share=share,
                inbrowser=open_browser,
                prevent_thread_lock=True,
                quiet=True,
                state_session_capacity=_SESSIONS,
                max_threads=_THREADS,
                app_kwargs={"middleware": [Middleware(Guard)]},
                **_serving(),
            )
            return
        except ValueError as error:  # Gradio waits only seconds for the page that it has started
            if attempt == _ATTEMPTS - 1:
                page.close()
                raise InputError(
                    f"The page was started at port {port}, but this machine cannot open it "
                    f"({error}). Behind a proxy, set NO_PROXY=localhost,127.0.0.1."
                ) from error


def _theme() -> gr.themes.Base:
    """Fonts of the visitor's machine, and a button color dark enough for white text."""
    theme = gr.themes.Default(
        primary_hue="indigo", font=("system-ui", "sans-serif"), font_mono="monospace"
    )
    return theme.set(button_primary_background_fill="*primary_600")


def _free_port(host: str, port: int) -> int:
    for candidate in range(port, min(port + 100, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    raise InputError(f"No port from {port} on is free at {host}. Choose another with --port.")
