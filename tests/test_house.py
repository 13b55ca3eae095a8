"""The repository keeps its own promises: packaging, documents, notebooks and start-up."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from axialkit.weights.find import shipped_names
from axialkit.weights.zoo import PUBLISHED, read_card

tomllib = pytest.importorskip("tomllib", reason="reading pyproject.toml needs Python 3.11")

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCUMENTS = [ROOT / name for name in ("README.md", "data/README.md", "axialkit/training/README.md")]
PAGES = [*DOCUMENTS, ROOT / "notebooks" / "glossary.md", *NOTEBOOKS]

COLAB_PYTHON = "3.12"


def own_extras(requirements: list[str]) -> set[str]:
    """The extras of axialkit itself that a list of requirements asks for."""
    parsed = [Requirement(line) for line in requirements]
    return {extra for each in parsed if each.name == "axialkit" for extra in each.extras}


def all_requirements() -> list[Requirement]:
    lines = [*PROJECT["dependencies"], *(line for lines in EXTRAS.values() for line in lines)]
    return [each for each in map(Requirement, lines) if each.name != "axialkit"]


def constraints() -> list[Requirement]:
    return pins_of(ROOT / "constraints.txt")


def pins_of(path: Path) -> list[Requirement]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def tracked_files() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


# --- packaging -----------------------------------------------------------------------------------


def test_the_promised_extras_exist() -> None:
    promised = {
        "notebooks",
        "demo",
        "data",
        "export",
        "video",
        "tensorboard",
        "tensorflow",
        "test",
        "e2e",
        "docs",
    }
    assert promised == set(EXTRAS)
    for lines in EXTRAS.values():
        assert own_extras(lines) <= set(EXTRAS)


def test_core_ranges_admit_colab() -> None:
    ranges = {each.name: each.specifier for each in map(Requirement, PROJECT["dependencies"])}
    colab = pins_of(ROOT / "tests" / "colab.txt")
    assert {"torch", "numpy", "ipywidgets", "anywidget"} <= {each.name for each in colab}
    for pin in colab:
        (exact,) = pin.specifier
        asked = ranges.get(pin.name, SpecifierSet())  # not all that Colab has is ours to ask
        assert asked.contains(exact.version), f"{pin} on Colab, we ask {asked}"
    assert SpecifierSet(PROJECT["requires-python"]).contains(COLAB_PYTHON)


def test_constraints_satisfy_the_ranges_and_cover_every_requirement() -> None:
    pins = {canonicalize_name(each.name): each for each in constraints()}
    for requirement in all_requirements():
        pin = pins[canonicalize_name(requirement.name)]
        (exact,) = pin.specifier
        assert exact.operator == "==" and "+" not in exact.version, f"not a plain pin: {pin}"
        assert requirement.specifier.contains(exact.version), f"{pin} is outside {requirement}"


def test_environment_file_agrees_with_pyproject() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["name"] and environment["channels"]
    (python,) = [d for d in environment["dependencies"] if str(d).startswith("python=")]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert "pip" in environment["dependencies"]
    ((install,),) = [d["pip"] for d in environment["dependencies"] if isinstance(d, dict)]
    extras = re.fullmatch(r"-e \.\[([a-z,]+)\]", install)
    assert extras and set(extras[1].split(",")) <= set(EXTRAS)


def test_every_data_file_of_the_package_is_installed() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    package = ROOT / "axialkit"
    globs = config["setuptools"]["package-data"]["axialkit"]
    shipped = {path for pattern in globs for path in package.glob(pattern)}
    data = {path for path in tracked_files() if package in path.parents and path.suffix != ".py"}
    assert data <= shipped, f"not in package-data: {sorted(map(str, data - shipped))}"


def test_citation_parses_and_names_the_four_works() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["authors"] and citation["message"] and citation["title"]
    arxiv = {re.search(r"\d{4}\.\d{5}", work["url"])[0] for work in citation["references"]}
    assert arxiv == {"2003.07853", "1911.10194", "2011.11675", "2012.00759"}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for work in citation["references"]:
        assert work["authors"] and work["title"] in readme


def test_the_workflow_calls_what_exists_and_says_that_it_has_not_run() -> None:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert "have NOT been run yet" in text.split("name:")[0]
    jobs = yaml.safe_load(text)["jobs"]
    commands = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    assert ".ci/run" in commands and "make bands" in commands
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    for command in commands:
        if command.startswith("make "):
            assert command.split()[1] in targets
        files = re.findall(r"(?:tests|notebooks|\.ci)[\w./]*", command)
        assert all((ROOT / name).exists() for name in files), command
    weekly = yaml.safe_load(text)[True]["schedule"]  # YAML reads the word "on" as true
    assert len(weekly) == 1 and weekly[0]["cron"].split()[-1] != "*"
    assert jobs["colab"]["steps"][1]["with"]["python-version"] == COLAB_PYTHON


# --- start-up ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start",
    ["import axialkit", "from axialkit.cli import main; sys.argv = ['axialkit', '--help']; main()"],
    ids=["import", "help"],
)
def test_starting_loads_no_torch(start: str) -> None:
    program = f"""
