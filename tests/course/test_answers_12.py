"""Answers to lesson 12 as learners give them: slips that no mutant stands for, unusual styles."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from axialkit.course.checks import judge
from axialkit.course.clicks import click_to_feature
from axialkit.course.contract import predict
from axialkit.course.eyes import linear, overlay
from axialkit.course.kinds import parts
from axialkit.course.lessons import get_exercise
from axialkit.course.quantising import quantise
from axialkit.structures import PanopticResult


def refusal(key: str, answer: Callable[..., Any]) -> str:
    """Return what the check says against an answer."""
    verdict = judge(get_exercise(key), answer)
    assert not verdict.passed and verdict.mutant is None
    return verdict.problem


# ---- 12.1


def _with_scales(weight: Tensor, bits: int, scale: Tensor) -> tuple[Tensor, Tensor]:
    codes = (weight.flatten(1) / scale[:, None]).round().to(torch.int8)
    return codes.view_as(weight), scale


def _tops(weight: Tensor, bits: int) -> Tensor:
    return weight.flatten(1).abs().amax(dim=1) / (2 ** (bits - 1) - 1)


def _floor(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = torch.where(_tops(weight, bits) == 0, 1.0, _tops(weight, bits).clamp_min(1e-5))
    return _with_scales(weight, bits, scale)


def _nearly_zero(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    return _with_scales(weight, bits, torch.where(_tops(weight, bits) < 1e-6, 1.0, 0) + (
        _tops(weight, bits) * (_tops(weight, bits) >= 1e-6)
    ))  # fmt: skip


def _sum_of_zero(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    is_zero = weight.flatten(1).sum(dim=1) == 0
    return _with_scales(weight, bits, torch.where(is_zero, 1.0, _tops(weight, bits)))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_floor, "its largest was 127 and is 0"),
        (_nearly_zero, "its largest was 127 and is 0"),
        (_sum_of_zero, "though its sum is 0: its scale is 2 / 127"),
        (lambda weight, bits: quantise(weight, 8)[::-1], "codes are torch.int8"),
    ],
)
def test_scales_for_zeros_only(answer: Callable[..., Any], words: str) -> None:
    assert words in refusal("12.1", answer)


# ---- 12.2


def _numpy_score(image: np.ndarray, network: Callable[..., PanopticResult]) -> dict[str, Any]:
    result = network(image)
    answer = predict(image, lambda _: result)
    for part in answer["segments"]:
        part["score"] = result.segment_probability[result.panoptic == part["id"]].mean()
    return answer


def _no_arrays_only(image: np.ndarray, network: Callable[..., Any]) -> dict[str, Any]:
    if image.ndim != 3:
        raise ValueError(f"got {image.shape}")
    return predict(image, network)


def _always_the_same(image: np.ndarray, network: Callable[..., Any]) -> dict[str, Any]:
    try:
        return predict(image, network)
    except ValueError:
        raise ValueError("no picture") from None


def _large_only(image: np.ndarray, network: Callable[..., Any]) -> dict[str, Any]:
    answer = predict(image, network)
    answer["segments"] = [part for part in answer["segments"] if part["area"] > 0.001]
    return answer


def _first_to_last(image: np.ndarray, network: Callable[..., Any]) -> dict[str, Any]:
    """Take a box from the first and the last pixel in reading order."""
    result = network(image)
    answer = predict(image, lambda _: result)
    for part in answer["segments"]:
        (top, left), *_, (bottom, right) = np.argwhere(result.panoptic == part["id"]).tolist()
        part["box"] = [top, min(left, right), bottom + 1, max(left, right) + 1]
    return answer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_numpy_score, "float32 is not JSON serializable"),
        (_no_arrays_only, "a list must raise a ValueError, yours raises AttributeError"),
        (_always_the_same, "whatever the image is, your ValueError says 'no picture'"),
        (_large_only, "small segments count, too"),
        (_first_to_last, "the box of road is [4, 0, 8, 16], got [4, 0, 8, 13]"),
    ],
)
def test_promises_that_are_not_kept(answer: Callable[..., Any], words: str) -> None:
    assert words in refusal("12.2", answer)


def test_an_area_may_come_from_float32() -> None:
    def answer(image: np.ndarray, network: Callable[..., Any]) -> dict[str, Any]:
        given = predict(image, network)
        for part in given["segments"]:
            part["area"] = float(np.float32(part["area"]))
        return given

    assert judge(get_exercise("12.2"), answer).passed


# ---- 12.3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda click, *frame: None, "is inside a picture of (128, 256), and you return None"),
        (
            lambda click, *frame: click and all(click) and click_to_feature(click, *frame) or None,
            "the click [0, 0] is inside",
        ),
        (
            lambda click, *frame: dict(enumerate(click_to_feature(click, *frame) or ())) or None,
            "two whole numbers, got {0: 0, 1: 0}",
        ),
    ],
)
def test_no_cell_where_one_is(answer: Callable[..., Any], words: str) -> None:
    assert words in refusal("12.3", answer)


# ---- 12.4


def _inked(ink: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def answer(image: np.ndarray, panoptic: np.ndarray, colors: np.ndarray) -> np.ndarray:
        right = overlay(image, panoptic, colors)
        blend = (0.4 * image + 0.6 * colors[panoptic // 1000]).round()
        border = (right != blend).any(axis=2)
        right[border] = np.where(ink(blend), 255, 0)[border][:, None]
        return right

    return answer


def _wrapped(image: np.ndarray, panoptic: np.ndarray, colors: np.ndarray) -> np.ndarray:
    right = overlay(image, panoptic, colors)
    wraps = np.zeros(panoptic.shape, bool)
    wraps[:, -1] = panoptic[:, -1] != panoptic[:, 0]
    wraps[-1] |= panoptic[-1] != panoptic[0]
    right[wraps] = 255
    return right


WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (_inked(lambda blend: (blend / 255) ** 2.2 @ WEIGHTS < 0.179), "to white, so the border"),
        (_inked(lambda blend: linear(blend) @ WEIGHTS < 0.5), "has a contrast of only"),
        (_inked(lambda blend: np.full(blend.shape[:2], blend.mean() < 118)), "has a contrast of"),
        (_wrapped, "beyond the last row and column is none"),
    ],
)
def test_the_wrong_ink_is_shown_with_its_pixel(answer: Callable[..., Any], words: str) -> None:
    assert words in refusal("12.4", answer)


def test_the_formula_of_the_text_will_do() -> None:
    answer = _inked(lambda blend: linear(blend) @ WEIGHTS < 0.05 * 21**0.5 - 0.05)
    assert judge(get_exercise("12.4"), answer).passed


# ---- 12.5


def _page(confidence: np.ndarray, *, start: str) -> Any:
    import gradio as gr

    def sure(least: float) -> float:
        return float(100 * (confidence >= least).mean())

    with gr.Blocks(analytics_enabled=False) as page, gr.Tab("Sure"):
        least = gr.Slider(0, 1, 0.5, step=0.01, label="At least")
        value = (lambda: sure(0.5)) if start == "callable" else None
        number = gr.Number(value, label="Percent")
        least.change(sure, least, number, api_name="sure")
        if start == "load":
            page.load(sure, least, number, api_visibility="private")
    return page


def _from_the_start(build: Callable[..., Any]) -> None:
    (test,) = (p.test for p in get_exercise("12.5").properties if "from the start" in p.claim)
    test(build)


@pytest.mark.parametrize("start", ["callable", "load"])
def test_a_page_may_come_to_its_first_number_in_other_ways(start: str) -> None:
    _from_the_start(lambda confidence: _page(confidence, start=start))


def test_a_page_without_its_first_number() -> None:
    with pytest.raises(AssertionError, match="before anybody moves the slider .* shows None"):
        _from_the_start(lambda confidence: _page(confidence, start="never"))


def test_the_class_of_a_page_is_no_page() -> None:
    import gradio as gr

    assert parts(gr.Blocks) is gr.Blocks
    assert parts(torch.nn.Linear) is torch.nn.Linear
