"""A whole network as it answers: batch norms folded, channels last, one image."""

from typing import Any

import torch

from axialkit.bench.memory import Peak, measure_peak, peak_in_fresh_process
from axialkit.bench.timing import default_device, matmul, matmul_gflops, medians
from axialkit.errors import InputError
from axialkit.model import build_model
from axialkit.model.cost import network_cost
from axialkit.model.prepare import fold_batch_norms


def bench_model(name: str, size: tuple[int, int], repeats: int) -> dict[str, Any]:
    """Time a network of the zoo with fresh weights, and measure its memory in a fresh process.

    ``gflops`` are two per multiply-add of ``network_cost``. ``peak_mb`` is all that the process
    holds at its highest, with Python, torch and the weights (on a GPU: all that it holds there).

    Raises:
        InputError: an unknown preset, or a size without pixels.
    """
    if min(size) < 1:
        raise InputError(f"The size must be at least 1x1 pixels, got {size[0]}x{size[1]}.")
    cost = network_cost(name, size).used
    network, images = _network(name), _images(size)
    with torch.inference_mode():
        runs = {"matmul": matmul(default_device()), "network": lambda: network(images)}
        seconds = medians(runs, repeats)
    return {
        "name": name,
        "size": f"{size[0]}x{size[1]}",
        "seconds": seconds["network"],
        "gflops": 2 * cost.multiply_adds / seconds["network"] / 1e9,
        "matmul_gflops": matmul_gflops(seconds["matmul"]),
        "peak_mb": peak_in_fresh_process("axialkit.bench.model", {"name": name, "size": size})[0],
    }


def measure(name: str, size: tuple[int, int]) -> Peak:
    """Measure the peak memory in this process."""
    network, images = _network(name), _images(size)
    with torch.inference_mode():
        return measure_peak(lambda: network(images), default_device())


def _network(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    model = fold_batch_norms(build_model(name).eval())
    return model.to(default_device()).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _images(size: tuple[int, int]) -> torch.Tensor:
    return torch.rand(1, 3, *size, device=default_device()) * 255
