"""Links into a state of the page: which street, which pixel, how looked at.

    ?street=15&y=60&x=120&layer=3&column=0&row=2&order=hw&terms=cqk&tab=attention

A link holds no picture: it leads to drawn streets only.
"""

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple
from urllib.parse import urlencode

from axialkit.attention.replay import LogitTerms
from axialkit.demo.streets import EXAMPLES, LAST_STREET

TABS = ("panoptic", "attention", "compare", "metrics", "about")
ORDERS = ("hw", "wh")
# the terms of the logits that count, a letter each: content, query position, key position
TERMS = {
    "".join(letter for letter, on in zip("cqk", terms, strict=True) if on) or "-": LogitTerms(
        *terms
    )
    for terms in product((True, False), repeat=3)
}
_MOST = 10_000  # of a pixel's coordinate
_LONGEST = 12  # characters of a value that are read


class View(NamedTuple):
    """What a link leads to; y and x None: a pixel worth asking is chosen."""

    street: int = EXAMPLES[0]
    y: int | None = None
    x: int | None = None
    layer: int = 1
    column_head: int = 0
    row_head: int = 0
    order: str = "hw"
    terms: str = "cqk"  # of TERMS
    tab: str = TABS[0]


_NUMBERS = {
    # name in the link: (field, smallest, largest)
    "street": ("street", 0, LAST_STREET),
    "y": ("y", 0, _MOST),
    "x": ("x", 0, _MOST),
    "layer": ("layer", 1, 99),
    "column": ("column_head", 0, 99),
    "row": ("row_head", 0, 99),
}
_WORDS = {"order": ORDERS, "terms": tuple(TERMS), "tab": TABS}


def to_query(view: View) -> str:
    """Return the part of a link behind the address of the page: "?street=15&y=..."."""
    pairs = {name: getattr(view, field) for name, (field, _, _) in _NUMBERS.items()}
    pairs |= {name: getattr(view, name) for name in _WORDS}
    return "?" + urlencode({name: value for name, value in pairs.items() if value is not None})


def from_query(parameters: Mapping[str, str], start: View) -> tuple[View, list[str]]:
    """Return the state that a link leads to, and what in it was not understood.

    What is missing or not understood is as in ``start``. Names that mean nothing are ignored.
    """
    found: dict[str, int | str] = {}
    strange: list[str] = []
    for name, (field, low, high) in _NUMBERS.items():
        text = parameters.get(name)
        if text is None:
            continue
        if len(text) <= _LONGEST and text.isascii() and text.isdigit() and low <= int(text) <= high:
            found[field] = int(text)
        else:
            strange.append(name)
    for name, known in _WORDS.items():
        text = parameters.get(name)
        if text in known:
            found[name] = text
        elif text is not None:
            strange.append(name)
    return start._replace(**found), strange  # type: ignore[arg-type]
