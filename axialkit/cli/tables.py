"""Tables as plain text: columns where they fit, one block per row where the terminal is narrow."""

import os
import re
import shutil
import sys
from collections.abc import Sequence

GAP = "  "


def table(header: Sequence[str], rows: Sequence[Sequence[object]], width: int | None = None) -> str:
    """Lay out rows under a header; numbers (also such as "1,024") to the right, None as a dash.

    ``width`` is the room in characters; by default that of the terminal, endless in a pipe.
    """
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(header, *cells, strict=True)]
    room = _room() if width is None else width
    if sum(widths) + len(GAP) * (len(widths) - 1) > room:
        return "\n\n".join(_block(header, row) for row in cells)
    numeric = [all(_is_number(row[i]) for row in rows) for i in range(len(header))]
    lines = [_line(header, widths, numeric), GAP.join("-" * width for width in widths)]
    return "\n".join(lines + [_line(row, widths, numeric) for row in cells])


def _room() -> int:
    # COLUMNS speaks for a pipe too; without it a file or a pager gets the full table
    if sys.stdout.isatty() or os.environ.get("COLUMNS"):
        return shutil.get_terminal_size().columns
    return 10_000


def _block(header: Sequence[str], row: Sequence[str]) -> str:
    indent = max(len(name) for name in header)
    return "\n".join(f"{name:<{indent}}  {cell}" for name, cell in zip(header, row, strict=True))


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    placed = [
        f"{cell:>{width}}" if right else f"{cell:<{width}}"
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    ]
    return GAP.join(placed).rstrip()


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"[0-9][0-9,.]*", value) is not None
    return value is None or isinstance(value, int | float)
