"""The tabs of the page: what they hold, what it is called, and what it shows at first."""

from axialkit.demo.about import about
from axialkit.demo.comparing import KINDS
from axialkit.demo.controls import as_sent, picture_output, setting_sliders
from axialkit.demo.gradio_quietly import gr
from axialkit.demo.links import ORDERS
from axialkit.demo.looking import MOST_PINS, TERM_NAMES
from axialkit.demo.network import Network
from axialkit.demo.painting import COLORINGS, MARKS, PLAIN, SHOWN
from axialkit.demo.parts import Answer, Brush, Compared, Look, Scored
from axialkit.demo.requests import LIMITS, ORDER_NAMES
from axialkit.demo.scoring import HEADERS as SCORE_HEADERS
from axialkit.demo.scoring import LADDER_HEADERS
from axialkit.demo.tables import HEADERS
from axialkit.visualize.palettes import PALETTES

NO_SEGMENT = "none"


def panoptic_part(network: Network) -> tuple[Answer, Brush, list[gr.Slider], gr.Button]:
    """Build the tab of the panoptic answer; the button restores the sliders."""
    overlay = picture_output(
        label="Segments: click one", elem_id="overlay", height=430,
        alt_text="The street with a color and a name for every segment; the table lists them",
    )  # fmt: skip
    legend, note = gr.HTML(elem_id="legend"), gr.Markdown(elem_id="note")
    brush, segment = _brush_part()
    with gr.Accordion("Post-processing: from the three heads to segments", open=False):
        with gr.Row():
            defaults = network.config.postprocess
            settings = setting_sliders({field: getattr(defaults, field) for field in LIMITS})
        reset = gr.Button("As trained", size="sm", elem_id="reset")
    table = gr.Dataframe(
        headers=HEADERS, interactive=False, elem_id="segments",
        label="Segments, largest first; choose one. A box is top, left, bottom, right",
        column_widths=["36px", "140px", "70px", "130px", "75px", "70px", "110px", "180px"],
    )  # fmt: skip
    group = gr.Dropdown([], label="Where does this look?", render=False, elem_id="group")
    return Answer(overlay, legend, note, table, segment, as_sent(group)), brush, settings, reset


def _brush_part() -> tuple[Brush, gr.Dropdown]:
    with gr.Row():
        coloring = gr.Radio(list(COLORINGS), value=PLAIN.coloring, label="Colors", scale=3,
                            elem_id="coloring")  # fmt: skip
        segment = gr.Dropdown([NO_SEGMENT], value=NO_SEGMENT, label="Light up one segment",
                              scale=1, elem_id="segment", allow_custom_value=True)  # fmt: skip
    with gr.Row():
        marks = gr.CheckboxGroup(list(MARKS), value=list(PLAIN.marks), label="Marks", scale=3,
                                 elem_id="marks")  # fmt: skip
        shown = gr.CheckboxGroup(list(SHOWN), value=list(SHOWN), label="Colored", elem_id="shown")
    with gr.Row():
        palette = gr.Radio(list(PALETTES), value=PLAIN.palette, label="Palette", scale=1,
                           elem_id="palette")  # fmt: skip
        opacity = gr.Slider(0, 1, PLAIN.opacity, step=0.05, label="Opacity", elem_id="opacity")
    brush = Brush(coloring, marks, palette, opacity, shown)
    for control in (*brush, segment):
        as_sent(control)
    return brush, segment


def attention_part(
    answer: Answer, facts: gr.HTML
) -> tuple[Look, gr.Radio, gr.CheckboxGroup, list[gr.Button]]:
    """Build the tab of the attention: order, terms, and the buttons to pin and unpin."""
    picture = picture_output(
        label="Attention", show_label=False, elem_id="attention",
        alt_text="Attention of the chosen pixel over the street; described in words below",
    )  # fmt: skip
    words = gr.Markdown(elem_id="words")
    with gr.Row():
        order = gr.Radio(
            [(name, order) for order, name in ORDER_NAMES.items()], value=ORDERS[0],
            label="Order of the hops", elem_id="order",
        )  # fmt: skip
        terms = gr.CheckboxGroup(
            list(TERM_NAMES), value=list(TERM_NAMES), elem_id="terms",
            label="Terms of the logits that count here (what the layer received stays as it was)",
        )  # fmt: skip
    bars = gr.HTML(elem_id="bars")
    with gr.Row():
        pin = gr.Button(f"Pin this pixel (the last {MOST_PINS} stay)", size="sm", elem_id="pin")
        unpin = gr.Button("Remove pins", size="sm", elem_id="unpin")
    pinned = picture_output(
        label="Pins", show_label=False, elem_id="pinned",
        alt_text="Two-hop maps of the pinned pixels", visible=False,
    )  # fmt: skip
    gr.Markdown("### A whole segment\nThe mean of the maps of its cells: where does *car* look?")
    answer.group.render()
    return Look(picture, words, bars, pinned, facts), as_sent(order), as_sent(terms), [pin, unpin]


def segment_mode_part() -> tuple[gr.Image, gr.Markdown, gr.HTML]:
    """Build what segment mode shows."""
    picture = picture_output(
        label="Segment", show_label=False, elem_id="group-map", visible=False,
        alt_text="Where the chosen segment looks; described in words below",
    )  # fmt: skip
    return picture, gr.Markdown(elem_id="group-words"), gr.HTML(elem_id="group-bars")


def compare_part() -> tuple[Compared, gr.Radio, gr.Button]:
    """Build the tab of comparisons."""
    with gr.Row():
        kind = gr.Radio(list(KINDS), value=KINDS[0], label="Compare the network with",
                        elem_id="kind", scale=4)  # fmt: skip
        run = gr.Button("Compare", variant="primary", elem_id="compare", min_width=120)
    maps = picture_output(
        label="Maps", show_label=False, elem_id="compared-maps", visible=False,
        alt_text="Attention of the chosen pixel both ways; described in words below",
    )  # fmt: skip
    words = gr.Markdown("Choose what to compare with, and press *Compare*.", elem_id="compared")
    table = gr.Dataframe([], headers=["", "the network", "the other"], interactive=False,
                         label="Numbers", elem_id="compared-table", visible=False)  # fmt: skip
    with gr.Row():
        before, after = (
            picture_output(
                label=label, show_label=False, elem_id=id_, visible=False, alt_text=label
            )
            for label, id_ in (("The network's answer", "before"), ("The other answer", "after"))
        )
    return Compared(maps, before, after, table, words), as_sent(kind), run


def metrics_part() -> tuple[Scored, gr.Button]:
    """Build the tab of metrics."""
    run = gr.Button("Score this street", variant="primary", elem_id="score")
    words = gr.Markdown("Drawn streets have a ground truth. Press *Score this street*.",
                        elem_id="scored")  # fmt: skip
    picture = picture_output(
        label="Matches", show_label=False, elem_id="matches", visible=False,
        alt_text="Ground truth and answer side by side, each segment matched or not; listed below",
    )  # fmt: skip
    ladder = gr.Dataframe(
        [], headers=LADDER_HEADERS, interactive=False, elem_id="ladder", visible=False,
        label="Oracle ladder: what the answer would score with a perfect head",
    )  # fmt: skip
    table = gr.Dataframe(
        [], headers=SCORE_HEADERS, interactive=False, elem_id="scores", visible=False,
        label="Segments",
    )  # fmt: skip
    return Scored(words, picture, table, ladder), run


def about_part(network: Network) -> None:
    """Build the tab of what has to be known."""
    gr.Markdown(about(network), elem_id="about")
