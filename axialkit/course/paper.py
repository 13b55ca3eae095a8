"""Executed notebooks as pages for reading: one file each, nothing is fetched from elsewhere.

nbconvert makes the page. Added are: formulas become MathML, which browsers draw by themselves;
where a widget stood, its static form is shown; a link to a notebook leads to its page; and bold
words of the glossary explain themselves where the mouse rests.
"""

import html
import re
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from latex2mathml.converter import convert
from nbconvert import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from axialkit.course.glossary import entries
from axialkit.course.page import WIDGET_MIME
from axialkit.course.palette import BLUE

_EXERCISE = f'<span style="color:{BLUE}">■</span>'  # a sign that every font has


class _Renderer(IPythonRenderer):
    """Markdown with formulas as MathML."""

    def block_math(self, body: str) -> str:
        return convert(body, display="block")

    def inline_math(self, body: str) -> str:
        return convert(body)

    def strong(self, text: str) -> str:
        """Explain a word of the glossary where the mouse rests."""
        meaning = meanings().get(text.lower())
        return super().strong(text if meaning is None else explained(text, meaning))

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return super().link(text, re.sub(r"^([\w-]+)\.ipynb\b", r"\1.html", url), title)


def explained(word: str, meaning: str) -> str:
    """Return HTML of a word that shows its meaning where the mouse rests."""
    return f'<abbr title="{html.escape(meaning)}">{word}</abbr>'


@cache
def meanings() -> dict[str, str]:
    """Return what the words of the glossary mean, by the word in small letters."""
    return {entry.word.name.lower(): entry.word.meaning for entry in entries()}


class _Exporter(HTMLExporter):
    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:  # noqa: ANN401  (jinja's own)
        return MarkdownWithMath(renderer=_Renderer(escape=False)).render(source)


def page_of(notebook: Path) -> str:
    """Return an executed notebook as one HTML page."""
    content = for_readers(nbformat.read(notebook, as_version=4))
    exporter = _Exporter(
        template_name="lab", mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url=""
    )
    page, _ = exporter.from_notebook_node(content, {"metadata": {"name": _title(content)}})
    return _without_scripts(page).replace("🟦", _EXERCISE).replace("⏱ ", "")


def for_readers(content: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Keep of an executed notebook what can be read: widgets give way to their static form.

    Cells that only help machines (the bootstrap of a hosted notebook, injected parameters, the
    numbers for the tests) are left out.
    """
    content.cells = [cell for cell in content.cells if not _is_for_machines(cell)]
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output["data"].pop(WIDGET_MIME, None)
    content.metadata.pop("widgets", None)
    return content


def _is_for_machines(cell: nbformat.NotebookNode) -> bool:
    if cell.cell_type != "code":
        return False
    is_injected = "injected-parameters" in cell.metadata.get("tags", [])
    return is_injected or "google.colab" in cell.source or "nb.metrics(" in cell.source


def _title(content: nbformat.NotebookNode) -> str:
    heading = re.search(r"^# (.+)$", content.cells[0].source, re.MULTILINE)
    return heading[1] if heading else "axialkit"


def _without_scripts(page: str) -> str:
    """Drop the scripts that the template would load or run: the page has nothing to run."""
    return re.sub(r"<script\b.*?</script>", "", page, flags=re.DOTALL)
