"""Lesson 01 in a real JupyterLab in a real browser, exactly as a learner opens it.

The notebook is the committed one, in its default profile, with no exercise solved. Nothing here
sleeps: every step waits for what it needs.
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

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra e2e")
pytest.importorskip("jupyterlab", reason="jupyterlab is in the extra notebooks")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)"),
]

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_why_axial.ipynb"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
PATIENCE = 600_000  # ms, for the training cell on a busy machine
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell stays in the page
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, home: Path) -> Iterator[str]:
    """Serve a folder with the notebook; yield the address."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "work"
    work.mkdir()
    shutil.copy(NOTEBOOK, work)
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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={port}", "--ServerApp.port_retries=0", "--IdentityProvider.token=",
        f"--ServerApp.root_dir={work}", "--LabApp.expose_app_in_browser=True",
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


@pytest.fixture
def page(lab: str) -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1100})
        page.set_default_timeout(120_000)
        yield page
        browser.close()


def test_lesson_01_in_the_browser(
    lab: str, page: "playwright.Page", home: Path, tmp_path: Path
) -> None:
    outside: list[str] = []
    local = (lab, lab.replace("http", "ws"), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(local) else outside.append(r.url))
    page.goto(f"{lab}/lab/tree/{NOTEBOOK.name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    run_all_cells(page)

    pictures_are_shown(page)
    a_learner_is_never_blocked(page)
    the_explorer_answers(page, tmp_path)
    a_prediction_is_stored(page, home)
    the_quiz_explains(page, home)
    assert outside == [], "the lesson must not need the network"


def run_all_cells(page: "playwright.Page") -> None:
    """Run the notebook and wait for the numbers of its last cell."""
    page.evaluate(
        """async () => {
            await jupyterapp.restored;
            await jupyterapp.shell.currentWidget.sessionContext.ready;
            await jupyterapp.commands.execute('notebook:run-all-cells');
        }""",
    )
    last = page.locator(".jp-CodeCell").last
    last.locator(".jp-OutputArea-output", has_text="key_task_HW").wait_for(timeout=PATIENCE)
    errors = page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.error']")
    assert errors.all_inner_texts() == []


def pictures_are_shown(page: "playwright.Page") -> None:
    page.wait_for_function(
        """() => {
            const pictures = [...document.querySelectorAll('.jp-OutputArea-output figure img')];
            return pictures.length >= 8 && pictures.every(p => p.complete && p.naturalWidth > 0);
        }"""
    )
    for picture in page.locator(".jp-OutputArea-output figure img").all():
        assert len(picture.get_attribute("alt")) >= 30


def a_learner_is_never_blocked(page: "playwright.Page") -> None:
    """No exercise is solved, and yet every cell has run, with a note that says how."""
    said = page.locator(".jp-Notebook").inner_text()
    assert said.count("not written yet. A hint:") == 4
    assert said.count("the cells below use the kit's own") == 4
    assert "profile=learn" in said


def the_explorer_answers(page: "playwright.Page", folder: Path) -> None:
    canvas = page.locator("canvas.axk-canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    before = drawing(page)

    click_cell(canvas, box, 5, 1)
    caption_says(page, "Q (5, 1) hears from one hop, along its column or its row: 23 of 128")
    crossed = drawing(page)
    assert crossed != before

    click_cell(canvas, box, 2, 7)
    caption_says(page, "T (2, 7) to Q (5, 1): H hop to the corner C (5, 7), then W hop")
    connected = drawing(page)
    assert connected != crossed
    page.screenshot(path=folder / "explorer.png")

    canvas.press("ArrowRight")
    caption_says(page, "T (2, 8) to Q (5, 1): H hop to the corner C (5, 8), then W hop")
    assert drawing(page) != connected
    canvas.press("o")
    caption_says(page, "W hop to the corner C (2, 1), then H hop")
    page.get_by_role("button", name="order: W, then H").click()
    caption_says(page, "H hop to the corner C (5, 8)")
    canvas.press("1")
    caption_says(page, "out of reach in one hop")
    canvas.press("Enter")
    caption_says(page, "Q (2, 8) hears from one hop")
    assert page.locator(".jp-Notebook .jp-MarkdownCell h1").count() == 1, "keys leaked to the Lab"


def click_cell(canvas: "playwright.Locator", box: dict, y: int, x: int) -> None:
    height, width = 8, 16
    canvas.click(
        position={"x": box["width"] * (x + 0.5) / width, "y": box["height"] * (y + 0.5) / height}
    )


def caption_says(page: "playwright.Page", text: str) -> None:
    page.wait_for_function(
        "text => document.querySelector('.axk-caption').textContent.includes(text)", arg=text
    )


def drawing(page: "playwright.Page") -> str:
    """The canvas as it is drawn now."""
    return page.evaluate("() => document.querySelector('canvas.axk-canvas').toDataURL()")


def record(home: Path) -> dict:
    path = home / "progress.json"
    return json.loads(path.read_text())["01"] if path.exists() else {}


def a_prediction_is_stored(page: "playwright.Page", home: Path) -> None:
    """The buttons reach the kernel, and the kernel writes the file."""
    cell = page.locator(".jp-CodeCell", has_text="Predict first: Blind guessing")
    cell.get_by_label("only H, then W", exact=True).check()
    cell.get_by_text("Noted.").wait_for()
    assert record(home)["predictions"]["key task"]["answer"] == "only H, then W"


def the_quiz_explains(page: "playwright.Page", home: Path) -> None:
    page.get_by_label("its row", exact=True).check()
    page.get_by_text("✓ Right. One hop runs along one line.").wait_for()
    assert record(home)["quiz"] == {"1": True}
