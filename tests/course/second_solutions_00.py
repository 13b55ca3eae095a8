"""A right answer to lesson 00, independent of the package."""

from collections.abc import Callable
from typing import Any

SECOND_SOLUTIONS: dict[str, Callable[..., Any]] = {
    "0.1": lambda height, width: sum(1 for _ in range(height) for _ in range(width)),
}
