"""Values as browsers and programs send them, checked: whatever they are, a plain sentence."""

import math
from collections.abc import Sequence

from axialkit.errors import InputError

Sent = object  # whatever JSON can hold
Number = int | float


def whole(value: Sent, name: str, low: int, high: int) -> int:
    """Return a whole number in that range.

    Raises:
        InputError: it is something else.
    """
    number = between(value, name, low, high)
    if number != int(number):
        raise InputError(f"{name} must be a whole number from {low} to {high}, not {number:g}.")
    return int(number)


def between(value: Sent, name: str, low: Number, high: Number) -> float:
    """Return a number in that range.

    Raises:
        InputError: it is something else.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (isinstance(value, float) and not math.isfinite(value)):
        raise InputError(f"{name} must be a number from {low:g} to {high:g}, not {_short(value)}.")
    if not low <= value <= high:  # type: ignore[operator]
        raise InputError(f"{name} must lie in {low:g} to {high:g}, and {_short(value)} does not.")
    return float(value)  # type: ignore[arg-type]


def one_of(value: Sent, name: str, known: Sequence[str]) -> str:
    """Return a word that is known.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(value, str) or value not in known:
        raise InputError(f"{name} must be one of: {', '.join(known)}. It was {_short(value)}.")
    return value


def some_of(value: Sent, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return words that are all known.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(value, list | tuple) or len(value) > len(known):
        raise InputError(f"{name} must be a list of: {', '.join(known)}. It was {_short(value)}.")
    return tuple(one_of(word, f"Each of {name}", known) for word in value)


def _short(value: Sent) -> str:
    if value is None:
        return "empty"
    if isinstance(value, list | tuple | dict):
        return f"a {type(value).__name__}"
    text = str(value)
    return text if len(text) <= 20 else f"{text[:20]}..."
