"""Pages of executed notebooks: readable without a network, a kernel or a widget."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from axialkit.course.page import WIDGET_MIME

pytest.importorskip("nbconvert", reason="nbconvert is in the extra docs")
pytest.importorskip("latex2mathml", reason="latex2mathml is in the extra docs")

from axialkit.course.paper import page_of  # noqa: E402  (only where it can be imported)


@pytest.fixture
def page(tmp_path: Path) -> str:
    widget = new_output(
        "display_data",
        {WIDGET_MIME: {"model_id": "1"}, "text/html": "<p>the static form</p>", "text/plain": "x"},
    )
    cells = [
        new_markdown_cell(
            "# Toy & more\n\nThe **query**, the **root** $\\sqrt d$, and\n\n$$a_i = 1 \\cdot b$$\n"
        ),
        new_markdown_cell(
            "### Exercise 1.1\n🟦 [next](02_next.ipynb), [away](https://a.b/c.ipynb)"
        ),
        new_code_cell('if "google.colab" in sys.modules: pass'),
        new_code_cell("PROFILE = 1", metadata={"tags": ["injected-parameters"]}),
        new_code_cell("nb.explore()", outputs=[widget]),
        new_code_cell("nb.metrics(x=1)"),
    ]
    path = tmp_path / "01_toy.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return page_of(path)


def test_formulas_are_drawn_by_the_browser_itself(page: str) -> None:
    assert "<msqrt>" in page and page.count("<math") == 2
    assert "$" not in page[page.index("<main>") :]


def test_widgets_show_their_static_form(page: str) -> None:
    assert "<p>the static form</p>" in page and "model_id" not in page


def test_nothing_is_loaded_or_run(page: str) -> None:
    assert "<script" not in page
    assert "<title>Toy &amp; more</title>" in page


def test_cells_for_machines_are_left_out(page: str) -> None:
    for source in ("google.colab", "PROFILE", "nb.metrics"):
        assert source not in page
    assert "nb.explore" in page.replace('<span class="o">.</span>', ".").replace(
        '</span>.<span class="n">', "."
    )


def test_words_of_the_glossary_explain_themselves(page: str) -> None:
    assert '<strong><abbr title="The pixel that asks.">query</abbr></strong>' in page
    assert "<strong>root</strong>" in page


def test_links_lead_to_pages_and_exercises(page: str) -> None:
    assert 'href="02_next.html"' in page and 'href="https://a.b/c.ipynb"' in page
    assert 'id="Exercise-1.1"' in page and "🟦" not in page
