"""Lesson 09, exercises 9.3 and 9.4, rate and loop: what must hold, typical mistakes, hints."""

import copy
import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.training_parts import overfit_one, poly_lr

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


# ---- 9.4 overfit_one


class _Net(nn.Module):
    """A small convolutional net with a batch norm, which behaves otherwise in eval mode."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1)
        )
        self.double()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class _Loss:
    """Cross entropy on one batch that never changes, so a copy of it is itself."""

    def __init__(self, seed: int) -> None:
        random = torch.Generator().manual_seed(seed)
        self.image = torch.rand(2, 3, 6, 8, generator=random, dtype=torch.float64)
        self.truth = (self.image[:, 0] > 0.5).long() + 2 * (self.image[:, 1] > 0.5).long()

    def __deepcopy__(self, memo: dict[int, object]) -> "_Loss":
        return self

    def __repr__(self) -> str:
        return "loss"

    def __call__(self, net: nn.Module) -> Tensor:
        return nn.functional.cross_entropy(net(self.image), self.truth)


def _problem(seed: int) -> tuple[_Net, _Loss]:
    with torch.random.fork_rng():
        return _Net(seed), _Loss(seed)


def _numbers(got: object, steps: int) -> list[float]:
    assert isinstance(got, list | tuple), f"return a list of the losses, not {type(got).__name__}"
    assert len(got) == steps, f"{steps} steps must give {steps} losses; you return {len(got)}"
    for value in got:
        assert isinstance(value, float), (
            f"each loss must be a plain number; there is {type(value).__name__}. A tensor's .item()"
        )
    return list(got)


def _one_loss_per_step(overfit: Function) -> None:
    for steps in (1, 4):
        _numbers(overfit(*_problem(0), steps, 0.01), steps)


def _first_loss_is_untrained(overfit: Function) -> None:
    net, loss = _problem(1)
    first = _numbers(overfit(net, loss, 2, 0.01), 2)[0]
    wanted = loss(copy.deepcopy(net).train()).item()
    assert math.isclose(first, wanted, rel_tol=1e-6), (
        f"the untrained net, in train mode, has a loss of {wanted:.4f}; your first one is "
        f"{first:.4f}. Note the loss before the step is taken, and call net.train() first"
    )


def _gets_low(overfit: Function) -> None:
    losses = _numbers(overfit(*_problem(2), 60, 0.05), 60)
    assert losses[-1] < 0.1, (
        f"60 steps at rate 0.05 must bring the loss below 0.1; yours goes from {losses[0]:.2f} to "
        f"{losses[-1]:.2f}"
    )


def _overfit(  # noqa: PLR0913
    net: nn.Module, loss: Callable[[nn.Module], Tensor], steps: int, rate: float, *, kind: str
) -> list[float]:
    """Train with one mistake."""
    given, net = net, net if kind == "given" else copy.deepcopy(net)
    net.train(kind != "eval")
    make = {"sgd": torch.optim.SGD, "adamw": torch.optim.AdamW}.get(kind, torch.optim.Adam)
    optimizer = make((given if kind == "other" else net).parameters(), lr=rate)
    losses = []
    for _ in range(steps):
        if kind == "new":
            optimizer = torch.optim.Adam(net.parameters(), lr=rate)
        value = loss(net)
        if kind != "adds up":
            optimizer.zero_grad()
        value.backward()
        optimizer.step()
        losses.append((loss(net) if kind == "after" else value).item())
    return losses


OVERFIT_ONE = Exercise(
    key="9.4",
    name="overfit_one",
    goal="B",
    solution=overfit_one,
    properties=(
        Property("one number per step", _one_loss_per_step),
        Property("the first is the untrained net's", _first_loss_is_untrained),
        Property("one batch is learned by heart", _gets_low),
    ),
    probes=((*_problem(0), 6, 0.02), (*_problem(5), 3, 0.3)),
    mutants=(
        Mutant(
            "gradients add up",
            partial(_overfit, kind="adds up"),
            "the gradients of all steps so far are added together: backward() adds. Call "
            "optimizer.zero_grad() once in every step, before backward().",
        ),
        Mutant(
            "never in train mode",
            partial(_overfit, kind="eval"),
            "the net is in eval mode: its batch norms use what they remember, not this batch. "
            "Call net.train().",
        ),
        Mutant(
            "a new optimizer each step",
            partial(_overfit, kind="new"),
            "the optimizer is made anew in every step. Adam remembers the gradients of earlier "
            "steps; make it once, before the loop.",
        ),
        Mutant(
            "nothing moves",
            partial(_overfit, kind="other"),
            "the loss never changes: no weight moves. Two usual causes: the optimizer was given "
            "the parameters of the net that you got, not of your copy (make the copy first); or "
            "zero_grad() stands between backward() and step(), and wipes the gradients out.",
        ),
        Mutant(
            "no copy",
            partial(_overfit, kind="given"),
            "the given net itself was trained: the cells below would go on with it. Train a copy: "
            "net = copy.deepcopy(net).",
        ),
        Mutant(
            "noted after the step",
            partial(_overfit, kind="after"),
            "each loss is computed anew after its step. Note the one that you called backward() "
            "on: then the first number is the untrained net's.",
        ),
        Mutant(
            "plain gradient descent",
            partial(_overfit, kind="sgd"),
            "the optimizer is SGD. Here it is torch.optim.Adam.",
        ),
        Mutant(
            "with weight decay",
            partial(_overfit, kind="adamw"),
            "the optimizer is AdamW, which also shrinks the weights. Here it is torch.optim.Adam.",
        ),
    ),
    hints=(
        "in: a net, a function loss(net), a number of steps, a rate; out: a list of that many "
        "numbers.",
        "copy the net (copy.deepcopy) and call .train() on it; one torch.optim.Adam over the "
        "copy's parameters; then, step after step: loss, zero_grad, backward, step.",
        "within the loop: value = loss(net); optimizer.zero_grad(); value.backward(); "
        "optimizer.step(); losses.append(value.item()).",
    ),
)
