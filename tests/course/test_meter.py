"""Budgets are printed, measured and reported; metrics are plain numbers."""

import time

import numpy as np
import pytest

from axialkit.course.meter import BUDGET_MIME, METRICS_MIME, budget, metrics
from axialkit.course.session import Session, setup
from axialkit.errors import InputError


def test_budget_and_metrics(displayed: list[dict], capsys: pytest.CaptureFixture[str]) -> None:
    session = setup("01", "ci")
    planned = session.lesson.budgets["key task"]
    capsys.readouterr()
    start = time.process_time()
    with budget("key task"):
        said = capsys.readouterr().out
        assert f"about {planned.ci:g} CPU-seconds" in said
        sum(range(200_000))
    spent = time.process_time() - start
    metrics(accuracy=np.float32(0.5), layers=128)
    (bundle,) = displayed
    assert bundle[METRICS_MIME] == {"accuracy": 0.5, "layers": 128.0}
    assert 0 < bundle[BUDGET_MIME]["key task"]["seconds"] <= spent
    assert bundle[BUDGET_MIME]["key task"]["budget"] == planned.ci
    assert bundle[BUDGET_MIME]["lesson"]["seconds"] >= spent
    assert bundle["text/plain"] == "for the tests of the course: accuracy 0.5; layers 128"


def test_short_has_the_budget_of_ci(capsys: pytest.CaptureFixture[str]) -> None:
    planned = setup("01", "short").lesson.budgets["key task"].ci
    capsys.readouterr()
    with budget("key task"):
        pass
    assert f"about {planned:g} CPU" in capsys.readouterr().out


def test_other_profiles_are_told_their_own_budget(
    learner: Session, displayed: list[dict], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    with budget("key task"):
        pass
    planned = learner.lesson.budgets["key task"].learn
    assert f"about {planned:g} CPU" in capsys.readouterr().out
    metrics(one=1.0)
    assert displayed[0][BUDGET_MIME]["key task"]["budget"] == planned


@pytest.mark.parametrize(
    ("value", "said"),
    [(32_768, "32,768"), (0.5, "0.5"), (1e-7, "1e-07"), (391_234.4, "391,234"), (-3, "-3"),
     (1234.5678e12, "1.235e+15"), (69.4321, "69.43"), (float("nan"), "nan")],
)  # fmt: skip
def test_numbers_are_readable(
    value: float, said: str, learner: Session, displayed: list[dict]
) -> None:
    metrics(it=value)
    assert displayed[0]["text/plain"].endswith(f"it {said}")


def test_an_unknown_budget_is_refused(learner: Session) -> None:
    with (
        pytest.raises(InputError, match='no budget "lunch". Budgets: key task, lesson'),
        budget("lunch"),
    ):
        pass
