"""The cell magic %%torchrun: a cell becomes a file, and several processes run it.

    %%torchrun -n 2 --with mean step
    import os
    result = os.environ["RANK"]

Functions of the notebook named after ``--with`` are there, too, with all that they use. In the next
cell ``results()`` is the list of what each process left in ``result``. The stop button ends all.
"""

import argparse
import ast
import builtins
import functools
import inspect
import shlex
import symtable
import sys
import textwrap
from types import FunctionType, ModuleType
from typing import Any

from IPython import get_ipython
from IPython.core.error import UsageError

from axialkit.course.pastable import plain_source
from axialkit.course.wrapping import wrapped
from axialkit.errors import InputError, suggest
from axialkit.training.launch_script import launch_script

_last: list[Any] = []  # what the processes of the last run left
_COPIED = ("__main__", "axialkit.course")  # functions of these are handed over as source


class CellFailed(InputError):
    """One of the processes failed: the notebook shows the sentence, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"✗ {self}"]


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:  # noqa: ANN401  (never returns)
        raise UsageError(f"%%torchrun: {message}")


def register() -> None:
    """Let the running notebook know the magic; do nothing outside of one."""
    shell = get_ipython()
    if shell is not None:
        shell.register_magic_function(torchrun, "cell", "torchrun")


def torchrun(line: str, cell: str) -> None:
    """Run a cell in several processes: ``%%torchrun -n 2 [--with F ...] [--may-fail]``.

    ``--may-fail`` prints the sentence of a failure and goes on.

    Raises:
        CellFailed: a process fails, and may not.
        UsageError: the line after the magic's name is wrong.
    """
    given = _options(line)
    names = get_ipython().user_ns
    code = "\n" + cell  # the magic's own line is line 1, here as there
    try:
        handed = handed_code(given.handed, names)
        show = functools.partial(print, flush=True)
        results = launch_script(code, given.processes, handed=handed, show=show)
    except InputError as error:
        if not given.may_fail:
            raise CellFailed(str(error)) from None
        print(wrapped(f"✗ {error}"))
        return
    _last[:] = results


def results() -> list[Any]:
    """Return what each process of the last ``%%torchrun`` left in ``result``.

    Raises:
        InputError: there is nothing.
    """
    if not _last or _last[0] is None:
        raise InputError(
            "The last %%torchrun has left no results. Run its cell first; its code has to set "
            "`result`."
        )
    return list(_last)


def _options(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%%torchrun", add_help=False)
    parser.add_argument("-n", dest="processes", type=int, default=2)
    parser.add_argument("--with", dest="handed", nargs="*", default=[])
    parser.add_argument("--may-fail", action="store_true")
    return parser.parse_args(shlex.split(line))


def handed_code(names: list[str], namespace: dict[str, Any]) -> str:
    """Return source that defines functions of a notebook and everything that they use.

    Raises:
        InputError: there is no such name, or something that cannot be written down.
    """
    imports: list[str] = []
    blocks: dict[str, str] = {}
    for name in names:
        if name not in namespace:
            raise InputError(
                f"%%torchrun --with {name}: there is no {name} in the notebook."
                f"{suggest(name, list(namespace))} Has its cell been run?"
            )
        _collect(name, namespace[name], imports, blocks)
    return "\n\n".join(["\n".join(dict.fromkeys(imports)), *blocks.values()]) + "\n"


def _collect(
    name: str,
    value: Any,  # noqa: ANN401
    imports: list[str],
    blocks: dict[str, str],
) -> None:
    """Add a value and what it needs."""
    if name in blocks:
        return
    if isinstance(value, FunctionType) and value.__module__.startswith(_COPIED):
        blocks[name] = ""  # known from here on: functions may call themselves
        is_lambda = value.__name__ == "<lambda>"
        code = _lambda(name, value) if is_lambda else plain_source(inspect.unwrap(value))
        for each in sorted(_used(code) & value.__globals__.keys()):
            _collect(each, value.__globals__[each], imports, blocks)
        same = is_lambda or value.__name__ == name
        blocks[name] = code if same else f"{code}\n\n{name} = {value.__name__}"
    elif isinstance(value, ModuleType):
        imports.append(f"import {value.__name__} as {name}")
    elif callable(value) and (home := _home(value)):
        imports.append(f"from {home} import {value.__name__} as {name}")
    elif isinstance(value, int | float | str | tuple):
        blocks[name] = f"{name} = {value!r}"
    else:
        raise InputError(
            f"%%torchrun --with: {name} is a {type(value).__name__}, which cannot be handed to "
            "other processes. Hand over functions that make what they need."
        )


def _home(value: Any) -> str:  # noqa: ANN401
    """Return the shortest name of a module from which a function or class can be imported."""
    name = getattr(value, "__name__", "")
    homes = [
        module
        for module, content in list(sys.modules.items())
        if getattr(content, "__dict__", {}).get(name) is value and not module.startswith("_")
    ]
    return min(homes, key=len, default="")


def _used(code: str) -> set[str]:
    """Return the names that source reads from around it, but for those that Python knows itself."""
    names: set[str] = set()
    tables = [symtable.symtable(code, "cell", "exec")]
    for table in tables:  # it grows
        tables.extend(table.get_children())
        outermost = table.get_type() == "module"
        for symbol in table.get_symbols():
            if not symbol.is_assigned() if outermost else symbol.is_global():
                names.add(symbol.get_name())
    return names - set(dir(builtins))


def _lambda(name: str, function: FunctionType) -> str:
    """Return source that defines a lambda under a name."""
    try:
        nodes = list(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))))
    except SyntaxError:  # it stands within brackets that begin in another line
        nodes = []
    found = [node for node in nodes if isinstance(node, ast.Lambda)]
    if len(found) != 1:
        raise InputError(
            f"%%torchrun --with: {name} is a lambda that cannot be cut out of the code around it. "
            "Write it with def."
        )
    return f"{name} = {ast.unparse(found[0])}"
