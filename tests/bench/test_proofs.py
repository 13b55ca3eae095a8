"""What the fused backend is for: memory, measured in fresh processes. By ``make soak``, minutes.

Times are for ``axialkit bench``: here shape checks run along, and other work on the machine.
"""

import math

import pytest
import torch

from axialkit.bench.attention import Shape, peak_of

pytestmark = pytest.mark.soak

MAX_S = Shape()
WIDE = Shape(65, 129, 2048, 1024, 2048, 8)
LONG = Shape(16, 513)


def extra(shape, mode, backend, *, core=False):
    found = peak_of(shape, mode, backend, core=core).extra_mb
    print(f"{tuple(shape)} {mode} {backend}{' core' if core else ''}: {found:.0f} MB extra")
    return found


def test_training_takes_half_the_memory():
    assert extra(MAX_S, "train", "fused") <= extra(MAX_S, "train", "reference") / 2


def test_training_on_long_axes_takes_a_fifth():
    assert extra(LONG, "train", "fused") <= extra(LONG, "train", "reference") / 5


def test_the_wide_core_takes_a_fifth():
    fused = extra(WIDE, "infer", "fused", core=True)
    assert fused <= extra(WIDE, "infer", "reference", core=True) / 5


@pytest.mark.parametrize("mode", ["infer", "train"])
def test_memory_grows_no_faster_than_the_length(mode):
    lengths = torch.tensor([65.0, 129, 257, 513, 1025])
    found = [extra(Shape(16, int(length)), mode, "fused") for length in lengths]
    x, y = lengths.log(), torch.tensor([math.log(mb) for mb in found])
    exponent = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    print(f"{mode}: memory ~ length ** {exponent:.2f}")
    assert exponent <= 1.15
