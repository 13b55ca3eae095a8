"""Numbers for machines: what heavy cells cost, and the results that tests compare."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import SupportsFloat

from IPython.display import display

from axialkit.course.session import SMALL, Session, cpu_seconds, current
from axialkit.course.wrapping import TIE, wrapped
from axialkit.errors import InputError

METRICS_MIME = "application/x-axialkit-metrics+json"
BUDGET_MIME = "application/x-axialkit-budget+json"


@contextmanager
def budget(name: str) -> Iterator[None]:
    """Say what the body of a heavy cell will cost, and afterwards what it did cost.

    Raises:
        InputError: the lesson has no budget of that name.
    """
    session = current()
    if name not in session.lesson.budgets:
        known = ", ".join(session.lesson.budgets)
        raise InputError(f'Lesson {session.lesson.key} has no budget "{name}". Budgets: {known}.')
    planned = session.lesson.budgets[name]
    print(
        f"⏱ about {_planned(session, name):g} CPU-seconds on one thread, {planned.megabytes} MB "
        f"(measured {planned.measured})"
    )
    start = cpu_seconds()
    yield
    session.spent[name] = cpu_seconds() - start
    print(f"took {session.spent[name]:.1f} CPU-seconds")


def metrics(**values: SupportsFloat) -> None:
    """Report the lesson's numbers and the CPU time of its heavy cells, for the tests."""
    session = current()
    numbers = {name: float(value) for name, value in values.items()}
    spent = {**session.spent, "lesson": cpu_seconds() - session.started}
    costs = {
        name: {"seconds": seconds, "budget": _planned(session, name)}
        for name, seconds in spent.items()
    }
    parts = (f"{name} {_plain(value)}".replace(" ", TIE) for name, value in numbers.items())
    said = wrapped(f"for the tests of the course: {'; '.join(parts)}")
    display({METRICS_MIME: numbers, BUDGET_MIME: costs, "text/plain": said}, raw=True)


def _plain(value: float) -> str:
    """Write a number as people do: no powers of ten from 1/1000 to a trillion."""
    if not math.isfinite(value) or abs(value) >= 1e12:
        return f"{value:.4g}"
    return f"{value:,.0f}" if abs(value) >= 1000 or value.is_integer() else f"{value:.4g}"


def _planned(session: Session, name: str) -> float:
    """Return the budget of a cell in the profile that runs, in CPU-seconds."""
    budget_of = session.lesson.budgets[name]
    return budget_of.ci if session.profile in SMALL else budget_of.learn
