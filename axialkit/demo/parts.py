"""The parts of the page: where each control stands, what it is called, what it shows at first."""

from typing import Any, NamedTuple

from axialkit.demo.compute import TABLE_HEADERS
from axialkit.demo.handlers import LAST_STREET, Everything, gr


class Street(NamedTuple):
    """Where a picture comes from."""

    image: gr.Image
    run: gr.Button
    number: gr.Number
    roll: gr.Button
    chosen: gr.events.Dependency  # happens when an example is clicked


class Answer(NamedTuple):
    """What the network answers, in the order of ``Handlers.segment``."""

    overlay: gr.Image
    legend: gr.HTML
    note: gr.Markdown
    table: gr.Dataframe


class Question(NamedTuple):
    """Which pixel, layer and heads to look from, in the order of ``Handlers.attention``."""

    y: gr.Number
    x: gr.Number
    layer: gr.Slider
    column_head: gr.Slider
    row_head: gr.Slider


class Look(NamedTuple):
    """Where the pixel looks, in the order of ``Handlers.attention``."""

    picture: gr.Image
    words: gr.Markdown


def street_part(examples: list[str], number: int) -> Street:
    """Part 1: upload, roll or choose a street; ``number`` is that of the first example."""
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
        number_box = gr.Number(
            number,
            label="Street number",
            minimum=0,
            maximum=LAST_STREET,
            precision=0,
            elem_id="number",
        )
    examples_row = gr.Examples(
        [[path] for path in examples],
        image,
        label="Drawn streets; or type a number and press Enter",
    )
    return Street(image, run, number_box, roll, examples_row.load_input_event)


def _path_of(file: Any) -> str | None:  # noqa: ANN401  (the type is Gradio's own)
    return None if file is None else file.path


def answer_part(first: Everything) -> tuple[gr.Image, gr.HTML, gr.Markdown]:
    """Part 2: overlay, legend and note."""
    gr.Markdown("## 2 · See what is where")
    overlay = gr.Image(
        value=first.overlay,
        format="png",
        interactive=False,
        label="Segments: click a pixel",
        alt_text="The street with a color and a name for every segment; the table below lists them",
        height=292,
        elem_id="overlay",
        elem_classes="picture",
        buttons=["download", "fullscreen"],
    )
    legend = gr.HTML(first.legend, label="Legend", elem_id="legend")
    return overlay, legend, gr.Markdown(first.note, elem_id="note")


def question_part(first: Everything, layers: int, heads: int) -> tuple[Question, gr.Button]:
    """Part 3, above: which pixel, layer and heads; the button asks for those in the boxes."""
    with gr.Row(elem_id="question"):
        y = gr.Number(first.y, label="y, down", precision=0, min_width=90, elem_id="y")
        x = gr.Number(first.x, label="x, right", precision=0, min_width=90, elem_id="x")
        layer = gr.Slider(1, layers, layers, step=1, scale=2, label="Layer", elem_id="layer")
        column_head = gr.Slider(0, heads, 0, step=1, scale=2, label="Column head")
        row_head = gr.Slider(0, heads, 0, step=1, scale=2, label="Row head")
        ask = gr.Button("Look from here", min_width=170, elem_id="ask")
    return Question(y, x, layer, column_head, row_head), ask


def look_part(first: Everything) -> Look:
    """Part 3, below: the picture of the attention, and the same in words."""
    picture = gr.Image(
        value=first.picture,
        format="png",
        interactive=False,
        label="Attention",
        show_label=False,
        alt_text="Attention of the chosen pixel over the street; described in words below",
        elem_id="attention",
        elem_classes="picture",
        buttons=["download", "fullscreen"],
    )
    return Look(picture, gr.Markdown(first.words, elem_id="words"))


def table_part(first: Everything) -> gr.Dataframe:
    """Part 4: the table of segments."""
    gr.Markdown("## 4 · All segments, largest first")
    return gr.Dataframe(
        first.table, headers=TABLE_HEADERS, interactive=False, label="Segments", elem_id="segments"
    )
