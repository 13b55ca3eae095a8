"""The static site in a real browser, served as any host would.

``AXIALKIT_SITE`` names a site that is already there, as in CI; without it one is built from the
lessons as they stand, not executed.
"""

import functools
import os
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from axialkit.course import site
from tests.course.lab import CHROMIUM, FLAGS, playwright, pytestmark

__all__ = ["pytestmark"]

ROOT = Path(__file__).resolve().parents[2]
ARTEFACTS = os.environ.get("AXIALKIT_ARTEFACTS")


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of every file that is asked for."""


@pytest.fixture(scope="module", name="address")
def served_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = Path(os.environ.get("AXIALKIT_SITE") or tmp_path_factory.mktemp("site") / "site")
    if not folder.exists():
        executed = shutil.copytree(ROOT / "notebooks", folder.parent / "executed")
        for path in executed.glob("*.ipynb"):
            path.touch()
        site.publish(ROOT, executed, folder)
    handler = functools.partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(name="page")
def browser_page(address: str) -> Iterator["playwright.Page"]:
    """A page that must not ask other hosts for anything, nor complain."""
    wrong: list[str] = []
    own = (address, "data:")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
        page.on("request", lambda one: one.url.startswith(own) or wrong.append(one.url))
        page.on("console", lambda one: one.type == "error" and wrong.append(one.text))
        page.on("pageerror", lambda one: wrong.append(str(one)))
        yield page
        browser.close()
    assert wrong == []


def _keep(page: "playwright.Page", name: str) -> None:
    if ARTEFACTS:
        page.screenshot(path=Path(ARTEFACTS) / f"site-{name}.png")


def test_from_the_first_page_to_an_exercise(page: "playwright.Page", address: str) -> None:
    page.goto(f"{address}/index.html")
    _keep(page, "index")
    page.get_by_role("main").get_by_role("link", name="03 Where am I?").click()
    assert page.title().startswith("03 · Where am I?")
    assert page.locator("math").count() > 10, "formulas are drawn"
    page.get_by_role("main").get_by_role("link", name="Exercise 3.2").first.click()
    page.wait_for_function(
        "() => { const y = document.getElementById('Exercise-3.2').getBoundingClientRect().y;"
        " return -50 < y && y < 500 }"
    )  # the page glides there
    _keep(page, "exercise")


def test_words_of_the_course_explain_themselves(page: "playwright.Page", address: str) -> None:
    page.goto(f"{address}/notebooks/01_why_axial.html")
    assert page.locator("abbr", has_text="key").first.get_attribute("title").startswith("A pixel")


def test_search_finds_lessons_and_functions(page: "playwright.Page", address: str) -> None:
    page.goto(f"{address}/index.html")
    box = page.get_by_role("textbox", name="Search")
    box.fill("two_hop")
    box.press("Enter")
    page.get_by_text("Search finished").wait_for()
    found = page.locator("ul.search a").all_inner_texts()
    assert "axialkit.attention.two_hop" in found
    assert any(name.startswith("06 · Seeing attention") for name in found)
    _keep(page, "search")


def test_a_function_is_documented_with_shapes_and_errors(
    page: "playwright.Page", address: str
) -> None:
    page.goto(f"{address}/api/axialkit.attention.html#axialkit.attention.two_hop")
    entry = page.locator("dl:has(> dt[id='axialkit.attention.two_hop'])")
    text = entry.inner_text()
    assert "Float[Tensor" in text and "Raises" in text.title()
    source = entry.get_by_role("link", name="[source]").first.get_attribute("href")
    page.goto(f"{address}/api/{source}")
    assert "def two_hop" in page.get_by_role("main").inner_text()


def test_dark_mode_is_dark(page: "playwright.Page", address: str) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/notebooks/02_attention_on_a_line.html")
    color = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = map(int, color.removeprefix("rgb(").removesuffix(")").split(","))
    assert max(red, green, blue) < 60
    _keep(page, "dark")
