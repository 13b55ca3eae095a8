"""The gates that measure or read: speed, a model card, a page, a data set of one's own."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from axialkit.course.capstone_gates import own_images
from axialkit.course.capstone_measures import model_card, own_page, twice_as_fast
from axialkit.data import minicity
from axialkit.data.from_masks import convert_masks
from axialkit.data.mask_pairs import MaskFolders
from axialkit.weights import load_config, load_model


def problems(findings: Iterator[tuple[str, str]]) -> str:
    """Join what does not hold; empty if a gate is passed."""
    return "; ".join(f"{claim}: {problem}" for claim, problem in findings if problem)


# ---- twice as fast


def _takes(milliseconds: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return a labeller that sees road everywhere, in so many milliseconds."""

    def label(image: np.ndarray) -> np.ndarray:
        end = time.perf_counter() + milliseconds / 1000
        while time.perf_counter() < end:
            pass
        return np.zeros(image.shape[:2], np.int32)

    return label


def _keeps_answers(label: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    kept: dict[bytes, np.ndarray] = {}

    def kept_label(image: np.ndarray) -> np.ndarray:
        key = image.tobytes()
        if key not in kept:
            kept[key] = label(image)
        return kept[key]

    return kept_label


def test_what_is_fast_and_as_good_passes() -> None:
    assert problems(twice_as_fast(_takes(0.2), _takes(4))) == ""


@pytest.mark.parametrize(
    ("fast", "message"),
    [
        (_takes(4), "times, measured in turns"),
        (_keeps_answers(_takes(4)), "times, measured in turns"),
        (lambda image: None, "got a NoneType; return .panoptic"),
        (lambda image: np.zeros((129, 257), np.int32), "[129, 257] for an image of [128, 256]"),
    ],
)
def test_what_is_not_fast_does_not(fast: Callable[..., Any], message: str) -> None:
    assert message in problems(twice_as_fast(fast, _takes(4)))


def test_what_is_worse_than_the_shipped_network_does_not() -> None:
    assert problems(twice_as_fast(_takes(0))).startswith("PQ is at most 2 points lower: it falls")


def test_a_result_is_no_labels() -> None:
    from axialkit.inference import segment

    model, config = load_model("tiny_avenue"), load_config("tiny_avenue")
    said = problems(twice_as_fast(lambda image: segment(model, image, config)))
    assert "got a PanopticResult; return .panoptic" in said


# ---- model card

CARD = """
# tiny

## Data
4000 streets, drawn by the kit as MiniCity, seed 0.

## How it was made
28000 steps of AdamW with 4 streets each, one hour on one CPU core.

## Results
PQ over 240 streets it has not seen: 69.2. The mIoU there is 83.4.
It is weakest at the pole, with a PQ of 17.1.

## Limits
It has only ever seen drawn streets of 128 by 256 pixels by day. On photos its answers
mean nothing. Nobody's safety may depend on it.

## License
Apache 2.0, like the kit.
"""


def test_a_true_card_passes() -> None:
    assert problems(model_card(CARD)) == ""
    table = CARD.replace("PQ over", "- **PQ**, over").replace("The mIoU there is", "\n- mIoU |")
    assert problems(model_card(table)) == ""
    words = CARD.replace("## Limits", "## What it has never seen").replace("4000", "4,000")
    assert (
        problems(model_card(words.replace("streets, drawn", "streets, 128 × 256 each, drawn")))
        == ""
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (CARD, "", "a section is about data"),
        ("4000 streets", "9000 streets", "it learned from 4000 streets"),
        ("4000 streets", "40000 streets", "it learned from 4000 streets"),
        ("128 by 256", "512 by 1024", "they have 128 × 256 pixels"),
        ("69.2", "72.9", "measured were 69.2"),
        ("83.4", "69.2", "measured were 83.4"),
        (
            "mIoU there is 83.4",
            "score is high",
            "not there (such as: mIoU 12.3)",
        ),
        ("## Limits", "## Epilogue", 'no heading ("## ...") about limits'),
        (
            "Apache 2.0, like the kit.",
            "Free.",
            "about license: it says next to",
        ),
        ("pole, with a PQ of 17.1", "small things", "pole has PQ 17.1, and nobody is told"),
        ("pole, with a PQ of 17.1", "pole, with a PQ of 71.1", "the card says 71.1"),
        ("On photos its answers\nmean nothing.", "", "what of photos?"),
        ("On photos its answers\nmean nothing.", "Send me your photos.", "what of photos?"),
    ],
)
def test_other_cards_do_not(old: str, new: str, message: str) -> None:
    assert old in CARD
    assert message in problems(model_card(CARD.replace(old, new)))


def test_a_card_is_a_text() -> None:
    assert "got a dict" in problems(model_card({}))


# ---- own page


