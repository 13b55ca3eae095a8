"""Values as the messages of the checks show them: short."""

from typing import Any

import numpy as np

from axialkit.course.kinds import is_tensor

_SHOWN_NUMBERS = 20  # of an array
_PICTURE_CELLS = 200  # larger masks are described, not drawn


def shown(value: Any) -> str:  # noqa: ANN401  (whatever the learner returns)
    """Show a value in its usual form; what is long, shortened."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, type):
        return value.__name__
    if is_tensor(value):
        if value.ndim == 0:
            return f"a tensor that holds {value.item():.6g}"
        return f"a tensor {list(value.shape)}"
    if hasattr(value, "state_dict"):
        return f"a layer {type(value).__name__}"
    if isinstance(value, tuple | list) and any(map(is_tensor, value)):
        return f"({', '.join(map(shown, value))})"
    text = repr(value)
    return text if len(text) <= 200 else _long(value, text)


def _array(value: np.ndarray) -> str:
    """Show a small mask as a picture, a few numbers as they are; of others, the shape."""
    if value.dtype != bool or value.ndim != 2:
        return repr(value) if value.size <= _SHOWN_NUMBERS else f"an array {list(value.shape)}"
    if value.size > _PICTURE_CELLS:
        return f"a mask of {value.shape[0]} x {value.shape[1]} with {value.sum()} cells set"
    rows = ("".join("■" if cell else "·" for cell in row) for row in value)
    return "\n    " + "\n    ".join(rows) + "\n  "


def _long(value: Any, text: str) -> str:  # noqa: ANN401
    """Of named tuples, show their kind or the first of them; of others, the beginning."""
    if hasattr(value, "_fields"):
        return f"a {type(value).__name__}"
    if isinstance(value, tuple | list) and all(hasattr(item, "_fields") for item in value):
        return f"({shown(value[0])}, and {len(value) - 1} more)"
    return f"{text[:200]}…"
