"""Exceptions in a learner's function, as sentences: what stopped, at which line, and what it means.

The message of Python stays in the sentence, so that learners come to know it.
"""

import inspect
import linecache
import re
import traceback
from collections.abc import Callable

_MEANINGS: tuple[tuple[str, str], ...] = (
    (
        r"NameError: name '(\w+)' is not defined",
        "Python does not know {0} here. Is it spelled so, and has the cell that defines or imports "
        "it been run?",
    ),
    (
        r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\) .* dimension (\d+)",
        "Two tensors meet whose axis {2} is {0} long in one and {1} in the other. Print both "
        "shapes just before this line.",
    ),
    (
        r"mat1 and mat2 shapes cannot be multiplied|Expected size for first two dimensions",
        "A product needs the last axis of the left one to be as long as the last but one of the "
        "right one. Is one of them still to be transposed?",
    ),
    (
        r"shape '?(\[[\d, -]+\])'? is invalid for input of size (\d+)",
        "{1} numbers do not fill the shape {0}. Count: the lengths must multiply to {1}.",
    ),
    (
        r"EinopsError.*Axis (\w+) is not used",
        "{0} is given a length, but the pattern has no such letter: names must agree.",
    ),
    (
        r"EinopsError.*Could not infer sizes for \{?([^}}]*)\}?",
        "Of {0}, whose letters share one axis, one length has to be told: rearrange(..., b=2).",
    ),
    (
        r"EinopsError.*(?:Unknown axis|Unknown character|mbalanced|nmatched|rackets)",
        'A pattern has letters with spaces between them, and round brackets: "b h w -> (b h) w".',
    ),
    (
        r"EinopsError.*(?:dentifiers only|only on one side|lacks|not found)",
        "Both sides of the arrow must have the same letters; to drop one, reduce or einsum.",
    ),
    (
        r"Tensor type unknown to einops",
        "The tensor comes first, then the pattern (in einsum the pattern is last).",
    ),
    (
        r"not enough values to unpack \(expected 2, got 1\)",
        "Is there an arrow, ->, in the pattern?",
    ),
    (
        r"desired ordering of dimensions|axes don't match array",
        "To permute axes, name each of them once: as many numbers as there are axes. Print the "
        "shape of what comes here.",
    ),
    (
        r"arg is an empty sequence|argument is empty",
        "There was nothing to choose from. Does a condition leave too little: < instead of <=?",
    ),
    (
        r"is not a Module subclass",
        "nn.Sequential and nn.ModuleList hold layers of torch only. A plain list holds anything.",
    ),
    (
        r"EinopsError",
        "The pattern and the tensor do not fit: count the letters left of the arrow, and the axes.",
    ),
    (
        r"'NoneType' object",
        "Something is None there: the result of a function without return, perhaps.",
    ),
    (
        r"invalid index to scalar|too many indices|invalid index of a 0-dim",
        "There are more indices than axes; a single number has none.",
    ),
    (
        r"IndexError|index .*out of (?:range|bounds)",
        "An index goes beyond the end: of n entries the last has the number n - 1.",
    ),
    (
        r"expected (?:m1 and m2|scalar type|both)|same dtype",
        "Numbers of different types meet. Make them alike: x.to(y.dtype).",
    ),
    (r"RecursionError", "The function calls itself, without an end."),
    (
        r"UnboundLocalError",
        "The name gets its value further down, or only in one branch of an if.",
    ),
    (
        r"can't convert .* to numpy|Can't call numpy\(\) on Tensor that requires grad",
        "Stay with torch's own functions: the result has to remain a tensor.",
    ),
)


def explain(error: Exception, function: Callable[..., object]) -> str:
    """Return what stopped ``function``, where in its source, and what that usually means."""
    message = f"{type(error).__name__}: {_short(str(error))}".rstrip(": ")
    line = _line(error, function)
    where = f" at `{line}`" if line else ""
    name = getattr(function, "__name__", "")
    meaning = _arguments(str(error), name) or _meaning(f"{type(error).__name__}: {error}")
    return f"stops{where} with {message}{'.' if message[-1] not in '.?!' else ''}{meaning}"


def _short(message: str) -> str:
    """Return the first line and, of einops' long messages, the last, which says it."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    if len(lines) > 1 and lines[0].startswith("Error while processing"):
        return lines[-1]
    return lines[0] if lines else ""


def _line(error: Exception, function: Callable[..., object]) -> str:
    """Return the last line of the learner's own source that was running."""
    own = getattr(getattr(inspect.unwrap(function), "__code__", None), "co_filename", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == own]
    if not frames or frames[-1].lineno is None:
        return ""
    return linecache.getline(frames[-1].filename, frames[-1].lineno).strip()


def _arguments(message: str, name: str) -> str:
    """Explain a wrong number of arguments: of the learner's function, or of one that it calls."""
    found = re.search(r"(?:(\w+)\(\))? ?(?:takes|missing) .*argument", message)
    if found is None or "keyword" in message:
        return ""
    counts = re.search(r"takes (\d+) positional arguments? but (\d+)", message)
    if found[1] in (name, None) or found[1] == "<lambda>":
        said = f"It was called with {counts[2]} arguments and takes {counts[1]}. " if counts else ""
        return f" {said}Keep the arguments of the stub."
    return f" In this line, {found[1]} is called with too many or too few arguments."


def _meaning(message: str) -> str:
    for pattern, sentence in _MEANINGS:
        if found := re.search(pattern, message, re.DOTALL):
            return f" {sentence.format(*found.groups())}"
    return ""
