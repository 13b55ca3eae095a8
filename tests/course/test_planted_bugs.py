"""Recorded runs: whole, told apart; the figures show what they hold."""

import copy

import numpy as np
import pytest

from axialkit.course import bug_figures
from axialkit.course.planted_bugs import BUGS, NAMES, SEEDS, STEPS, name_bug, recorded
from axialkit.errors import InputError


@pytest.mark.parametrize("bug", BUGS)
def test_every_bug_is_recorded_and_named(bug: str) -> None:
    for seed in SEEDS:
        run = recorded(bug, seed)
        assert list(run) == ["step", *NAMES] and run["step"][-1] == STEPS
        assert all(np.isfinite(values).all() for values in run.values())
        assert {name_bug(run, recorded("none", other)) for other in SEEDS} == {bug}


def test_curves_are_equal_if_their_numbers_are() -> None:
    run = recorded("none", 0)
    twin = copy.deepcopy(run)
    assert run == twin and run is not twin
    twin["offset"][3] += 1e-9
    assert run != twin and run != recorded("none", 1) and run != {}
    assert repr(run) == "<curves of a run>"  # short: messages show it twice


def test_what_was_not_recorded_is_refused() -> None:
    with pytest.raises(InputError, match='no bug "backbone frosen". Did you mean "backbone froz'):
        recorded("backbone frosen", 0)
    with pytest.raises(InputError, match="seeds 0 to 2, not 7"):
        recorded("none", 7)


def test_a_seed_plants_bugs_and_no_two_alike() -> None:
    for seed in range(5):
        cases = [bug_figures.planted(case, seed) for case in range(6)]
        assert sorted(cases) == sorted(set(BUGS) - {"none"})
    assert len({bug_figures.planted(0, seed) for seed in range(20)}) > 3


def test_the_figures_show_the_curves() -> None:
    run, healthy = recorded("a class ignored", 1), recorded("none", 0)
    figure = bug_figures.draw_run(run, healthy, "a case")
    drawn = [list(line.get_ydata()) for line in figure.axes[0].lines]
    for numbers in (run["semantic"], run["val semantic"], healthy["semantic"]):
        assert list(numbers) in drawn
    said = bug_figures.describe_run(run, healthy)
    assert f"val semantic {run['val semantic'][-3:].mean():.3g}" in said


def test_fingerprints_are_multiples_of_the_healthy_run() -> None:
    np.testing.assert_allclose(bug_figures.fingerprints(0)[0], 1)
    table = bug_figures.fingerprints(1)
    ends = [recorded("none", seed)["offset"][-3:].mean() for seed in (1, 0)]
    assert table[0, 3] == pytest.approx(ends[0] / ends[1])
    luck = abs(table[0] - 1)  # "a tenth is luck"
    assert 0.01 < luck.max() < 0.15
    (axes,) = bug_figures.draw_fingerprints(1).axes
    texts = [text.get_text() for text in axes.texts]
    assert len(texts) == table.size and texts.count("0") == 2
    assert "a class ignored: val semantic x 7" in bug_figures.describe_fingerprints(1)
