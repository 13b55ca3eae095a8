"""What happens in the tabs Compare and Metrics, at the foot of the page, and by links into it."""

import tempfile
from collections import deque
from pathlib import Path
from typing import Any

from axialkit.demo.comparing import KINDS, compare
from axialkit.demo.events import LENS, Events, Update
from axialkit.demo.gradio_quietly import gr
from axialkit.demo.links import TABS, TERMS, View, from_query, to_query
from axialkit.demo.looking import TERM_NAMES, Question, heads_text
from axialkit.demo.numbers import Sent, one_of
from axialkit.demo.plain import plainly
from axialkit.demo.programs import notebook_cell, programs
from axialkit.demo.scoring import Scores, score
from axialkit.demo.streets import draw_street, truth_of
from axialkit.demo.takeaway import Taken, write_files
from axialkit.errors import InputError
from axialkit.visualize.colors import Picture


class TabEvents:
    """Events that need more than the controls of the left side."""

    def __init__(self, events: Events) -> None:
        self.events, self.views, self.network = events, events.views, events.network
        self._folders: deque[tempfile.TemporaryDirectory[str]] = deque()

    @plainly
    def compare(self, kind: Sent, number: Sent, *values: Sent) -> tuple[Any, ...]:
        """Compare the network with another way of computing."""
        wanted, asked = one_of(kind, "Comparison", KINDS), self.events.read(values)
        seen = self.network.see(asked.image)
        truth = truth_of(asked.image, number)
        found = compare(self.network, seen, asked.question, wanted, truth)
        table = gr.update(value={"headers": list(found.headers), "data": found.rows}, visible=True)
        pictures = (_picture(one) for one in (found.maps, found.before, found.after))
        about = f"**{_about(asked.question, truth, number)}: {wanted}.**"
        return (*pictures, table, f"{about} {found.words}")

    @plainly
    def score(self, number: Sent, *values: Sent) -> tuple[Any, ...]:
        """Score the answer to the street that is shown."""
        asked = self.events.read(values)
        truth = truth_of(asked.image, number)
        if truth is None:
            raise InputError(
                "This picture has no ground truth. Roll a street, or choose one of the examples."
            )
        found = score(self.network, self.network.see(asked.image), truth, asked.settings)
        segments = [
            [row["true"], row["found"], round(100 * row["iou"], 1), row["verdict"]]
            for row in found.segments
        ]
        ladder = [[step, *(round(value, 1) for value in values)] for step, *values in found.ladder]
        return (
            f"**Street {number}.** {_headline(found)}",
            _picture(found.picture),
            gr.update(value=segments, visible=True),
            gr.update(value=ladder, visible=True),
        )

    @plainly
    def take(self, tab: Sent, number: Sent, request: gr.Request, *values: Sent) -> tuple[Any, ...]:
        """Prepare a link to this view, its files, and programs that make it again."""
        asked = self.events.read(values)
        q, truth = asked.question, truth_of(asked.image, number)
        street = None if truth is None else int(number)  # type: ignore[call-overload]
        seen = self.network.see(asked.image)
        taken = Taken(
            seen,
            self.network.answer(seen, asked.settings),
            self.views.paint(asked.image, asked.settings, asked.painting).overlay,
            q,
            self.views.attention(asked.image, q, asked.settings).look,  # type: ignore[arg-type]
            street,
        )
        link = "A picture of your own cannot be linked to: it is not kept."
        if street is not None:
            heads = q.column_head, q.row_head
            known = str(tab).lower() if str(tab).lower() in TABS else TABS[0]
            terms = next(text for text, one in TERMS.items() if one == q.terms)
            link = to_query(View(street, q.y, q.x, q.layer, *heads, q.order, terms, known))
        texts = programs(_address(request), q, street)
        files = [str(path) for path in write_files(taken, self.network, self._new_folder())]
        told = f"Prepared for: {_about(q, truth, number)}. Press again after a change."
        return told, link, files, *texts.values(), notebook_cell(self.network.name, q, street)

    def forget(self) -> tuple[Any, ...]:
        """Empty what was computed for an older picture."""
        nothing = gr.update(value=None, visible=False)
        compared = (*[nothing] * 4, "Choose what to compare with, and press *Compare*.")
        scored = ("Drawn streets have a ground truth. Press *Score this street*.", *[nothing] * 3)
        return (*compared, *scored, "", "", None, *[""] * 4)

    @plainly
    def follow(self, request: gr.Request, *values: Sent) -> tuple[Any, ...]:
        """Open the state that a link leads to; without one, the first example."""
        start = View(layer=len(self.network.layers))
        view, strange = from_query(dict(request.query_params), start)
        image = draw_street(view.street).image
        strange += self._out_of_range(view, image)
        if strange:
            gr.Warning(f"This link was not understood in: {', '.join(strange)}.")
        layer = min(view.layer, len(self.network.layers))
        heads = [min(head, self.network.heads) for head in (view.column_head, view.row_head)]
        changed = list(values)
        terms = [name for name, on in zip(TERM_NAMES, TERMS[view.terms], strict=True) if on]
        changed[LENS] = [0, 0, layer, *heads, view.order, terms]
        if view.y is None or view.x is None:
            everything = self.events.first_look(changed, image)
        else:
            height, width = image.shape[:2]
            inside = min(view.y, height - 1), min(view.x, width - 1)
            everything = self.events.from_pixel(changed, *inside, image)
        lens = (layer, *heads, view.order, terms)
        return (view.street, image, *lens, _tab(view.tab), view.tab, *everything)

    def _out_of_range(self, view: View, image: Picture) -> list[str]:
        """Name what a link asks for, but neither this network nor the street has."""
        height, width = image.shape[:2]
        wrong = {
            "y": view.y is not None and view.y >= height,
            "x": view.x is not None and view.x >= width,
            "layer": view.layer > len(self.network.layers),
            "column": view.column_head > self.network.heads,
            "row": view.row_head > self.network.heads,
        }
        return [name for name, is_wrong in wrong.items() if is_wrong]

    def _new_folder(self) -> Path:
        """Make a folder for files; Gradio copies them before four more are asked for."""
        self._folders.append(tempfile.TemporaryDirectory(prefix="axialkit-view-"))
        while len(self._folders) > _MOST_FOLDERS:
            self._folders.popleft().cleanup()
        return Path(self._folders[-1].name)


_MOST_FOLDERS = 4


def _tab(name: str) -> Any:  # noqa: ANN401  (gr.Tabs, as an update)
    return gr.Tabs(selected=name)


def _about(question: Question, truth: object, number: Sent) -> str:
    """Say which view a result belongs to."""
    picture = "Your picture" if truth is None else f"Street {number}"
    q = question
    return f"{picture}, pixel ({q.y}, {q.x}), layer {q.layer}, {heads_text(q)}"


def _headline(found: Scores) -> str:
    numbers = [
        f"**PQ {found.pq:.1f}**", f"SQ {found.sq:.1f}", f"RQ {found.rq:.1f}",
        f"mIoU {found.miou:.1f}", *([] if found.ap is None else [f"AP {found.ap:.1f}"]),
    ]  # fmt: skip
    return f"{' · '.join(numbers)}\n\n{found.words}"


def _picture(picture: Picture | None) -> Update:
    return gr.update(value=picture, visible=picture is not None)


def _address(request: gr.Request) -> str:
    """Return the address of the page as the visitor's browser knows it."""
    url = str(request.headers.get("referer") or "")
    return url.split("?")[0].split("#")[0].rstrip("/") or "http://127.0.0.1:7860"
