"""Lesson 10, exercise 10.3, one step of several processes: what must hold, mistakes, hints."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn
from torch.optim import Optimizer

from axialkit.course.kinds import kind
from axialkit.course.lesson import Exercise, Function, Mutant, Property
from axialkit.course.parts import flat, shared_step
from axialkit.course.ring import Mailbox, all_reduce_mean
from axialkit.course.thread_peers import play

_IMAGES = 8


class _Run(NamedTuple):
    """What a probe asks for, in words where a message shows it."""

    processes: int
    steps: int
    name: str

    def __repr__(self) -> str:
        return f"{self.processes} processes, {self.steps} steps of {self.name}"


def _make(name: str, seed: int = 0) -> tuple[nn.Module, Optimizer, Tensor, Tensor]:
    """Return a small network, its optimizer, and a batch."""
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    for weight in net.parameters():
        drawn = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
        weight.data = drawn
    weights = list(net.parameters())
    optimizer: Optimizer = torch.optim.SGD(weights, 0.1, momentum=0.9)
    if name == "adam":
        optimizer = torch.optim.Adam(weights, 0.05)
    x = torch.randn(_IMAGES, 3, generator=generator, dtype=torch.float64)
    if name == "dark images":
        x[::2] = 0
    y = torch.randint(2, (_IMAGES,), generator=generator)
    return net, optimizer, x, y


def trained(answer: Function) -> Function:
    """Let an answer train in processes that are played by threads.

    A run of ``(count, steps, optimizer)`` becomes the weights ``[process, weight]`` and the losses
    ``[process, step]``.
    """

    @functools.wraps(answer)
    def training(run: _Run) -> tuple[Tensor, Tensor]:
        count, steps, name = run

        def one(peers: Mailbox) -> tuple[Tensor, Tensor]:
            net, optimizer, x, y = _make(name)
            x, y = x[peers.rank :: count], y[peers.rank :: count]
            average = functools.partial(_mean_over, peers=peers)
            losses = [
                answer(net, optimizer, lambda: F.cross_entropy(net(x), y), average)
                for _ in range(steps)
            ]
            return flat(net), torch.tensor([_number(loss) for loss in losses])

        results = play(count, one).results
        weights, losses = (torch.stack(each) for each in zip(*results, strict=True))
        return weights, losses.double()

    return training


def _mean_over(x: Tensor, peers: Mailbox) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"mean_over averages tensors, not {kind(x)}")
    mean = all_reduce_mean(x.detach(), peers)
    return _CameByMessage.apply(x, mean) if x.requires_grad else mean


class _CameByMessage(torch.autograd.Function):
    """The mean itself; who calls backward on it is told why that cannot be."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, mean: Tensor) -> Tensor:  # noqa: ANN401  (torch's own)
        """Return the mean as if it were computed from x."""
        return mean.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # noqa: ANN401
        """Refuse."""
        raise RuntimeError(
            "backward does not find its way through messages. Call it on the loss of the own part, "
            "and average the gradients that it leaves"
        )


def _number(loss: Any) -> float:  # noqa: ANN401  (whatever the learner returns)
    try:
        return float(loss.detach() if isinstance(loss, Tensor) else loss)
    except (TypeError, ValueError):
        given = "nothing: is there a return?" if loss is None else kind(loss)
        raise TypeError(f"it returns {given}, expected the loss") from None


def _alone(steps: int, name: str) -> tuple[Tensor, Tensor]:
    """Train one process with the whole batch, by torch alone."""
    net, optimizer, x, y = _make(name)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return flat(net), torch.tensor(losses).double()


def _all_move_alike(training: Function) -> None:
    for count in (2, 4):
        weights, _ = training(_Run(count, 1, "sgd"))
        apart = float((weights - weights[0]).abs().max())
        assert apart < 1e-9, (
            f"after one step of {count} processes their weights differ by up to {apart:.3g}: from "
            "now on they are different networks"
        )


def _as_one_process(training: Function, name: str, *runs: tuple[int, int]) -> None:
    for count, steps in runs or ((1, 2), (2, 5), (4, 2)):
        weights, _ = training(_Run(count, steps, name))
        expected, _ = _alone(steps, name)
        apart = float((weights - expected).abs().max())
        assert apart < 1e-9, (
            f"{count} x {_IMAGES // count} images, {steps} steps: the weights differ by up to "
            f"{apart:.3g} from those of one process with all {_IMAGES}"
        )


def _loss_of_all(training: Function) -> None:
    for count in (1, 2, 4):
        _, losses = training(_Run(count, 3, "sgd"))
        _, expected = _alone(3, "sgd")
        for rank, got in enumerate(losses):
            assert torch.allclose(got, expected, rtol=1e-5, atol=1e-6), (
                f"process {rank} of {count} returns the losses {_told(got)}, of the whole batches "
                f"they are {_told(expected)}"
            )


