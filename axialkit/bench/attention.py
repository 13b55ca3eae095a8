"""One attention layer, by every backend: time, memory, and how near they come to the machine."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import torch

from axialkit.attention import AxialAttention1d, set_attention_backend
from axialkit.attention.switch import attention_backend
from axialkit.bench.memory import Peak, measure_peak, peak_in_fresh_process
from axialkit.bench.timing import default_device, matmul, matmul_gflops, medians
from axialkit.errors import InputError

Mode = Literal["infer", "train"]
SCALING_LENGTHS = (33, 65, 129, 257, 513, 1025)
SCALING_ROWS = 16


class Shape(NamedTuple):
    """Of one layer and its input; depths are totals over the heads."""

    rows: int = 65  # sequences
    length: int = 129
    in_channels: int = 512
    key_depth: int = 256
    value_depth: int = 512
    heads: int = 8

    @property
    def flops(self) -> int:
        """Operations of an inference: qkv product, three logit terms, two retrievals."""
        pixels = self.rows * self.length
        qkv = pixels * self.in_channels * (2 * self.key_depth + self.value_depth)
        attention = pixels * self.length * (3 * self.key_depth + 2 * self.value_depth)
        return 2 * (qkv + attention)

    def layer(self, mode: Mode) -> AxialAttention1d:
        """Make the layer.

        Raises:
            InputError: depths that do not divide by the heads, or numbers below 1.
        """
        if min(self) < 1:
            raise InputError(f"All numbers of a shape must be at least 1, got {tuple(self)}.")
        depths = self.key_depth, self.value_depth
        try:
            layer = AxialAttention1d(self.in_channels, *depths, heads=self.heads)
        except ValueError as error:
            raise InputError(f"There is no layer of this shape: {error}.") from None
        return layer.train(mode == "train").to(default_device())

    def example(self, mode: Mode) -> torch.Tensor:
        """Make an input."""
        size = self.rows, self.length, self.in_channels
        return torch.randn(*size, device=default_device(), requires_grad=mode == "train")


def bench_attention(
    shape: Shape, mode: Mode, backends: Sequence[str], repeats: int
) -> dict[str, Any]:
    """Time all backends in turn, and measure the memory of each in a fresh process.

    ``milliseconds`` is the whole layer with projection and batch norms; in inference there are
    beside it the core (all but the projection) and the projection alone. ``gflops`` counts the
    definition's operations, in training three times those of an inference, so that all backends
    are measured by the same yardstick.
    """
    torch.manual_seed(0)
    layer, x = shape.layer(mode), shape.example(mode)
    for backend in backends:  # all names are right before anything is measured
        set_attention_backend(layer, backend)
    runs = {f"{name} layer": _run(layer, x, name, mode) for name in backends}
    if mode == "infer":
        with torch.inference_mode():
            qkv = layer.project(x)
        runs |= {f"{name} core": _core(layer, qkv, name) for name in backends}
        runs["projection"] = _projection(layer, x)
    seconds = medians({"matmul": matmul(default_device())} | runs, repeats)
    flops = shape.flops * (3 if mode == "train" else 1)
    rows = []
    for name in backends:
        taken = seconds[f"{name} layer"]
        row: dict[str, Any] = {"backend": name, "mode": mode} | shape._asdict()
        row |= {"milliseconds": taken * 1e3, "gflops": flops / taken / 1e9}
        row["peak_extra_mb"] = peak_of(shape, mode, name).extra_mb
        if mode == "infer":
            row["core_milliseconds"] = seconds[f"{name} core"] * 1e3
            row["projection_milliseconds"] = seconds["projection"] * 1e3
        rows.append(row)
    return {"matmul_gflops": matmul_gflops(seconds["matmul"]), "rows": rows}


def peak_of(shape: Shape, mode: Mode, backend: str, *, core: bool = False) -> Peak:
    """Measure the peak memory of one run in a fresh process."""
    arguments = {"shape": shape, "mode": mode, "backend": backend, "core": core}
    return peak_in_fresh_process("axialkit.bench.attention", arguments)


def measure(shape: Sequence[int], mode: Mode, backend: str, core: bool) -> Peak:
    """Measure in this process; ``core`` leaves out the projection (of an inference)."""
    torch.manual_seed(0)
    wanted = Shape(*shape)
    layer, x = wanted.layer(mode), wanted.example(mode)
    # what libraries allocate once; too small to leave memory behind that the run could use
    _run(layer, x[:1, :4].detach().requires_grad_(mode == "train"), backend, mode)()
    if core:
        with torch.inference_mode():
            run = _core(layer, layer.project(x), backend)
    else:
        run = _run(layer, x, backend, mode)
    return measure_peak(run, default_device())


def _run(
    layer: AxialAttention1d, x: torch.Tensor, backend: str, mode: Mode
) -> Callable[[], object]:
    def infer() -> None:
        with attention_backend(layer, backend), torch.inference_mode():
            layer(x)

    def train() -> None:
        with attention_backend(layer, backend):
            answer = layer(x)
            answer.backward(answer.detach())
        x.grad = None
        layer.zero_grad()

    return infer if mode == "infer" else train


def _core(
    layer: AxialAttention1d, qkv: tuple[torch.Tensor, ...], backend: str
) -> Callable[[], object]:
    def core() -> None:
        with attention_backend(layer, backend), torch.inference_mode():
            layer.attend(*qkv)

    return core


def _projection(layer: AxialAttention1d, x: torch.Tensor) -> Callable[[], object]:
    def projection() -> None:
        with torch.inference_mode():
            layer.project(x)

    return projection
