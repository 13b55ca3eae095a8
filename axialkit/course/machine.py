"""A machine's two speeds, measured or from a data sheet, and what attention makes of them.

Times on a CPU are the processor's own for this program: what else it does meanwhile is not counted.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import torch

from axialkit.attention import AxialAttention1d
from axialkit.attention.fused import Attention
from axialkit.attention.kernels import (
    KERNELS,
    Answer,
    Choice,
    Kernel,
    Situation,
    ask_kernels,
    choose_kernel,
)
from axialkit.attention.sdpa import sdpa_attention
from axialkit.bench.attention import Shape
from axialkit.bench.timing import describe_machine, medians
from axialkit.model.peak import Ledger

HEIGHT_PASS = Shape(rows=129, length=65)  # of Cityscapes at stride 16: a line per column
WIDTH_PASS = Shape(rows=65, length=129)
_COPIED = 16_000_000  # numbers; far more than any cache holds
_SIDE = 1024  # of the product


class Machine(NamedTuple):
    """How fast it calculates, and how fast it fetches."""

    name: str
    peak: float  # operations per second
    bandwidth: float  # bytes per second
    source: str  # measured, or from which data sheet

    @property
    def ridge(self) -> float:
        """Operations per byte from which on calculating is what takes the time."""
        return self.peak / self.bandwidth


class Dot(NamedTuple):
    """One thing that was timed."""

    name: str
    flops: int
    moved: int  # bytes that it has to move, counted
    seconds: float

    @property
    def intensity(self) -> float:
        """Operations per byte."""
        return self.flops / self.moved

    @property
    def speed(self) -> float:
        """Operations per second, achieved."""
        return self.flops / self.seconds


_SHEETS = {
    "T4": (8.1e12, 65e12, 320e9, "NVIDIA T4 data sheet"),
    "A100": (19.5e12, 312e12, 1555e9, "NVIDIA A100 data sheet, 40 GB"),
    "H100": (67e12, 989e12, 3350e9, "NVIDIA H100 data sheet, SXM"),
}


def sheet(name: str, size: int) -> Machine:
    """Return a GPU as its data sheet promises it, for numbers of 4 bytes or of 2 bytes.

    Dense products; at 2 bytes by its tensor cores.
    """
    single, half, bandwidth, source = _SHEETS[name]
    return Machine(name, single if size == 4 else half, bandwidth, source)


def clock_of(device: str) -> Callable[[], float]:
    """Return the processor's clock of this program; for a GPU the clock on the wall."""
    return time.perf_counter if device == "cuda" else time.process_time


def sync_of(device: str) -> Callable[[], object]:
    """Return what waits until the device is done."""
    return torch.cuda.synchronize if device == "cuda" else lambda: None


def timed(runs: Mapping[str, Callable[[], object]], rounds: int, device: str) -> dict[str, float]:
    """Return median seconds of runs that take turns."""
    return medians(runs, rounds, clock_of(device))


def simple_dots(device: str, rounds: int) -> list[Dot]:
    """Time a copy, a sum, and products of two sizes. The copy has no operations."""
    x, z = torch.randn(2, _COPIED, device=device)
    y = torch.empty_like(x)
    runs: dict[str, Callable[[], object]] = {
        "copy": lambda: y.copy_(x),
        "sum of two tensors": lambda: torch.add(x, z, out=y),
    }
    counts = {"copy": (0, 2 * x.nbytes), "sum of two tensors": (_COPIED, 3 * x.nbytes)}
    for side in (256, _SIDE):
        a, c = torch.randn(2, side, side, device=device)
        name = f"product, {side} x {side}"
        runs[name] = partial(torch.mm, a, a, out=c)
        counts[name] = 2 * side**3, 3 * a.nbytes
    seconds = timed(runs, rounds, device)
    return [Dot(name, *counts[name], seconds[name]) for name in runs]


def this_machine(dots: list[Dot], device: str) -> Machine:
    """Take the peak from the largest product, and the bandwidth from the copy."""
    copy = next(dot for dot in dots if dot.name == "copy")
    peak = max(dot.speed for dot in dots)
    name = str(describe_machine(torch.device(device))["device"])
    if device == "cpu":
        name = f"one thread of {name.removeprefix('cpu (').removesuffix(')')}"
    return Machine(name, peak, copy.moved / copy.seconds, "measured here")


# --- the backends of the kit -----------------------------------------------------------------


def backend_runs(
    shape: Shape, device: str, seed: int
) -> tuple[dict[str, Callable[[], object]], dict[str, str]]:
    """Return a run per backend and per kernel of torch, and why the other kernels do not run.

    What runs is a layer behind its projection: logits with all terms, softmax, both retrievals.
    """
    torch.manual_seed(seed)
    layer = shape.layer("infer").to(device)
    x = torch.randn(shape.rows, shape.length, shape.in_channels, device=device)
    with torch.no_grad():
        qkv = layer.project(x)

    def by(backend: str) -> Callable[[], object]:
        def run() -> object:
            layer.backend = backend
            with torch.no_grad():
                return layer.attend(*qkv)

        return run

    def by_kernel(choice: Choice) -> Callable[[], object]:
        def run() -> object:
            with torch.no_grad():
                q, k, v = qkv
                attention = Attention(q, k, v, *layer.formula(shape.length))
                return layer.sum_outputs(sdpa_attention(attention, choice))

        return run

    runs = {"reference (einsum)": by("reference"), "fused (the kit's)": by("fused")}
    choices, refusals = kernel_choices(_situation(layer, shape, qkv[0]))
    runs |= {f"sdpa, kernel {kernel}": by_kernel(choice) for kernel, choice in choices.items()}
    return runs, refusals


def _situation(layer: AxialAttention1d, shape: Shape, like: torch.Tensor) -> Situation:
    with torch.no_grad():
        return layer.situation(shape.rows, shape.length, like)


def kernel_choices(situation: Situation) -> tuple[dict[Kernel, Choice], dict[str, str]]:
    """Return how each kernel of torch would compute a layer, and why the others would not."""
    answers = ask_kernels(situation)
    choices: dict[Kernel, Choice] = {}
    refusals: dict[str, str] = {}
    for kernel in KERNELS:
        others = {key: Answer(False, "not asked") for key in answers if key[0] in KERNELS[:-1]}
        mine = {key: answer for key, answer in answers.items() if key[0] in (kernel, "math")}
        choice = choose_kernel(situation, {**others, **mine})
        if choice.kernel == kernel:
            choices[kernel] = choice
        else:
            refusals[kernel] = choice.reasons[kernel]
    return choices, refusals


def core_flops(shape: Shape) -> int:
    """Count the operations of a layer behind its projection: three logit terms, two retrievals."""
    pixels = shape.rows * shape.length
    return 2 * pixels * shape.length * (3 * shape.key_depth + 2 * shape.value_depth)


def moved_by(run: Callable[[], object]) -> int:
    """Count the bytes that a run moves if each of torch's operations reads and writes memory."""
    with Ledger() as ledger:
        run()
    return ledger.moved


def backend_dots(
    shape: Shape, device: str, rounds: int, seed: int
) -> tuple[list[Dot], dict[str, str]]:
    """Time every backend; all are given the operations of the definition, and their own bytes."""
    runs, refusals = backend_runs(shape, device, seed)
    moved = {name: moved_by(run) for name, run in runs.items()}
    seconds = timed(runs, rounds, device)
    flops = core_flops(shape)
    return [Dot(name, flops, moved[name], seconds[name]) for name in runs], refusals
