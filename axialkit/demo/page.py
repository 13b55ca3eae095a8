"""The page: its parts put together, and every event tied to what it asks and changes."""

from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from axialkit.demo import layout, tabs
from axialkit.demo.about import badge
from axialkit.demo.endpoints import NETWORK, build_endpoints
from axialkit.demo.events import Events
from axialkit.demo.gradio_quietly import gr
from axialkit.demo.guard import Page
from axialkit.demo.links import TABS
from axialkit.demo.network import Network
from axialkit.demo.parts import Answer, Brush, Lens, Look, Source
from axialkit.demo.tab_events import TabEvents
from axialkit.demo.views import Views

MAX_WAITING = 32  # requests in the queue; those beyond it are asked to come back

_SCRIPT = Path(__file__).with_name("page.js")
_HEADING = """# Where does a pixel look?
An **Axial-DeepLab** names every pixel of a street. Click on one to see the row and the column it
looked along.

<span class="badge">{label}</span>"""
_CLEANING = 60, 1800  # seconds: how often, and what age of files
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "api_name": "page"}  # no endpoint
_QUIET: dict[str, Any] = {**_PRIVATE, "show_progress": "hidden", **NETWORK}
_LAST: dict[str, Any] = {**_QUIET, "trigger_mode": "always_last"}  # of sliders
# the server does not know by which address it was reached
_COMPLETE = "(link) => link.startsWith('?') ? location.origin + location.pathname + link : link"


class Controls(NamedTuple):
    """What most events take and change."""

    source: Source
    lens: Lens
    brush: Brush
    settings: list[gr.Slider]
    answer: Answer
    look: Look
    pins: gr.State

    @property
    def asked(self) -> list[Any]:
        """What events are told, in the order of ``events``."""
        return [
            *(self.source.image, self.answer.segment),
            *(*self.lens, *self.brush, *self.settings, self.pins),
        ]

    @property
    def everything(self) -> list[Any]:
        """What a new pixel changes."""
        return [*self.answer, self.lens.y, self.lens.x, *self.look]


def build_page(network: Network) -> gr.Blocks:
    """Build the page around a network; it answers its first example as soon as it is opened."""
    views = Views(network)
    events = Events(views)
    with Page(
        title="Where does a pixel look?", analytics_enabled=False, fill_width=True,
        delete_cache=_CLEANING,
    ) as page:  # fmt: skip
        gr.Markdown(_HEADING.format(label=escape(badge(network))), elem_id="heading")
        with gr.Row():
            with gr.Column(scale=4, min_width=320):
                source = layout.source_part()
                y, x, go, facts = layout.pixel_part()
                sliders = layout.lens_part(network)
            with gr.Column(scale=7, min_width=480):
                _build_tabs(network, events, source, (y, x, *sliders), (go, facts))
        build_endpoints(views)
    return page.queue(max_size=MAX_WAITING)


def _build_tabs(
    network: Network,
    events: Events,
    source: Source,
    lens: tuple[Any, Any, Any, Any, Any],
    pixel: tuple[gr.Button, gr.HTML],
) -> None:
    """Build the tabs with the foot of the page, and connect everything."""
    tab_events, pins = TabEvents(events), gr.State([])
    with gr.Tabs(elem_id="tabs", selected=TABS[0]) as chooser:
        with gr.Tab("Panoptic", id=TABS[0]):
            answer, brush, settings, reset = tabs.panoptic_part(network)
        with gr.Tab("Attention", id=TABS[1]):
            look, order, terms, pin_buttons = tabs.attention_part(answer, pixel[1])
            group = tabs.segment_mode_part()
        with gr.Tab("Compare", id=TABS[2]):
            compared, kind, compare = tabs.compare_part()
        with gr.Tab("Metrics", id=TABS[3]):
            scored, score = tabs.metrics_part()
        with gr.Tab("About", id=TABS[4]):
            tabs.about_part(network)
    taken, take = layout.taken_part()
    controls = Controls(source, Lens(*lens, order, terms), brush, settings, answer, look, pins)
    asked = controls.asked

    results = [*compared, *scored, taken.told, taken.link, taken.files, *taken.programs]
    _connect_source(events, tab_events, controls, results)
    _connect_pixel(events, controls, pixel[0])
    _connect_lens(events, controls, pin_buttons)
    _connect_painting(events, controls, reset)
    answer.group.input(events.look_of_group, [answer.group, *asked], list(group), **_QUIET)
    compare.click(
        tab_events.compare, [kind, source.number, *asked], list(compared), **_shown(compared.maps)
    )
    score.click(tab_events.score, [source.number, *asked], list(scored), **_shown(scored.picture))

    tab = gr.State(TABS[0])
    chooser.select(_name_of_tab, None, tab, queue=False, **_PRIVATE)
    take.click(
        tab_events.take,
        [tab, source.number, *asked],
        [taken.told, taken.link, taken.files, *taken.programs],
        **_QUIET,
    ).success(None, taken.link, taken.link, js=_COMPLETE)
    _connect_opening(tab_events, controls, chooser, tab)


