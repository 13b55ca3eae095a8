import pytest
import torch

from axialkit.attention import AxialAttention1d
from axialkit.bench.attention import Shape, bench_attention
from axialkit.bench.timing import matmul, matmul_gflops, medians
from axialkit.errors import InputError
from axialkit.model.cost import multiply_adds


def test_operations_are_those_that_torch_counts():
    shape = Shape(3, 7, 6, 4, 8, 2)
    layer = AxialAttention1d(6, 4, 8, heads=2).eval().to("meta")
    counted, _ = multiply_adds(layer, torch.empty(3, 7, 6, device="meta"))[""]
    assert shape.flops == 2 * counted


def test_runs_take_turns_and_the_first_round_does_not_count():
    log = []
    found = medians({name: lambda name=name: log.append(name) for name in "ab"}, repeats=3)
    assert log == list("ab") * 4
    assert list(found) == ["a", "b"] and all(seconds > 0 for seconds in found.values())


def test_the_yardstick_is_two_operations_per_multiply_add():
    assert matmul(torch.device("cpu"))().shape == (2048, 2048)
    assert matmul_gflops(1.0) == pytest.approx(17.18, abs=0.01)


def test_impossible_shapes_are_refused():
    with pytest.raises(InputError, match="at least 1"):
        bench_attention(Shape(0), "infer", ["fused"], 1)
    with pytest.raises(InputError, match="heads"):
        bench_attention(Shape(heads=3), "infer", ["fused"], 1)
