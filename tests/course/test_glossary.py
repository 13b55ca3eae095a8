"""The words of the course: each once, each with code that exists, and the page up to date."""

from importlib import import_module
from pathlib import Path

import pytest

from axialkit.course.glossary import Entry, entries, glossary, page, words
from axialkit.course.session import Session
from axialkit.errors import InputError

PAGE = Path(__file__).resolve().parents[2] / "notebooks" / "glossary.md"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    bundles: list[dict] = []
    module = import_module("axialkit.course.glossary")  # the package exports its function
    monkeypatch.setattr(module, "display", lambda bundle, raw: bundles.append(bundle))
    return bundles


def test_no_word_is_introduced_twice() -> None:
    names = [entry.word.name.lower() for entry in entries()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.word.name)
def test_every_word_is_explained_and_its_code_exists(entry: Entry) -> None:
    word = entry.word
    assert word.meaning[0].isupper() or word.meaning[0].isdigit()
    assert word.meaning.endswith(".")
    assert "$" not in word.symbol and "|" not in word.meaning + word.symbol
    if word.code:
        assert find(word.code) is not None


def find(path: str) -> object:
    """Import a dotted path: a module, something in it, or an attribute of that."""
    parts = path.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return found
    raise AssertionError(path)


def test_the_page_is_up_to_date() -> None:
    """Otherwise: make badges."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_words_of_the_running_lesson(learner: Session, shown: list[dict]) -> None:
    words()
    (bundle,) = shown
    assert "| **corner** | Where a message stands between two hops." in bundle["text/markdown"]
    assert "`reach.corner` | 01 |" in bundle["text/markdown"]
    assert "**temperature**" not in bundle["text/markdown"]
    assert "corner: Where a message stands" in bundle["text/plain"]


def test_a_word_is_found_by_a_part_of_it(learner: Session, shown: list[dict]) -> None:
    glossary("Temperature ")
    glossary("stuff")
    glossary()
    assert shown[0]["text/plain"].startswith("temperature: What scores are divided by")
    assert shown[1]["text/plain"].startswith("stuff and things: ")
    names = [line.split(":")[0].lower() for line in shown[2]["text/plain"].splitlines()]
    assert names == sorted(names) and len(names) == len(entries())


def test_an_unknown_word_is_refused(learner: Session) -> None:
    with pytest.raises(InputError, match='No lesson explains "temprature". Did you mean "temp'):
        glossary("temprature")
