"""A prediction is stored before the truth is out, compared, and then closed."""

import pytest
from ipywidgets import RadioButtons, VBox

from axialkit.course import predictions
from axialkit.course.predictions import calibration, predict, reveal
from axialkit.course.session import Session
from axialkit.errors import InputError

CHOICES = ["one", "two", "three"]


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> list[VBox]:
    """The widgets shown, instead of a page."""
    shown: list[VBox] = []
    monkeypatch.setattr(
        predictions, "show_widget", lambda widget, fallback, text: shown.append(widget)
    )
    return shown


def stored(session: Session) -> dict:
    return session.progress.section("01", "predictions")


def test_buttons_store_and_reveal_compares(
    learner: Session, box: list[VBox], capsys: pytest.CaptureFixture[str]
) -> None:
    predict("p", "How many?", CHOICES)
    _title, radio, sure, note = box[0].children
    assert isinstance(radio, RadioButtons)
    assert radio.value is None
    sure.value = "certain"
    assert stored(learner) == {}
    radio.value = "two"
    assert note.value == "Noted."
    assert stored(learner) == {"p": {"answer": "two", "confidence": "certain"}}
    radio.value = "one"
    reveal("p", "two")
    assert "✗ You said: one (certain). It is: two." in capsys.readouterr().out
    assert stored(learner)["p"]["right"] is False


def test_the_truth_closes_a_prediction(
    learner: Session, box: list[VBox], capsys: pytest.CaptureFixture[str]
) -> None:
    predict("p", "How many?", CHOICES, answer="two", confidence="fairly sure")
    reveal("p", "two")
    assert "✓ You said: two (fairly sure)" in capsys.readouterr().out
    predict("p", "How many?", CHOICES)
    _title, radio, _sure, note = box[0].children
    assert radio.value == "two"
    assert "closed" in note.value
    radio.value = "three"
    assert stored(learner)["p"]["answer"] == "two"
    predict("p", "How many?", CHOICES, answer="one")
    assert stored(learner)["p"] == {"answer": "two", "confidence": "fairly sure", "right": True}


def test_without_a_prediction_the_truth_comes_anyway(
    learner: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    reveal("p", "two")
    assert "It is: two" in capsys.readouterr().out
    assert stored(learner) == {}


def test_the_page_without_widgets_has_the_question(learner: Session, displayed: list[dict]) -> None:
    predict("p", "Is 1 < 2?", CHOICES)
    (bundle,) = displayed
    assert "Is 1 &lt; 2?" in bundle["text/html"]
    assert "<li>three</li>" in bundle["text/html"]
    assert "Is 1 < 2?  (one | two | three)" in bundle["text/plain"]
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"]


def test_choices_are_checked(learner: Session) -> None:
    with pytest.raises(InputError, match='"four" is not a choice here. Choose one of one, two'):
        predict("p", "How many?", CHOICES, answer="four")
    with pytest.raises(InputError, match='"absolutely" is not a choice here'):
        predict("p", "How many?", CHOICES, answer="one", confidence="absolutely")


def test_calibration_counts_revealed_predictions_only() -> None:
    record = {
        "a": {"answer": "x", "confidence": "certain", "right": True},
        "b": {"answer": "x", "confidence": "certain", "right": False},
        "c": {"answer": "x", "confidence": "a guess", "right": True},
        "d": {"answer": "x", "confidence": "a guess"},
    }
    assert calibration(record) == [("a guess", 1, 1), ("fairly sure", 0, 0), ("certain", 2, 1)]
