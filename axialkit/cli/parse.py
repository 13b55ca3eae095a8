"""Reading flags into a dataclass with tyro, so that a rejected value is one plain sentence."""

import contextlib
import inspect
import io
import sys
from pathlib import Path
from typing import Annotated, TypeVar

import tyro

from axialkit.errors import InputError

T = TypeVar("T")

# What may be left out; without the empty hint tyro would print "(default: None)".
OptionalPath = Annotated[
    Path | None, tyro.conf.arg(metavar="PATH", constructor=Path, help_behavior_hint="")
]
OptionalFolder = Annotated[
    Path | None, tyro.conf.arg(metavar="DIR", constructor=Path, help_behavior_hint="")
]
OptionalCount = Annotated[
    int | None, tyro.conf.arg(metavar="N", constructor=int, help_behavior_hint="")
]


def parse(kind: type[T], argv: list[str], command: str, default: T | None = None) -> T:
    """Read ``argv`` into ``kind``, a dataclass whose docstring leads the text of ``--help``.

    Raises:
        InputError: a dataclass rejected a value; its own sentence, without tyro's frame.
        SystemExit: 0 after ``--help``, 2 after a wrong flag (tyro has printed which).
    """
    printed = io.StringIO()
    if {"-h", "--help"} & set(argv):
        print(inspect.getdoc(kind), end="\n\n")  # as it is: tyro would run its lines together
    try:
        with contextlib.redirect_stderr(printed):
            return tyro.cli(
                kind,
                args=argv,
                prog=f"axialkit {command}",
                description="",
                default=tyro.MISSING_NONPROP if default is None else default,
                config=(tyro.conf.FlagCreatePairsOff, tyro.conf.AvoidSubcommands),
            )
    except SystemExit as stop:
        rejected = _input_error(stop)
        if rejected is not None:
            raise rejected from None
        sys.stderr.write(printed.getvalue())
        raise


def parse_size(text: str, flag: str = "--size") -> tuple[int, int]:
    """Read ``"128x256"`` as (height, width).

    Raises:
        InputError: not two positive numbers with an x between.
    """
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise InputError(f'{flag} must be HEIGHTxWIDTH in pixels, like 128x256, got "{text}".')
    return int(parts[0]), int(parts[1])


def _input_error(stop: BaseException) -> InputError | None:
    cause: BaseException | None = stop
    while cause is not None and not isinstance(cause, InputError):
        cause = cause.__cause__ or cause.__context__
    return cause
