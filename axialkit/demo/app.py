"""The web page: a street in, its panoptic answer out, and where any pixel of it looks."""

import socket
import tempfile
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from axialkit.demo.compute import TABLE_HEADERS, Explorer
from axialkit.demo.handlers import LAST_STREET, Handlers, gr
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture

Values = tuple[Any, ...]  # as Handlers.arrive returns them

EXAMPLES = (7, 3, 15, 17, 2, 23)  # numbers of drawn streets; the first opens the page
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
# for screen readers: announce the new description when it arrives
_ANNOUNCE = "() => document.querySelector('#words').setAttribute('aria-live', 'polite')"

# one visitor at a time in the network: recording attention belongs to one pass
_NETWORK: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 1}


class _Street(NamedTuple):
    """Where a picture comes from."""

    image: gr.Image
    run: gr.Button
    number: gr.Number
    roll: gr.Button


class _Answer(NamedTuple):
    """What the network answers, in the order of ``Handlers.segment``."""

    overlay: gr.Image
    legend: gr.HTML
    note: gr.Markdown
    table: gr.Dataframe


class _Question(NamedTuple):
    """Which pixel, layer and heads to look from, in the order of ``Handlers.attention``."""

    y: gr.Number
    x: gr.Number
    layer: gr.Slider
    column_head: gr.Slider
    row_head: gr.Slider


class _Look(NamedTuple):
    """Where the pixel looks, in the order of ``Handlers.attention``."""

    picture: gr.Image
    words: gr.Markdown


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
        values = handlers.arrive(examples[0], layers, 0, 0)
        gr.Markdown(_HEADING.format(label=escape(explorer.label)), elem_id="heading")
        with gr.Row():
            with gr.Column():
                street = _street_column(examples)
            with gr.Column():
                overlay, legend, note = _answer_column(values)
        gr.Markdown(_LOOK_HEADING)
        question, ask = _question_row(values, layers, explorer.heads)
        look = _look(values)
        answer = _Answer(overlay, legend, note, _table(values))
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

    Its address is ``page.local_url``; ``page.close()`` ends it.

    Only this machine can reach it unless ``host`` or ``share`` say otherwise; ``share`` asks
    Gradio's servers for a public address. If the port is taken, the next free one serves.

    Raises:
        InputError: no such weights, or no free port.
    """
    page = build_app(weights)
    page.launch(
        server_name=host,
        server_port=_free_port(host, port),
        share=share,
        inbrowser=open_browser,
        prevent_thread_lock=not block,
        max_file_size=MAX_FILE_SIZE,
        allowed_paths=[],
        show_error=True,
        ssr_mode=False,  # no second server in Node
        css_paths=_STYLE,
        theme=_theme(),
    )
    return page


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


def _street_column(examples: list[str]) -> _Street:
    gr.Markdown("## 1 · Choose a street")
    image = gr.Image(
        value=examples[0],
        type="filepath",
        format="png",  # webp would change the pixels of drawn streets
        sources=["upload", "clipboard"],
        label="Street",
        alt_text="The street that is segmented",
        height=332,
        elem_id="street",
        elem_classes="picture",
        buttons=["fullscreen"],
    )
    # Gradio would decode the file first, without a limit and with errors of its own
    image.preprocess = _path_of  # type: ignore[method-assign, assignment]
    with gr.Row():
        run = gr.Button("Segment", variant="primary", elem_id="run")
        roll = gr.Button("Roll a street", elem_id="roll")
        number = gr.Number(
            EXAMPLES[0],
            label="Street number",
            minimum=0,
            maximum=LAST_STREET,
            precision=0,
            elem_id="number",
        )
    gr.Examples(
        [[path] for path in examples],
        image,
        label="Drawn streets; or type a number and press Enter",
    )
    return _Street(image, run, number, roll)


def _path_of(file: Any) -> str | None:  # noqa: ANN401  (the type is Gradio's own)
    return None if file is None else file.path


def _answer_column(values: Values) -> tuple[gr.Image, gr.HTML, gr.Markdown]:
    gr.Markdown("## 2 · See what is where")
    overlay = gr.Image(
        value=values[0],
        format="png",
        interactive=False,
        label="Segments: click a pixel",
        alt_text="The street with a color and a name for every segment; the table below lists them",
        height=292,
        elem_id="overlay",
        elem_classes="picture",
        buttons=["download", "fullscreen"],
    )
    legend = gr.HTML(values[1], label="Legend", elem_id="legend")
    return overlay, legend, gr.Markdown(values[2], elem_id="note")


def _question_row(values: Values, layers: int, heads: int) -> tuple[_Question, gr.Button]:
    with gr.Row(elem_id="question"):
        y = gr.Number(values[4], label="y, down", precision=0, min_width=90, elem_id="y")
        x = gr.Number(values[5], label="x, right", precision=0, min_width=90, elem_id="x")
        layer = gr.Slider(1, layers, layers, step=1, scale=2, label="Layer", elem_id="layer")
        column_head = gr.Slider(0, heads, 0, step=1, scale=2, label="Column head")
        row_head = gr.Slider(0, heads, 0, step=1, scale=2, label="Row head")
        ask = gr.Button("Look from here", elem_id="ask")
    return _Question(y, x, layer, column_head, row_head), ask


def _look(values: Values) -> _Look:
    picture = gr.Image(
        value=values[6],
        format="png",
        interactive=False,
        label="Attention",
        show_label=False,
        alt_text="Attention of the chosen pixel over the street; described in words below",
        elem_id="attention",
        elem_classes="picture",
        buttons=["download", "fullscreen"],
    )
    return _Look(picture, gr.Markdown(values[7], elem_id="words"))


def _table(values: Values) -> gr.Dataframe:
    gr.Markdown("## 4 · All segments, largest first")
    return gr.Dataframe(
        values[3], headers=TABLE_HEADERS, interactive=False, label="Segments", elem_id="segments"
    )


def _connect_street(
    handlers: Handlers, street: _Street, answer: _Answer, question: _Question, look: _Look
) -> None:
    """A new picture is answered at once, whether it was uploaded, drawn or chosen."""
    street.image.change(
        handlers.arrive,
        [street.image, *question[2:]],
        [*answer, *question[:2], *look],
        api_visibility="private",
        **_NETWORK,
    )
    street.run.click(handlers.segment, street.image, list(answer), api_name="segment", **_NETWORK)
    street.number.submit(
        handlers.draw_street, street.number, street.image, api_name="street", **_NETWORK
    )
    street.roll.click(
        handlers.roll_street,
        None,
        [street.number, street.image],
        api_visibility="private",
        **_NETWORK,
    )


def _connect_question(  # noqa: PLR0913
    handlers: Handlers,
    street: _Street,
    answer: _Answer,
    question: _Question,
    look: _Look,
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
