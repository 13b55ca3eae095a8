"""The page as a visitor meets it, in headless Chromium."""

import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio")

from axialkit.demo.looking import Question  # noqa: E402
from axialkit.demo.streets import EXAMPLES, draw_street  # noqa: E402
from axialkit.demo.views import Views  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # it pretends one
PATIENCE = 90_000  # ms, on a busy machine

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def views(tiny):
    return Views(tiny)


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory):
    """Where pictures of the page are kept."""
    named = os.environ.get("AXIALKIT_ARTEFACTS")
    folder = Path(named) / "demo" if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS + CAMERA)
        yield browser
        browser.close()


class Visit:
    """A tab on the page, with what it asked for and what went wrong in it."""

    def __init__(self, browser, address, query="", **options):
        size = {"width": 1400, "height": 1250}
        self.context = browser.new_context(viewport=size, accept_downloads=True, **options)
        self.tab = self.context.new_page()
        self.tab.set_default_timeout(PATIENCE)
        self.requests, self.errors, self.address = [], [], address
        self.tab.on("request", lambda request: self.requests.append(request.url))
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.goto(address + query)

    def open(self, name):
        self.tab.get_by_role("tab", name=name, exact=True).click()

    def picture(self, part):
        return self.tab.locator(f"#{part} img").get_attribute("src")

    def wait_for_another(self, part, before):
        self.tab.wait_for_function(
            "([part, before]) => { const img = document.querySelector(`#${part} img`);"
            " return img && img.src !== before && img.complete; }",
            arg=[part, before],
        )

    def wait_for_words(self, part, text):
        self.tab.locator(f"#{part}").get_by_text(text).first.wait_for()

    def wait_for_pixel(self, y, x):
        """Wait until the boxes hold that pixel, but for rounding."""
        self.tab.wait_for_function(
            "([y, x]) => Math.abs(document.querySelector('#y input').value - y) < 3"
            " && Math.abs(document.querySelector('#x input').value - x) < 3",
            arg=[y, x],
        )

    def pixel(self):
        return tuple(int(self.tab.locator(f"#{side} input").input_value()) for side in "yx")

    def click_inside(self, part, down, right, aspect=2.0):
        """Click on a share of a picture's height and width; it is centered in its frame."""
        image = self.tab.locator(f"#{part} img")
        image.scroll_into_view_if_needed()
        box = image.bounding_box()
        width = min(box["width"], box["height"] * aspect)
        x = box["width"] / 2 + (right - 0.5) * width
        y = box["height"] / 2 + (down - 0.5) * width / aspect
        image.click(position={"x": x, "y": y})

    def close(self):
        self.context.close()
        outside = [
            url for url in self.requests if not url.startswith((self.address, "data:", "blob:"))
        ]
        assert outside == []  # nothing left the machine
        assert self.errors == []


@pytest.fixture
def visit(browser, address):
    visits = []

    def start(query="", **options):
        visits.append(Visit(browser, address, query, **options))
        visits[-1].tab.wait_for_function(  # the first example, or the link, is answered
            "!['', '0'].includes(document.querySelector('#y input')?.value ?? '')"
        )
        return visits[-1]

    yield start
    for one in visits:
        one.close()


def words_of(views, number, y, x, layer=3, heads=(0, 0)):
    return views.attention(draw_street(number).image, Question(y, x, layer, *heads)).words


def test_a_visitor_picks_an_example_clicks_and_sees_where_the_pixel_looks(visit, views, artefacts):
    one = visit()
    tab, opened = one.tab, one.picture("overlay")
    tab.screenshot(path=artefacts / "1-opened.png", full_page=True)

    tab.locator("#examples button, #examples [role=button]").nth(1).click()
    one.wait_for_another("overlay", opened)
    assert tab.locator("#number input").input_value() == str(EXAMPLES[1])

    one.open("Attention")
    y, x = views.telling_pixel(draw_street(EXAMPLES[1]).image)
    one.wait_for_words("words", words_of(views, EXAMPLES[1], y, x))
    before = one.picture("attention")
    one.click_inside("street", 0.75, 0.25)
    one.wait_for_another("attention", before)
    y, x = one.pixel()
    assert abs(y - 96) <= 1
    assert abs(x - 64) <= 1
    words = words_of(views, EXAMPLES[1], y, x)
    one.wait_for_words("words", words)
    assert tab.locator("#attention img").get_attribute("alt") == words  # for screen readers
    assert tab.locator("#bars tr").count() >= 2
    tab.screenshot(path=artefacts / "2-attention.png", full_page=True)


