"""Lesson 09, exercise 9.4, overfit one batch: what must hold, typical mistakes, hints."""

import copy
import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.training_parts import overfit_one


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

    def __init__(self, seed: int, scale: float = 1.0) -> None:
        self.scale = scale
        random = torch.Generator().manual_seed(seed)
        self.image = torch.rand(2, 3, 6, 8, generator=random, dtype=torch.float64)
        self.truth = (self.image[:, 0] > 0.5).long() + 2 * (self.image[:, 1] > 0.5).long()

    def __deepcopy__(self, memo: dict[int, object]) -> "_Loss":
        return self

    def __repr__(self) -> str:
        return "loss"

    def __call__(self, net: nn.Module) -> Tensor:
        return self.scale * nn.functional.cross_entropy(net(self.image), self.truth)


def _problem(seed: int, scale: float = 1.0, *, ready: bool = False) -> tuple[_Net, _Loss]:
    """Draw a net and a loss; a net that is ready to answer comes in eval mode."""
    with torch.random.fork_rng():
        return _Net(seed).train(not ready), _Loss(seed, scale)


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
    for ready in (False, True):
        net, loss = _problem(1, ready=ready)
        first = _numbers(overfit(net, loss, 1, 0.01), 1)[0]
        wanted = loss(copy.deepcopy(net).train()).item()
        given = "eval" if ready else "train"
        assert math.isclose(first, wanted, rel_tol=1e-6), (
            f"a net is given in {given} mode. In train mode, untrained, it has a loss of "
            f"{wanted:.4f}; your first one is {first:.4f}. Note the loss before the step is "
            "taken, and call net.train() first"
        )


def _gets_low(overfit: Function) -> None:
    losses = _numbers(overfit(*_problem(2), 60, 0.05), 60)
    assert losses[-1] < 0.1, (
        f"60 steps at rate 0.05 must bring the loss below 0.1; yours goes from {losses[0]:.2f} to "
        f"{losses[-1]:.2f}"
    )


def _nothing_else_changed(overfit: Function) -> None:
    """A large loss has large gradients, which nobody is asked to cut."""
    got = _numbers(overfit(*_problem(4, 100.0), 5, 0.1), 5)
    wanted = overfit_one(*_problem(4, 100.0), 5, 0.1)
    wrong = [i for i in range(5) if not math.isclose(got[i], wanted[i], rel_tol=1e-6)]
    assert not wrong, (
        f"with the loss times 100, Adam at the constant rate 0.1 has {wanted[wrong[0]]:.6g} before "
        f"step {wrong[0] + 1}, yours {got[wrong[0]]:.6g}. Take torch.optim.Adam(net.parameters(), "
        "lr=rate), and nothing else"
    )


def _overfit(  # noqa: PLR0913
    net: nn.Module, loss: Callable[[nn.Module], Tensor], steps: int, rate: float, *, kind: str
) -> list[float]:
    """Train with one mistake."""
    given, net = net, net if kind == "given" else copy.deepcopy(net)
    if kind != "as given":
        net.train()
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
        Property("Adam at a constant rate, and nothing else", _nothing_else_changed),
    ),
    probes=((*_problem(0), 6, 0.02), (*_problem(5, 100.0, ready=True), 3, 0.3)),
    mutants=(
        Mutant(
            "gradients add up",
            partial(_overfit, kind="adds up"),
            "the gradients of all steps so far are added together: backward() adds. Call "
            "optimizer.zero_grad() once in every step, before backward().",
        ),
        Mutant(
            "never in train mode",
            partial(_overfit, kind="as given"),
            "the net trains in the mode in which it was given, and that may be eval: its batch "
            "norms then use what they remember, not this batch. Call .train() on your copy.",
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
