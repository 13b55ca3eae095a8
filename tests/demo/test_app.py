import json
import os
import shutil
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

gr = pytest.importorskip("gradio")
from gradio_client import Client, handle_file  # noqa: E402

from axialkit.demo import app  # noqa: E402
from axialkit.demo.compute import TABLE_HEADERS, Explorer  # noqa: E402
from axialkit.demo.handlers import Handlers  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="module")
def address(run_folder, callers):
    page = app.launch(run_folder, port=7990, block=False)
    yield page.local_url.rstrip("/")
    page.close()
    assert callers == []  # neither start nor requests asked anybody beyond this machine


@pytest.fixture(scope="module")
def client(address):
    return Client(address, verbose=False, analytics_enabled=False)


@pytest.fixture(scope="module")
def explorer(run_folder):
    return Explorer.load(run_folder)


def read(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def test_segment_endpoint_returns_overlay_legend_note_and_table(
    client, explorer, street, street_file
):
    overlay, legend, note, table = client.predict(handle_file(street_file), api_name="/segment")
    expected = explorer.segment(street)
    np.testing.assert_array_equal(read(overlay), expected.overlay)
    assert (legend, note) == (expected.legend, expected.note)
    assert table["headers"] == TABLE_HEADERS
    assert [row[:3] for row in table["data"]] == [row[:3] for row in expected.table]


def test_attention_endpoint_returns_picture_and_words(client, explorer, street, street_file):
    picture, words = client.predict(
        handle_file(street_file), 100, 40, 2, 1, 0, api_name="/attention"
    )
    expected = explorer.attention(street, (100, 40), 2, (1, 0))
    np.testing.assert_array_equal(read(picture), expected.picture)
    assert words == expected.description


def test_street_endpoint_draws_the_numbered_street(client, street):
    drawn = client.predict(1, api_name="/street")
    np.testing.assert_array_equal(read(drawn), street)


def test_only_the_named_endpoints_are_offered(client):
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/segment", "/attention", "/street"}


def make_broken(folder):
    path = folder / "broken.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\nnot really")
    return path


def make_truncated(folder):
    whole = folder / "whole.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)).save(whole)
    path = folder / "half.jpg"
    path.write_bytes(whole.read_bytes()[:2000])
    return path


def make_vast(folder):
    path = folder / "vast.png"
    Image.new("1", (9000, 9000)).save(path)  # 81 million pixels in 10 kB
    return path


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (make_broken, "broken.png"),
        (make_truncated, "half.jpg"),
        (make_vast, "vast.png is too large"),
    ],
)
@pytest.mark.parametrize("endpoint", ["/segment", "/attention"])
def test_bad_pictures_get_one_plain_sentence(client, tmp_path, make, message, endpoint, capfd):
    question = [] if endpoint == "/segment" else [0, 0, 1, 0, 0]
    with pytest.raises(Exception, match=message) as caught:
        client.predict(handle_file(str(make(tmp_path))), *question, api_name=endpoint)
    assert "/tmp" not in str(caught.value)  # where it lies on the server is nobody's business
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("endpoint", "question", "message"),
    [
        ("/segment", [None], "Choose, roll or upload a street first"),
        ("/attention", [None, 0, 0, 1, 0, 0], "Choose, roll or upload a street first"),
        ("/attention", ["street", None, 0, 1, 0, 0], "Give both y and x"),
        ("/attention", ["street", 0, 256, 1, 0, 0], "outside the picture of 128x256"),
        ("/attention", ["street", 0, 0, 9, 0, 0], "layer|maximum|3"),
        ("/street", [-1], "number|minimum"),
    ],
)
def test_impossible_questions_get_one_plain_sentence(
    client, street_file, endpoint, question, message
):
    given = [handle_file(street_file) if value == "street" else value for value in question]
    with pytest.raises(Exception, match=message):
        client.predict(*given, api_name=endpoint)


def test_too_large_files_are_refused(client, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(bytes(21_000_000))
    with pytest.raises(Exception, match=r"413|too large|exceeds|max"):
        client.predict(handle_file(str(path)), api_name="/segment")


@pytest.mark.parametrize(
    "probe",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=../../../../../../etc/passwd",
        "/static//etc/passwd",
        "/gradio_api/file=http://127.0.0.1:9/x",
    ],
)
def test_no_file_beside_the_page_is_served(address, probe):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address + probe)
    assert caught.value.code in (400, 403, 404)


