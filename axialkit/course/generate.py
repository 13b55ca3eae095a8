"""What is generated in ``notebooks/``: first lines, the list of lessons, the glossary's page.

``python -m axialkit.course.generate`` in the repository's root writes it; tests compare.
"""

import sys
from pathlib import Path

import nbformat

from axialkit.course.bootstrap import FOLDER, repository_of, with_first_lines
from axialkit.course.glossary import page
from axialkit.course.plan import way
from axialkit.errors import InputError
from axialkit.files import atomic_path

WAY = "way"  # id of the cell that lists all lessons


def main() -> int:
    """Renew what has changed in every notebook, and the page of the glossary."""
    repository = repository_of(Path("pyproject.toml"))
    for path in sorted(Path(FOLDER).glob("*.ipynb")):
        before = path.read_text(encoding="utf-8")
        notebook = with_first_lines(nbformat.reads(before, as_version=4), path.name, repository)
        for cell in notebook.cells:
            if cell.id == WAY:
                cell.source = way()
        after = nbformat.writes(notebook) + "\n"
        if after != before:
            with atomic_path(path) as temporary:
                temporary.write_text(after, encoding="utf-8")
            print(f"{path}: renewed")
    with atomic_path(Path(FOLDER) / "glossary.md") as temporary:
        temporary.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except InputError as error:
        sys.exit(str(error))
