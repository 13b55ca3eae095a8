"""Checks that say which mistake was made, and solutions where the learner has none yet."""

import copy
import sys
from typing import Any, NamedTuple

import numpy as np

from axialkit.course.explain import explain
from axialkit.course.lesson import Exercise, Function, Mutant
from axialkit.course.lessons import get_exercise
from axialkit.course.session import current

_PICTURE_CELLS = 200  # larger arrays are described, not drawn


class Todo(NotImplementedError):
    """Raised by an exercise that the learner has not written yet."""


class Verdict(NamedTuple):
    """What a check found."""

    passed: bool
    is_todo: bool
    claims: tuple[str, ...]  # the properties that hold
    problem: str  # what does not, in the learner's words; empty if passed
    mutant: Mutant | None  # the typical mistake that gives exactly these results


class _Outcome(NamedTuple):
    result: Any  # or the type of the exception
    arguments: tuple[Any, ...]  # as they stand after the call


def judge(exercise: Exercise, function: Function) -> Verdict:
    """Try every property, then compare with the solution; name the mistake if it is a known one."""
    claims: list[str] = []
    try:
        problem = _wrong_kind(exercise, function)
    except Todo:
        return Verdict(False, True, (), "", None)
    if problem:
        return Verdict(False, False, (), problem, _name(exercise, function))
    for prop in exercise.properties:
        try:
            prop.test(function)
        except Todo:
            return Verdict(False, True, tuple(claims), "", None)
        except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
            problem = f"{prop.claim}: {_describe(error, function)}"
            return Verdict(False, False, tuple(claims), problem, _name(exercise, function))
        claims.append(prop.claim)
    problem = _first_difference(exercise, function)
    if problem:
        return Verdict(False, False, tuple(claims), problem, _name(exercise, function))
    return Verdict(True, False, tuple(claims), "", None)


def check(key: str, function: Function) -> None:
    """Check the learner's function for an exercise, print what was found, and record it.

    Where the exercises are filled from the solutions, the check itself is checked: the solution
    has to pass, and every typical mistake has to fail and be named.
    """
    exercise, session = get_exercise(key), current()
    if session.checks == "solutions":
        _check_the_check(exercise)
        return
    verdict = judge(exercise, function)
    if verdict.passed:
        session.progress.put(session.lesson.key, "checks", key, "passed")
    print(report(exercise, verdict))


def use(key: str, function: Function) -> Function:
    """Return the learner's function if it passes its check, else the package's own version."""
    exercise = get_exercise(key)
    if current().checks == "learner":
        if judge(exercise, function).passed:
            return function
        print(f"{key}: the cells below use the kit's own {exercise.name} until yours passes.")
    return exercise.solution


def report(exercise: Exercise, verdict: Verdict) -> str:
    """Put a verdict into words."""
    if verdict.is_todo:
        return f'… {exercise.name}: not written yet. A hint: nb.hint("{exercise.key}")'
    lines = [f"✓ {claim}" for claim in verdict.claims]
    if verdict.passed:
        return "\n".join([*lines, f"★ {exercise.key} solved: {exercise.name} is right."])
    lines.append(f"✗ {verdict.problem}")
    if verdict.mutant is not None:
        lines.append(f"  Recognised ({verdict.mutant.name}): {verdict.mutant.says}")
    lines.append(f'  A hint: nb.hint("{exercise.key}")')
    return "\n".join(lines)


def _check_the_check(exercise: Exercise) -> None:
    if not judge(exercise, exercise.solution).passed:
        raise AssertionError(f"{exercise.key}: the solution fails its own check")
    for mutant in exercise.mutants:
        if judge(exercise, mutant.function).mutant is not mutant:
            raise AssertionError(f"{exercise.key}: the mistake {mutant.name!r} is not named")
    print(f"{exercise.key}: solution passes, {len(exercise.mutants)} typical mistakes named.")


def _name(exercise: Exercise, function: Function) -> Mutant | None:
    """Return the mutant that gives the same outcome on every probe."""
    observe = exercise.observe
    outcomes = [_run(observe(function), probe) for probe in exercise.probes]
    for mutant in exercise.mutants:
        expected = (_run(observe(mutant.function), probe) for probe in exercise.probes)
        if all(map(_same, outcomes, expected)):
            return mutant
    return None


def _wrong_kind(exercise: Exercise, function: Function) -> str:
    """Say so if a tensor is expected and something else comes, before any property is tried."""
    for probe in exercise.probes:
        expected = _run(exercise.solution, probe).result
        if not _is_tensor(expected):
            return ""
        if problem := _wrong_on(function, probe, expected):
            return f"{_call(exercise, probe)} {problem}"
    return ""