import sys
try:
    {start}
except SystemExit as stop:
    assert not stop.code, stop.code
heavy = sorted({{"torch", "matplotlib", "gradio", "IPython"}} & set(sys.modules))
assert not heavy, heavy
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


# --- notebooks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids), "cell ids repeat"
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    assert tags.count("parameters") == 1 and "injected-parameters" not in tags
    assert "papermill" not in notebook.metadata
    assert not any("papermill" in cell.metadata for cell in notebook.cells)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code), "has outputs"


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


# --- documents -----------------------------------------------------------------------------------


def shell_commands(document: Path) -> list[list[str]]:
    """The words of every command line in the document's fenced blocks, comments removed."""
    text = document.read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:bash|sh|shell|console|powershell)\n(.*?)```", text, flags=re.S)
    lines = [line.split("#")[0].split() for block in blocks for line in block.splitlines()]
    return [words for words in lines if words]


def command_of(words: list[str]) -> list[str]:
    """``.venv/bin/axialkit data minicity --quick`` -> ``[data, minicity]``."""
    names = []
    for word in words[1:]:
        if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word) or len(names) == 1 + (
            names[:1] in (["data"], ["weights"])
        ):
            break
        names.append(word)
    return names


def documented_commands() -> dict[tuple[str, ...], set[str]]:
    """``axialkit`` commands in the documents, each with the flags shown for it."""
    commands: dict[tuple[str, ...], set[str]] = {}
    for words in (words for document in DOCUMENTS for words in shell_commands(document)):
        if Path(words[0]).name == "axialkit":
            flags = {word for word in words if word.startswith("--")}
            commands.setdefault(tuple(command_of(words)), set()).update(flags)
    return commands


def test_documented_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.M))
    texts = [document.read_text(encoding="utf-8") for document in DOCUMENTS]
    named = {name for text in texts for name in re.findall(r"`make ([a-z]+)", text)}
    named |= {w[1] for d in DOCUMENTS for w in shell_commands(d) if w[0] == "make" and w[1:]}
    assert {"lab", "test"} <= named <= targets


