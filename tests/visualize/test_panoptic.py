import numpy as np
import pytest

from axialkit.structures import VOID, PanopticResult
from axialkit.visualize.palettes import CITYSCAPES, COLORBLIND
from axialkit.visualize.panoptic import (
    class_areas,
    draw_prediction,
    enlarge,
    legend_entries,
    segment_name,
    segment_table,
)


@pytest.fixture
def answer():
    """A road, two cars and a corner without answer, 6x10."""
    panoptic = np.zeros((6, 10), np.int32)
    panoptic[1:3, 1:4], panoptic[3:6, 6:10] = 13001, 13002
    panoptic[0, 8:] = VOID
    instance = np.zeros((6, 10), np.int32)
    instance[panoptic == 13001], instance[panoptic == 13002] = 2, 1
    confidence = np.linspace(0.4, 1.0, 60, dtype=np.float32).reshape(6, 10)
    return PanopticResult(
        panoptic=panoptic,
        semantic=np.where(panoptic == VOID, 0, panoptic // 1000).astype(np.uint8),
        instance=instance,
        centers=np.array([[4, 8], [1, 2]], np.int32),
        center_scores=np.array([0.5, 1.25], np.float32),
        confidence=confidence,
        segment_probability=np.where(panoptic == VOID, 0, 0.9 * confidence).astype(np.float32),
    )


def test_segments_are_measured_pixel_by_pixel(answer):
    table = segment_table(answer)
    assert [row.name for row in table] == ["road", "car 2", "car 1"]
    for row in table:
        pixels = [
            (y, x) for y in range(6) for x in range(10) if int(answer.panoptic[y, x]) == row.id
        ]
        ys, xs = zip(*pixels, strict=True)
        assert row.area == pytest.approx(len(pixels) / 60)
        assert row.box == (min(ys), min(xs), max(ys) + 1, max(xs) + 1)
        mean = sum(float(answer.segment_probability[pixel]) for pixel in pixels) / len(pixels)
        heat = {"road": 1.0, "car 2": 0.5, "car 1": 1.25}[row.name]
        assert row.score == pytest.approx(mean * heat, rel=1e-5)
    assert [row.center for row in table] == [None, (4, 8), (1, 2)]


def test_a_thing_without_a_center_is_scored_by_its_class_alone(answer):
    """The compiled merge makes one instance of all thing pixels if there is no center."""
    alone = answer._replace(
        panoptic=np.where(answer.panoptic >= 13001, 13001, 0).astype(np.int32),
        instance=np.zeros((6, 10), np.int32),
        centers=np.zeros((0, 2), np.int32),
        center_scores=np.zeros(0, np.float32),
    )
    (car,) = (row for row in segment_table(alone) if row.klass == "car")
    assert car.center is None
    mean = alone.segment_probability[alone.panoptic == 13001].mean()
    assert car.score == pytest.approx(mean, rel=1e-5)


def test_nothing_found_is_an_empty_table(answer):
    void = np.full((6, 10), VOID, np.int32)
    assert segment_table(answer._replace(panoptic=void)) == []


def test_class_areas_are_sorted_and_cover_the_picture(answer):
    areas = class_areas(answer.panoptic)
    assert [(klass, count) for klass, count, _ in areas] == [(0, 1), (13, 2), (255, 1)]
    assert sum(share for _, _, share in areas) == pytest.approx(1)


@pytest.mark.parametrize(
    ("label", "name"),
    [(VOID, "unlabelled"), (0, "road"), (6000, "traffic light"), (18012, "bicycle 12")],
)
def test_segments_have_names_in_words(label, name):
    assert segment_name(label) == name


@pytest.mark.parametrize("size", [(6, 10), (10, 6), (300, 2000), (1, 1)])
def test_enlarging_fits_the_long_side_and_invents_no_label(size):
    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (*size, 3), np.uint8)
    labels = generator.integers(0, 4, size, np.int32) * 1000
    larger, larger_labels = enlarge(image, labels, long_side=120)
    assert max(larger.shape[:2]) == 120
    assert larger.shape[:2] == larger_labels.shape
    assert set(np.unique(larger_labels)) <= set(np.unique(labels))
    if size == (6, 10):  # an exact multiple repeats every pixel
        np.testing.assert_array_equal(larger_labels, labels.repeat(12, 0).repeat(12, 1))


def test_figure_names_the_segments_and_sorts_its_legend(answer):
    image = np.zeros((6, 10, 3), np.uint8)
    truth = answer.panoptic.copy()
    truth[0, :3] = 10000
    figure = draw_prediction(image, answer.panoptic, truth=truth, title="a street")
    assert [axes.get_title() for axes in figure.axes] == ["Image", "Ground truth", "Prediction"]
    assert {text.get_text() for text in figure.axes[2].texts} >= {"road", "car 2"}
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["road, 67 %", "2 × car, 30 %", "unlabelled, 3 %", "sky, 0 %"]
    figure.canvas.draw()  # nothing fails when it is rendered


@pytest.mark.parametrize("palette", [CITYSCAPES, COLORBLIND])
def test_picture_and_legend_use_the_same_palette(answer, palette):
    assert legend_entries(answer.panoptic, palette=palette)[0] == (
        tuple(palette.colors[0].tolist()),
        "road, 67 %",
    )
    image = np.zeros((6, 10, 3), np.uint8)
    figure = draw_prediction(image, answer.panoptic, palette=palette)
    chips = [patch.get_facecolor()[:3] for patch in figure.legends[0].get_patches()]
    np.testing.assert_allclose(chips, palette.colors[[0, 13, 255]] / 255)
    shown = figure.axes[1].images[0].get_array()
    assert (shown == np.round(0.6 * palette.colors[0])).all(axis=-1).any()


def test_names_neither_overlap_nor_fall_on_thin_segments():
    panoptic = np.zeros((100, 200), np.int32)
    panoptic[40:60, 90:110] = 13001
    panoptic[40:60, 110:126] = 13002  # its name would lie on that of car 1
    panoptic[:, 10:12] = 5000  # a pole, too thin
    panoptic[70:95, 150:190] = VOID
    figure = draw_prediction(np.zeros((100, 200, 3), np.uint8), panoptic)
    assert [text.get_text() for text in figure.axes[1].texts] == ["road", "car 1"]
    y, x = figure.axes[1].texts[1].get_position()[::-1]
    assert (y / 512, x / 1024) == pytest.approx((0.5, 0.5), abs=0.02)


def test_figure_of_a_large_map_stays_small():
    image = np.zeros((1024, 2048, 3), np.uint8)
    figure = draw_prediction(image, np.zeros((1024, 2048), np.int32))
    assert all(size[1] <= 1024 for axes in figure.axes for size in [axes.images[0].get_size()])