def _shown(where: Any) -> dict[str, Any]:  # noqa: ANN401  (a control)
    return {**_PRIVATE, **NETWORK, "show_progress_on": where}


def _no_number() -> None:
    """Return what the box shows for a picture that is no street."""


def _name_of_tab(event: gr.SelectData) -> str:
    return str(event.value).lower()


def _connect_source(
    events: Events, tab_events: TabEvents, controls: Controls, results: list[Any]
) -> None:
    """A new picture is answered at once, wherever it is from; ``results`` of the last one go."""
    source = controls.source
    arrival: dict[str, Any] = {
        "fn": events.arrive,
        "inputs": controls.asked,
        "outputs": [*controls.everything, controls.pins],
        **_shown([controls.answer.overlay, controls.look.picture]),
    }
    forget: dict[str, Any] = {
        "fn": tab_events.forget, "inputs": None, "outputs": results, "queue": False, **_PRIVATE,
    }  # fmt: skip
    own = gr.on([source.image.input, source.image.clear], _no_number, None, source.number,
                queue=False, **_PRIVATE)  # fmt: skip
    own.then(**arrival).then(**forget)  # uploaded, photographed, pasted or removed
    chosen = source.examples.click(
        events.example, source.examples, [source.number, source.image], **_QUIET
    )
    chosen.success(**arrival).then(**forget)
    drawn = source.number.submit(events.draw, source.number, source.image, **_QUIET)
    drawn.success(**arrival).then(**forget)
    rolled = source.roll.click(events.roll, None, [source.number, source.image], **_QUIET)
    rolled.success(**arrival).then(**forget)


def _connect_pixel(events: Events, controls: Controls, go: gr.Button) -> None:
    """Number boxes (clicks and arrows fill them), table and list of segments choose a pixel."""
    chosen: dict[str, Any] = {
        "inputs": controls.asked,
        "outputs": controls.everything,
        **_LAST,
    }
    answer, lens = controls.answer, controls.lens
    answer.table.select(events.choose_row, **chosen)
    answer.segment.input(events.choose, **chosen)
    # a late answer must not put an older pixel back into the boxes
    moved = {**chosen, "outputs": [*answer, *controls.look]}
    gr.on([lens.y.submit, lens.x.submit, go.click], events.move, **moved)


def _connect_lens(events: Events, controls: Controls, pin_buttons: list[gr.Button]) -> None:
    lens, pinned = controls.lens, [controls.pins, controls.look.pinned]
    changed: list[Any] = [*lens[2:]]
    gr.on(
        [control.input for control in changed],
        events.look,
        controls.asked,
        list(controls.look),
        **_LAST,
    )
    pin, unpin = pin_buttons
    pin.click(events.pin, controls.asked, pinned, **_QUIET)
    unpin.click(events.unpin, None, pinned, **_QUIET)


def _connect_painting(events: Events, controls: Controls, reset: gr.Button) -> None:
    """Brush and post-processing repaint; the network does not run again."""
    paint: dict[str, Any] = {
        "fn": events.repaint,
        "inputs": controls.asked,
        "outputs": list(controls.answer),
        **_LAST,
    }
    changed: list[Any] = [*controls.brush, *controls.settings]
    gr.on([control.input for control in changed], **paint)
    trained = [slider.value for slider in controls.settings]
    reset.click(lambda: trained, None, controls.settings, queue=False, **_PRIVATE).then(**paint)


def _connect_opening(
    tab_events: TabEvents, controls: Controls, chooser: gr.Tabs, tab: gr.State
) -> None:
    """Answer the first example, or follow the link by which the page was opened."""
    source, lens = controls.source, controls.lens
    followed = [
        *(source.number, source.image, lens.layer, lens.column_head, lens.row_head, lens.order),
        *(lens.terms, chooser, tab, *controls.everything),
    ]
    opened: Any = gr.context.Context.root_block
    opened.load(None, js=_SCRIPT.read_text(encoding="utf-8"))
    opened.load(tab_events.follow, controls.asked, followed, **_QUIET)
