"""The page's API: named endpoints with typed results, for programs in any language.

    /street     number                         -> a drawn street
    /segment    picture, post-processing       -> overlay, segments
    /attention  picture, pixel, layer, heads   -> picture, strips and words
    /two_hop    picture, pixel, layer, heads   -> the exact map of both hops
    /compare    picture, pixel, ..., kind      -> maps, numbers and words
    /metrics    number of a drawn street       -> picture, PQ, segments, oracle ladder

A picture is an uploaded file; y and x count its pixels from the upper left corner; layers and
heads count from 1, and head 0 is the mean of all.
"""

from typing import Any, NamedTuple

from pydantic import TypeAdapter

from axialkit.demo.comparing import KINDS, compare
from axialkit.demo.controls import as_sent, picture_input, setting_sliders
from axialkit.demo.gradio_quietly import gr
from axialkit.demo.links import ORDERS
from axialkit.demo.looking import TERM_NAMES, attention_at
from axialkit.demo.numbers import Sent, one_of
from axialkit.demo.plain import plainly
from axialkit.demo.replies import (
    Attention,
    Compared,
    Metrics,
    Segmentation,
    TwoHop,
)
from axialkit.demo.requests import LIMITS, read_question, read_settings
from axialkit.demo.scoring import score
from axialkit.demo.streets import EXAMPLES, draw_street, truth_of
from axialkit.demo.tables import as_data
from axialkit.demo.uploads import read_upload
from axialkit.demo.views import Views
from axialkit.visualize.colors import Picture
from axialkit.visualize.words import class_name

NETWORK: dict[str, Any] = {"concurrency_id": "network", "concurrency_limit": 1}


class Endpoints:
    """What programs can ask of a network."""

    def __init__(self, views: Views) -> None:
        self.views, self.network = views, views.network

    @plainly
    def street(self, number: Sent) -> Picture:
        """Draw a street of MiniCity; the same number gives the same street."""
        return draw_street(number).image

    @plainly
    def segment(
        self,
        picture: str | None,
        center_threshold: Sent,
        nms_kernel: Sent,
        keep_k: Sent,
        stuff_area_limit: Sent,
    ) -> tuple[Picture, Segmentation]:
        """Segment a picture: an overlay, and the segments, largest first.

        ids are train id * 1000 + number; areas are shares; centers (y, x) and boxes (top, left,
        bottom, right) count pixels of the picture.
        """
        settings = read_settings(
            self.network, (center_threshold, nms_kernel, keep_k, stuff_area_limit)
        )
        image = read_upload(picture)
        view = self.views.segment(image, settings)
        return self.views.paint(image, settings).overlay, {
            "weights": self.network.name,
            "height": image.shape[0],
            "width": image.shape[1],
            "note": view.note.replace("**", ""),
            "segments": [as_data(segment) for segment in view.segments],
        }

    @plainly
    def attention(  # noqa: PLR0913
        self,
        picture: str | None,
        y: Sent,
        x: Sent,
        layer: Sent,
        column_head: Sent,
        row_head: Sent,
        order: Sent,
        terms: Sent,
    ) -> tuple[Picture, Attention]:
        """Show where a pixel looks: its column, its row, both hops, and that in words.

        y and x count pixels from the upper left corner; layers and heads count from 1, and head 0
        is the mean of all; order "hw" is the network's, "wh" the other way round; terms are those
        of the logits that count.
        """
        asked = (y, x, layer, column_head, row_head, order, terms)
        view = self.views.attention(read_upload(picture), read_question(self.network, asked))
        assert view.look is not None
        found = view.look.attention
        return view.picture, {
            "layer": found.layer,
            "cell": list(found.cell),
            "column": found.column.tolist(),
            "row": found.row.tolist(),
            "description": view.words,
            "classes": [
                {"class": class_name(klass), "share": share} for klass, share in view.look.classes
            ],
        }

    @plainly
    def two_hop(  # noqa: PLR0913
        self,
        picture: str | None,
        y: Sent,
        x: Sent,
        layer: Sent,
        column_head: Sent,
        row_head: Sent,
        order: Sent,
        terms: Sent,
    ) -> TwoHop:
        """Return the exact map of where a pixel looks in both hops; parameters as /attention."""
        question = read_question(self.network, (y, x, layer, column_head, row_head, order, terms))
        seen = self.network.see(read_upload(picture))
        found = attention_at(self.network, seen, question)
        return {
            "layer": found.layer,
            "cell": list(found.cell),
            "weights": found.two_hop.tolist(),
        }

    @plainly
    def compare(  # noqa: PLR0913
        self,
        picture: str | None,
        y: Sent,
        x: Sent,
        layer: Sent,
        column_head: Sent,
        row_head: Sent,
        order: Sent,
        terms: Sent,
        kind: Sent,
        number: Sent,
    ) -> tuple[Picture | None, Compared]:
        """Compare with another way of computing; the street's number, if it is one, adds PQ.

        Parameters as /attention.
        """
        question = read_question(self.network, (y, x, layer, column_head, row_head, order, terms))
        wanted, image = one_of(kind, "Comparison", KINDS), read_upload(picture)
        found = compare(
            self.network, self.network.see(image), question, wanted, truth_of(image, number)
        )
        return found.maps, {
            "headers": list(found.headers),
            "rows": [list(row) for row in found.rows],
            "description": found.words,
        }

    @plainly
    def metrics(self, number: Sent) -> tuple[Picture, Metrics]:
        """Score the answer to a drawn street against its ground truth."""
        street = draw_street(number)
        found = score(self.network, self.network.see(street.image), street.instance_ids)
        return found.picture, {
            "pq": found.pq,
            "sq": found.sq,
            "rq": found.rq,
            "miou": found.miou,
            "ap": found.ap,
            "segments": found.segments,
            "ladder": [
                {"heads": heads, "pq": pq, "sq": sq, "rq": rq} for heads, pq, sq, rq in found.ladder
            ],
        }