def test_no_file_beside_the_uploads_is_segmented(address, street_file):
    # a hand-made request: the client library would upload the file
    file = {"path": street_file, "meta": {"_type": "gradio.FileData"}}
    request = urllib.request.Request(
        f"{address}/gradio_api/call/segment",
        json.dumps({"data": [file]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/gradio_api/call/segment/{event}") as answer:
        events = answer.read().decode()
    assert "event: error" in events
    assert "event: complete" not in events


def test_taken_port_gives_the_next_free_one(address):
    taken = int(address.rsplit(":", 1)[1])
    assert app._free_port("127.0.0.1", taken) > taken


def select(index):
    return gr.SelectData(target=None, data={"index": index, "value": None})


def test_click_on_the_overlay_finds_the_pixel_of_the_picture(explorer, street_file):
    handlers = Handlers(explorer)
    # the overlay is four times as large: 1024 for 256
    y, x, _, words = handlers.click_overlay(street_file, 1, 0, 0, select((403, 255)))
    assert (y, x) == (63, 100)
    assert words == handlers.attention(street_file, 63, 100, 1, 0, 0)[1]
    assert handlers.click_overlay(street_file, 1, 0, 0, select((1023, 511)))[:2] == (127, 255)
    assert handlers.click_overlay(street_file, 1, 0, 0, select((1024, 512)))[:2] == (127, 255)


def test_click_beside_the_picture_says_so(explorer, street_file):
    with pytest.raises(gr.Error, match="Click on a pixel"):
        Handlers(explorer).click(street_file, 1, 0, 0, select(None))


def test_removed_picture_leaves_a_blank_page(explorer):
    assert Handlers(explorer).arrive(None, 1, 0, 0) == (None, "", "", [], None, None, None, "")


def click_inside(picture, down, right):
    """Click on a share of the picture's height and width; it is centred in its frame."""
    box, aspect = picture.bounding_box(), 2.0
    width = min(box["width"], box["height"] * aspect)
    x = box["width"] / 2 + (right - 0.5) * width
    y = box["height"] / 2 + (down - 0.5) * width / aspect
    picture.click(position={"x": x, "y": y})


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt-get install chromium")
def test_visitor_uploads_clicks_and_sees_the_strips(
    address, explorer, street, street_file, tmp_path
):
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1280, "height": 1400})
        tab.set_default_timeout(90_000)
        requests = []
        tab.on("request", lambda request: requests.append(request.url))
        words, strips = tab.locator("#words"), tab.locator("#attention img")

        def wait_for(text):
            words.get_by_text(text).wait_for()

        tab.goto(address)
        wait_for("asked from")  # the page opens with an example answered
        opened = strips.get_attribute("src")

        tab.locator("#street input[type=file]").set_input_files(street_file)
        wait_for(explorer.attention(street, explorer.telling_pixel(street), 3, (0, 0)).description)
        uploaded = strips.get_attribute("src")
        assert uploaded != opened
        tab.get_by_role("button", name="Segment", exact=True).click()

        click_inside(tab.locator("#overlay img"), 0.75, 0.25)
        wait_for("asked from y=96, x=64")
        for box, pixel in (("#y", 96), ("#x", 64)):
            assert abs(int(tab.locator(f"{box} input").input_value()) - pixel) <= 1
        assert strips.get_attribute("src") != uploaded
        click_inside(tab.locator("#street img"), 0.5, 0.5)
        wait_for("asked from y=64, x=128")

        tab.locator("#y input").fill("17")  # and without a mouse
        tab.locator("#y input").press("Enter")
        wait_for("asked from y=16, x=128")
        tab.locator("#layer input[type=range]").press("ArrowLeft")
        wait_for(explorer.layers[1])

        tab.screenshot(path=tmp_path / "page.png")
        browser.close()
    assert read(tmp_path / "page.png").std() > 20
    outside = [url for url in requests if not url.startswith((address, "data:", "blob:"))]
    assert outside == []