def _told(values: Tensor) -> str:
    return ", ".join(f"{value:.4f}" for value in values.tolist())


Change = Callable[[Tensor, Callable[[Tensor], Tensor]], None]  # of a weight, given mean_over


def _leave(weight: Tensor, mean_over: Callable[[Tensor], Tensor]) -> None:
    """Change nothing."""


def _average(weight: Tensor, mean_over: Callable[[Tensor], Tensor]) -> None:
    if weight.grad is not None:
        weight.grad = mean_over(weight.grad)


def _average_if_any(weight: Tensor, mean_over: Callable[[Tensor], Tensor]) -> None:
    if weight.grad is not None and weight.grad.abs().sum() > 0:
        _average(weight, mean_over)


def _average_matrices(weight: Tensor, mean_over: Callable[[Tensor], Tensor]) -> None:
    if weight.ndim > 1:
        _average(weight, mean_over)


def _add_mean(weight: Tensor, mean_over: Callable[[Tensor], Tensor]) -> None:
    if weight.grad is not None:
        weight.grad = weight.grad + mean_over(weight.grad)


def _average_weight(weight: Tensor, mean_over: Callable[[Tensor], Tensor]) -> None:
    weight.data = mean_over(weight.data)


def _wrong(
    before: Change = _average, after: Change = _leave, *, zero: bool = True, moves: bool = True,
    own_loss: bool = False,
) -> Function:  # fmt: skip
    """Return a step with one mistake: what is done to each weight before and after it moves."""

    def step(net: nn.Module, optimizer: Optimizer, part_loss: Any, mean_over: Any) -> Tensor:  # noqa: ANN401
        if zero:
            optimizer.zero_grad()
        loss = part_loss()
        loss.backward()
        for weight in net.parameters():
            before(weight, mean_over)
        if moves:
            optimizer.step()
        for weight in net.parameters():
            after(weight, mean_over)
        return loss.detach() if own_loss else mean_over(loss.detach())

    return step


SHARED_STEP = Exercise(
    key="10.3",
    name="shared_step",
    goal="C",
    solution=shared_step,
    adapt=trained,
    properties=(
        Property("all processes have the same weights afterwards", _all_move_alike),
        Property(
            "SGD: 2 x 4 and 4 x 2 images move the weights as 1 x 8",
            functools.partial(_as_one_process, name="sgd"),
        ),
        Property("Adam, too", functools.partial(_as_one_process, name="adam")),
        Property(
            "also where a gradient is 0 in one process",
            lambda training: _as_one_process(training, "dark images", (2, 2)),
        ),
        Property("every process returns the loss of the whole batch", _loss_of_all),
    ),
    probes=(
        (_Run(2, 2, "sgd"),),
        (_Run(4, 3, "adam"),),
        (_Run(2, 2, "dark images"),),
    ),
    mutants=(
        Mutant(
            "own gradients",
            _wrong(_leave),
            "every process moves by the gradients of its own part, and trains a network of its "
            "own. They are to be averaged after backward and before the step.",
        ),
        Mutant(
            "the weights averaged",
            _wrong(_leave, _average_weight),
            "it is the weights that are averaged, after the step. With plain SGD that is the same; "
            "Adam divides by the size of the gradients, and every process has its own.",
        ),
        Mutant(
            "not set to zero",
            _wrong(zero=False),
            "the gradients of the step before are still there, and backward adds to them: "
            "optimizer.zero_grad() first.",
        ),
        Mutant(
            "matrices only",
            _wrong(_average_matrices),
            "only the matrices are averaged, the biases are not. net.parameters() has them all.",
        ),
        Mutant(
            "added",
            _wrong(_add_mean),
            "the mean is added to the own gradient. It has to take its place.",
        ),
        Mutant(
            "own loss",
            _wrong(own_loss=True),
            "the weights are right, but each process returns the loss of its own part. Average it, "
            "too.",
        ),
        Mutant(
            "no step",
            _wrong(moves=False),
            "the weights have not moved at all: optimizer.step() is missing, or the gradients were "
            "set to zero between backward and it.",
        ),
        Mutant(
            "zeros kept back",
            _wrong(_average_if_any),
            "where the own gradient is 0, no message is sent, but the others wait for one. All "
            "have to send the same messages in the same order.",
        ),
    ),
    hints=(
        "part_loss() is called without arguments and gives a tensor of one number, whose backward "
        "fills weight.grad of every weight in net.parameters().",
        "as in any training: zero_grad, loss, backward, step. What is new stands between backward "
        "and step: every gradient is replaced by its mean over all processes.",
        "for weight in net.parameters(): weight.grad = mean_over(weight.grad). At the end: return "
        "mean_over(loss.detach())",
    ),
)
