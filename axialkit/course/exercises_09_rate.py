"""Lesson 09, exercise 9.3, the learning rate: what must hold, typical mistakes, hints."""

import math
from functools import partial

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.training_parts import poly_lr

# ---- 9.3 poly_lr

_SCHEDULES = ((1000, 0.01, 50), (60_000, 1e-4, 0), (60_000, 5e-4, 5000), (10, 1.0, 4))


def _starts_at_zero(rate: Function) -> None:
    got = rate(0, 1000, 0.01, 50)
    assert abs(got) < 1e-15, f"with a warm-up of 50 steps, step 0 has the rate 0, not {got:.4g}"
    got = rate(0, 1000, 0.01, 0)
    assert math.isclose(got, 0.01, rel_tol=1e-6), (
        f"without a warm-up, step 0 has the whole rate, 0.01, not {got:.4g}"
    )


def _rises_in_a_line(rate: Function) -> None:
    for step, wanted in ((10, 0.002), (25, 0.005), (49, 0.0098)):
        got = rate(step, 1000, 0.01, 50)
        assert math.isclose(got, wanted, rel_tol=1e-6), (
            f"step {step} of a warm-up of 50 has {step}/50 of 0.01, {wanted:g}; yours is {got:.6g}"
        )


def _falls_by_the_formula(rate: Function) -> None:
    for step, wanted in ((0, 1.0), (500, 0.5**0.9), (900, 0.1**0.9)):
        got = rate(step, 1000, 1.0, 0)
        assert math.isclose(got, wanted, rel_tol=1e-6), (
            f"step {step} of 1000, base 1: (1 - {step}/1000)^0.9 = {wanted:.4f}, yours {got:.4f}"
        )


def _warmup_has_its_length(rate: Function) -> None:
    got, wanted = rate(50, 1000, 1.0, 50), 0.95**0.9
    assert math.isclose(got, wanted, rel_tol=1e-6), (
        f"a warm-up of 50 steps is over when step is 50: (1 - 50/1000)^0.9 = {wanted:.4f}, yours "
        f"{got:.4f}"
    )


def _warmup_cuts_off_nothing_else(rate: Function) -> None:
    with_it, without = (rate(500, 1000, 1.0, warmup) for warmup in (200, 0))
    assert math.isclose(with_it, without, rel_tol=1e-6), (
        f"long after the warm-up its length must not matter: step 500 has {without:.4f} without "
        f"and {with_it:.4f} with one of 200 steps"
    )


def _zero_at_the_end(rate: Function) -> None:
    for step in (1000, 1001, 1500):
        got = rate(step, 1000, 0.01, 50)
        assert not isinstance(got, complex), (
            f"step {step} of 1000 gives the complex number {got}: 1 - {step}/1000 is below 0, and "
            "has no real power 0.9. Stop counting at the end: min(step, steps)"
        )
        assert abs(got) < 1e-15, f"step {step} of 1000 has the rate 0, not {got:.4g}"


def _rate(  # noqa: PLR0913
    step: int, steps: int, base: float, warmup: int, *, kind: str, power: float = 0.9
) -> float:
    """Compute the schedule with one mistake."""
    if step < warmup and kind == "from one":
        return base * (step + 1) / warmup
    if step < warmup and kind != "none":
        return base * step / warmup
    done, every = min(step, steps), steps
    if kind == "after":
        done, every = max(done - warmup, 0), steps - warmup
    if kind == "cosine":
        return base * 0.5 * (1 + math.cos(math.pi * done / every))
    return base * (1 - done / every) ** power


def _multiplied(step: int, steps: int, base: float, warmup: int) -> float:
    up = min(step / warmup, 1.0) if warmup else 1.0
    return base * up * (1 - min(step, steps) / steps) ** 0.9


def _unclamped(step: int, steps: int, base: float, warmup: int) -> float | complex:
    if step < warmup:
        return base * step / warmup
    return base * (1 - step / steps) ** 0.9


POLY_LR = Exercise(
    key="9.3",
    name="poly_lr",
    goal="B",
    solution=poly_lr,
    properties=(
        Property("the warm-up starts at 0", _starts_at_zero),
        Property("it rises in a line", _rises_in_a_line),
        Property("the rate falls as (1 - step/steps)^0.9", _falls_by_the_formula),
        Property("the fall counts from step 0, warm-up or not", _warmup_cuts_off_nothing_else),
        Property("the warm-up lasts as long as it should", _warmup_has_its_length),
        Property("0 at the end, and after it", _zero_at_the_end),
    ),
    probes=tuple(
        (step, steps, base, warmup)
        for steps, base, warmup in _SCHEDULES
        for step in sorted({0, 1, warmup // 2, warmup, steps // 3, steps - 1, steps, steps + 5})
    ),
    mutants=(
        Mutant(
            "the fall begins after the warm-up",
            partial(_rate, kind="after"),
            "the fall starts only when the warm-up is over, so the whole base is reached. In the "
            "reference it counts from step 0 all the while: after the warm-up the rate is where it "
            "would be without one.",
        ),
        Mutant(
            "one step ahead",
            partial(_rate, kind="from one"),
            "the warm-up starts at base/warmup, as if one step were done already. step counts "
            "finished steps: the first has 0.",
        ),
        Mutant(
            "both multiplied",
            _multiplied,
            "during the warm-up the fall is multiplied in, too. The warm-up is a plain line: base "
            "* step / warmup.",
        ),
        Mutant(
            "no warm-up",
            partial(_rate, kind="none"),
            "the warm-up is missing: as long as step < warmup, the rate is base * step / warmup.",
        ),
        Mutant(
            "a straight line down",
            partial(_rate, kind="", power=1.0),
            "the power is missing: (1 - step/steps) ** 0.9.",
        ),
        Mutant(
            "power 2",
            partial(_rate, kind="", power=2.0),
            "the power is 2. Here it is 0.9, nearly a straight line.",
        ),
        Mutant(
            "a cosine",
            partial(_rate, kind="cosine"),
            "this is half a cosine, another good schedule. Here it is (1 - step/steps)^0.9.",
        ),
        Mutant(
            "beyond the end",
            _unclamped,
            "after the last step 1 - step/steps is negative, and Python makes a complex number of "
            "its power. Use min(step, steps).",
        ),
    ),
    hints=(
        "in: three whole numbers and base; out: one number.",
        "two cases: before the warm-up is over, a line from 0 to base; else the power of what is "
        "left of the steps.",
        "base * step / warmup if step < warmup, else base * (1 - min(step, steps) / steps) ** 0.9.",
    ),
)
