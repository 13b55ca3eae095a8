"""What a comparison on the page consists of."""

from typing import NamedTuple

from axialkit.visualize.colors import Picture

Row = tuple[str, str, str]  # what, the network's way, the other way


class Comparison(NamedTuple):
    """Two ways of computing side by side; pictures are None where there is nothing to see."""

    headers: Row
    rows: list[Row]
    words: str
    maps: Picture | None = None
    before: Picture | None = None
    after: Picture | None = None