def _page(  # noqa: PLR0913  (one argument for each thing a page can lack)
    *,
    note: str = "It was trained on drawn streets. It cannot read photos.",
    label: str = "A street",
    alt: str | None = "The street that you gave",
    name: str | None = "size",
    fault: Callable[[], Exception] | None = None,
    is_silent: bool = False,
) -> Any:
    import gradio as gr

    def measure(image: np.ndarray | None) -> str:
        if image is None and not is_silent:
            raise fault() if fault else gr.Error("Choose a picture first.")
        return "" if image is None else f"{image.shape[0]} x {image.shape[1]}"

    with gr.Blocks(analytics_enabled=False) as page:
        gr.Markdown(note)
        street = gr.Image(label=label)
        street.alt_text = alt
        answer = gr.Textbox(label="Its size")
        street.change(measure, street, answer, api_name=name)
    return page


def test_a_page_passes() -> None:
    assert problems(own_page(_page())) == ""


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"note": "# My page"}, "what it has never seen"),
        ({"note": "Upload a photo! Drawn by me."}, "what it has never seen"),
        ({"label": " "}, "everything has a label: not the Image"),
        ({"alt": None}, "a gr.Image has no alt_text"),
        ({"name": None}, '"measure" is the name of a Python function'),
        ({"name": "measure"}, '"measure" is the name of a Python function'),
        ({"fault": lambda: AttributeError("shape")}, "AttributeError reaches the visitor"),
        ({"is_silent": True}, "without an input it answers as if all were well"),
    ],
)
def test_other_pages_do_not(settings: dict[str, Any], message: str) -> None:
    assert message in problems(own_page(_page(**settings)))


def test_what_is_no_page() -> None:
    import gradio as gr

    assert "got a str" in problems(own_page("page"))
    with gr.Blocks(analytics_enabled=False) as empty:
        gr.Markdown("It has never seen photos.")
    assert 'give an event api_name="..."' in problems(own_page(empty))


# ---- own images

CLASSES = {"1": "road", "2": "sky", "3": "car"}


def _drawn(folder: Path, stem: str, x: int, *, thing: int = 3, is_blank: bool = False) -> None:
    """Draw a sky, a road and a car at ``x``; and the mask of it."""
    mask = Image.new("L", (48, 24), 1)
    pen = ImageDraw.Draw(mask)
    pen.rectangle((0, 0, 47, 9), fill=2)
    pen.rectangle((x, 10, x + 9, 15), fill=thing)
    colors = np.array([(0, 0, 0), (70, 70, 75), (120, 170, 220), (180, 30, 40)], np.uint8)
    picture = np.full((24, 48, 3), 90, np.uint8) if is_blank else colors[np.asarray(mask)]
    for kind, content in (("images", Image.fromarray(picture)), ("masks", mask)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        content.save(folder / kind / f"{stem}.png")


def _dataset(folder: Path) -> Path:
    (folder / "classes.json").write_text(json.dumps(CLASSES))
    folders = MaskFolders(folder / "images", folder / "masks")
    convert_masks(folders, folder / "classes.json", folder / "own", workers=1, progress=False)
    return folder / "own"


def test_three_pictures_of_ones_own_pass(tmp_path: Path) -> None:
    for x in (2, 12, 30):
        _drawn(tmp_path, f"street{x}", x)
    root = _dataset(tmp_path)
    assert problems(own_images(root)) == ""
    next((root / "gtFine").rglob("*_instanceIds.png")).unlink()
    assert "the layout has no fault" in problems(own_images(str(root)))


@pytest.mark.parametrize(
    ("drawings", "message"),
    [
        ([{"x": 2}, {"x": 9}], "at least 3 images: there are 2"),
        ([{"x": 2}, {"x": 9}, {"x": 9}], "two of them are the same picture"),
        ([{"x": 2}, {"x": 9}, {"x": 19, "is_blank": True}], "is of one color"),
        ([{"x": x, "thing": 1} for x in (2, 9, 19)], "at least 3 classes: there are 2: road, sky"),
        ([{"x": x, "thing": 1} for x in (2, 9, 19)], "draw one of "),
    ],
)
def test_other_pictures_do_not(
    drawings: list[dict[str, Any]], message: str, tmp_path: Path
) -> None:
    for number, drawing in enumerate(drawings):
        _drawn(tmp_path, f"street{number}", **drawing)
    assert message in problems(own_images(_dataset(tmp_path)))


def test_what_the_kit_draws_is_not_of_ones_own(tmp_path: Path) -> None:
    root = minicity.generate(tmp_path, scenes="avenue", train=3, val=1, workers=1, progress=False)
    assert "this is a MiniCity" in problems(own_images(root))
    assert "a data set is there" in problems(own_images(tmp_path / "nothing"))
