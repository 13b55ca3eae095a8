"""The course and the API as a static site: ``make site``.

Executed lessons, the guides of the repository and API pages from the docstrings become one
Sphinx site that is searched without a server and fetches nothing from other hosts.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat

from axialkit.course.paper import for_readers
from axialkit.course.site_links import faults
from axialkit.errors import InputError

_SETTINGS = Path("notebooks/site")
_MARK = "objects.inv"  # every site that Sphinx has built holds one
_GUIDES = (
    "README.md",
    "LICENSE",
    "CITATION.cff",
    "data/*.md",
    "axialkit/**/*.md",
    "axialkit/training/*.sh",
    "axialkit/training/*.py",
    "notebooks/*.md",
    "notebooks/images/*",
)


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as Jupyter names it."""
    return heading.replace(" ", "-")


def stage(repository: Path, executed: Path, source: Path) -> None:
    """Lay out what Sphinx reads: the repository's own places, so that links need no rewriting.

    Raises:
        InputError: a lesson was not executed, or has changed since.
    """
    shutil.copytree(repository / _SETTINGS, source)
    for pattern in _GUIDES:
        for path in sorted(repository.glob(pattern)):
            target = source / path.relative_to(repository)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (source / "notebooks").mkdir(exist_ok=True)
    for notebook in sorted((repository / "notebooks").glob("*.ipynb")):
        content = nbformat.read(_executed(notebook, executed), as_version=4)
        nbformat.write(for_readers(content), source / "notebooks" / notebook.name)


def build(source: Path, out: Path) -> None:
    """Build the site; a warning of Sphinx (a broken link, say) is an error.

    Raises:
        InputError: Sphinx warned of something; it has printed what.
    """
    from sphinx.cmd.build import main as sphinx

    flags = ["--fail-on-warning", "--keep-going", "--quiet", "--jobs", "2"]
    if sphinx([*flags, "-d", str(source.with_name("doctrees")), str(source), str(out)]):
        raise InputError("The site has faults: Sphinx has named them above.")


def _executed(notebook: Path, executed: Path) -> Path:
    path = executed / notebook.name
    if not path.exists() or path.stat().st_mtime < notebook.stat().st_mtime:
        raise InputError(
            f"{path} is missing, or older than {notebook}. Run `make notebooks` first."
        )
    return path


def publish(repository: Path, executed: Path, out: Path) -> None:
    """Build the site and put it at ``out``; what was there stays until the new one is whole.

    Raises:
        InputError: a lesson was not executed or has changed since, a page has a fault, or ``out``
            holds something that is no site.
    """
    if out.exists() and not (out / _MARK).is_file():
        raise InputError(f"{out} exists and is no site of this kit. Choose another folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".site-") as temporary:
        source, pages = Path(temporary) / "source", Path(temporary) / "site"
        stage(repository, executed, source)
        build(source, pages)
        if found := faults(pages):
            raise InputError("The site has faults:\n  " + "\n  ".join(found))
        if out.exists():
            out.rename(Path(temporary) / "old")
        pages.rename(out)


def main(words: Sequence[str]) -> int:
    """Run ``EXECUTED OUT``: the folder of the executed lessons, and where the site goes."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m axialkit.course.site")
    parser.add_argument("executed", type=Path, help="the executed lessons, from `make notebooks`")
    parser.add_argument("out", type=Path, help="the folder of the site")
    given = parser.parse_args(words)
    try:
        publish(Path(), given.executed, given.out)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The site is in {given.out}: open {given.out}/index.html, or serve the folder.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
