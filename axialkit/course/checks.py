"""Checks that say which mistake was made, and solutions where the learner has none yet."""

import copy
from functools import update_wrapper
from typing import Any, NamedTuple

import numpy as np

from axialkit.course.explain import explain
from axialkit.course.kinds import is_tensor, kind, kind_problem, parts
from axialkit.course.lesson import Exercise, Function, Mutant
from axialkit.course.lessons import Key, get_exercise, lesson_of
from axialkit.course.session import current
from axialkit.course.shown import shown
from axialkit.course.wrapping import wrapped

_CHANGED = (
    "changes what it was given. Work on a copy (x.clone() of a tensor, x.copy() of an array), or "
    "make new ones: x = x / 2 does, x /= 2 does not."
)


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


def judge(exercise: Exercise, function: Any) -> Verdict:  # noqa: ANN401  (what learners give)
    """Try every property, then compare with the solution; name the mistake if it is a known one."""
    claims: list[str] = []
    if not callable(function):
        given = f"{kind(function)}, {shown(function)}"
        problem = f"this is {given}, not a function. Hand over {exercise.name}, without brackets"
        return Verdict(False, False, (), f"{problem} behind it.", None)
    function = exercise.called(function)
    try:
        problem = _wrong_kind(exercise, function)
    except Todo:
        return Verdict(False, True, (), "", None)
    if problem:
        return Verdict(False, False, (), problem, _name(exercise, function))
    for prop in exercise.properties:
        try:
            prop.test(_guarded(function))
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


def check(key: Key, function: Any) -> None:  # noqa: ANN401
    """Check the learner's function for an exercise, print what was found, and record it.

    Where the exercises are filled from the solutions, the check itself is checked: the solution
    has to pass, and every typical mistake has to fail and be named.
    """
    exercise, session = get_exercise(key), current()
    key = exercise.key
    if session.checks == "solutions":
        _check_the_check(exercise)
        return
    if function is exercise.solution:  # left by use(), when this cell is run once more
        print(f"… {exercise.name} is the kit's own now. Run the cell with yours, then this one.")
        return
    verdict = judge(exercise, function)
    if verdict.passed:
        session.progress.put(lesson_of(key), "checks", key, "passed")
    print(wrapped(report(exercise, verdict)))


def use(key: Key, function: Any) -> Function:  # noqa: ANN401
    """Return the learner's function if it passes its check, else the package's own version."""
    exercise = get_exercise(key)
    if current().checks == "learner":
        if judge(exercise, function).passed:
            return function
        print(
            f"{exercise.key}: the cells below use the kit's own {exercise.name} until yours passes."
        )
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
        wrong = observe(exercise.called(mutant.function))
        expected = (_run(wrong, probe) for probe in exercise.probes)
        if all(map(_same, outcomes, expected)):
            return mutant
    return None


def _guarded(function: Function) -> Function:
    """Hand over copies: an answer that changes them must not spoil what the check holds."""

    def call(*arguments: Any) -> Any:  # noqa: ANN401  (whatever the exercise takes)
        handed = tuple(map(_copy, arguments))
        result = function(*handed)
        if not all(map(_unchanged, handed, arguments)):
            raise AssertionError(_CHANGED)
        return result

    return update_wrapper(call, function, updated=())  # its lines are shown where it stops


def _copy(value: Any) -> Any:  # noqa: ANN401
    """Copy what can be copied; tensors on the way to a derivative must stay as they are."""
    if is_tensor(value) and value.requires_grad:
        return value
    try:
        return copy.deepcopy(value)
    except RuntimeError:
        return value


def _unchanged(after: Any, before: Any) -> bool:  # noqa: ANN401
    try:
        return after is before or _equal(after, before)
    except RuntimeError:  # within a transform of torch nothing can be compared
        return True


def _wrong_kind(exercise: Exercise, function: Function) -> str:
    """Say so if something of another kind comes, before any property is tried."""
    seen, solution = exercise.observe(function), _solution(exercise)
    right = [_run(solution, probe).result for probe in exercise.probes]
    takes_none = any(result is None for result in right)
    for probe, expected in zip(exercise.probes, right, strict=True):
        if problem := _wrong_on(seen, probe, expected, takes_none=takes_none):
            return f"{_call(exercise, probe)} {problem}"
    return ""


