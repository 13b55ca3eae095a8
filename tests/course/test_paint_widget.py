"""The paint box: its Python side, and its page in a browser where there is one."""

import json
import re
import shutil

import pytest

from axialkit.course.page import WIDGET_MIME
from axialkit.course.paint_widget import BRUSHES, PaintWidget, kit_scores, paint
from axialkit.course.toy_street import CAR, PRESETS, merged
from axialkit.errors import InputError

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


def test_scores_follow_the_cells() -> None:
    widget = PaintWidget(start="merge two cars")
    assert (widget.prediction == merged()).all()
    assert widget.missed == [CAR + 2] and widget.wrong == []
    assert widget.scores[0] == ["PQ", 87.9, -12.1]
    widget.cells = widget.presets["cut them apart"]
    changes = {name: change for name, _, change in widget.scores}
    assert changes["PQ"] == 7.5 and changes["mIoU"] == -4.5
    assert widget.says.startswith("PQ 95.4, SQ 95.4, RQ 100.0, mIoU 95.5, AP 87.5.")


def test_it_starts_with_scores_even_without_a_mistake() -> None:
    widget = PaintWidget()
    assert [value for _, value, _ in widget.scores] == [100.0] * 5


def test_the_learners_own_functions_are_asked() -> None:
    asked = []
    widget = PaintWidget(lambda map_: asked.append(map_) or {"PQ": 0.5})
    assert widget.scores == [["PQ", 50.0, 0.0]]
    assert len(asked) == 2


def test_every_preset_can_be_painted() -> None:
    labels = {label for make in PRESETS.values() for label in make().ravel().tolist()}
    assert labels <= set(BRUSHES) and len(BRUSHES) == 10


def test_an_unknown_start_is_refused() -> None:
    with pytest.raises(InputError, match='no preset "x". Presets: no mistake, merge two cars'):
        PaintWidget(start="x")


def test_a_page_without_a_kernel_has_the_figure(displayed: list[dict]) -> None:
    paint(kit_scores, start="merge two cars")
    (bundle,) = displayed
    assert "Missed: car 2" in bundle["text/html"] and "data:image/png" in bundle["text/html"]
    assert bundle[WIDGET_MIME]["model_id"]


def test_the_page_needs_no_network() -> None:
    assert not re.search(r"https?:|import |fetch\(|XMLHttp", str(PaintWidget()._esm))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (apt install chromium)")
def test_mouse_and_keys_paint(tmp_path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is in the extra e2e")
    widget = PaintWidget()
    names = ("truth", "cells", "width", "brushes", "presets", "scores", "missed", "wrong", "says")
    state = json.dumps({name: getattr(widget, name) for name in names})
    module = str(widget._esm).replace("export default", "window.widget =")
    page = tmp_path / "page.html"
    page.write_text(
        f"<div id=e></div><script type=module>{module}\nconst s = {state}; window.state = s;\n"
        "const model = { get: (k) => s[k], set: (k, v) => (s[k] = v), save_changes() {}, on() {} };"
        "widget.render({ model, el: document.getElementById('e') });</script>"
    )
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport={"width": 800, "height": 900})
        errors: list[str] = []
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(f"file://{page}")
        canvas = tab.locator(".axk-paint")
        box = canvas.bounding_box()
        tab.mouse.move(box["x"] + 10, box["y"] + 10)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 50, box["y"] + 10, steps=8)
        tab.mouse.up()
        assert tab.evaluate("state.cells.slice(0, 4)") == [0, 0, 0, 10_000]
        tab.keyboard.press("7")
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Space")
        tab.keyboard.press("Shift+ArrowRight")
        assert tab.evaluate("state.cells.slice(30, 33)") == [13_001, 13_001, 10_000]
        tab.keyboard.press("u")
        assert tab.evaluate("state.cells.slice(30, 33)") == [13_001, 10_000, 10_000]
        tab.get_by_text("merge two cars").click()
        assert tab.evaluate("state.cells") == widget.presets["merge two cars"]
        browser.close()
    assert errors == []