@pytest.mark.parametrize(
    ("command", "flags"),
    [pytest.param(c, f, id=" ".join(c)) for c, f in sorted(documented_commands().items())],
)
def test_documented_commands_exist(command: tuple[str, ...], flags: set[str]) -> None:
    preset = ["tiny"] * (command == ("train",))  # whose fields are flags, too
    run = subprocess.run(
        [sys.executable, "-m", "axialkit", *command, *preset, "--help"],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    for flag in flags - {"--help"}:
        assert re.search(rf"{re.escape(flag)}\b", run.stdout), f"{command} has no {flag}"


def prose(document: Path) -> str:
    """What a document says: of a notebook, its cells of text."""
    text = document.read_text(encoding="utf-8")
    if document.suffix != ".ipynb":
        return text
    cells = nbformat.reads(text, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("document", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    text = prose(document)
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)
    for link in links:
        if link.startswith("#"):
            headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert link[1:] in {heading.replace(" ", "-") for heading in headings}, link
        elif not re.match(r"(https?:|mailto:)", link):
            assert (document.parent / link.split("#")[0]).exists(), link


def test_pictures_of_notebooks_are_small() -> None:
    for path in (ROOT / "notebooks" / "images").iterdir():
        assert path.suffix == ".png" and path.stat().st_size <= 100_000, path.name


def test_the_zoo_table_shows_the_published_scores() -> None:
    rows = re.findall(r"^\| .* \|$", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.M)
    for scores in PUBLISHED.values():
        network, *numbers = scores
        (row,) = [row for row in rows if network in row]
        assert [float(cell) for cell in re.findall(r"\d+\.\d\d?(?= \|)", row)] == numbers


def test_the_shipped_table_shows_the_model_cards() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = shipped_names()
    assert names
    for name in names:
        card = read_card(name)
        ((pq, miou, images),) = re.findall(
            rf"^\| \[`{name}`\].*\| ([\d.]+) \| ([\d.]+) \| (\d+) \|$", text, flags=re.M
        )
        shown = (float(pq), float(miou), int(images))
        assert shown == (card["pq"], card["miou"], card["val"]["images"])


def annotated_tree() -> list[str]:
    """The paths (or patterns) of the README's tree; a folder's name ends with a slash."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (tree,) = re.findall(r"```text\n(.*?)```", text, flags=re.S)
    paths: list[str] = []
    folders: list[str] = []
    for line in tree.splitlines():
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        folders = [*folders[:depth], name]
        paths.append("".join(folders))
    return paths


def test_the_annotated_tree_lists_what_exists_and_every_module() -> None:
    found = {pattern: set(ROOT.glob(pattern)) for pattern in annotated_tree()}
    assert all(found.values()), [pattern for pattern, paths in found.items() if not paths]
    modules = {p for p in (ROOT / "axialkit").rglob("*.py") if not p.name.startswith("__")}
    missing = (modules | set(NOTEBOOKS)) - set().union(*found.values())
    assert not missing, f"not in the README's tree: {sorted(map(str, missing))}"


def test_no_file_names_a_place_on_someones_machine() -> None:
    private = re.compile(rb"(?<![\w.])/(?:home|Users|root|work|tmp)/[a-z]")
    for path in tracked_files():
        if path.suffix not in {".npz", ".png", ".safetensors"} and path != Path(__file__):
            found = private.search(path.read_bytes())
            assert not found, f"{path.relative_to(ROOT)} holds {found[0]!r}"


def test_no_file_names_an_index_of_packages() -> None:
    """Where packages come from is the user's choice: their pip knows."""
    hosts = re.compile(rb"https?://(?:[\w-]+\.)*(?:pypi\.org|pythonhosted\.org|pytorch\.org/whl)")
    for path in tracked_files():
        if path.suffix not in {".npz", ".png", ".safetensors"} and path != Path(__file__):
            found = hosts.search(path.read_bytes())
            assert not found, f"{path.relative_to(ROOT)} holds {found[0]!r}"


def test_notebooks_and_package_speak_one_version() -> None:
    init = (ROOT / "axialkit" / "__init__.py").read_text(encoding="utf-8")
    assert f'__version__ = "{PROJECT["version"]}"' in init
    languages = [json.loads(p.read_text(encoding="utf-8"))["metadata"] for p in NOTEBOOKS]
    assert all(meta["kernelspec"]["name"] == "python3" for meta in languages)
