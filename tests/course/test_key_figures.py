"""The key task's figures show the task, the shares and each net's answers."""

import pytest
import torch
from torch import nn

from axialkit.course import key_figures, key_task
from axialkit.course.bands import Band
from axialkit.course.key_task import NO_ANSWER, KeyTask, Outcome


@pytest.fixture
def task() -> KeyTask:
    return key_task.draw_tasks(4, torch.Generator().manual_seed(5))


class Always(nn.Module):
    """Answers every cell with one color."""

    def __init__(self, color: int) -> None:
        super().__init__()
        self.color = color

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(image), 4, *image.shape[2:])
        logits[:, self.color] = 1
        return logits


def test_task_shows_questions_then_answers(task: KeyTask) -> None:
    given, wanted = key_figures.draw_task(task).axes
    letter = "ABCD"[task.answer[0].max()]
    assert sorted(text.get_text() for text in given.texts) == sorted(["?", "?", "?", letter])
    shown = [text.get_text() for text in wanted.texts if text.get_text()]
    assert shown == [letter] * 4
    corners = [line.get_xydata()[0] for line in wanted.lines]
    y, x = task.key[0].tolist()
    asked = (task.answer[0] != NO_ANSWER).nonzero().tolist()
    assert corners[0][0] == x  # in the key's column
    assert corners[0][1] in [point[0] for point in asked]  # and the row of a cell that asks
    assert y not in [point[0] for point in asked]


def test_result_bars() -> None:
    outcomes = {
        "conv": Outcome(nn.Identity(), 0.24, 1.0),
        "HW": Outcome(nn.Identity(), 0.997, 1.0),
    }
    (axes,) = key_figures.draw_results(outcomes).axes
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([99.7, 24.0])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["H, then W", "3×3 conv twice"]
    assert {"24 %", "100 %"} <= {text.get_text() for text in axes.texts}
    assert axes.lines[0].get_xdata()[0] == 25


def test_stored_trainings_are_marked_beside_the_bars() -> None:
    outcomes = {"HW": Outcome(nn.Identity(), 0.997, 1.0)}
    stored = Band({"HW": [1.0, 0.97, 0.99]}, [0, 1, 2], "stored")
    (axes,) = key_figures.draw_results(outcomes, stored).axes
    marks = axes.lines[0]
    assert list(marks.get_xdata()) == pytest.approx([100, 97, 99])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["stored trainings"]


def test_guesses_mark_wrong_answers(task: KeyTask) -> None:
    right = int(task.answer[0].max())
    outcomes = {
        stack: Outcome(Always((right + number) % 4), 0.0, 1.0)
        for number, stack in enumerate(("HW", "WW", "HH", "conv"))
    }
    first, second, _third, _fourth = key_figures.draw_guesses(outcomes, task).axes
    assert first.get_title() == "H, then W: 3 of 3 right"
    assert second.get_title() == "W, then W: 0 of 3 right"
    assert not any("✗" in text.get_text() for text in first.texts)
    assert sum("✗" in text.get_text() for text in second.texts) == 3
