"""``axialkit demo``: the web page."""

from dataclasses import dataclass

from axialkit.cli.parse import parse
from axialkit.errors import InputError


@dataclass(frozen=True)
class Arguments:
    """Open the web page: drop an image, see its segments, click a pixel, see where it looks.

    It runs on this machine and answers to this machine only; nothing leaves it. Stop with Ctrl-C.

    Examples:
      axialkit demo
      axialkit demo --port 8080 --model runs/tiny

    Needs the extra "demo": pip install "axialkit[demo]"
    """

    model: str = "tiny"
    """A preset with shipped weights (axialkit zoo), or the folder of a training run."""
    port: int = 7860
    """Port of the page; the next free one if it is taken."""

    def __post_init__(self) -> None:
        """Reject what is no port."""
        if not 1 <= self.port <= 65535:
            raise InputError(f"--port must lie in 1..65535, got {self.port}.")


def command(argv: list[str]) -> int:
    """Serve the page until Ctrl-C."""
    arguments = parse(Arguments, argv, "demo")
    from axialkit.demo.app import launch

    launch(arguments.model, port=arguments.port)
    return 0
