"""Lesson 06 in a real JupyterLab in a real browser: its explorer by mouse, slider and keyboard."""

import re
from pathlib import Path

from tests.course.lab import (  # noqa: F401  (fixtures are used by their names)
    a_learner_is_never_blocked,
    artefact_folder,
    browser_page,
    drawing,
    home_of_lab,
    open_and_run,
    pictures_are_shown,
    playwright,
    pytestmark,
    redrawn,
    running_lab,
    says,
)

NOTEBOOK = "06_seeing_attention.ipynb"
CANVAS = "canvas.axk-look-canvas"
BARS, SCALE = 64, 3  # as in attention_widget.js
ROWS, COLUMNS, HEIGHT, WIDTH = 9, 17, 129, 257


def test_lesson_06_in_the_browser(
    lab: str,
    page: "playwright.Page",
    artefacts: Path,
) -> None:
    outside = open_and_run(page, lab, NOTEBOOK, last="nose_weight")
    pictures_are_shown(page, least=12)
    a_learner_is_never_blocked(page, exercises=5)
    the_explorer_answers(page, artefacts)
    assert outside == [], "the lesson must not need the network"


def the_explorer_answers(page: "playwright.Page", folder: Path) -> None:
    canvas = page.locator(CANVAS)
    canvas.scroll_into_view_if_needed()
    says(page, ".axk-look-caption", "Cell (3, 5) (train 1).")
    pictures = [drawing(page, CANVAS)]

    def changed(text: str) -> None:
        says(page, ".axk-look-caption", text)
        pictures.append(redrawn(page, CANVAS, pictures[-1]))

    click_cell(canvas, 3, 7)
    changed("Cell (3, 7)")
    page.screenshot(path=folder / "lesson_06_explorer.png")
    canvas.press("ArrowDown")
    changed("Cell (4, 7)")
    canvas.press("ArrowLeft")
    changed("Cell (4, 6)")

    page.get_by_label("W hop", exact=True).select_option("head 2")
    changed("Cell (4, 6)")
    slider = page.get_by_label("Layer", exact=True)
    slider.focus()
    slider.press("ArrowRight")
    says(page, ".axk-look-control output", "stage4.block3")
    changed("Cell (4, 6)")
    page.get_by_role("button", name="H hop first, then W").click()
    page.get_by_role("button", name=re.compile("W hop first, then H")).wait_for()
    changed("Cell (4, 6)")
    page.get_by_role("button", name="shown: both hops").click()
    changed("Cell (4, 6)")


def click_cell(canvas: "playwright.Locator", y: int, x: int) -> None:
    """Click on the middle of a cell, wherever the page has shrunk the canvas to."""
    box = canvas.bounding_box()
    zoom = box["width"] / (WIDTH * SCALE + BARS)
    canvas.click(
        position={
            "x": zoom * SCALE * x * (WIDTH - 1) / (COLUMNS - 1),
            "y": zoom * (BARS + SCALE * y * (HEIGHT - 1) / (ROWS - 1)),
        }
    )