def test_everything_about_a_pixel_works_by_keyboard(visit, views):
    one = visit("?street=15&y=64&x=128&tab=attention")
    tab = one.tab
    one.wait_for_words("words", words_of(views, 15, 64, 128))

    slider = tab.locator("#column-head input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    one.wait_for_words("words", words_of(views, 15, 64, 128, heads=(1, 0)))
    tab.locator("#layer input[type=range]").press("ArrowLeft")
    one.wait_for_words("words", words_of(views, 15, 64, 128, 2, (1, 0)))

    tab.locator("#street").focus()
    tab.keyboard.press("ArrowDown")  # a cell further down: 16 pixels
    one.wait_for_words("words", words_of(views, 15, 80, 128, 2, (1, 0)))
    assert one.pixel() == (80, 128)
    tab.locator("#y input").fill("17")
    tab.locator("#y input").press("Enter")
    one.wait_for_words("words", words_of(views, 15, 17, 128, 2, (1, 0)))

    tab.locator("#order input").nth(1).focus()
    tab.keyboard.press("Space")
    one.wait_for_words("words", "the other way round")
    tab.locator("#terms input").nth(2).focus()
    tab.keyboard.press("Space")
    one.wait_for_words("words", "Left out of the logits: key position")


def test_of_quick_clicks_the_last_counts_and_no_key_is_lost(visit, views):
    one = visit("?street=15&y=64&x=0&tab=attention")
    tab = one.tab
    one.wait_for_words("words", words_of(views, 15, 64, 0))
    tab.locator("#street").focus()
    for _ in range(6):
        tab.keyboard.press("ArrowRight")
    one.wait_for_words("words", words_of(views, 15, 64, 96))
    assert one.pixel() == (64, 96)
    for down, right in ((0.2, 0.2), (0.8, 0.3), (0.4, 0.9), (0.7, 0.6)):
        one.click_inside("street", down, right)
        time.sleep(0.2)
    one.wait_for_pixel(0.7 * 128, 0.6 * 256)
    y, x = one.pixel()
    one.wait_for_words("words", words_of(views, 15, y, x))
    time.sleep(3)  # a late answer would write an older pixel into the boxes
    assert one.pixel() == (y, x)
    one.wait_for_words("facts", f"Pixel ({y}, {x}) lies in cell")


def test_a_removed_picture_and_results_of_an_older_one_are_gone(visit):
    one = visit("?street=15&y=64&x=128&tab=metrics")
    tab = one.tab
    tab.locator("#score").click()
    one.wait_for_words("scored", "Street 15.")
    tab.locator("#examples button").nth(2).click()
    one.wait_for_words("scored", "Press")
    assert tab.locator("#matches img").count() == 0
    one.open("Panoptic")
    tab.locator("#overlay img").wait_for()
    tab.locator("#street").get_by_role("button", name="Clear").or_(
        tab.locator("#street").get_by_role("button", name="Remove")
    ).first.click()
    tab.locator("#overlay img").wait_for(state="detached")
    assert tab.locator("#number input").input_value() in ("", "0")
    assert "road" not in tab.locator("#legend").inner_text()


def test_overlays_toggle_and_the_table_and_the_picture_find_each_other(visit, views, artefacts):
    one = visit("?street=15&y=64&x=128")
    tab = one.tab
    image = draw_street(15).image
    for control in ("#marks input >> nth=2", "#palette input >> nth=1", "#coloring input >> nth=3"):
        before = one.picture("overlay")
        tab.locator(control).click()
        one.wait_for_another("overlay", before)
    one.wait_for_words("legend", "Probability of the class")
    tab.locator("#coloring input").nth(0).click()
    one.wait_for_words("legend", "road")

    # from the picture to the table: the car in front
    one.click_inside("overlay", 0.6, 0.5)
    tab.wait_for_function("document.querySelector('#segment input').value === 'car 1'")
    marked = tab.locator("#segments [role=row]", has_text="▶").last
    marked.wait_for()
    assert "car 1" in marked.inner_text()
    tab.screenshot(path=artefacts / "3-lit.png", full_page=True)

    # and from the table to the picture
    before = one.picture("overlay")
    tab.locator("#segments [role=gridcell]", has_text="truck 1").first.click()
    tab.wait_for_function("document.querySelector('#segment input').value === 'truck 1'")
    one.wait_for_another("overlay", before)
    label = views.segment_at(image, one.pixel())
    assert label // 1000 == 14  # a truck


def test_post_processing_changes_the_segments(visit):
    one = visit()
    tab, before = one.tab, one.picture("overlay")
    tab.get_by_text("Post-processing: from the three heads").click()
    area = tab.locator("#stuff_area_limit input[type=number]")
    area.fill("16384")
    area.press("Enter")
    one.wait_for_another("overlay", before)
    one.wait_for_words("legend", "unlabelled")
    changed = one.picture("overlay")
    tab.locator("#reset").click()
    one.wait_for_another("overlay", changed)


def test_a_shared_link_leads_into_the_same_state(visit, views):
    one = visit("?street=9&y=70&x=200&layer=2&column=3&row=1&order=wh&tab=attention")
    expected = views.attention(draw_street(9).image, Question(70, 200, 2, 3, 1, "wh")).words
    one.wait_for_words("words", expected)
    one.tab.get_by_text("Take this view along").click()
    one.tab.locator("#prepare").click()
    one.tab.wait_for_function("document.querySelector('#link textarea, #link input').value")
    link = one.tab.locator("#link textarea, #link input").input_value()
    assert link.startswith(one.address)

    other = visit(link.removeprefix(one.address))
    other.wait_for_words("words", expected)
    assert other.pixel() == (70, 200)
    assert other.tab.locator("#number input").input_value() == "9"
    assert other.tab.locator("#column-head input[type=number]").input_value() == "3"
    assert other.tab.locator("#order input").nth(1).is_checked()


def test_a_damaged_link_opens_the_page_and_says_so(visit):
    one = visit("?street=abc&layer=99999&tab=<b>")
    one.tab.get_by_text("This link was not understood in: street, layer, tab").wait_for()
    assert one.tab.locator("#number input").input_value() == str(EXAMPLES[0])


def test_comparisons_scores_and_downloads(visit, artefacts, tmp_path):
    one = visit("?street=15&y=64&x=128&tab=compare")
    tab = one.tab
    tab.locator("#compare").click()
    one.wait_for_words("compared", "same q and k, untrained")
    tab.locator("#compared-maps img").wait_for()
    tab.screenshot(path=artefacts / "4-compare.png", full_page=True)
    tab.locator("#kind input").nth(1).click()
    tab.locator("#compare").click()
    one.wait_for_words("compared", "without positions")
    tab.locator("#after img").wait_for()

    one.open("Metrics")
    tab.locator("#score").click()
    one.wait_for_words("scored", "PQ 65.7")
    one.wait_for_words("ladder", "all heads true")
    one.wait_for_words("scores", "missed")
    tab.screenshot(path=artefacts / "5-metrics.png", full_page=True)

    tab.get_by_text("Take this view along").click()
    tab.locator("#prepare").click()
    tab.locator("#files a").first.wait_for()
    assert tab.locator("#files a").count() >= 5
    with tab.expect_download() as started:
        tab.locator("#files a", has_text="").filter(has_text=re.compile("B")).first.click()
    started.value.save_as(tmp_path / "first")
    assert Image.open(tmp_path / "first").size == (1024, 512)  # the overlay
    one.wait_for_words("take", 'api_name="/two_hop"')


def test_an_upload_is_answered_and_pins_and_segments_can_be_looked_at(
    visit, views, photo, tmp_path, artefacts
):
    path = tmp_path / "photo.png"
    Image.fromarray(photo).save(path)
    one = visit()
    tab, before = one.tab, one.picture("overlay")
    tab.locator("#street input[type=file]").set_input_files(path)
    one.wait_for_words("note", "300 × 400 pixels")
    one.wait_for_another("overlay", before)
    for part in ("street", "overlay"):  # the corners, too; one is enlarged, one was shrunk
        for down, right in ((0.5, 0.25), (0.004, 0.004), (0.996, 0.996)):
            one.click_inside(part, down, right, aspect=4 / 3)
            one.wait_for_pixel(300 * down, 400 * right)

    tab.locator("#roll").click()
    one.wait_for_words("note", "A street of 128 × 256")
    one.open("Attention")
    tab.locator("#pin").click()
    tab.locator("#pinned img").wait_for()
    first = one.picture("pinned")
    y, _ = one.pixel()
    tab.locator("#down").click()
    tab.wait_for_function("y => document.querySelector('#y input').value !== y", arg=str(y))
    tab.locator("#pin").click()
    one.wait_for_another("pinned", first)
    tab.locator("#group input").click()
    tab.get_by_role("option").first.click()
    one.wait_for_words("group-words", "mean over its cells")
    tab.screenshot(path=artefacts / "6-pins.png", full_page=True)
    tab.locator("#unpin").click()
    tab.locator("#pinned img").wait_for(state="detached")


def test_a_photo_from_the_camera_is_answered(visit):
    one = visit(permissions=["camera"])
    street = one.tab.locator("#street")
    street.get_by_role("button", name="Capture from camera").click()
    street.get_by_role("button", name="Click to Access Webcam").click()
    one.tab.wait_for_function("document.querySelector('#street video')?.readyState >= 2")
    street.get_by_role("button", name="capture photo").click()
    one.wait_for_words("note", "Take care. Your picture has")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(visit, artefacts, scheme):
    """By the rules of WCAG 2 A and AA, as axe-core checks them: contrast, labels, names."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    one = visit(f"?__theme={scheme}", color_scheme=scheme)
    found = []
    for name in ("Panoptic", "Attention", "Compare", "Metrics", "About"):
        one.open(name)
        time.sleep(1)
        options = {"runOnly": ["wcag2a", "wcag2aa"]}
        report = axe.Axe().run(one.tab, options=options).response
        found += [
            (name, broken["id"], node["target"], node["failureSummary"][:200])
            for broken in report["violations"]
            for node in broken["nodes"]
        ]
        one.tab.screenshot(path=artefacts / f"7-{scheme}-{name.lower()}.png", full_page=True)
    assert found == []


def test_screenshots_show_something(artefacts):
    pictures = sorted(artefacts.glob("*.png"))
    assert len(pictures) >= 6
    for path in pictures:
        assert np.asarray(Image.open(path).convert("RGB")).std() > 15, path.name
