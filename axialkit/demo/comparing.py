"""The same picture and pixel, computed another way: what differs, and what does it cost?"""

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Int
from torch import Tensor

from axialkit.attention import attention_backend
from axialkit.bench.timing import medians
from axialkit.demo.all_cells import with_all_cells
from axialkit.demo.comparison import Comparison, Row
from axialkit.demo.looking import Question, attention_at, check_heads, seen_by
from axialkit.demo.network import Network, Seen
from axialkit.demo.painting import paint, titled
from axialkit.errors import InputError
from axialkit.evaluation.panoptic_quality import PanopticQuality
from axialkit.inference import predict_images
from axialkit.structures import PanopticResult
from axialkit.visualize.attention import draw_maps
from axialkit.visualize.render import render
from axialkit.visualize.two_hop import PixelAttention
from axialkit.visualize.words import percent

GLOBAL, BACKENDS = "all cells at once", "other backends"
WITHOUT = {
    "without positions": "positions",
    "without the hop along the column": "height",
    "without the hop along the row": "width",
}
KINDS = (GLOBAL, *WITHOUT, BACKENDS)
_REPEATS, _SLOW = 5, 0.5  # runs whose median is told; one alone where it takes longer, seconds

Truth = Int[np.ndarray, "height width"]  # values of instanceIds.png


def compare(
    network: Network, seen: Seen, question: Question, kind: str, truth: Truth | None = None
) -> Comparison:
    """Compare the network's way with another one, for a picture and a pixel.

    ``truth`` adds the panoptic quality of both.

    Raises:
        InputError: no such kind of comparison, layer, head or pixel.
    """
    check_heads(network, question)
    if kind == GLOBAL:
        return with_all_cells(network, seen, question)
    if kind in WITHOUT:
        return _without(network, seen, question, kind, truth)
    if kind == BACKENDS:
        return _with_backends(network, seen)
    raise InputError(f'There is no comparison "{kind}". Choose from: {", ".join(KINDS)}.')


def _without(
    network: Network, seen: Seen, question: Question, kind: str, truth: Truth | None
) -> Comparison:
    other = network.see(seen.image, without=WITHOUT[kind])
    results = network.answer(seen), network.answer(other)
    changed = float((results[0].panoptic // 1000 != results[1].panoptic // 1000).mean())
    counts = [len(np.unique(result.panoptic[~result.is_void])) for result in results]
    rows: list[Row] = [
        ("segments", str(counts[0]), str(counts[1])),
        ("pixels of another class", "", percent(changed)),
    ]
    if truth is not None:
        before, after = (_quality(result, truth) for result in results)
        rows.append(("PQ of this picture", f"{before:.1f}", f"{after:.1f}"))
    words = (
        f"The same weights, {kind}: all layers at once, and nothing was trained anew, so the rest "
        f"of the network meets what it has never seen. {percent(changed)} of the pixels get "
        "another class. That shows what the network relies on; how well one could do without it "
        "only training can tell."
    )
    there = _attention_without(network, other, question, WITHOUT[kind])
    maps = [
        ("The network: two hops", attention_at(network, seen, question).two_hop, there.cell),
        (kind.capitalize(), there.two_hop, there.cell),
    ]
    return Comparison(
        ("", "the network", kind),
        rows,
        words,
        render(draw_maps(seen_by(network, seen), maps)),
        titled(paint(seen, results[0]), "The network's answer"),
        titled(paint(other, results[1]), f"{kind.capitalize()}"),
    )


def _attention_without(
    network: Network, seen: Seen, question: Question, part: str
) -> PixelAttention:
    """Find where a pixel looks when a part of the attention is off."""
    if part == "positions":
        only_content = question.terms._replace(query_position=False, key_position=False)
        return attention_at(network, seen, question._replace(terms=only_content))
    return attention_at(network, seen, question, off=part)


def _quality(result: PanopticResult, truth: Truth) -> float:
    quality = PanopticQuality()
    quality.update(result.panoptic, truth)
    return 100 * quality.scores().all.pq


def _with_backends(network: Network, seen: Seen) -> Comparison:
    logits: dict[str, Tensor] = {}

    def run_by(backend: str) -> Callable[[], None]:
        def run() -> None:
            with attention_backend(network.model, backend):
                (prediction,) = predict_images(network.model, [seen.image], network.config)
            logits[backend] = prediction.semantic

        return run

    with network.lock:
        begin = time.perf_counter()
        run_by("reference")()
        slow = time.perf_counter() - begin > _SLOW
        runs = {backend: run_by(backend) for backend in ("reference", "fused")}
        seconds = medians(runs, 1 if slow else _REPEATS)
    one, other = logits["reference"], logits["fused"]
    largest, difference = float(one.abs().max()), float((one - other).abs().max())
    times = [f"{1000 * seconds[name]:.1f} ms" for name in runs]
    rows: list[Row] = [
        ("the whole network", times[0], times[1]),
        ("largest class logit", f"{largest:.4f}", f"{float(other.abs().max()):.4f}"),
        ("largest difference", "", f"{difference:.1e}"),
    ]
    words = (
        "Two implementations of the same attention, with the same weights: one forms the maps as "
        "the formulas say, the other computes in tiles and stores none. Their class logits differ "
        f"by at most {difference:.1e}, {difference / largest:.0e} of the largest: rounding of "
        "32-bit numbers. On small maps neither is faster for sure; at what sizes the maps begin "
        "to cost, lesson 07 of the course measures."
    )
    return Comparison(("", "reference", "fused"), rows, words)
