"""The quiz that closes a lesson: buttons, and an explanation after every answer."""

import html
from typing import Any

import ipywidgets

from axialkit.course.lesson import Question
from axialkit.course.page import show_widget
from axialkit.course.session import current


def quiz() -> None:
    """Show the questions of the running lesson; the first answer to each is recorded."""
    questions = current().lesson.quiz
    boxes = [_box(number, question) for number, question in enumerate(questions, start=1)]
    show_widget(
        ipywidgets.VBox(boxes),
        fallback=f"<ol>{''.join(_on_paper(question) for question in questions)}</ol>",
        text="\n".join(f"{n}. {question.text}" for n, question in enumerate(questions, start=1)),
    )


def answer_question(number: int, choice: int) -> str:
    """Record the first answer to a question (counted from 1) and return the explanation."""
    session = current()
    question = session.lesson.quiz[number - 1]
    if str(number) not in session.progress.section(session.lesson.key, "quiz"):
        session.progress.put(session.lesson.key, "quiz", str(number), choice == question.answer)
    verdict = "✓ Right." if choice == question.answer else "✗ Not quite."
    return f"{verdict} {question.why}"


def _box(number: int, question: Question) -> ipywidgets.VBox:
    radio = ipywidgets.RadioButtons(
        options=[(text, i) for i, text in enumerate(question.choices)],
        value=None,
        layout=ipywidgets.Layout(width="max-content"),
    )
    feedback = ipywidgets.HTML()

    def explain(change: dict[str, Any]) -> None:
        feedback.value = html.escape(answer_question(number, change["new"]))

    radio.observe(explain, "value")
    title = ipywidgets.HTML(f"<b>{number}.</b> {html.escape(question.text)}")
    return ipywidgets.VBox([title, radio, feedback])


def _on_paper(question: Question) -> str:
    choices = "".join(f"<li>{html.escape(choice)}</li>" for choice in question.choices)
    answer = html.escape(f"{question.choices[question.answer]}. {question.why}")
    return (
        f"<li>{html.escape(question.text)}<ul>{choices}</ul>"
        f"<details><summary>Answer</summary>{answer}</details></li>"
    )
