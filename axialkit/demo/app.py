"""The web page: a street in, its panoptic answer out, and where any pixel of it looks."""

import socket
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image

from axialkit.demo.compute import Explorer
from axialkit.demo.handlers import Handlers, gr
from axialkit.demo.parts import (
    Answer,
    Look,
    Question,
    Street,
    answer_part,
    look_part,
    question_part,
    street_part,
    table_part,
)
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture

EXAMPLES = (15, 6, 4, 9, 13, 23)  # numbers of drawn streets; the first opens the page
MAX_FILE_SIZE = "20mb"
MAX_WAITING = 32  # requests in the queue; those beyond it are asked to come back

_STYLE = Path(__file__).with_name("style.css")
_HEADING = """# Where does a pixel look?
An **Axial-DeepLab** names every pixel of a street. Click on one to see the row and the column it
looked along.

<span class="badge">{label}</span> It knows no photos: on those it is mostly wrong."""
_LOOK_HEADING = """## 3 · See where one pixel looks
Click a pixel in a picture above, or give y and x (from the upper left corner). Head 0 is the mean
of all heads."""
_ATTEMPTS = 4  # to reach the page on a busy machine
# for screen readers: announce the new description when it arrives
_ANNOUNCE = "() => document.querySelector('#words').setAttribute('aria-live', 'polite')"

# one visitor at a time in the network: recording attention belongs to one pass
_NETWORK: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 1}


def build_app(weights: str | Path = "tiny") -> gr.Blocks:
    """Load weights (a shipped preset or a run folder) and build the page around them.

    Raises:
        InputError: no such weights.
    """
    return build_page(Explorer.load(weights))


def build_page(explorer: Explorer) -> gr.Blocks:
    """Build the page around a network; it opens with an example already answered."""
    handlers, layers = Handlers(explorer), len(explorer.layers)
    with (
        tempfile.TemporaryDirectory() as folder,  # Gradio keeps copies of its own
        gr.Blocks(title="Where does a pixel look?", analytics_enabled=False) as page,
    ):
        examples = [_save(handlers.draw_street(number), folder, number) for number in EXAMPLES]
        first = handlers.arrive(examples[0], layers, 0, 0)
        gr.Markdown(_HEADING.format(label=escape(explorer.label)), elem_id="heading")
        with gr.Row():
            with gr.Column():
                street = street_part(examples, EXAMPLES[0])
            with gr.Column():
                overlay, legend, note = answer_part(first)
        gr.Markdown(_LOOK_HEADING)
        question, ask = question_part(first, layers, explorer.heads)
        look = look_part(first)
        answer = Answer(overlay, legend, note, table_part(first))
        _connect_street(handlers, street, answer, question, look)
        _connect_question(handlers, street, answer, question, look, ask)
        page.load(None, js=_ANNOUNCE)
    return page.queue(max_size=MAX_WAITING)


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
                max_file_size=MAX_FILE_SIZE,
                allowed_paths=[],
                show_error=True,
                ssr_mode=False,  # no second server in Node
                css_paths=_STYLE,
                theme=_theme(),
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


def _save(street: Picture, folder: str, number: int) -> str:
    path = Path(folder) / f"street-{number}.png"
    Image.fromarray(street).save(path)
    return str(path)


def _connect_street(
    handlers: Handlers, street: Street, answer: Answer, question: Question, look: Look
) -> None:
    """A new picture is answered at once, whether it was uploaded, drawn or chosen."""
    arrival: dict[str, Any] = {
        "fn": handlers.arrive,
        "inputs": [street.image, *question[2:]],
        "outputs": [*answer, *question[:2], *look],
        "api_visibility": "private",
        "show_progress_on": [answer.overlay, look.picture],
        **_NETWORK,
    }
    street.image.input(**arrival)  # uploaded, pasted or removed
    street.chosen.then(**arrival)
    drawn = street.number.submit(
        handlers.draw_street, street.number, street.image, api_name="street", **_NETWORK
    )
    drawn.success(**arrival)
    rolled = street.roll.click(
        handlers.roll_street,
        None,
        [street.number, street.image],
        api_visibility="private",
        **_NETWORK,
    )
    rolled.success(**arrival)
    street.run.click(handlers.segment, street.image, list(answer), api_name="segment", **_NETWORK)


def _connect_question(  # noqa: PLR0913
    handlers: Handlers,
    street: Street,
    answer: Answer,
    question: Question,
    look: Look,
    ask: gr.Button,
) -> None:
    """Clicks, number boxes and sliders all lead to the same look."""
    clicked: dict[str, Any] = {
        "inputs": [street.image, *question[2:]],
        "outputs": [*question[:2], *look],
        "api_visibility": "private",
        "show_progress": "hidden",
        **_NETWORK,
    }
    street.image.select(handlers.click, **clicked)
    answer.overlay.select(handlers.click_overlay, **clicked)
    asked: dict[str, Any] = {"inputs": [street.image, *question], "outputs": list(look), **_NETWORK}
    ask.click(handlers.attention, api_name="attention", **asked)
    gr.on(
        [question.y.submit, question.x.submit, *(slider.input for slider in question[2:])],
        handlers.attention,
        api_visibility="private",
        show_progress="hidden",
        trigger_mode="always_last",
        **asked,
    )