class _Question(NamedTuple):
    y: gr.Number
    x: gr.Number
    layer: gr.Number
    column_head: gr.Number
    row_head: gr.Number
    order: gr.Radio
    terms: gr.CheckboxGroup


def build_endpoints(views: Views) -> None:
    """Add the endpoints to the page that is being built; they show nothing on it."""
    ask, network = Endpoints(views), views.network
    defaults = network.config.postprocess
    with gr.Column(visible=False):
        picture, trigger = picture_input(label="picture"), gr.Button()
        number = as_sent(gr.Number(EXAMPLES[0], label="number", precision=0))
        question = _question(len(network.layers), network.crop)
        settings = setting_sliders({field: getattr(defaults, field) for field in LIMITS})
        kind = as_sent(gr.Dropdown(list(KINDS), value=KINDS[0], label="kind"))

        def shown(what: str) -> gr.Image:
            return gr.Image(format="png", label=what)

        def add(function: Any, inputs: list[Any], outputs: list[Any]) -> None:  # noqa: ANN401
            trigger.click(function, inputs, outputs, api_name=function.__name__, **NETWORK)

        add(ask.street, [number], [shown("street")])
        add(ask.segment, [picture, *settings], [shown("overlay"), _typed(Segmentation)])
        add(ask.attention, [picture, *question], [shown("look"), _typed(Attention)])
        add(ask.two_hop, [picture, *question], [_typed(TwoHop)])
        add(ask.compare, [picture, *question, kind, number], [shown("maps"), _typed(Compared)])
        add(ask.metrics, [number], [shown("matches"), _typed(Metrics)])


def _question(layers: int, crop: tuple[int, int]) -> _Question:
    def number(value: int, name: str) -> gr.Number:
        return as_sent(gr.Number(value, label=name, precision=0))

    return _Question(
        number(crop[0] // 2, "y"),
        number(crop[1] // 2, "x"),
        number(layers, "layer"),
        number(0, "column head"),
        number(0, "row head"),
        as_sent(gr.Radio(list(ORDERS), value=ORDERS[0], label="order")),
        as_sent(gr.CheckboxGroup(list(TERM_NAMES), value=list(TERM_NAMES), label="terms")),
    )


def _typed(result: Any) -> gr.JSON:  # noqa: ANN401  (a TypedDict)
    """Return an output whose form the API's description tells."""
    json = gr.JSON(label=result.__name__)
    schema = TypeAdapter(result).json_schema()
    json.api_info = lambda: schema  # type: ignore[method-assign]
    return json
