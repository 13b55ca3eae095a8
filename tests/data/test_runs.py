import numpy as np
import pytest

from axialkit.data.runs import find_runs

MAPS = {
    "noise": np.random.default_rng(0).integers(0, 3, (9, 13)),
    "one value": np.full((5, 7), 255_000),
    "one pixel": np.array([[3]]),
    "one column": np.array([[1], [1], [2]]),
    "equal ends": np.array([[1, 2, 1], [1, 1, 1]]),
}


@pytest.mark.parametrize("name", MAPS)
def test_runs_are_maximal_and_cover_every_pixel_once(name):
    label = MAPS[name]
    runs = find_runs(label)
    np.testing.assert_array_equal(runs.spread(runs.value), label)
    assert runs.length.sum() == label.size
    expected = sum(1 + (np.diff(row) != 0).sum() for row in label)
    assert len(runs.value) == expected


@pytest.mark.parametrize("name", MAPS)
def test_places(name):
    label = MAPS[name]
    runs = find_runs(label)
    ys, xs = np.indices(label.shape)
    for value in np.unique(label):
        mine = runs.value == value
        assert (runs.y[mine] * runs.length[mine]).sum() == ys[label == value].sum()
        assert runs.x_sum[mine].sum() == 2 * xs[label == value].sum()
