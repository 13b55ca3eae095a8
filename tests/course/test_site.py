"""The static site: what goes into it, and what its own checks find."""

import os
import shutil
from pathlib import Path

import nbformat
import pytest

from axialkit.course import site
from axialkit.course.site_links import faults
from axialkit.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="repository")
def small_repository(tmp_path: Path) -> Path:
    """A repository with one lesson, executed."""
    home = tmp_path / "repository"
    shutil.copytree(ROOT / "notebooks" / "site", home / "notebooks" / "site")
    (home / "README.md").write_text("# A kit\n\n[lesson](notebooks/01_a.ipynb)\n")
    lesson = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# 01 · A lesson\n\nOf $x^2$."),
            nbformat.v4.new_code_cell("nb.metrics(a=1)"),
        ]
    )
    nbformat.write(lesson, home / "notebooks" / "01_a.ipynb")
    (home / "executed").mkdir()
    nbformat.write(lesson, home / "executed" / "01_a.ipynb")
    return home


def test_the_source_keeps_the_places_and_what_can_be_read(repository: Path) -> None:
    source = repository / "source"
    site.stage(repository, repository / "executed", source)
    assert (source / "conf.py").is_file() and (source / "README.md").is_file()
    lesson = nbformat.read(source / "notebooks" / "01_a.ipynb", as_version=4)
    assert [cell.source for cell in lesson.cells] == ["# 01 · A lesson\n\nOf $x^2$."]


def test_a_lesson_that_was_not_executed_is_named(repository: Path) -> None:
    (repository / "executed" / "01_a.ipynb").unlink()
    with pytest.raises(InputError, match=r"01_a\.ipynb is missing, or older .* `make notebooks`"):
        site.stage(repository, repository / "executed", repository / "source")


def test_a_lesson_that_has_changed_since_is_named(repository: Path) -> None:
    executed = repository / "executed" / "01_a.ipynb"
    later = executed.stat().st_mtime + 5
    os.utime(repository / "notebooks" / "01_a.ipynb", (later, later))
    with pytest.raises(InputError, match="or older than"):
        site.stage(repository, executed.parent, repository / "source")


def test_a_folder_that_is_no_site_is_left_alone(repository: Path) -> None:
    mine = repository / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="mine exists and is no site"):
        site.publish(repository, repository / "executed", mine)
    assert (mine / "thesis.txt").read_text() == "years of work"


def _pages(folder: Path, **pages: str) -> Path:
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page)
    return folder


def test_links_that_lead_somewhere_pass(tmp_path: Path) -> None:
    site_ = _pages(
        tmp_path,
        index='<h1 id="a-title">x</h1><a href="#a-title">a</a> <a href="other.html#x%20y">b</a>'
        '<a href="https://example.org/gone">c</a><a href=".">d</a>'
        '<img src="data:image/png;base64,">',
        other='<p id="x y">x</p><a name="old"></a><a href="index.html#">e</a>',
    )
    assert faults(site_) == []


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        ('<a href="gone.html">x</a>', "index.html: gone.html leads nowhere"),
        ('<a href="#gone">x</a>', "index.html: #gone leads nowhere"),
        ('<a href="other.html#gone">x</a>', "index.html: other.html#gone leads nowhere"),
        ('<img src="gone.png">', "index.html: gone.png leads nowhere"),
        ('<script src="https://cdn.example/x.js"></script>', "would be fetched from another host"),
        ('<script src="//cdn.example/x.js"></script>', "would be fetched from another host"),
        ('<link rel="stylesheet" href="http://x.example/a.css">', "would be fetched"),
    ],
)
def test_faults_are_named(tmp_path: Path, page: str, fault: str) -> None:
    found = faults(_pages(tmp_path, index=page, other='<p id="here">x</p>'))
    assert len(found) == 1 and fault in found[0]