def _wrong_on(
    function: Function,
    probe: tuple[Any, ...],
    expected: Any,  # noqa: ANN401
    *,
    takes_none: bool,
) -> str:
    """Return what is wrong with the kind of one result, whatever its numbers."""
    arguments = copy.deepcopy(probe)
    try:
        got = function(*arguments)
    except Todo:
        raise
    except Exception as error:  # noqa: BLE001  (whatever the learner's code raises)
        return explain(error, function)
    if not all(map(_equal, arguments, probe)):
        return _CHANGED
    if got is None and takes_none:
        return ""  # None is an answer here: the properties say where it is a wrong one
    if got is None and expected is not None:
        return "returns nothing: is there a return? (print shows a value, return hands it over.)"
    return kind_problem(got, expected)


def _first_difference(exercise: Exercise, function: Function) -> str:
    for probe in exercise.probes:
        got = _run(exercise.observe(function), probe)
        expected = _run(_solution(exercise), probe)
        if not _same(got, expected):
            return (
                f"{_call(exercise, probe)} gives {shown(got.result)}, "
                f"expected {shown(expected.result)}{_where(got.result, expected.result)}"
            )
    return ""


def _where(got: Any, expected: Any) -> str:  # noqa: ANN401  (whatever the learner returns)
    """Name the first place where two tensors of one shape differ."""
    if not (is_tensor(got) and is_tensor(expected)) or got.shape != expected.shape:
        return ""
    places = _differing(got, expected).nonzero()
    if len(places) == 0:
        return ""
    first = tuple(places[0].tolist())
    return (
        f"; {len(places)} of {got.numel()} numbers differ, the first at {list(first)}: "
        f"{float(got[first]):.7g}, expected {float(expected[first]):.7g}"
    )


def _solution(exercise: Exercise) -> Function:
    """Return what the probes call of the package's own answer."""
    return exercise.observe(exercise.called(exercise.solution))


def _call(exercise: Exercise, probe: tuple[Any, ...]) -> str:
    return f"{exercise.name}({', '.join(shown(argument) for argument in probe)})"


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


def _equal(a: Any, b: Any) -> bool:  # noqa: ANN401  (whatever the learner returns)
    """Lists equal tuples and numpy numbers equal Python's; shapes must agree."""
    a, b = parts(a), parts(b)
    if a is None or b is None or isinstance(a, type) or isinstance(b, type):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_equal(a[name], b[name]) for name in a)
    if is_tensor(a) or is_tensor(b):
        return _same_tensors(a, b)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    try:
        return _same_arrays(np.asarray(a), np.asarray(b))
    except (TypeError, ValueError):  # ragged, or not comparable
        return False


def _same_arrays(a: np.ndarray, b: np.ndarray) -> bool:
    """Whole numbers and masks must be equal, fractions up to rounding."""
    if a.shape == b.shape and "f" in (a.dtype.kind, b.dtype.kind):
        return np.allclose(a, b, rtol=1e-9, atol=1e-12, equal_nan=True)
    return np.array_equal(a, b)


def _same_tensors(a: Any, b: Any) -> bool:  # noqa: ANN401  (whatever the learner returns)
    """Shape and type must agree; whole numbers exactly, others up to rounding."""
    if not (is_tensor(a) and is_tensor(b)) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    return not _differing(a, b).any()


def _differing(a: Any, b: Any) -> Any:  # noqa: ANN401  (tensors of one shape and type)
    if not a.is_floating_point():
        return a != b
    # doubles less strictly than they could be: places and weights may come from float32
    rtol, atol = (1e-5, 1e-6) if a.element_size() == 8 else (1e-4, 1e-5)
    return ~a.isclose(b, rtol=rtol, atol=atol, equal_nan=True)


def _describe(error: Exception, function: Function) -> str:
    if isinstance(error, AssertionError):
        return str(error) or "does not hold"
    return f"{getattr(function, '__name__', 'it')} {explain(error, function)}"
