"""Lesson 12, exercise 12.5, a page of one's own: what must hold, typical mistakes, hints."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.web_page import SURE, build_page, page_facts, served

Array = np.ndarray
Share = Callable[[Array, float], Any]


def _sure(seed: int, height: int, width: int) -> Array:
    """Draw a confidence map with a few exact halves."""
    confidence = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    confidence[0, :2] = 0.5
    return confidence


_PROBE = _sure(10, 4, 6)


def remember(build: Function) -> Function:
    """Keep the page for the probe: building one takes a tenth of a second, a check needs many."""
    kept: list[Any] = []

    @wraps(build)
    def built(confidence: Array) -> Any:  # noqa: ANN401  (a gradio.Blocks)
        if not np.array_equal(confidence, _PROBE):
            return build(confidence)
        if not kept:
            kept.append(build(confidence))
        return kept[0]

    return built


def _percent(confidence: Array, least: float) -> float:
    return float(100 * (confidence >= least).mean())


def _page(build: Function, confidence: Array) -> Any:  # noqa: ANN401  (a gradio.Blocks)
    import gradio as gr

    page = build(confidence)
    assert isinstance(page, gr.Blocks), (
        f"return the page, a gr.Blocks, not a {type(page).__name__} (inside `with gr.Blocks() as "
        "page:` build it, after that `return page`)"
    )
    return page


def _sure_event(page: Any) -> Any:  # noqa: ANN401  (one of gradio's events)
    known = page_facts(page)
    assert SURE in known, (
        f'the page has no endpoint {SURE}: give the event api_name="sure". It has '
        f"{', '.join(sorted(known)) or 'none'}"
    )
    return next(e for e in page.fns.values() if f"/{e.api_name}" == SURE)


def _one_slider(build: Function) -> None:
    import gradio as gr

    page = _page(build, _PROBE)
    event = _sure_event(page)
    inputs = event.inputs
    assert len(inputs) == 1 and isinstance(inputs[0], gr.Slider), (
        f"{SURE} takes one slider and nothing else; yours takes "
        f"{', '.join(type(part).__name__ for part in inputs) or 'nothing'}"
    )
    least = inputs[0]
    assert (least.minimum, least.maximum, least.value) == (0, 1, 0.5), (
        "the slider goes from 0 to 1 and starts at 0.5; yours goes from "
        f"{least.minimum} to {least.maximum} and starts at {least.value}"
    )
    assert least.step is not None and abs(least.step - 0.01) < 1e-9, (
        f"the slider moves in steps of 0.01: step=0.01; yours has {least.step}"
    )
    assert any(block == least._id for block, _ in event.targets), (
        f"{SURE} is to be called when the slider changes: slider.change(...); yours waits for "
        f"another control ({', '.join(name for _, name in event.targets)})"
    )
    tabs = [part for part in page.blocks.values() if isinstance(part, gr.Tab)]
    assert len(tabs) == 1, f"one tab (gr.Tab) is wanted, there are {len(tabs)}"


def _answers(build: Function) -> None:
    import gradio as gr

    page = _page(build, _PROBE)
    event = _sure_event(page)
    for part in (*event.inputs, *event.outputs):
        assert (part.label or "").strip(), (
            f"the {type(part).__name__} has no label: who cannot see the page hears only that"
        )
    assert len(event.outputs) == 1 and isinstance(event.outputs[0], gr.Number), (
        "the answer goes into one gr.Number"
    )
    for least in (0.0, 0.3, 0.5, 1.0):
        got, expected = event.fn(least), _percent(_PROBE, least)
        assert isinstance(got, int | float) and not isinstance(got, np.generic), (
            f"the answer is a {type(got).__name__}; a float of Python's is wanted: float(...)"
        )
        assert abs(got - expected) < 1e-3, (
            f"{expected:.4g} % of the pixels have a confidence of {least} or more; you say "
            f"{got:.6g}"
        )
    shown, expected = _at_the_start(page, event.outputs[0]), _percent(_PROBE, 0.5)
    assert shown is not None and abs(shown - expected) < 1e-3, (
        f"before anybody moves the slider the page shows {shown}, though it stands at 0.5: give "
        f"the gr.Number the value for 0.5, here {expected:.4g}"
    )


def _at_the_start(page: Any, number: Any) -> Any:  # noqa: ANN401  (gradio's)
    """Return what a number shows at first: its value, or what the event load puts there."""
    for event in page.fns.values():
        if number in event.outputs and any(name == "load" for _, name in event.targets):
            return event.fn(*(part.value for part in event.inputs))
    return number.value


def _a_client_gets_it(build: Function) -> None:
    from gradio_client import Client

    confidence = _sure(3, 5, 4)  # not the map of the other claims: no constant can be right twice
    with served(_page(build, confidence)) as address:
        client = Client(address, verbose=False, analytics_enabled=False)
        got = client.predict(0.25, api_name=SURE)
    expected = 100 * float((confidence >= 0.25).mean())
    assert abs(got - expected) < 1e-3, f"gradio_client gets {got}, expected {expected:.4g}"


def _endpoint(build: Function) -> Function:
    """Look at the endpoint alone: a page may have other events."""

    def facts(confidence: Array) -> Any:  # noqa: ANN401  (or what else the learner returns)
        page = build(confidence)
        if not hasattr(page, "get_config_file") or isinstance(page, type):
            return page
        known = page_facts(page)
        return {SURE: known[SURE]} if SURE in known else known

    return facts


def _build(share: Share, **slider: Any) -> Any:  # noqa: ANN401  (a builder of pages)
    """Return a builder of pages with another function or another slider."""
    settings = {"minimum": 0, "maximum": 1, "value": 0.5, "step": 0.01, **slider}

    def build(confidence: Array) -> Any:  # noqa: ANN401  (a gradio.Blocks)
        import gradio as gr

        with gr.Blocks(analytics_enabled=False) as page, gr.Tab("How sure?"):
            least = gr.Slider(label="At least this sure", **settings)
            answer = gr.Number(share(confidence, 0.5), label="Percent of the picture")
            least.change(lambda value: share(confidence, value), least, answer, api_name="sure")
        return page

    return remember(build)


def _no_name(confidence: Array) -> Any:  # noqa: ANN401  (a gradio.Blocks)
    page = build_page(confidence)
    next(iter(page.fns.values())).api_name = "share"
    return page


PAGE = Exercise(
    key="12.5",
    name="build_page",
    goal="E",
    solution=remember(build_page),
    properties=(
        Property("one tab, with one slider behind the endpoint /sure", _one_slider),
        Property("slider and answer have labels, the answer is right from the start", _answers),
        Property("gradio_client gets the same number over the network", _a_client_gets_it),
    ),
    probes=((_PROBE,),),
    observe=_endpoint,
    mutants=(
        Mutant(
            "endpoint without its name",
            remember(_no_name),
            "the endpoint has the name of the function. A name of its own stays when the function "
            'is renamed: api_name="sure".',
        ),
        Mutant(
            "a share, not percent",
            _build(lambda confidence, least: _percent(confidence, least) / 100),
            "the answer is a share from 0 to 1. The label says percent: times 100.",
        ),
        Mutant(
            "less sure",
            _build(lambda confidence, least: 100 - _percent(confidence, least)),
            "this is the part that is *less* sure than the slider says.",
        ),
        Mutant(
            "above, not at least",
            _build(lambda confidence, least: float(100 * (confidence > least).mean())),
            "a pixel that is exactly as sure as the slider says does not count with you. At least: "
            ">=.",
        ),
        Mutant(
            "a slider to 100",
            _build(_percent, maximum=100, value=50),
            "the slider goes to 100, but confidences go to 1.",
        ),
        Mutant(
            "a count",
            _build(lambda confidence, least: int((confidence >= least).sum())),
            "the answer counts pixels. Percent of the picture means the same at any size.",
        ),
    ),
    hints=(
        "A page (gr.Blocks) with a gr.Tab, in it a gr.Slider and a gr.Number. One event ties them "
        "together. The function returns the page.",
        "slider.change(function, slider, number, api_name=...) calls function(value of the slider) "
        "and writes what it returns into the number. NumPy's means are no Python numbers: float().",
        'with gr.Blocks() as page, gr.Tab("How sure?"): least = gr.Slider(0, 1, 0.5, step=0.01, '
        'label="At least this sure"); answer = gr.Number(share(0.5), label="Percent of the '
        'picture"); least.change(share, least, answer, api_name="sure"); then return page.',
    ),
)
