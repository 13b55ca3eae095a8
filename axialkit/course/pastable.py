"""Solutions as they can be pasted into a notebook: plain functions, with the imports they need."""

import ast
import builtins
import inspect
import sys
import textwrap
from types import ModuleType
from typing import Any

from axialkit.course.lesson import Exercise, Function


def pastable(exercise: Exercise) -> str:
    """Return the source of an exercise's solution, under the name that the exercise gives it.

    Annotations are left out, as they name things that a notebook has not.
    """
    functions = [inspect.unwrap(function) for function in exercise.shown or (exercise.solution,)]
    code = "\n\n".join(map(plain_source, functions))
    blocks = ["\n".join(_imports(code, functions)), code]
    solution = inspect.unwrap(exercise.solution).__name__
    if solution != exercise.name:
        blocks.append(f"{exercise.name} = {solution}")
    return "\n\n".join(block for block in blocks if block) + "\n"


def plain_source(function: Function) -> str:
    """Return a function's source without annotations and comments."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


def _imports(code: str, functions: list[Function]) -> list[str]:
    """Return an import for each name that the code uses and does not define."""
    names = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)]
    defined = {name.id for name in names if isinstance(name.ctx, ast.Store)}
    defined |= {function.__name__ for function in functions}
    used = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    missing = used - defined - set(dir(builtins))
    return sorted(
        {
            _import_of(name, function)
            for function in functions
            for name in missing & function.__globals__.keys()
        }
    )


def _import_of(name: str, function: Function) -> str:
    """Return the shortest line that brings a global of a function's module."""
    value: Any = function.__globals__[name]
    if isinstance(value, ModuleType):
        package, _, last = value.__name__.rpartition(".")
        if package and last == name:
            return f"from {package} import {name}"
        return f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else "")
    home = getattr(value, "__module__", None) or function.__module__
    for module in (home.split(".")[0], home):
        if getattr(sys.modules.get(module), name, None) is value:
            return f"from {module} import {name}"
    return f"from {function.__module__} import {name}"
