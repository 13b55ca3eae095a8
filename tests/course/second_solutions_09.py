"""Right answers to lesson 09, independent of the package: loops, NumPy, other ways of torch."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn


def flip_by_index(
    image: torch.Tensor, semantic: torch.Tensor, center: torch.Tensor, offset: torch.Tensor
) -> list[torch.Tensor]:
    backwards = list(range(semantic.shape[1]))[::-1]
    turned = offset[:, :, backwards].clone()
    turned[1] = -turned[1]
    return [image[:, :, backwards], semantic[:, backwards], center[:, backwards], turned]


def crop_by_loop(
    image: torch.Tensor,
    semantic: torch.Tensor,
    ids: torch.Tensor,
    draw: tuple[float, int, int],
    size: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Labels pixel by pixel; bilinear by its definition, in NumPy."""
    scale, top, left = draw
    old, new = semantic.shape, [int(side * scale) for side in semantic.shape]
    pixels = np.full((3, *size), 127.5, np.float32)
    classes = torch.full(size, 255)
    numbers = torch.zeros(size, dtype=torch.int64)
    source, names = image.numpy().astype(np.float64), {0: 0}
    for y in range(min(size[0], new[0] - top)):
        for x in range(min(size[1], new[1] - left)):
            places = [
                (i + 0.5) * o / n - 0.5
                for i, o, n in zip((y + top, x + left), old, new, strict=True)
            ]
            at = [min(int(np.floor(p + 0.5)), o - 1) for p, o in zip(places, old, strict=True)]
            classes[y, x] = semantic[at[0], at[1]]
            numbers[y, x] = ids[at[0], at[1]]
            (y0, x0) = (int(max(p, 0)) for p in places)
            dy, dx = max(places[0], 0) - y0, max(places[1], 0) - x0
            y1, x1 = min(y0 + 1, old[0] - 1), min(x0 + 1, old[1] - 1)
            above = (1 - dx) * source[:, y0, x0] + dx * source[:, y0, x1]
            below = (1 - dx) * source[:, y1, x0] + dx * source[:, y1, x1]
            pixels[:, y, x] = (1 - dy) * above + dy * below
    for number in sorted(set(numbers.flatten().tolist()) - {0}):
        names[number] = len(names)
    numbers = numbers.clone().apply_(lambda number: names[number])
    return torch.from_numpy(pixels), classes, numbers


def rate_by_cases(step: int, steps: int, base: float, warmup: int) -> float:
    if step >= steps:
        return 0.0
    if step < warmup:
        return step * (base / warmup)
    return base * float(np.power((steps - step) / steps, 0.9))


def overfit_by_hand(
    net: nn.Module, loss: Callable[[nn.Module], torch.Tensor], steps: int, rate: float
) -> list[float]:
    """Adam, written out."""
    mine = type(net)(0)
    mine.load_state_dict(net.state_dict())
    mine.train()
    weights = list(mine.parameters())
    first, second = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    losses = []
    for t in range(1, steps + 1):
        value = loss(mine)
        gradients = torch.autograd.grad(value, weights)
        with torch.no_grad():
            for w, g, m, v in zip(weights, gradients, first, second, strict=True):
                m += (1 - 0.9) * (g - m)
                v += (1 - 0.999) * (g * g - v)
                w -= rate * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        losses.append(value.item())
    return losses


def name_by_votes(run: dict[str, np.ndarray], healthy: dict[str, np.ndarray]) -> str:
    """Ask in another order, and of the last look alone."""
    ratio = {
        name: run[name][-1] / healthy[name][-1] for name in ("semantic", "offset", "moved heads")
    }
    if not run["statistics moved"].any():
        return "batch norm in eval"
    if not run["moved block"].any():
        return "backbone frozen"
    if run["val semantic"][-1] - run["semantic"][-1] > 2:
        return "a class ignored"
    if ratio["moved heads"] > 4:
        return "learning rate x 100"
    if ratio["semantic"] > 1.4:
        return "labels of another image"
    return "flip forgets the offsets' sign" if ratio["offset"] > 2 else "none"


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "9.1": flip_by_index,
    "9.2": crop_by_loop,
    "9.3": rate_by_cases,
    "9.4": overfit_by_hand,
    "9.5": name_by_votes,
}
