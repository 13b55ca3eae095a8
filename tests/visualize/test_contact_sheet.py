from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from axialkit.data.check_sample import SampleFiles
from axialkit.data.panoptic_files import write_png
from axialkit.visualize.contact_sheet import choose, draw_sheet
from axialkit.visualize.render import render


def many(split: str, city: str, count: int) -> list[SampleFiles]:
    return [
        SampleFiles(split, city, f"{city}_{n:06d}", Path("x.png"), None, None) for n in range(count)
    ]


def test_the_choice_is_even_over_splits_and_cities():
    samples = many("train", "a", 100) + many("train", "b", 30) + many("train", "c", 50)
    samples += many("val", "d", 40) + many("val", "e", 2)
    chosen = choose(samples, 12)
    assert Counter(s.city for s in chosen) == {"a": 2, "b": 2, "c": 2, "d": 4, "e": 2}
    assert [s.name for s in chosen if s.city == "a"] == ["a_000025", "a_000075"]


def test_more_cities_than_places_and_fewer_samples_than_places():
    samples = [each for n in range(30) for each in many("train", f"c{n:02d}", 5)]
    chosen = choose(samples, 6)
    assert [s.city for s in chosen] == ["c02", "c07", "c12", "c17", "c22", "c27"]
    assert choose(samples[:3], 24) == samples[:3]
    assert choose([], 24) == []


@pytest.fixture
def files(tmp_path):
    """Write an image, and labels of given ids and size."""

    def write(ids: int | None, size: tuple[int, int] = (32, 64)) -> SampleFiles:
        image, labels = tmp_path / "image.png", tmp_path / f"{ids}_gtFine_instanceIds.png"
        write_png(image, np.full((32, 64, 3), 200, np.uint8))
        if ids is not None:
            pixels = np.full(size, ids, np.uint16)
            pixels[4:20, 10:30] = 26001 if ids else 0
            write_png(labels, pixels)
        return SampleFiles("val", "ulm", f"ulm_{ids}", image, None if ids is None else labels, None)

    return write


def words(figure) -> list[str]:
    found = [text.get_text() for text in figure.texts]
    return found + [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_sheet_shows_image_and_colors_with_names_and_legend(files):
    figure = draw_sheet([files(7), files(11)], title="data/own")
    assert {"val   ulm_7", "val   ulm_11"} <= set(words(figure))
    assert any("data/own" in text for text in words(figure))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["road", "building", "car"]
    image, labels = (axes.images[0].get_array() for axes in figure.axes[:2])
    assert (image == 200).all()
    blend = np.round(np.array([128, 64, 128]) * 0.75 + 200 * 0.25)  # road
    np.testing.assert_array_equal(labels[-1, -1], blend)
    assert render(figure).std() > 0


def test_what_cannot_be_shown_says_why(files, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    samples = [files(None), files(0), files(7, (16, 32)), files(8)._replace(image=broken)]
    figure = draw_sheet(samples)
    for why in ("no labels", "only void", "labels of another size", "cannot be read"):
        assert why in words(figure)
    assert render(figure).std() > 0


def test_an_empty_sheet_is_drawn_too():
    assert render(draw_sheet([])).shape[2] == 3
