"""Printed text in lines that a window of a notebook shows whole: broken between words only."""

import textwrap

TIE = "\u00a0"  # a space at which no line is broken; printed as any other
WIDTH = 90  # characters: more do not fit beside the list of files


def wrapped(text: str) -> str:
    """Break the lines of a text that are too long, between words; what follows is set in.

    A line keeps its beginning as it is. A word that is too long stays whole.
    """
    return "\n".join(_wrapped(line) for line in text.splitlines()).replace(TIE, " ")


def _wrapped(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    margin = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line, WIDTH, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )
