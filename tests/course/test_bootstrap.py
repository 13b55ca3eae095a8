"""First lines of the notebooks: what the address of the repository says, and nothing typed."""

import copy
from pathlib import Path
from urllib.parse import urlparse

import nbformat
import pytest

pytest.importorskip("tomllib", reason="reading pyproject.toml needs Python 3.11")

from axialkit.course import bootstrap
from axialkit.course.bootstrap import badge, bootstrap_source, repository_of, with_first_lines
from axialkit.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
EXAMPLE = "https://github.com/example/axialkit"


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


@pytest.fixture
def notebook(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_first_lines_follow_from_pyproject(path: Path, notebook: nbformat.NotebookNode) -> None:
    """Otherwise: make badges."""
    written = copy.deepcopy(notebook)
    expected = with_first_lines(notebook, path.name, repository_of(ROOT / "pyproject.toml"))
    assert written == expected


def test_badges_lead_to_files_of_the_tree(path: Path, notebook: nbformat.NotebookNode) -> None:
    """With an example address, as long as there is no public one."""
    first = with_first_lines(notebook, path.name, EXAMPLE).cells[0].source
    heading, line, _ = first.split("\n\n", 2)
    assert heading.startswith("# ")
    link = line.removeprefix("[![Open in Colab](").split("](")[1].removesuffix(")")
    parts = urlparse(link)
    assert parts.netloc == "colab.research.google.com"
    owner_and_name, inside = parts.path.removeprefix("/github/").split(f"/blob/{bootstrap.BRANCH}/")
    assert owner_and_name == "example/axialkit"
    assert ROOT / inside == path


def test_a_badge_is_renewed_not_repeated_and_can_be_taken_away(
    path: Path, notebook: nbformat.NotebookNode
) -> None:
    before = copy.deepcopy(notebook)
    once = with_first_lines(notebook, path.name, EXAMPLE)
    twice = with_first_lines(copy.deepcopy(once), path.name, EXAMPLE + "2")
    assert twice.cells[0].source.count("Open in Colab") == 1
    assert badge(EXAMPLE + "2", path.name) in twice.cells[0].source
    assert f"git+{EXAMPLE}2" in twice.cells[1].source
    assert with_first_lines(twice, path.name, None) == before


@pytest.mark.parametrize("repository", [None, EXAMPLE])
def test_the_installing_cell_never_asks_for_torch(repository: str | None) -> None:
    source = bootstrap_source(repository)
    assert "--no-deps" in source and "torch" not in source and "numpy" not in source
    assert ("axialkit-*.whl" in source) == (repository is None)


def test_the_cell_does_nothing_elsewhere(path: Path, notebook: nbformat.NotebookNode) -> None:
    import sys

    plain = "\n".join(line for line in notebook.cells[1].source.splitlines() if "%pip" not in line)
    assert "google.colab" not in sys.modules
    names: dict[str, object] = {}
    exec(plain, names)  # noqa: S102
    assert names.keys() <= {"__builtins__", "sys"}


@pytest.mark.parametrize(
    "address", ["http://github.com/a/b", "https://gitlab.com/a/b", "https://github.com/a"]
)
def test_other_addresses_are_refused(address: str, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(f'[project]\nname = "x"\nurls = {{ Repository = "{address}" }}\n')
    with pytest.raises(InputError, match="Colab opens notebooks of addresses such as"):
        repository_of(file)


def test_a_notebook_without_the_cell_is_refused(notebook: nbformat.NotebookNode) -> None:
    del notebook.cells[1]
    with pytest.raises(InputError, match="x.ipynb must begin with a title and the cell"):
        with_first_lines(notebook, "x.ipynb", None)
