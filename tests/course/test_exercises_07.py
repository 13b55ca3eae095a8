"""Lesson 07's exercise on the bias, until the lesson is registered: its check is checked."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from axialkit.course.checks import judge
from axialkit.course.exercises_07_fusion import POSITION_BIAS


def bias_by_loop(q: torch.Tensor, k: torch.Tensor, tables: Any) -> torch.Tensor:
    out = torch.empty(*q.shape[:3], q.shape[2])
    for i in range(q.shape[2]):
        for j in range(q.shape[2]):
            out[:, :, i, j] = q[:, :, i] @ tables[0][i, j] + k[:, :, j] @ tables[1][i, j]
    return out


def test_right_answers_pass() -> None:
    for right in (POSITION_BIAS.solution, bias_by_loop):
        verdict = judge(POSITION_BIAS, right)
        assert verdict.passed, verdict.problem


@pytest.mark.parametrize("mutant", POSITION_BIAS.mutants, ids=lambda mutant: mutant.name)
def test_mistakes_are_named(mutant: Any) -> None:
    assert judge(POSITION_BIAS, mutant.function).mutant is mutant


@pytest.mark.parametrize(
    "wrong",
    [
        lambda q, k, t: bias_by_loop(q, -k, t),
        lambda q, k, t: bias_by_loop(q, k, t).mT,
        lambda q, k, t: bias_by_loop(q, k, t).softmax(-1),
        lambda q, k, t: bias_by_loop(q, k, (t[0], t[1].transpose(0, 1))),
        lambda q, k, t: torch.zeros(*q.shape[:3], q.shape[2]),
    ],
)
def test_other_mistakes_fail(wrong: Callable[..., Any]) -> None:
    assert not judge(POSITION_BIAS, wrong).passed
