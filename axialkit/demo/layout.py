"""The left side of the page and its foot: the picture, the pixel, and what can be taken along."""

import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from axialkit.demo.controls import as_sent, picture_input
from axialkit.demo.gradio_quietly import gr
from axialkit.demo.network import Network
from axialkit.demo.parts import Source, Taken
from axialkit.demo.streets import EXAMPLES, LAST_STREET, draw_street

_LANGUAGES: dict[str, Any] = {
    "Python": "python",
    "JavaScript": "javascript",
    "curl": "shell",
    "Notebook cell": "python",
}


def source_part() -> Source:
    """Build part 1: upload, take a photo, roll or choose a street."""
    gr.Markdown("## 1 · Choose a street")
    with tempfile.TemporaryDirectory() as folder:  # Gradio keeps copies of its own
        files = [_save(folder, number) for number in EXAMPLES]
        image = picture_input(
            value=files[0],
            sources=["upload", "webcam", "clipboard"],
            label="Street: click a pixel",
            alt_text="The street that is segmented",
            height=300,
            elem_id="street",
            elem_classes="picture",
            buttons=["fullscreen"],
        )
        with gr.Row():
            number = as_sent(
                gr.Number(
                    EXAMPLES[0], label=f"Street number, 0 to {LAST_STREET}", precision=0,
                    elem_id="number", min_width=120,
                )
            )  # fmt: skip
            roll = gr.Button("Roll a street", elem_id="roll", variant="primary", min_width=120)
        examples = gr.Dataset(
            components=[image],
            samples=[[path] for path in files],
            type="index",
            label="Drawn streets, which have a ground truth",
            elem_id="examples",
        )
    return Source(image, number, roll, examples)


def _save(folder: str, number: int) -> str:
    path = Path(folder) / f"street-{number}.png"
    Image.fromarray(draw_street(number).image).save(path)
    return str(path)


def pixel_part() -> tuple[gr.Number, gr.Number, gr.Button, gr.HTML]:
    """Build part 2: which pixel asks, and what its cell is.

    The arrows have no event of their own: page.js moves the numbers by a cell.
    """
    gr.Markdown(
        "## 2 · Choose a pixel\nClick in a picture, or move by one cell with the arrow keys."
    )
    with gr.Row():
        y = as_sent(gr.Number(None, label="y, down", precision=0, min_width=80, elem_id="y"))
        x = as_sent(gr.Number(None, label="x, right", precision=0, min_width=80, elem_id="x"))
        go = gr.Button("Look from here", elem_id="go", size="sm", min_width=110)
    with gr.Row(elem_id="moves"):
        for arrow, name in zip("↑↓←→", ("up", "down", "left", "right"), strict=True):
            gr.Button(f"{arrow} {name}", size="sm", min_width=70, elem_id=name)
    return y, x, go, gr.HTML(elem_id="facts")


def lens_part(network: Network) -> tuple[gr.Slider, gr.Slider, gr.Slider]:
    """Build the sliders for layer and heads."""
    layers, heads = len(network.layers), network.heads
    layer = gr.Slider(1, layers, layers, step=1, label="Layer", elem_id="layer")
    with gr.Row():
        column = gr.Slider(
            0, heads, 0, step=1, label="Column head (0: mean of all)", elem_id="column-head"
        )
        row = gr.Slider(0, heads, 0, step=1, label="Row head (0: mean of all)", elem_id="row-head")
    return as_sent(layer), as_sent(column), as_sent(row)


def taken_part() -> tuple[Taken, gr.Button]:
    """Build what can be taken along."""
    with gr.Accordion("Take this view along: link, files, programs", open=False, elem_id="take"):
        run = gr.Button("Prepare", elem_id="prepare", size="sm")
        told = gr.Markdown(elem_id="told")
        link = gr.Textbox(
            label="Link: street, pixel, layer, heads, order, terms and tab; not how it is painted",
            buttons=["copy"],
            interactive=False,
            elem_id="link",
        )
        files = gr.File(
            label="Files: overlay, ids and JSON in the official form, attention, notebook cell",
            file_count="multiple",
            interactive=False,
            elem_id="files",
        )
        programs = []
        for name, language in _LANGUAGES.items():
            with gr.Tab(name):
                programs.append(gr.Code(language=language, label=name, interactive=False))
    return Taken(told, link, files, tuple(programs)), run
