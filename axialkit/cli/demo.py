"""``axialkit demo``: the web page."""

import time
from dataclasses import dataclass

from axialkit.cli.parse import parse
from axialkit.errors import InputError


@dataclass(frozen=True)
class Arguments:
    """Open the web page: a street in, its segments out; click a pixel, see where it looks.

    It runs on this machine and answers to this machine only, unless you say otherwise; nothing
    leaves it. Stop with Ctrl-C.

    Examples:
      axialkit demo
      axialkit demo --open
      axialkit demo --port 8080 --weights runs/tiny

    Needs the extra "demo": pip install -e ".[demo]"
    """

    weights: str = "tiny"
    """A preset that has weights here (axialkit zoo), or a folder of weights: a training run."""
    port: int = 7860
    """Port of the page; the next free one if it is taken."""
    host: str = "127.0.0.1"
    """Who may come: 127.0.0.1 this machine only, 0.0.0.0 the whole network."""
    open: bool = False
    """Open the page in the browser."""
    share: bool = False
    """Ask Gradio's servers for a public address (this leaves the machine)."""

    def __post_init__(self) -> None:
        """Reject what is no port."""
        if not 1 <= self.port <= 65535:
            raise InputError(f"--port must lie in 1..65535, got {self.port}.")


def command(argv: list[str]) -> int:
    """Serve the page until Ctrl-C."""
    arguments = parse(Arguments, argv, "demo")
    print("Starting the page ...", flush=True)
    from axialkit.demo.app import launch

    page = launch(
        arguments.weights,
        host=arguments.host,
        port=arguments.port,
        share=arguments.share,
        open_browser=arguments.open,
        block=False,
    )
    print(f"The page is at {page.local_url}  Stop it with Ctrl-C.", flush=True)
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt as stop:
        page.close()
        raise KeyboardInterrupt("The page is closed.") from stop
