"""Predict before you run: the guess is stored, then compared with what comes out."""

import html
from collections.abc import Sequence

import ipywidgets

from axialkit.course.page import show_widget
from axialkit.course.progress import Record
from axialkit.course.session import current
from axialkit.course.wrapping import wrapped
from axialkit.errors import InputError

CONFIDENCE = ("a guess", "fairly sure", "certain")


def predict(
    key: str,
    question: str,
    choices: Sequence[str],
    answer: str | None = None,
    confidence: str = CONFIDENCE[0],
) -> None:
    """Ask for a prediction, with buttons; the last one before ``reveal`` counts.

    ``answer`` and ``confidence`` give it in code instead, where buttons cannot be used.

    Raises:
        InputError: an answer or a confidence that is not among the choices.
    """
    if answer is not None:
        _choose(key, answer, confidence, choices)
        stored = _stored(key)
        is_closed = "right" in stored
        print(
            f"{'Already revealed; what counts' if is_closed else 'Noted'}: {stored['answer']}"
            f" ({stored['confidence']})."
        )
        return
    stored = _stored(key)
    radio = ipywidgets.RadioButtons(
        options=list(choices),
        value=stored.get("answer") if stored.get("answer") in choices else None,
        layout=ipywidgets.Layout(width="max-content"),
    )
    sure = ipywidgets.ToggleButtons(
        options=CONFIDENCE, value=stored.get("confidence", CONFIDENCE[0]), description="How sure?"
    )
    note = ipywidgets.HTML(_note(stored))

    def store(_change: object) -> None:
        if radio.value is not None:
            _choose(key, radio.value, sure.value, choices)
            note.value = _note(_stored(key))

    radio.observe(store, "value")
    sure.observe(store, "value")
    title = ipywidgets.HTML(f"<b>Predict first:</b> {html.escape(question)}")
    box = ipywidgets.VBox([title, radio, sure, note])
    items = "".join(f"<li>{html.escape(choice)}</li>" for choice in choices)
    show_widget(
        box,
        fallback=f"<p><b>Predict first:</b> {html.escape(question)}</p><ul>{items}</ul>",
        text=f"Predict first: {question}  ({' | '.join(choices)})",
    )


def reveal(key: str, truth: str) -> None:
    """Print the truth beside the stored prediction. From now on the prediction is closed."""
    session, stored = current(), _stored(key)
    answer = stored.get("answer")
    if answer is None:
        print(wrapped(f"It is: {truth}. (No prediction stored; one is worth the surprise.)"))
        return
    right = answer == truth
    session.progress.put(session.lesson.key, "predictions", key, {**stored, "right": right})
    sign = "✓" if right else "✗"
    print(wrapped(f"{sign} You said: {answer} ({stored['confidence']}). It is: {truth}."))


def calibration(predictions: Record) -> list[tuple[str, int, int]]:
    """Count, per confidence, the revealed predictions and those of them that were right."""
    rows = []
    for confidence in CONFIDENCE:
        revealed = [
            p["right"]
            for p in predictions.values()
            if p.get("confidence") == confidence and "right" in p
        ]
        rows.append((confidence, len(revealed), sum(revealed)))
    return rows


def _stored(key: str) -> Record:
    session = current()
    return session.progress.section(session.lesson.key, "predictions").get(key, {})


def _choose(key: str, answer: str, confidence: str, choices: Sequence[str]) -> None:
    for value, known in ((answer, choices), (confidence, CONFIDENCE)):
        if value not in known:
            raise InputError(f'"{value}" is not a choice here. Choose one of {", ".join(known)}.')
    if "right" in _stored(key):
        return  # the truth is out
    session = current()
    record = {"answer": answer, "confidence": confidence}
    session.progress.put(session.lesson.key, "predictions", key, record)


def _note(stored: Record) -> str:
    if "right" in stored:
        return "Already revealed: this prediction is closed."
    return "Noted." if stored.get("answer") else "Choose, then run on."
