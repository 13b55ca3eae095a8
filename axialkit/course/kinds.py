"""What kind of thing an answer is, and whether it is the kind that was asked for."""

import numbers
import sys
from typing import Any

import numpy as np

from axialkit.course.web_page import page_facts


def is_tensor(value: object) -> bool:
    """Is it one of torch's tensors?"""
    torch = sys.modules.get("torch")  # without it, nobody has a tensor
    return torch is not None and isinstance(value, torch.Tensor)


def kind(value: object) -> str:
    """Name the kind of a value: "a list", "a NumPy array"."""
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    if isinstance(value, str):
        return "text"
    if isinstance(value, numbers.Number | np.generic):
        return "a number"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def parts(value: Any) -> Any:  # noqa: ANN401
    """Return what can be compared of a layer (its tensors) or a web page (what it answers)."""
    if hasattr(value, "state_dict") and not isinstance(value, type):
        return value.state_dict()
    is_page = hasattr(value, "get_config_file") and not isinstance(value, type)
    return page_facts(value) if is_page else value


def kind_problem(got: Any, expected: Any) -> str:  # noqa: ANN401  (whatever learners return)
    """Say what is wrong with the kind of an answer, whatever its numbers; empty if nothing is."""
    if is_tensor(expected):
        return _no_such_tensor(got, expected)
    if isinstance(expected, np.ndarray):
        return _no_such_array(got, expected)
    if isinstance(expected, numbers.Number | np.generic):
        return _no_number(got)
    if isinstance(expected, tuple | list) and expected and _all_whole(expected):
        return _no_whole_numbers(got)
    if isinstance(expected, list) and expected and all(isinstance(v, str) for v in expected):
        return _no_names(got)
    return ""


def _no_such_tensor(got: Any, expected: Any) -> str:  # noqa: ANN401
    wanted = f"a tensor of {expected.dtype} on {expected.device}"
    if isinstance(got, tuple | list) and any(map(is_tensor, got)):
        return f"returns {kind(got)}, expected {wanted}: torch.stack or torch.cat make one of many"
    if not is_tensor(got):
        return f"returns {kind(got)}, expected {wanted}"
    if got.dtype != expected.dtype or got.device != expected.device:
        remedy = ""
        if (str(got.dtype), str(expected.dtype)) == ("torch.float32", "torch.float64"):
            remedy = " (torch.zeros and others make float32; they take dtype=torch.float64)"
        return f"returns a tensor of {got.dtype} on {got.device}, expected {wanted}{remedy}"
    return ""


def _no_such_array(got: Any, expected: np.ndarray) -> str:  # noqa: ANN401
    wanted = f"a NumPy array of {expected.dtype}"
    if not isinstance(got, np.ndarray):
        return f"returns {kind(got)}, expected {wanted}"
    if got.dtype != expected.dtype:
        return f"returns an array of {got.dtype}, expected {wanted}"
    return ""


def _no_number(got: Any) -> str:  # noqa: ANN401
    if isinstance(got, numbers.Number | np.generic):
        return ""
    remedy = ": .item() makes a number of it" if getattr(got, "shape", None) == () else ""
    return f"returns {kind(got)}, {repr(got)[:100]}, expected a number{remedy}"


def _all_whole(values: Any) -> bool:  # noqa: ANN401
    return all(isinstance(v, numbers.Integral) and not isinstance(v, bool) for v in values)


def _no_whole_numbers(got: Any) -> str:  # noqa: ANN401
    if isinstance(got, str | numbers.Number) or not hasattr(got, "__len__"):
        return f"returns {kind(got)}, {repr(got)[:100]}, expected several whole numbers"
    values = got.tolist() if hasattr(got, "tolist") else list(got)
    if any(isinstance(v, float) for v in values):
        return f"returns {values}: these should be whole numbers"[:200]
    return ""


def _no_names(got: Any) -> str:  # noqa: ANN401  (whatever learners return)
    wanted = "expected a list of names"
    if not isinstance(got, tuple | list):
        return f"returns {kind(got)}, {repr(got)[:100]}, {wanted}"
    strangers = [value for value in got if not isinstance(value, str)]
    return f"returns a list that holds {kind(strangers[0])}, {wanted}" if strangers else ""
