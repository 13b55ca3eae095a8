"""Right answers to lesson 08, independent of the package: loops and plain arithmetic."""

import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import torch


def centers_of(ids: torch.Tensor) -> dict[int, tuple[int, int]]:
    found = {}
    for number in sorted(set(ids.flatten().tolist()) - {0}):
        points = (ids == number).nonzero().tolist()
        y, x = (round(sum(axis) / len(points)) for axis in zip(*points, strict=True))
        found[number] = y, x
    return found


def heat_by_loop(ids: torch.Tensor, sigma: int) -> torch.Tensor:
    height, width = ids.shape
    heat, reach = [[0.0] * width for _ in range(height)], 3 * sigma + 1
    for cy, cx in centers_of(ids).values():
        for y in range(max(cy - reach, 0), min(cy + reach + 1, height)):
            for x in range(max(cx - reach, 0), min(cx + reach + 1, width)):
                squared = (y - cy) ** 2 + (x - cx) ** 2
                heat[y][x] = max(heat[y][x], math.exp(-squared / (2 * sigma**2)))
    return torch.tensor(heat)


def offsets_by_loop(ids: torch.Tensor) -> torch.Tensor:
    out, centers = torch.zeros(2, *ids.shape), centers_of(ids)
    for y, row in enumerate(ids.tolist()):
        for x, number in enumerate(row):
            if number:
                out[0, y, x], out[1, y, x] = centers[number][0] - y, centers[number][1] - x
    return out


def ce_by_sorting(
    logits: torch.Tensor, y: torch.Tensor, weight: torch.Tensor, top_k: float
) -> torch.Tensor:
    log_p = logits.log_softmax(0).flatten(1)
    errors = [
        torch.tensor(0.0) if klass == 255 else -log_p[klass, i] * w
        for i, (klass, w) in enumerate(
            zip(y.flatten().tolist(), weight.flatten().tolist(), strict=True)
        )
    ]
    hardest = sorted(errors, key=torch.Tensor.item)[::-1][: round(top_k * len(errors))]
    kept = [error for error in hardest if error != 0]
    return sum(kept, start=torch.tensor(0.0)) / max(len(kept), 1)


def centers_by_loop(heat: torch.Tensor, threshold: float, kernel: int, top_k: int) -> torch.Tensor:
    peaks, reach = [], kernel // 2
    for y, x in (heat > threshold).nonzero().tolist():
        window = heat[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
        if heat[y, x] == window.max():
            peaks.append((-float(heat[y, x]), y, x))
    points = sorted([y, x] for _, y, x in sorted(peaks)[:top_k])
    return torch.tensor(points, dtype=torch.int64).reshape(-1, 2)


def groups_by_loop(centers: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    _, height, width = offsets.shape
    best = torch.full((height, width), math.inf)
    out = torch.zeros(height, width, dtype=torch.int64)
    end_y = torch.arange(height).float()[:, None] + offsets[0]
    end_x = torch.arange(width).float() + offsets[1]
    for number, (y, x) in enumerate(centers.tolist(), start=1):
        distance = torch.hypot(end_y - y, end_x - x)
        out[distance < best] = number
        best = torch.minimum(best, distance)
    return out


def merge_by_loop(semantic: torch.Tensor, instance: torch.Tensor, limit: int) -> torch.Tensor:
    pairs = list(zip(semantic.flatten().tolist(), instance.flatten().tolist(), strict=True))
    areas, names, counts = Counter(klass for klass, _ in pairs), {}, Counter()
    for _, number in pairs:
        if number and number not in names:
            votes = Counter(klass for klass, other in pairs if other == number)
            winner = min(votes, key=lambda klass: (-votes[klass], klass))
            counts[winner] += 1
            names[number] = 1000 * winner + counts[winner]
    labels = [
        names[number]
        if number
        else 1000 * klass
        if klass < 11 and areas[klass] >= limit
        else 255000
        for klass, number in pairs
    ]
    return torch.tensor(labels).reshape(semantic.shape)


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "8.1": heat_by_loop,
    "8.2": offsets_by_loop,
    "8.3": ce_by_sorting,
    "8.4": centers_by_loop,
    "8.5": groups_by_loop,
    "8.6": merge_by_loop,
}
