"""Right answers to lesson 06, independent of the package: loops, numpy and matrices."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch


def two_hop_by_loop(height: torch.Tensor, width: torch.Tensor, i: int, j: int) -> torch.Tensor:
    found = torch.empty(height.shape[1], width.shape[1], dtype=height.dtype)
    for h in range(found.shape[0]):
        for w in range(found.shape[1]):
            found[h, w] = width[i, j, w] * height[w, i, h]
    return found


def two_hop_wh_by_loop(height: torch.Tensor, width: torch.Tensor, i: int, j: int) -> torch.Tensor:
    rows = [height[j, i, h] * width[h, j] for h in range(height.shape[1])]
    return torch.stack(rows)


def head_pairs_by_loop(height: torch.Tensor, width: torch.Tensor, i: int, j: int) -> torch.Tensor:
    down = height[:, :, i].permute(1, 2, 0)  # a h w
    return down[:, None] * width[i, :, j][None, :, None, :]


def rollout_by_matrices(
    heights: torch.Tensor, widths: torch.Tensor, i: int, j: int
) -> torch.Tensor:
    h, w = heights.shape[2], widths.shape[2]
    product = np.eye(h * w)
    for height, width in zip(heights.numpy(), widths.numpy(), strict=True):
        layer = np.zeros((h * w, h * w))
        for y in range(h):
            for x in range(w):
                layer[y * w + x] = (height[:, y].T * width[y, x]).ravel()
        product = (np.eye(h * w) + layer) / 2 @ product
    return torch.from_numpy(product[i * w + j].reshape(h, w))


def mean_distance_by_loop(weights: torch.Tensor) -> torch.Tensor:
    found = []
    for head in weights.numpy().transpose(1, 0, 2, 3):
        away = [
            sum(share * abs(key - query) for key, share in enumerate(shares))
            for sequence in head
            for query, shares in enumerate(sequence)
        ]
        found.append(float(np.mean(away)))
    return torch.tensor(found, dtype=torch.float64)


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "6.1": two_hop_by_loop,
    "6.2": two_hop_wh_by_loop,
    "6.3": head_pairs_by_loop,
    "6.4": rollout_by_matrices,
    "6.5": mean_distance_by_loop,
}
