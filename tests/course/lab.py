"""A real JupyterLab and a real browser for the tests of lessons, exactly as a learner opens them.

`make lab` starts it, so that what it sets holds here, too. A test module names its lesson
(``NOTEBOOK``), perhaps small notebooks of its own (``SMALL``: name -> code of the cells), and
imports ``pytestmark`` and the fixtures. Nothing here sleeps: every step waits for what it needs.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra e2e")
pytest.importorskip("jupyterlab", reason="jupyterlab is in the extra notebooks")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)"),
]

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
PATIENCE = 600_000  # ms, for the training cell on a busy machine
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell stays in the page
}


@pytest.fixture(scope="module", name="home")
def home_of_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module", name="lab")
def running_lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, home: Path
) -> Iterator[str]:
    """Serve a folder with the module's notebook; yield the address."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    shutil.copy(NOTEBOOKS / request.module.NOTEBOOK, work)
    for name, cells in getattr(request.module, "SMALL", {}).items():
        kernel = {"name": "python3", "display_name": "Python 3"}  # or Lab would ask for one
        small = v4.new_notebook(metadata={"kernelspec": kernel})
        small.cells = [v4.new_code_cell(code) for code in cells]
        nbformat.write(small, work / name)
    for name, content in SETTINGS.items():
        path = folder / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    places = {
        "JUPYTER_CONFIG_DIR": "config", "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }  # fmt: skip
    environment = {**os.environ, **{name: str(folder / place) for name, place in places.items()}}
    environment |= {"AXIALKIT_HOME": str(home), "OMP_NUM_THREADS": "1"}
    environment.pop("DISPLAY", None)  # so that make opens no browser of its own
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [
        "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={work}",
        "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    # as if .venv were set up and MiniCity drawn
    command = [
        "make", "-C", str(ROOT), "lab", "-o", ".venv/.installed", "-o", "minicity",
        f"PYTHON={sys.executable}", f"LAB_ARGS={' '.join(flags)}",
    ]  # fmt: skip
    log = folder / "log"
    with log.open("w") as stream:
        server = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/status", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(60)


def _wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(600):
        if server.poll() is not None:
            break
        try:
            opener.open(address, timeout=5)
            return
        except (urllib.error.URLError, OSError):
            # waiting for the process to end is a wait that ends early if it does
            with pytest.raises(subprocess.TimeoutExpired):
                server.wait(0.25)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(name="page")
def browser_page(lab: str) -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


@pytest.fixture(name="artefacts")
def artefact_folder(tmp_path: Path) -> Path:
    """Where screenshots are kept: the folder that AXIALKIT_ARTEFACTS names, if it names one."""
    folder = Path(os.environ.get("AXIALKIT_ARTEFACTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def open_lesson(page: "playwright.Page", lab: str, notebook: str) -> None:
    """Open the lesson, and wait until its kernel is there."""
    page.goto(f"{lab}/lab/tree/{notebook}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.evaluate(
        """async () => {
            await jupyterapp.restored;
            await jupyterapp.shell.currentWidget.sessionContext.ready;
        }""",
    )


def reopen(page: "playwright.Page", lab: str, notebook: str) -> None:
    """Save the lesson, end its kernel, and open it again."""
    page.evaluate(
        """async () => {
            await jupyterapp.commands.execute('docmanager:save');
            await jupyterapp.shell.currentWidget.sessionContext.shutdown();
        }"""
    )
    open_lesson(page, lab, notebook)


def open_and_run(page: "playwright.Page", lab: str, notebook: str, last: str) -> list[str]:
    """Open the lesson, run all its cells, and wait for the number ``last`` of its last cell.

    Returns a list that every request to another machine is added to, from now on.
    """
    outside: list[str] = []
    local = (lab, lab.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(local) else outside.append(r.url))
    open_lesson(page, lab, notebook)
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    end = page.locator(".jp-CodeCell").last
    end.locator(".jp-OutputArea-output", has_text=last).wait_for(timeout=PATIENCE)
    errors = page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']")
    assert errors.all_inner_texts() == []
    return outside


def pictures_are_shown(page: "playwright.Page", least: int) -> None:
    """At least so many figures are there, each with a description."""
    page.wait_for_function(
        """least => {
            const pictures = [...document.querySelectorAll('.jp-OutputArea-output figure img')];
            const done = pictures.every(p => p.complete && p.naturalWidth > 0);
            return pictures.length >= least && done;
        }""",
        arg=least,
    )
    for picture in page.locator(".jp-OutputArea-output figure img").all():
        assert len(picture.get_attribute("alt")) >= 30


def a_learner_is_never_blocked(page: "playwright.Page", exercises: int) -> None:
    """No exercise is solved, and yet every cell has run, with a note that says how."""
    said = page.locator(".jp-Notebook").inner_text()
    assert said.count("not written yet. A hint:") == exercises
    assert said.count("the cells below use the kit's own") == exercises
    assert "profile=learn" in said


def drawing(page: "playwright.Page", canvas: str) -> str:
    """A canvas as it is drawn now."""
    return page.evaluate("name => document.querySelector(name).toDataURL()", canvas)


def redrawn(page: "playwright.Page", canvas: str, before: str) -> str:
    """Wait until a canvas shows something else than before; return what."""
    page.wait_for_function(
        "([name, before]) => document.querySelector(name).toDataURL() !== before",
        arg=[canvas, before],
    )
    return drawing(page, canvas)


def says(page: "playwright.Page", where: str, text: str) -> None:
    """Wait until an element says something."""
    page.wait_for_function(
        "([where, text]) => document.querySelector(where).textContent.includes(text)",
        arg=[where, text],
    )
