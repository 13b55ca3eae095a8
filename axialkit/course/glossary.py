"""The words of the course: each introduced by one lesson, looked up from anywhere."""

from collections.abc import Sequence
from typing import NamedTuple

from IPython.display import display

from axialkit.course.lesson import Word
from axialkit.course.lessons import LESSONS
from axialkit.course.session import current
from axialkit.errors import InputError, suggest


class Entry(NamedTuple):
    """A word and the lesson that introduces it."""

    word: Word
    lesson: str


def entries() -> list[Entry]:
    """Return all words in the order in which the lessons introduce them."""
    return [Entry(word, key) for key, lesson in LESSONS.items() for word in lesson.words]


def words() -> None:
    """Show the words that the running lesson introduced, with their symbols and their code."""
    lesson = current().lesson
    _show([Entry(word, lesson.key) for word in lesson.words])


def glossary(word: str | None = None) -> None:
    """Explain a word of the course, or all of them.

    Raises:
        InputError: no lesson introduces such a word.
    """
    known = sorted(entries(), key=lambda entry: entry.word.name.lower())
    if word is None:
        _show(known)
        return
    wanted = word.strip().lower()
    found = [entry for entry in known if wanted in entry.word.name.lower()]
    if not found:
        names = [entry.word.name for entry in known]
        raise InputError(f'No lesson explains "{word}".{suggest(wanted, names)} See nb.glossary().')
    _show(found)


def table(found: Sequence[Entry]) -> str:
    """Return words as a table in Markdown."""
    rows = [
        f"| **{entry.word.name}** | {entry.word.meaning} | {_symbol(entry.word)} | "
        f"{_code(entry.word)} | {entry.lesson} |"
        for entry in found
    ]
    head = "| word | meaning | symbol | code | lesson |\n| :-- | :-- | :-- | :-- | :-- |"
    return "\n".join([head, *rows])


def page() -> str:
    """Return the page with all words, in alphabetical order."""
    known = sorted(entries(), key=lambda entry: entry.word.name.lower())
    return (
        "# The words of the course\n\n"
        "What the lessons introduce, with the symbol of the papers and the place in the code. "
        'In a lesson, `nb.glossary("head")` looks a word up.\n\n'
        f"{table(known)}\n"
    )


def _symbol(word: Word) -> str:
    return f"${word.symbol}$" if word.symbol else ""


def _code(word: Word) -> str:
    """Return the last two parts of a dotted path: the module or class, and the name in it."""
    return f"`{'.'.join(word.code.split('.')[-2:])}`" if word.code else ""


def _show(found: Sequence[Entry]) -> None:
    text = "\n".join(f"{entry.word.name}: {entry.word.meaning}" for entry in found)
    display({"text/markdown": table(found), "text/plain": text}, raw=True)
