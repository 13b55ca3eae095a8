"""Do the links of a static site lead anywhere, and does it fetch anything from elsewhere?"""

from collections.abc import Iterable
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_FETCHED = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}
_NOT_FETCHED = {"next", "prev", "index", "search", "author", "canonical", "up", "top"}  # of <link>


class Page(NamedTuple):
    """What matters of one page for its links."""

    anchors: frozenset[str]
    links: tuple[str, ...]  # what a reader can follow
    fetched: tuple[str, ...]  # what a browser loads by itself


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value}
        self.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if _FETCHED.get(tag) in given and given.get("rel") not in _NOT_FETCHED:
            self.fetched.append(given[_FETCHED[tag]])


def faults(site: Path) -> list[str]:
    """Name every link of the pages in a folder that leads nowhere, and every foreign resource.

    Links to other hosts are not followed.
    """
    return [fault for page in sorted(site.rglob("*.html")) for fault in _faults_of(page, site)]


def _faults_of(page: Path, site: Path) -> Iterable[str]:
    name = page.relative_to(site)
    content = read_page(page)
    for link in dict.fromkeys([*content.links, *content.fetched]):
        if not _is_foreign(link) and not _is_there(page, link):
            yield f"{name}: {link} leads nowhere"
    for link in content.fetched:
        if _is_foreign(link) and not link.startswith("data:"):
            yield f"{name}: {link} would be fetched from another host"


@cache
def read_page(page: Path) -> Page:
    """Return the anchors and links of a page."""
    reader = _Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    return Page(frozenset(reader.anchors), tuple(reader.links), tuple(reader.fetched))


def _is_foreign(link: str) -> bool:
    parts = urlsplit(link)
    return bool(parts.scheme or parts.netloc)


def _is_there(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page.resolve()
    if target.is_dir():
        target /= "index.html"
    if not target.is_file():
        return False
    anchor = unquote(parts.fragment)
    if not anchor or target.suffix != ".html" or anchor == "top":
        return True
    return anchor in read_page(target).anchors
