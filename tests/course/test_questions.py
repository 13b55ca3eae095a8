"""The quiz explains every answer and records the first."""

import pytest

from axialkit.course import questions as module
from axialkit.course.lesson import Question
from axialkit.course.lessons import LESSONS
from axialkit.course.questions import answer_question, quiz
from axialkit.course.session import Session

QUESTIONS = [question for lesson in LESSONS.values() for question in lesson.quiz]


def test_first_answer_counts(learner: Session) -> None:
    right = learner.lesson.quiz[1].answer
    assert answer_question(2, (right + 1) % 4).startswith("✗ Not quite.")
    assert answer_question(2, right) == f"✓ Right. {learner.lesson.quiz[1].why}"
    assert answer_question(1, learner.lesson.quiz[0].answer).startswith("✓")
    assert learner.progress.section("01", "quiz") == {"2": False, "1": True}


def test_buttons_answer(learner: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list = []
    monkeypatch.setattr(module, "show_widget", lambda widget, **paper: shown.append(widget))
    quiz()
    boxes = shown[0].children
    assert len(boxes) == 5
    _title, radio, feedback = boxes[4].children
    radio.index = learner.lesson.quiz[4].answer
    assert feedback.value.startswith("✓ Right.")
    assert learner.progress.section("01", "quiz") == {"5": True}


def test_on_paper(learner: Session, displayed: list[dict]) -> None:
    quiz()
    page = displayed[0]["text/html"]
    assert page.count("<details>") == 5
    for question in learner.lesson.quiz:
        assert question.text.split('"')[0] in page


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.key)
def test_five_questions(lesson: object) -> None:
    assert len(lesson.quiz) == (2 if lesson.key == "00" else 5)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.text[:20])
def test_questions_are_well_formed(question: Question) -> None:
    assert 0 <= question.answer < len(question.choices) == len(set(question.choices))
    assert question.why
