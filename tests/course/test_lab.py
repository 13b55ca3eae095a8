"""Lesson 01 in a real JupyterLab in a real browser, exactly as a learner opens it.

The notebook is the committed one, in its default profile, with no exercise solved. A second, small
one has every kind of control.
"""

import json
from pathlib import Path

from tests.course.lab import (  # noqa: F401  (fixtures are used by their names)
    a_learner_is_never_blocked,
    artefact_folder,
    browser_page,
    drawing,
    home_of_lab,
    open_and_run,
    open_lesson,
    pictures_are_shown,
    playwright,
    pytestmark,
    reopen,
    running_lab,
    says,
)

NOTEBOOK = "01_why_axial.ipynb"
CANVAS = "canvas.axk-canvas"


def test_lesson_01_in_the_browser(
    lab: str,
    page: "playwright.Page",
    home: Path,
    artefacts: Path,
) -> None:
    outside = open_and_run(page, lab, NOTEBOOK, last="key_task_HW")
    pictures_are_shown(page, least=8)
    a_learner_is_never_blocked(page, exercises=4)
    the_explorer_answers(page, artefacts)
    nobody_asks_about_news(page)
    a_prediction_is_stored(page, home)
    the_quiz_explains(page, home)
    assert outside == [], "the lesson must not need the network"


CONTROLS = """
from ipywidgets import Dropdown, IntSlider, RadioButtons, SelectionSlider
from matplotlib.figure import Figure
import axialkit.course as nb

nb.setup("02")
nb.explore(
    lambda **values: Figure(figsize=(3, 0.3)),
    alt=lambda **values: f"An empty figure, drawn for the values {values}.",
    preset=SelectionSlider(options=["a", "whole image: 1 line of 8385, or a longer name"], index=1),
    number=IntSlider(2, 0, 3),
    head=Dropdown(options=["semantic", "center", "offset"]),
    way=RadioButtons(options=["H", "W"]),
)
"""
SMALL = {"controls.ipynb": ("1", CONTROLS, "3")}


def test_controls_in_the_browser(lab: str, page: "playwright.Page") -> None:
    open_lesson(page, lab, "controls.ipynb")
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    page.locator(".axk-box").wait_for()
    the_longest_name_is_whole(page)
    keys_stay_with_their_control(page)
    reopen(page, lab, "controls.ipynb")
    page.get_by_label("head", exact=True).wait_for()
    assert "Error displaying widget" not in page.locator(".jp-Notebook").inner_text()
    assert "values {'preset': 'whole image" in page.locator("figure img").get_attribute("alt")


def the_longest_name_is_whole(page: "playwright.Page") -> None:
    readout = page.locator(".widget-readout", has_text="or a longer name")
    assert readout.evaluate("it => it.scrollWidth <= it.clientWidth")
    box, cell = readout.bounding_box(), page.locator(".axk-box").bounding_box()
    assert box["x"] + box["width"] <= cell["x"] + cell["width"]


def keys_stay_with_their_control(page: "playwright.Page") -> None:
    """Each control takes the arrow keys, and the notebook stays where it is."""

    def press(place: "playwright.Locator", key: str, then: str) -> None:
        place.press(key)
        page.locator(f'figure img[alt*="{then}"]').wait_for()

    press(page.get_by_label("head", exact=True), "ArrowDown", "'head': 'center'")
    press(page.get_by_label("head", exact=True), "ArrowDown", "'head': 'offset'")
    press(page.get_by_label("H", exact=True), "ArrowDown", "'way': 'W'")
    press(page.locator(".noUi-handle").nth(1), "ArrowRight", "'number': 3")
    press(page.locator(".noUi-handle").first, "ArrowLeft", "'preset': 'a'")
    cell = "() => jupyterapp.shell.currentWidget.content.activeCellIndex"
    page.get_by_label("head", exact=True).focus()
    before = page.evaluate(cell)
    page.keyboard.press("ArrowUp")
    assert page.evaluate(cell) == before
    page.keyboard.press("Shift+Enter")  # runs the cell, as everywhere
    page.wait_for_function(f"before => ({cell})() !== before", arg=before)
    page.locator("figure img[alt*=\"'number': 2\"]").wait_for()


def nobody_asks_about_news(page: "playwright.Page") -> None:
    """Neither in a dialog nor in a notification."""
    asked = page.locator(".jp-Dialog, .Toastify__toast")
    assert asked.all_inner_texts() == []


def the_explorer_answers(page: "playwright.Page", folder: Path) -> None:
    canvas = page.locator(CANVAS)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    before = drawing(page, CANVAS)

    click_cell(canvas, box, 5, 1)
    caption_says(page, "Q (5, 1) hears from one hop, along its column or its row: 23 of 128")
    crossed = drawing(page, CANVAS)
    assert crossed != before

    click_cell(canvas, box, 2, 7)
    caption_says(page, "T (2, 7) to Q (5, 1): H hop to the corner C (5, 7), then W hop")
    connected = drawing(page, CANVAS)
    assert connected != crossed
    page.screenshot(path=folder / "lesson_01_explorer.png")

    canvas.press("ArrowRight")
    caption_says(page, "T (2, 8) to Q (5, 1): H hop to the corner C (5, 8), then W hop")
    assert drawing(page, CANVAS) != connected
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
    says(page, ".axk-caption", text)


def record(folder: Path) -> dict:
    path = folder / "progress.json"
    return json.loads(path.read_text())["01"] if path.exists() else {}


def a_prediction_is_stored(page: "playwright.Page", folder: Path) -> None:
    """The buttons reach the kernel, and the kernel writes the file."""
    cell = page.locator(".jp-CodeCell", has_text="Predict first: Blind guessing")
    cell.get_by_label("only H, then W", exact=True).check()
    cell.get_by_text("Noted.").wait_for()
    assert record(folder)["predictions"]["key task"]["answer"] == "only H, then W"


def the_quiz_explains(page: "playwright.Page", folder: Path) -> None:
    page.get_by_label("its row", exact=True).check()
    page.get_by_text("✓ Right. One hop runs along one line.").wait_for()
    assert record(folder)["quiz"] == {"1": True}
