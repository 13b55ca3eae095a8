"""The first lines of every notebook: a badge to open it in Colab, and the cell that installs there.

Both follow from one entry, ``Repository`` in ``[project.urls]`` of pyproject.toml. Without it there
is no badge, and the cell takes a wheel.
"""

import re
from pathlib import Path
from urllib.parse import urlparse

import nbformat

from axialkit.errors import InputError

FOLDER = "notebooks"
BRANCH = "main"
_BADGE = re.compile(r"^\[!\[Open in Colab\].*\n\n", re.MULTILINE)
_GUARD = 'if "google.colab" in sys.modules:  # anywhere else this cell does nothing'

_FROM_WHEEL = f"""import sys

{_GUARD}
    from pathlib import Path

    # `make wheel` builds it; drop it into the file pane on the left, then run this cell
    wheels = [str(path) for path in Path("/content").glob("axialkit-*.whl")]
    assert wheels, "Upload axialkit-*.whl first, then run this cell again."
    %pip install -q --no-deps "{{wheels[-1]}}"
    from axialkit.requirements import prepare_colab

    prepare_colab()"""

_FROM_REPOSITORY = f"""import sys

{_GUARD}
    %pip install -q --no-deps "axialkit @ git+{{repository}}"
    from axialkit.requirements import prepare_colab

    prepare_colab()"""


def repository_of(pyproject: Path) -> str | None:
    """Return the public address of the repository; None while there is none.

    Raises:
        InputError: the address is not one of a repository on GitHub, which is all that Colab opens.
    """
    import tomllib

    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository")
    if address is not None:
        _owner_and_name(address)
    return address


def badge(repository: str, notebook: str) -> str:
    """Return the line of Markdown that opens a notebook in Colab."""
    owner, name = _owner_and_name(repository)
    target = f"https://colab.research.google.com/github/{owner}/{name}/blob/{BRANCH}/{FOLDER}"
    image = "https://colab.research.google.com/assets/colab-badge.svg"
    return f"[![Open in Colab]({image})]({target}/{notebook})"


def bootstrap_source(repository: str | None) -> str:
    """Return the source of the cell that installs the kit in Colab."""
    if repository is None:
        return _FROM_WHEEL
    return _FROM_REPOSITORY.format(repository=repository)


def with_first_lines(
    notebook: nbformat.NotebookNode, name: str, repository: str | None
) -> nbformat.NotebookNode:
    """Put the badge under the title, or take it away, and renew the cell that installs.

    Raises:
        InputError: the notebook does not begin with a title and such a cell.
    """
    title, bootstrap = notebook.cells[:2]
    if not title.source.startswith("# ") or _GUARD not in bootstrap.source:
        raise InputError(f"{name} must begin with a title and the cell that installs in Colab.")
    heading, _, rest = _BADGE.sub("", title.source).partition("\n\n")
    lines = [heading, *([badge(repository, name)] if repository else []), rest]
    title.source = "\n\n".join(lines)
    bootstrap.source = bootstrap_source(repository)
    return notebook


def _owner_and_name(repository: str) -> tuple[str, str]:
    parsed = urlparse(repository)
    parts = parsed.path.strip("/").removesuffix(".git").split("/")
    if parsed.scheme != "https" or parsed.netloc != "github.com" or len(parts) != 2:
        raise InputError(
            f'Repository in [project.urls] is "{repository}". Colab opens notebooks of addresses '
            "such as https://github.com/OWNER/NAME."
        )
    return parts[0], parts[1]
