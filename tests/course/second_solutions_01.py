"""Right answers to lesson 01, independent of the package: other means, other return types."""

from collections.abc import Callable
from typing import Any

import numpy as np


def count_by_loop(panoptic: np.ndarray, train_id: int) -> int:
    seen = []
    for row in panoptic.tolist():
        for label in row:
            if label // 1000 == train_id and label not in seen:
                seen.append(label)
    return len(seen)


def reach_by_loop(mask: np.ndarray, hops: str) -> list[list[bool]]:
    known = [[bool(cell) for cell in row] for row in mask]
    for hop in hops:
        columns = [any(row[x] for row in known) for x in range(len(known[0]))]
        known = [list(columns) if hop == "H" else [any(row)] * len(row) for row in known]
    return known


SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "1.1": count_by_loop,
    "1.2": lambda mask, hops: np.array(reach_by_loop(mask, hops)),
    "1.3": lambda i, j, h, w: [i, w],
    "1.4": lambda h, w, kind: sum(h + w if kind == "axial" else h * w for _ in range(h * w)),
}
