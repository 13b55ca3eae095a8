"""Three causes of speed, each timed alone: lines in one call, memory used again, the kernel.

All on one thread of the CPU, by the processor's own clock for this program.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from einops import einsum
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from axialkit.bench.attention import Shape
from axialkit.course.machine import timed

NARROW = Shape(rows=129, length=65, in_channels=32, key_depth=16, value_depth=32, heads=4)
PIXELS, HEADS, DEPTH = 65 * 129, 8, 32  # of a street at stride 16
WAYS = ("einsum", "einsum, memory used again", "kernel (flash)")
LENGTHS = (65, 129, 257, 513, 1025)


def attend_by_einsum(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend in three operations, each of which makes a new tensor."""
    scores = einsum(q, k, "b head i d, b head j d -> b head i j")
    weights = scores.softmax(dim=-1)
    return einsum(weights, v, "b head i j, b head j e -> b head i e")


def attend_by_kernel(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attend by torch's flash kernel, which stores no map."""
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION]):
        return F.scaled_dot_product_attention(q, k, v, scale=1.0)


def attend_in_place(q: Tensor, k: Tensor, v: Tensor) -> Callable[[], Tensor]:
    """Return what attends by the operations of einsum, in memory that is kept from run to run."""
    heads = q.shape[:2]
    q, k, v = (x.flatten(0, 1) for x in (q, k, v))
    scores = q.new_empty(len(q), q.shape[1], k.shape[1])
    weights, answer = torch.empty_like(scores), torch.empty_like(v)

    def run() -> Tensor:
        torch.bmm(q, k.mT, out=scores)
        torch.softmax(scores, dim=-1, out=weights)
        return torch.bmm(weights, v, out=answer).unflatten(0, heads)

    return run


def lines_of(length: int, seed: int = 0) -> Tensor:
    """Draw queries, keys and values of a street's pixels, cut into lines of that length."""
    generator = torch.Generator().manual_seed(seed)
    lines = max(1, PIXELS // length)
    return torch.randn(3, lines, HEADS, length, DEPTH, generator=generator) / DEPTH**0.25


def length_seconds(
    lengths: Sequence[int], rounds: int, seed: int = 0
) -> dict[int, dict[str, float]]:
    """Time the three ways for lines of each length, of as many pixels."""
    found = {}
    for length in lengths:
        q, k, v = lines_of(length, seed)
        runs: dict[str, Callable[[], object]] = {
            WAYS[0]: partial(attend_by_einsum, q, k, v),
            WAYS[1]: attend_in_place(q, k, v),
            WAYS[2]: partial(attend_by_kernel, q, k, v),
        }
        with torch.inference_mode():
            found[length] = timed(runs, rounds, "cpu")
    return found


def lines_seconds(rounds: int, seed: int = 0) -> dict[str, float]:
    """Time a narrow layer, all lines in one call and one line per call."""
    torch.manual_seed(seed)
    layer = NARROW.layer("infer").cpu()
    layer.backend = "fused"
    x = torch.randn(NARROW.rows, NARROW.length, NARROW.in_channels)
    runs: dict[str, Callable[[], object]] = {
        "one call": lambda: layer(x),
        "line by line": lambda: torch.cat([layer(line) for line in x.split(1)]),
    }
    with torch.inference_mode():
        return timed(runs, rounds, "cpu")


def gains(lines: dict[str, float], lengths: dict[int, dict[str, float]]) -> dict[str, float]:
    """Return how many times faster each cause makes it: at the shortest and the longest lines."""
    found = {"lines in one call": lines["line by line"] / lines["one call"]}
    for length in (min(lengths), max(lengths)):
        fresh, reused, kernel = (lengths[length][way] for way in WAYS)
        found[f"memory used again, L = {length}"] = fresh / reused
        found[f"the kernel, L = {length}"] = reused / kernel
    return found


def measure_gains(seed: int) -> dict[str, float]:
    """Measure everything once, as in the profile learn."""
    return gains(lines_seconds(5, seed), length_seconds(LENGTHS, 3, seed))
