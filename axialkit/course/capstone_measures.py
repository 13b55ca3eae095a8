"""Gates of the capstone projects that are measured or read: speed, a model card, a web page."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np

from axialkit.structures import PanopticResult

Finding = tuple[str, str]
Labeller = Callable[[np.ndarray], np.ndarray]
TWICE = 2.0
_LOST = 0.02  # PQ that may be lost, of 1
_STREETS = 6
_WEAK = 50.0  # PQ in percent below which a class needs a word
_DOUBT = r"\b(not?|never|nothing|only|drawn|cannot|unseen|untested|worse|poor\w*|fails?)\b|n't"
_SECTIONS = {
    "data": r"data|trained on",
    "making": r"made|making|training|recipe",
    "scores": r"score|result|quality|metric",
    "limits": r"limit|not for|out of scope|caution|never seen|must not|cannot",
    "license": r"licen[sc]e",
}


# ---- twice as fast


def twice_as_fast(fast: Labeller, baseline: Labeller | None = None) -> Iterator[Finding]:
    """Time a labeller of streets against the kit's, in turns, and score both."""
    from axialkit.bench.timing import medians
    from axialkit.data.minicity import scene

    slow = baseline or _as_shipped()
    scenes = [scene(index, seed=5) for index in range(_STREETS)]
    labels = fast(scenes[0].image)
    if isinstance(labels, PanopticResult) or not isinstance(labels, np.ndarray):
        yield "fast(image) gives labels", f"got a {type(labels).__name__}; return .panoptic"
        return
    size = scenes[0].image.shape[:2]
    yield (
        "the labels have the size of the image",
        "" if labels.shape == size else f"{list(labels.shape)} for an image of {list(size)}",
    )
    if labels.shape != size:
        return
    quality, quality_before = _pq(fast, scenes), _pq(slow, scenes)
    yield (
        f"PQ is at most {100 * _LOST:.0f} points lower",
        "" if quality >= quality_before - _LOST
        else f"it falls from {100 * quality_before:.1f} to {100 * quality:.1f}",
    )  # fmt: skip
    images = [each.image for each in scenes]
    seconds = medians({"fast": _on_new(fast, images), "slow": _on_new(slow, images)}, 3)
    ratio = seconds["slow"] / seconds["fast"]
    yield (
        f"{TWICE:g} times as fast",
        "" if ratio >= TWICE else f"only {ratio:.2f} times, measured in turns on this machine",
    )


def _on_new(label: Labeller, images: list[np.ndarray]) -> Callable[[], object]:
    """Return a run over pictures that are new each time: answers that were kept do not count."""
    turn = count(1)

    def run() -> None:
        shift = next(turn)
        for image in images:
            label(np.roll(image, shift, axis=1))

    return run


def _as_shipped() -> Labeller:
    import axialkit

    model, config = axialkit.load_model("tiny"), axialkit.load_config("tiny")
    return lambda image: axialkit.segment(model, image, config).panoptic


def _pq(label: Labeller, scenes: list[Any]) -> float:
    from axialkit.course.ceiling import counts_of, scores_of

    counts = [counts_of(label(each.image).astype(np.int64), each) for each in scenes]
    return scores_of(sum(counts[1:], counts[0])).all.pq


# ---- model card


def model_card(
    text: Any,  # noqa: ANN401  (a str, we hope)
    card: dict[str, Any] | None = None,
) -> Iterator[Finding]:
    """Read a model card in Markdown; ``card`` holds the true numbers, of ``tiny`` by default."""
    from axialkit.weights.zoo import read_card

    truth = card or read_card("tiny")
    if not isinstance(text, str):
        yield "a card is a text", f"got a {type(text).__name__}"
        return
    sections = _sections(text)
    for name, pattern in _SECTIONS.items():
        found = [body for title, body in sections if re.search(pattern, title, re.IGNORECASE)]
        empty = f'no heading ("## ...") about {name}' if not found else ""
        if found and len(" ".join(found).split()) < 5:
            empty = "it says next to nothing"
        yield f"a section is about {name}", empty
    yield "it tells how many streets it learned from, and of which size", _data(text, truth)
    for score in ("pq", "miou"):
        yield _number_told(text, score, float(truth[score]))
    limits = " ".join(b for t, b in sections if re.search(_SECTIONS["limits"], t, re.IGNORECASE))
    told = _tells_of_photos(limits)
    yield "limits name photos", "" if told else "it was trained on drawn streets: what of photos?"
    yield "the weakest class is named with its PQ", _weakest_missing(text, truth)


def _sections(text: str) -> list[tuple[str, str]]:
    cut = re.split(r"^#+\s*(.+)$", text, flags=re.MULTILINE)[1:]
    return list(zip(cut[::2], cut[1::2], strict=True))