def _wrong_on(function: Function, probe: tuple[Any, ...], expected: Any) -> str:  # noqa: ANN401
    """Return what is wrong with the kind of one result, whatever its numbers."""
    arguments = copy.deepcopy(probe)
    try:
        got = function(*arguments)
    except Todo:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
        return explain(error, function)
    if not all(map(_equal, arguments, probe)):
        return "changes what it was given. Make new tensors: q = q / 2 does, q /= 2 does not."
    wanted = f"a tensor of {expected.dtype} on {expected.device}"
    if got is None:
        return "returns nothing: is there a return?"
    if not _is_tensor(got):
        return f"returns {_kind(got)}, expected {wanted}"
    if got.dtype != expected.dtype or got.device != expected.device:
        return f"returns a tensor of {got.dtype} on {got.device}, expected {wanted}"
    return ""


def _first_difference(exercise: Exercise, function: Function) -> str:
    for probe in exercise.probes:
        got, expected = (
            _run(exercise.observe(each), probe) for each in (function, exercise.solution)
        )
        if not _same(got, expected):
            return (
                f"{_call(exercise, probe)} gives {_draw(got.result)}, "
                f"expected {_draw(expected.result)}{_where(got.result, expected.result)}"
            )
    return ""


def _where(got: Any, expected: Any) -> str:  # noqa: ANN401  (whatever the learner returns)
    """Name the first place where two tensors of one shape differ."""
    if not (_is_tensor(got) and _is_tensor(expected)) or got.shape != expected.shape:
        return ""
    places = (~got.isclose(expected, rtol=1e-4, atol=1e-5)).nonzero()
    if len(places) == 0:
        return ""
    first = tuple(places[0].tolist())
    return (
        f"; {len(places)} of {got.numel()} numbers differ, the first at {list(first)}: "
        f"{float(got[first]):.4g}, expected {float(expected[first]):.4g}"
    )


def _call(exercise: Exercise, probe: tuple[Any, ...]) -> str:
    return f"{exercise.name}({', '.join(_draw(argument) for argument in probe)})"


def _run(function: Function, probe: tuple[Any, ...]) -> _Outcome:
    arguments = copy.deepcopy(probe)
    try:
        result = function(*arguments)
    except Exception as error:  # noqa: BLE001  (raising is an outcome like any other)
        result = type(error)
    return _Outcome(result, arguments)


def _same(a: _Outcome, b: _Outcome) -> bool:
    pairs = [(a.result, b.result), *zip(a.arguments, b.arguments, strict=True)]
    return all(_equal(left, right) for left, right in pairs)


def _equal(a: object, b: object) -> bool:
    """Lists equal tuples and numpy numbers equal Python's; shapes must agree.

    Fractions may differ by rounding: whether a sum runs forwards or backwards is no mistake.
    """
    if a is None or b is None or isinstance(a, type) or isinstance(b, type):
        return a is b
    if _is_tensor(a) or _is_tensor(b):
        return _same_tensors(a, b)
    try:
        left, right = np.asarray(a), np.asarray(b)
        if "f" in left.dtype.kind + right.dtype.kind and left.shape == right.shape:
            return np.allclose(left, right, rtol=1e-9, atol=1e-12, equal_nan=True)
        return np.array_equal(left, right)
    except (TypeError, ValueError):  # ragged, or not comparable
        return False


def _is_tensor(value: object) -> bool:
    torch = sys.modules.get("torch")  # without it, nobody has a tensor
    return torch is not None and isinstance(value, torch.Tensor)


def _same_tensors(a: Any, b: Any) -> bool:  # noqa: ANN401  (whatever the learner returns)
    """Shape and type must agree, the numbers up to rounding."""
    if not (_is_tensor(a) and _is_tensor(b)) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    return a.allclose(b, rtol=1e-4, atol=1e-5, equal_nan=True)


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return "a NumPy array"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _draw(value: object) -> str:
    """Show a small mask as a picture, anything else in its usual form, shortened."""
    if isinstance(value, np.ndarray) and value.dtype == bool and value.ndim == 2:
        if value.size > _PICTURE_CELLS:
            return f"a mask of {value.shape[0]} x {value.shape[1]} with {value.sum()} cells set"
        rows = ("".join("■" if cell else "·" for cell in row) for row in value)
        return "\n    " + "\n    ".join(rows) + "\n  "
    if isinstance(value, type):
        return value.__name__
    if _is_tensor(value):
        return f"a tensor {list(value.shape)}"  # type: ignore[attr-defined]
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _describe(error: Exception, function: Function) -> str:
    if isinstance(error, AssertionError):
        return str(error) or "does not hold"
    return f"{getattr(function, '__name__', 'it')} {explain(error, function)}"
