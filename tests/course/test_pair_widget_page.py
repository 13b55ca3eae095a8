"""The pair explorer in a real browser, by itself: clicks and keys, without a kernel."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from axialkit.course import pair_widget

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra e2e")
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)"),
]

SCRIPT = Path(pair_widget.__file__).with_suffix(".js").read_text(encoding="utf-8")
PAGE = f"""<div id="here"></div><script>
{SCRIPT.replace("export default { render };", "")}
const state = {{ length: 9, query: 6, key: 2, shortest: 2, longest: 24 }};
const heard = {{}};
const model = {{
  get: (name) => state[name],
  set: (name, value) => {{
    state[name] = value;
    (heard["change:" + name] || []).forEach((f) => f());
  }},
  save_changes: () => {{}},
  on: (name, f) => (heard[name] = heard[name] || []).push(f),
  off: () => {{}},
}};
render({{ model, el: document.getElementById("here") }});
</script>"""
LEFT, TOP, SQUARE = 60, 96, 400  # of the square, as the script draws it


@pytest.fixture(scope="module")
def page() -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1000, "height": 700})
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.set_content(PAGE)
        yield tab
        browser.close()
        assert errors == []


def state(page: "playwright.Page") -> list[int]:
    return page.evaluate("[state.length, state.query, state.key]")


def test_a_click_chooses_a_pair(page: "playwright.Page") -> None:
    box = page.locator("canvas").bounding_box()
    cell = SQUARE / 9
    page.mouse.click(box["x"] + LEFT + 3.5 * cell, box["y"] + TOP + 1.5 * cell)
    assert state(page) == [9, 1, 3]
    caption = page.locator(".axk-caption").inner_text()
    assert caption.startswith("Query 1, key 3: 3 − 1 = +2, the key lies 2 to the right. Row +2 + 8")
    page.mouse.click(box["x"] + 700, box["y"] + 300)  # beside the square
    assert state(page) == [9, 1, 3]


def test_keys_move_the_pair_and_stay_on_the_line(page: "playwright.Page") -> None:
    page.locator("canvas").focus()
    before = state(page)
    for key in ("ArrowDown", "ArrowRight", "d", "D", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    assert state(page) == before
    for _ in range(30):
        page.keyboard.press("ArrowRight")
    assert state(page) == [9, before[1], 8]


def test_the_length_has_limits(page: "playwright.Page") -> None:
    page.locator("canvas").focus()
    for key, end in (("+", 24), ("-", 2)):
        for _ in range(30):
            page.keyboard.press(key)
        length, query, at = state(page)
        assert length == end
        assert max(query, at) < length
