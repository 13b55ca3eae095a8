"""The operators keep torch's rules for operators: fake tensors, schemas, autograd, compiling."""

import pytest
import torch
from torch import library

from axialkit.attention.operators import _answer, _attend, _layer


def formula(length, heads, keys, values):
    rows = [
        torch.randn(2 * length - 1, depth, requires_grad=True) for depth in (keys, keys, values)
    ]
    scale = torch.rand(3, heads, requires_grad=True)
    return *rows, scale, torch.zeros(heads, requires_grad=True), True, True, True


def qkv(length, heads, keys, values):
    depths = keys, keys, values
    return [torch.randn(2, heads, length, depth, requires_grad=True) for depth in depths]


TESTS = ("test_schema", "test_autograd_registration", "test_faketensor")


@pytest.mark.parametrize("length", [1, 6])
def test_attention(length):
    library.opcheck(_attend, (*qkv(length, 2, 4, 3), *formula(length, 2, 4, 3)),
                          test_utils=TESTS)  # fmt: skip


def test_the_layer_behind_its_projection():
    affine = torch.rand(2, 2, 3), torch.rand(2, 3)
    with torch.no_grad():
        library.opcheck(_answer, (*qkv(6, 2, 4, 3), *formula(6, 2, 4, 3), *affine),
                              test_utils=TESTS)  # fmt: skip


@pytest.mark.parametrize("layout", ["rows", "columns"])
def test_the_whole_layer(layout):
    x = torch.randn(5, 6, 8) if layout == "rows" else torch.randn(6, 5, 8).transpose(0, 1)
    projection = x, torch.randn(2 * (4 + 4 + 3), 8), torch.randn(2 * (4 + 4 + 3))
    affine = torch.rand(2, 2, 3), torch.rand(2, 3)
    with torch.no_grad():
        library.opcheck(_layer, (*projection, *formula(6, 2, 4, 3), *affine),
                              test_utils=TESTS)  # fmt: skip
