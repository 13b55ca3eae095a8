"""Pages of the course: built, looked over, served on this machine only, and always ended."""

from pathlib import Path

import numpy as np
import pytest
import requests
from PIL import Image

from axialkit.course import web_page
from axialkit.data import minicity

CONFIDENCE = np.array([[0.1, 0.5, 0.9, 1.0]], np.float32)


def test_what_a_check_sees_of_a_page() -> None:
    facts = web_page.page_facts(web_page.build_page(CONFIDENCE))
    assert facts == {"/sure": {"controls": [("Slider", 0, 1)], "answers": [100.0, 75.0, 25.0]}}


def test_a_fault_is_an_answer_and_a_private_event_is_not_seen() -> None:
    import gradio as gr

    def fails(number: float) -> float:
        raise KeyError(number)

    with gr.Blocks(analytics_enabled=False) as page:
        slider = gr.Slider(1, 3, 2)
        slider.change(fails, slider, None, api_name="fails")
        slider.release(fails, slider, None, api_visibility="private")
    facts = web_page.page_facts(page)
    assert facts == {"/fails": {"controls": [("Slider", 1, 3)], "answers": ["KeyError"] * 3}}


def test_a_served_page_is_asked_with_plain_requests_and_ended() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        web_page.served(web_page.build_page(CONFIDENCE)) as address,
    ):
        assert address.startswith("http://127.0.0.1:")
        assert web_page.browser_call(address, web_page.SURE, 0.6) == [50.0]
        raise ZeroDivisionError
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)


def test_the_shipped_page_segments_an_upload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "street.png"
    Image.fromarray(minicity.scene(3).image).save(path)
    with web_page.shipped_page("tiny_avenue") as address:
        file = web_page.upload(address, path)
        _, answer = web_page.browser_call(address, web_page.SEGMENT, file)
        looked = web_page.browser_call(
            address, web_page.ATTENTION, file, *web_page.question(48, 80, layer=1, heads=(1, 2))
        )
    assert answer["segments"]
    assert "asked from y=48, x=80" in looked[1]["description"]
    assert capsys.readouterr() == ("", "")
    with pytest.raises(requests.ConnectionError):
        requests.get(address, timeout=5)


def test_a_question_counts_from_one() -> None:
    assert web_page.question(48, 80, layer=2) == (48, 80, 2, 0, 0)
    assert web_page.question(48, 80, layer=2, heads=(1, 2)) == (48, 80, 2, 1, 2)
