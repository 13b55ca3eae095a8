from pathlib import Path

from ipywidgets import IntSlider, SelectionSlider
from matplotlib.figure import Figure

from axialkit.course import keep_keys
from axialkit.course.explore import explore, explorer
from axialkit.course.page import WIDGET_MIME

DRAWN = []


def draw(height: int, width: int) -> Figure:
    DRAWN.append((height, width))
    return Figure(figsize=(width, height))


def describe(height: int, width: int) -> str:
    return f"An empty figure, {height} inches high and {width} inches wide."


def test_moving_a_slider_draws_the_figure_anew() -> None:
    controls = {"height": IntSlider(1, 1, 5), "width": IntSlider(2, 1, 5)}
    box = explorer(draw, describe, controls)
    picture = box.children[-1]
    assert describe(1, 2) in picture.value
    first = picture.value
    controls["width"].value = 4
    assert DRAWN[-1] == (1, 4)
    assert describe(1, 4) in picture.value
    assert picture.value != first
    assert [child.description for child in box.children[:-1]] == ["height", "width"]


def test_choices_have_room_for_their_names() -> None:
    controls = {"height": IntSlider(1, 1, 5), "width": SelectionSlider(options=[1, 2])}
    explorer(draw, describe, controls)
    assert "axk-choice" in controls["width"]._dom_classes
    assert "axk-choice" not in controls["height"]._dom_classes
    assert ".axk-choice" in Path(keep_keys.__file__).with_suffix(".css").read_text()


def test_a_page_without_a_kernel_has_the_first_figure(displayed: list[dict]) -> None:
    assert explore(draw, alt=describe, height=IntSlider(2, 1, 5), width=IntSlider(3, 1, 5)) is None
    (bundle,) = displayed
    assert WIDGET_MIME in bundle
    assert describe(2, 3) in bundle["text/html"]
    assert bundle["text/plain"] == f"[figure: {describe(2, 3)}]"
