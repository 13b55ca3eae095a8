"""The figures of a training show its numbers."""

import numpy as np
import pytest

from axialkit.config import get_preset
from axialkit.course import curve_figures, film_figures, street_figures
from axialkit.course.bands import Band
from axialkit.course.random_samples import random_scale_crop
from axialkit.course.street_networks import NETWORKS
from axialkit.course.street_training import Recipe, Run
from axialkit.course.streets import FAR, NEAR, draw_streets
from axialkit.course.training_film import Film, shoot
from axialkit.course.training_parts import poly_lr
from axialkit.data.cityscapes import panoptic_label

CONFIG = get_preset("tiny_avenue_1block")


@pytest.fixture(scope="module")
def film() -> Film:
    streets = draw_streets(CONFIG, 8)
    return shoot(Run(streets, Recipe(steps=4, warmup=1, ema=0.9)), streets, every=2)


@pytest.fixture(scope="module")
def stored() -> Band:
    whats = ("vehicles", "PQ of things", "at the end", "far from it")
    values = {
        f"{name}, {kind}, {what}": [0.1 * n + 0.01 * seed for seed in range(3)]
        for n, name in enumerate(NETWORKS, start=1)
        for kind in (FAR, NEAR)
        for what in whats
    }
    return Band(values, [0, 1, 2], "stored")


def test_painted_classes_have_their_colors() -> None:
    label = panoptic_label(draw_streets(CONFIG, 1).scenes[0].instance_ids)
    picture = film_figures.paint(label)
    road = picture[(label == 0)]
    assert (road == np.array([0x8A, 0x8A, 0x86])).all(axis=1).mean() > 0.99


def test_a_strip_has_picture_frames_and_truth(film: Film) -> None:
    figure = film_figures.draw_strip(film, count=3)
    assert len(figure.axes) == 4 * 5
    titles = [axes.get_title() for axes in figure.axes[:5]]
    assert titles == ["picture", *(f"after {n} steps" for n in (0, 2, 4)), "truth"]
    assert "after 4 steps" in film_figures.describe_strip(film, count=3)


@pytest.mark.parametrize("head", film_figures.HEADS)
def test_a_frame_shows_each_head(film: Film, head: str) -> None:
    figure = film_figures.draw_frame(film, 1, head)
    assert figure.axes[4].get_title(loc="left") == f"{head}, after 2 steps"
    assert head in film_figures.describe_frame(film, 1, head)


def test_curves_hold_the_numbers_of_the_run(film: Film) -> None:
    losses = np.array(film.run.curves.losses)
    for axes, head in zip(curve_figures.draw_losses(film).axes, range(3), strict=True):
        drawn = [list(line.get_ydata()) for line in axes.lines]
        assert list(losses[:, head]) in drawn
        assert [frame.losses[head] for frame in film.frames] in drawn
    (norms,) = curve_figures.draw_norms(film).axes
    assert len(norms.lines) == 5
    rows = curve_figures.draw_distances(film).axes[1]
    drawn = [list(line.get_ydata()) for line in rows.lines]
    assert all([frame.distances[1, head] for frame in film.frames] in drawn for head in range(4))
    (axes,) = curve_figures.draw_averages(film).axes
    assert list(axes.lines[1].get_ydata()) == [sum(f.averaged) for f in film.frames[1:]]
    left, right = film_figures.draw_jump({"hybrid": film}).axes
    assert list(right.lines[0].get_ydata()) == [100 * f.score.stuff for f in film.frames]


def test_a_smoothed_curve_is_the_mean_of_the_last_values() -> None:
    values = [1.0, 3.0, 8.0, 0.0]
    np.testing.assert_allclose(curve_figures.smooth(values, 2), [1, 2, 5.5, 4])


@pytest.mark.parametrize("what", ["losses", "norms", "distances", "averages"])
def test_descriptions_are_sentences(film: Film, what: str) -> None:
    assert len(getattr(curve_figures, f"describe_{what}")(film)) > 60


def test_scenes_samples_and_rates_are_drawn() -> None:
    far, near = (draw_streets(CONFIG, 2, kind=kind) for kind in (FAR, NEAR))
    axes = street_figures.draw_scenes(far, near, count=2).axes
    names = [text.get_text() for text in axes[0].texts]
    scene = far.scenes[0]
    assert names == [scene.polygons[special.polygon].label for special in scene.specials]
    parts = street_figures.sample_parts(scene)
    crops = street_figures.draw_crops(parts, random_scale_crop, [(1.0, 0, 0), (0.5, 0, 0)])
    assert crops.axes[0].get_title() == "scale 1, from (0, 0)"
    panels = street_figures.draw_mirror_cost(scene, CONFIG).axes
    right, wrong = (int(axes.get_title().split()[-2]) for axes in panels[1:])
    assert right < wrong
    (rates,) = street_figures.draw_rates(poly_lr, 400).axes
    assert list(rates.lines[1].get_ydata())[:3] == [poly_lr(s, 400, 0.01, 50) for s in range(3)]
    (curves,) = street_figures.draw_overfit({"a": [3.0, 1.0], "b": [3.0, 2.0]}, 1.0).axes
    assert list(curves.lines[0].get_ydata()) == [3, 1]


def test_the_ablation_shows_every_seed_and_the_own_run(stored: Band) -> None:
    own = {f"hybrid, {FAR}, vehicles": 0.5}
    axes = street_figures.draw_ablation(stored, own).axes[0]
    drawn = [list(line.get_xdata()) for line in axes.lines]
    assert pytest.approx([30, 31, 32]) in drawn
    assert [50.0] in drawn
    said = street_figures.describe_ablation(stored)
    assert "dilated convolution 30 % to 32 %" in said
    reach = street_figures.draw_reach(stored).axes[0]
    assert {text.get_text() for text in reach.texts} >= set(street_figures.LABELS.values())
    assert "convolution 20 % to 22 % near" in street_figures.describe_reach(stored)
