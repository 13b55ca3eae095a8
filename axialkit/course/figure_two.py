"""Figure 2 of the paper, drawn from a running layer: every box has the shape that just left it."""

import html
import re
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from axialkit.attention import AxialAttention1d
from axialkit.attention.positions import look_up
from axialkit.attention.reference import Terms
from axialkit.course.palette import BLACK, GREEN, ORANGE, SKY

Shapes = dict[str, tuple[int, ...]]
_WIDTH, _HEIGHT = 128, 44  # of a box
_VIEW = (830, 620)


class Box(NamedTuple):
    """One step of the computation, and where it stands in the figure."""

    key: str
    text: str
    x: int
    y: int
    color: str
    says: str
    inputs: tuple[str, ...] = ()


_BOXES = (
    Box("x", "x", 350, 570, "#FFFFFF", "one line of pixels: batch, length, channels"),
    Box("q", "q: 1×1, norm", 215, 480, SKY, "what each pixel asks for", ("x",)),
    Box("k", "k: 1×1, norm", 350, 480, SKY, "what each pixel offers", ("x",)),
    Box("v", "v: 1×1, norm", 620, 480, SKY, "what each pixel says when asked", ("x",)),
    Box("r_q", "r^q, looked up", 80, 480, ORANGE, "a vector per pair, for queries"),
    Box("r_k", "r^k, looked up", 485, 480, ORANGE, "a vector per pair, for keys"),
    Box("r_v", "r^v, looked up", 755, 480, ORANGE, "a vector per pair, for answers"),
    Box("q_r", "q · r^q", 148, 380, GREEN, "the query prefers distances", ("r_q", "q")),
    Box("q_k", "q · k", 283, 380, GREEN, "the query meets the key", ("q", "k")),
    Box("k_r", "k · r^k", 418, 380, GREEN, "the key prefers distances", ("k", "r_k")),
    Box("sum", "norm, then add", 283, 290, "#FFFFFF", "the logits", ("q_r", "q_k", "k_r")),
    Box("weights", "softmax", 283, 205, "#FFFFFF", "the weights: each row sums to 1", ("sum",)),
    Box("what", "weights · v", 620, 120, GREEN, "what was seen", ("weights", "v")),
    Box("where", "weights · r^v", 755, 120, GREEN, "where it was seen", ("weights", "r_v")),
    Box("y", "y: norm, add", 688, 35, "#FFFFFF", "the answer", ("what", "where")),
)
_TERM_OF = {
    "q_k": "content", "q_r": "query_position", "r_q": "query_position", "k_r": "key_position",
    "r_k": "key_position", "what": "value_content", "where": "value_position",
    "r_v": "value_position",
}  # fmt: skip


@torch.no_grad()
def live_shapes(layer: AxialAttention1d, x: Float[Tensor, "b length c"]) -> Shapes:
    """Run the layer step by step and return the shape of what leaves each step."""
    length = x.shape[1]
    q, k, v = layer.project(x)
    terms = layer.term_logits(q, k)
    weights = layer.activation(terms.sum(0))
    names = [name for name, on in zip(("q_k", "q_r", "k_r"), layer.terms[:3], strict=True) if on]
    found = {"x": x, "q": q, "k": k, "v": v, "sum": terms.sum(0), "weights": weights}
    found |= dict(zip(names, terms, strict=True))
    tables = (layer.query_table, layer.key_table, layer.value_table)
    for name, table in zip(("r_q", "r_k", "r_v"), tables, strict=True):
        if table is not None:
            found[name] = look_up(table, length)
    found["what"] = weights @ v
    if "r_v" in found:
        found["where"] = torch.einsum("bhij,ije->bhie", weights, found["r_v"])
    found["y"] = layer.retrieve(weights, v)
    return {name: tuple(tensor.shape) for name, tensor in found.items()}


def draw_figure_two(shapes: Shapes, terms: Terms = Terms()) -> str:  # noqa: B008  (never changes)
    """Return the figure as SVG; terms that are off are drawn as empty places."""
    on = {box.key: getattr(terms, _TERM_OF.get(box.key, "content")) for box in _BOXES}
    places = {box.key: box for box in _BOXES}
    arrows = "".join(
        _arrow(places[start], box)
        for box in _BOXES
        for start in box.inputs
        if on[box.key] and on[start]
    )
    boxes = "".join(_box(box, shapes.get(box.key), on=on[box.key]) for box in _BOXES)
    width, height = _VIEW
    head = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        f'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{BLACK}"/></marker></defs>'
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" style="width:100%;max-width:{width}px;'
        f'background:#FFFFFF" font-family="sans-serif">{head}{arrows}{boxes}</svg>'
    )


def describe_figure_two(shapes: Shapes) -> str:
    """Say what the figure shows, for readers who cannot see it."""
    there = [box for box in _BOXES[1:] if box.key in shapes]
    steps = "; ".join(
        f"{box.text} from {' and '.join(key for key in box.inputs if key in shapes) or 'a table'}, "
        f"{_shape(shapes[box.key])}"
        for box in there
    )
    empty = ", ".join(box.text.split(",")[0] for box in _BOXES if box.key not in shapes)
    return (
        f"A diagram of boxes and arrows, from x {_shape(shapes['x'])} at the bottom: {steps}."
        + (f" Dashed and empty: {empty}." if empty else "")
    )


def _raised(text: str) -> str:
    """Write r^q with the q raised."""
    raised = r'\1<tspan dy="-5" font-size="10">\2</tspan><tspan dy="5">&#8203;</tspan>'
    return re.sub(r"(\w)\^(\w)", raised, html.escape(text))


def _shape(shape: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _box(box: Box, shape: tuple[int, ...] | None, *, on: bool) -> str:
    left, top = box.x - _WIDTH // 2, box.y - _HEIGHT // 2
    if not on or shape is None:
        return (
            f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="none" '
            'stroke="#BBBBBB" stroke-dasharray="5 5"/>'
            f'<text x="{box.x}" y="{box.y + 5}" text-anchor="middle" font-size="13" '
            f'fill="#767676">no {_raised(box.text.split(",")[0])}</text>'
        )
    return (
        f"<g><title>{html.escape(box.says)}: {_shape(shape)}</title>"
        f'<rect x="{left}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" '
        f'fill="{box.color}" fill-opacity="0.35" stroke="{BLACK}"/>'
        f'<text x="{box.x}" y="{box.y - 3}" text-anchor="middle" font-size="14" '
        f'font-weight="bold" fill="{BLACK}">{_raised(box.text)}</text>'
        f'<text x="{box.x}" y="{box.y + 15}" text-anchor="middle" font-size="12" '
        f'fill="{BLACK}">{_shape(shape)}</text></g>'
    )


def _arrow(start: Box, end: Box) -> str:
    """Draw from the top of one box to the bottom (or, on a level, the side) of another."""
    x, y = start.x, start.y - _HEIGHT // 2
    tip_x, tip_y = end.x + (start.x - end.x) // 6, end.y + _HEIGHT // 2 + 2
    if start.key == "weights":  # goes sideways, then up
        return (
            f'<path d="M{start.x + _WIDTH // 2} {start.y}H{end.x - 30}V{tip_y}" fill="none" '
            f'stroke="{BLACK}" stroke-width="1.4" marker-end="url(#tip)"/>'
        )
    return (
        f'<path d="M{x} {y}L{tip_x} {tip_y}" fill="none" stroke="{BLACK}" stroke-width="1.4" '
        'marker-end="url(#tip)"/>'
    )