def _data(text: str, truth: dict[str, Any]) -> str:
    """Say which of the two true facts about the data is not told."""
    count, (height, width) = truth["data"]["counts"]["train"], truth["data"]["size"]
    thousands = (
        f"{count // 1000}[ ,.'\u202f\u00a0]?{count % 1000:03d}" if count > 999 else str(count)
    )
    if not re.search(rf"(?<![\d.,]){thousands}(?![\d])", text):
        return f"it learned from {count} streets, and nobody is told"
    pairs = re.findall(r"(?<!\d)(\d+)(?=\D{1,12}(\d+))", text)
    if not {(str(height), str(width)), (str(width), str(height))} & set(pairs):
        return f"they have {height} × {width} pixels, and nobody is told"
    return ""


def _number_told(text: str, name: str, value: float) -> Finding:
    rests = re.findall(rf"\b{name}\b((?:(?!\bpq\b|\bmiou\b).)*)", text, re.IGNORECASE)
    said = [number for rest in rests for number in re.findall(r"\d+(?:\.\d+)?", rest)]
    word = "PQ" if name == "pq" else "mIoU"
    claim = f"{word} is told, and true"
    if not said:
        return claim, f"the number is not there (such as: {word} 12.3)"
    if not any(abs(float(number) - value) < 0.051 for number in said):
        return claim, (
            f"measured were {value:.1f} (of 100), behind the word {word} the card says "
            f"{', '.join(said[:3])}"
        )
    return claim, ""


def _tells_of_photos(text: str) -> bool:
    """Say whether a sentence puts photos beyond what the network can do."""
    sentences = re.split(r"[.!?;]\s|\n\s*\n|<br>|</p>", text.lower())
    return any("photo" in each and re.search(_DOUBT, each) for each in sentences)


def _weakest_missing(text: str, truth: dict[str, Any]) -> str:
    qualities = {name: 100 * row["pq"] for name, row in truth["val"]["per_class"].items()}
    weakest = min(qualities, key=lambda name: qualities[name])
    if qualities[weakest] >= _WEAK:
        return ""
    line = re.search(rf"{weakest}[^\d\n]*(\d+(?:\.\d+)?)", text, re.IGNORECASE)
    if line is None:
        return f"{weakest} has PQ {qualities[weakest]:.1f}, and nobody is told"
    is_true = abs(float(line[1]) - qualities[weakest]) < 0.51
    return "" if is_true else f"{weakest} has PQ {qualities[weakest]:.1f}, the card says {line[1]}"


# ---- own page


def own_page(page: Any) -> Iterator[Finding]:  # noqa: ANN401  (a gradio.Blocks)
    """Look a Gradio page over: endpoints, labels, descriptions, limits, and what faults say."""
    import gradio as gr

    if not isinstance(page, gr.Blocks):
        yield "it is a page", f"a gr.Blocks is wanted, got a {type(page).__name__}"
        return
    events = [e for e in page.fns.values() if e.api_name and e.api_visibility == "public"]
    yield "it has an endpoint", "" if events else 'give an event api_name="..."'
    unnamed = [e.api_name for e in events if e.api_name == getattr(e.fn, "__name__", "")]
    yield (
        "endpoints have names of their own",
        f'"{unnamed[0]}" is the name of a Python function, which is what an endpoint gets that was '
        "given none: give it another, that stays when the function is renamed"
        if unnamed else "",
    )  # fmt: skip
    parts = list(page.blocks.values())
    controls = [p for p in parts if isinstance(p, gr.components.FormComponent | gr.Image)]
    silent = [type(part).__name__ for part in controls if not (part.label or "").strip()]
    yield "everything has a label", f"not the {silent[0]}" if silent else ""
    blind = [p for p in parts if isinstance(p, gr.Image) and not getattr(p, "alt_text", None)]
    yield "pictures have a description", "a gr.Image has no alt_text" if blind else ""
    words = " ".join(str(p.value) for p in parts if isinstance(p, gr.Markdown | gr.HTML))
    silence = "" if _tells_of_photos(words) else "say on the page what it has never seen: photos"
    yield "its limits are told", silence
    for event in events:
        yield f"/{event.api_name} says in a sentence that nothing was given", _fault(event)


def _fault(event: Any) -> str:  # noqa: ANN401  (one of gradio's events)
    import gradio as gr

    try:
        event.fn(*(None for _ in event.inputs))
    except gr.Error as error:
        return "" if str(error).strip() else "its message is empty"
    except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
        return f"{type(error).__name__} reaches the visitor: catch it and raise gr.Error(sentence)"
    return "" if not event.inputs else "without an input it answers as if all were well"
